//! Names of causes, for programs. They are part of the contract: what has a name keeps it.

use std::borrow::Cow;

use wecom_finance::{
    CertificateProblem, Error, LoadError, SdkCode, ServerCode, UnreachableKind, WorkerStartError,
};

pub(super) fn of(error: &Error) -> Cow<'static, str> {
    match error {
        Error::Sdk { code, .. } => sdk(*code),
        Error::Server { code, .. } => server(*code),
        Error::InvalidArgument { .. } => "invalid_argument".into(),
        Error::UnreadablePage { .. } => "unreadable_page".into(),
        Error::Unopened(unopened) => unopened.reason.as_str().into(),
        Error::MediaStalled { .. } => "media_stalled".into(),
        Error::BrokenReply { .. } => "broken_reply".into(),
        Error::CertificateRejected { certificate, .. } => certificate_problem(certificate.problem).into(),
        Error::Unreachable { kind, .. } => unreachable(*kind).into(),
        Error::UnusableReply { .. } => "unusable_reply".into(),
        Error::EgressSetup { .. } => "egress_setup".into(),
        Error::OutOfMemory { .. } => "out_of_memory".into(),
        Error::WorkerDied { .. } => "worker_died".into(),
        Error::WorkerStart(error) => worker_start(error).into(),
        Error::Key(_) => "key_unusable".into(),
        Error::Secret(_) => "secret_unreadable".into(),
        Error::Load(error) => load(error).into(),
        _ => "other".into(),
    }
}

fn sdk(code: SdkCode) -> Cow<'static, str> {
    match code {
        SdkCode::IpNotAllowed => server(ServerCode::ArchiveIpNotAllowed),
        SdkCode::Expired => server(ServerCode::FileExpired),
        other => format!("sdk_{}", other.raw()).into(),
    }
}

fn server(code: ServerCode) -> Cow<'static, str> {
    let name = match code {
        ServerCode::Busy => "busy",
        ServerCode::InvalidSecret => "invalid_secret",
        ServerCode::InvalidCorpId => "invalid_corp_id",
        ServerCode::InvalidToken => "invalid_token",
        ServerCode::CustomerNotConsented => "customer_not_consented",
        ServerCode::TokenExpired => "token_expired",
        ServerCode::RateLimited => "rate_limited",
        ServerCode::ApiForbidden => "api_forbidden",
        ServerCode::IpNotAllowed => "ip_not_allowed",
        ServerCode::ArchiveIpNotAllowed => "archive_ip_not_allowed",
        ServerCode::FileExpired => "file_expired",
        ServerCode::ArchiveExpired => "archive_expired",
        ServerCode::ArchiveNotEnabled => "archive_not_enabled",
        ServerCode::PageTooLarge => "page_too_large",
        ServerCode::NotInternalRoom => "not_internal_room",
        other => return format!("errcode_{}", other.raw()).into(),
    };
    name.into()
}

fn certificate_problem(problem: CertificateProblem) -> &'static str {
    match problem {
        CertificateProblem::UnknownIssuer => "certificate_unknown_issuer",
        CertificateProblem::OtherHost => "certificate_other_host",
        CertificateProblem::Expired => "certificate_expired",
        CertificateProblem::NotYetValid => "certificate_not_yet_valid",
        CertificateProblem::Revoked => "certificate_revoked",
        _ => "certificate_invalid",
    }
}

fn unreachable(kind: UnreachableKind) -> &'static str {
    match kind {
        UnreachableKind::NameNotFound => "name_not_found",
        UnreachableKind::Refused => "connection_refused",
        UnreachableKind::TimedOut => "timed_out",
        UnreachableKind::ProxyLogin => "proxy_login",
        UnreachableKind::ProxyRefused => "proxy_refused",
        UnreachableKind::NotAProxy => "not_a_proxy",
        UnreachableKind::Tls => "no_tls",
        UnreachableKind::Interrupted => "interrupted",
        _ => "unreachable",
    }
}

fn worker_start(error: &WorkerStartError) -> &'static str {
    match error {
        WorkerStartError::DiedLoading { .. } => "worker_died_loading",
        _ => "worker_start",
    }
}

fn load(error: &LoadError) -> &'static str {
    match error {
        LoadError::NotFound { .. } => "sdk_not_found",
        LoadError::NotReadable { .. } => "sdk_not_readable",
        LoadError::NotALibrary { .. } => "sdk_not_a_library",
        LoadError::WrongArchitecture { .. } => "sdk_wrong_architecture",
        LoadError::Musl { .. } => "musl",
        LoadError::MissingDependency { .. } => "sdk_missing_dependency",
        LoadError::OldSystem { .. } => "old_system",
        LoadError::MissingSymbol { .. } => "sdk_missing_symbol",
        LoadError::SymbolClash { .. } => "symbol_clash",
        LoadError::AlreadyLoaded { .. } => "sdk_already_loaded",
        _ => "sdk_not_loadable",
    }
}
