//! What is wrong, in Chinese. What WeCom, the system or a certificate says is quoted as it is.

mod codes;
mod key;
mod load;
mod worker;

use super::{CertificateProblem, Error, Operation, RejectedCertificate, UnopenedReason, UnreachableKind};

pub(super) fn describe(error: &Error) -> String {
    match error {
        Error::Sdk { operation, code } => {
            format!("{}失败：{}（{}）", doing(*operation), codes::of_sdk(*code), code.raw())
        }
        Error::Server { operation, code, message } => format!(
            "{}被企业微信拒绝：{}（{}）{}",
            doing(*operation),
            codes::of_server(*code),
            code.raw(),
            in_brackets(message)
        ),
        Error::InvalidArgument { argument, problem } => format!("参数无效：{argument} {problem}"),
        Error::UnreadablePage { detail } => format!("收到的回复不是消息数据：{detail}"),
        Error::Unopened(unopened) => format!(
            "消息 {}（seq {}）：{}",
            unopened.sealed.msgid(),
            unopened.sealed.seq,
            unopened_reason(&unopened.reason)
        ),
        Error::MediaStalled { position, detail } => {
            format!("文件读取在第 {position} 字节处中断：{detail}")
        }
        Error::BrokenReply { operation, detail } => {
            format!("{}失败：SDK 的返回不符合接口约定：{detail}", doing(*operation))
        }
        Error::CertificateRejected { operation, certificate } => format!(
            "{}失败：对方以企业微信名义出示的证书未通过校验：{}",
            doing(*operation),
            rejected(certificate)
        ),
        Error::Unreachable { operation, kind, proxy, detail } => format!(
            "{}失败：{}无法连接企业微信：{}{}",
            doing(*operation),
            proxy.as_deref().map_or_else(String::new, |proxy| format!("经代理 {proxy} ")),
            unreachable(*kind),
            in_brackets(detail)
        ),
        Error::UnusableReply { operation, detail } => {
            format!("{}失败：服务器的回复无法使用：{detail}", doing(*operation))
        }
        Error::EgressSetup { detail } => format!("无法建立校验证书的连接：{detail}"),
        Error::OutOfMemory { operation } => format!("{}失败：内存不足", doing(*operation)),
        Error::WorkerDied { operation, end } => {
            format!("{}失败：工作进程连续两次异常：{}", doing(*operation), worker::end(*end))
        }
        Error::WorkerStart(error) => worker::start(error),
        Error::Key(error) => key::describe(error),
        Error::Secret(error) => format!("无法读取 {}：{}", error.path().display(), error.io_error()),
        Error::Load(error) => load::describe(error),
    }
}

fn doing(operation: Operation) -> &'static str {
    match operation {
        Operation::Init => "初始化 SDK ",
        Operation::Token => "获取 access_token ",
        Operation::Chat => "拉取消息",
        Operation::Open => "解密消息",
        Operation::Media => "下载文件",
        Operation::Scope => "查询存档成员",
    }
}

fn in_brackets(text: &str) -> String {
    if text.is_empty() { String::new() } else { format!("（{text}）") }
}

fn unopened_reason(reason: &UnopenedReason) -> String {
    match reason {
        UnopenedReason::MissingKey { publickey_ver } => format!("没有版本 {publickey_ver} 的私钥"),
        UnopenedReason::CannotDecrypt => "用该版本的私钥无法解密".to_owned(),
        UnopenedReason::TooShort { len } => format!("密文只有 {len} 字节"),
        UnopenedReason::InvalidJson(problem) => format!("解密后的内容不是消息：{problem}"),
        UnopenedReason::KilledWorker { end } => format!("解密它的工作进程{}", worker::end(*end)),
        UnopenedReason::Malformed => "该条数据不是加密消息".to_owned(),
    }
}

fn rejected(certificate: &RejectedCertificate) -> String {
    let RejectedCertificate { problem, subject, issuer, names, not_before, not_after, sha256 } = certificate;
    let validity = match (not_before, not_after) {
        (Some(not_before), Some(not_after)) => format!("；有效期：{not_before} 至 {not_after}"),
        _ => String::new(),
    };
    let (problem, names) = (certificate_problem(*problem), names.join(", "));
    format!("{problem}（主体：{subject}；颁发者：{issuer}；适用于：{names}{validity}；sha256：{sha256}）")
}

fn certificate_problem(problem: CertificateProblem) -> &'static str {
    match problem {
        CertificateProblem::UnknownIssuer => "颁发者不在本机信任之列",
        CertificateProblem::OtherHost => "证书属于其他主机",
        CertificateProblem::Expired => "证书已过期",
        CertificateProblem::NotYetValid => "证书尚未生效",
        CertificateProblem::Revoked => "证书已被吊销",
        CertificateProblem::Invalid => "不是有效的服务器证书",
    }
}

fn unreachable(kind: UnreachableKind) -> &'static str {
    match kind {
        UnreachableKind::NameNotFound => "域名无法解析",
        UnreachableKind::Refused => "连接被拒绝",
        UnreachableKind::TimedOut => "超时",
        UnreachableKind::ProxyLogin => "代理要求正确的用户名和密码",
        UnreachableKind::ProxyRefused => "代理拒绝了连接",
        UnreachableKind::NotAProxy => "该地址上不是此类代理",
        UnreachableKind::Tls => "无法建立 TLS 连接",
        UnreachableKind::Interrupted => "连接中断",
        UnreachableKind::Other => "网络故障",
    }
}

#[cfg(test)]
mod tests {
    use crate::{Error, Language, Operation, SdkCode, ServerCode};

    fn is_chinese(text: &str) -> bool {
        text.chars().filter(|c| ('\u{4e00}'..='\u{9fff}').contains(c)).count() >= 4
    }

    #[test]
    fn every_code_is_named_in_chinese_with_its_number() {
        for code in SdkCode::ALL.iter().copied().chain([SdkCode::Unknown(1)]) {
            let text = Error::from_sdk(Operation::Media, code).describe(Language::Chinese);
            assert!(is_chinese(&text) && text.ends_with(&format!("（{}）", code.raw())), "{text}");
        }
        for code in ServerCode::ALL.iter().copied().chain([ServerCode::Unknown(1)]) {
            let error = Error::refused(Operation::Token, code.raw(), "hint: [1]");
            let text = error.describe(Language::Chinese);
            assert!(is_chinese(&text), "{text}");
            assert!(text.ends_with(&format!("（{}）（hint: [1]）", code.raw())), "{text}");
        }
    }

    #[test]
    fn the_english_description_has_the_causes() {
        let error = Error::from(crate::Secret::from_file("/no/such/file").unwrap_err());
        let text = error.describe(Language::English);
        assert!(text.contains("/no/such/file") && text.contains("No such file"), "{text}");
        let text = error.describe(Language::Chinese);
        assert!(text.starts_with("无法读取 /no/such/file：No such file"), "{text}");
    }
}
