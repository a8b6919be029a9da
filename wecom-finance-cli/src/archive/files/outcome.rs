//! What a failed attempt means for a file.

use wecom_finance::{Error, Language, Operation, SdkCode, ServerCode, WorkerEnd};

use crate::store::{Cause, MediaOutcome, Missed};

/// `got_further`: whether more of the file is on the disk than before.
pub(super) fn of_error(error: &Error, got_further: bool) -> MediaOutcome {
    // The database is read by programs, too.
    let reason = error.describe(Language::English);
    match (error, error.sdk_code()) {
        // Said of a token it is nonsense, and no reason to give a file up.
        (_, Some(SdkCode::Expired))
        | (Error::Server { operation: Operation::Media, code: ServerCode::FileExpired, .. }, _) => {
            MediaOutcome::Expired { reason }
        }
        (_, Some(SdkCode::InvalidFileId)) | (Error::InvalidArgument { .. }, _) => {
            MediaOutcome::Failed { reason }
        }
        // It crashed the SDK, twice.
        (Error::WorkerDied { end: WorkerEnd::Signal(_), .. }, _) if !error.is_retryable() => {
            MediaOutcome::Failed { reason }
        }
        _ => MediaOutcome::Missed(Missed { cause: cause_of(error), reason, got_further }),
    }
}

fn cause_of(error: &Error) -> Cause {
    match (error, error.sdk_code()) {
        (Error::Server { operation: Operation::Media, code, .. }, _) => match code {
            ServerCode::IpNotAllowed | ServerCode::ArchiveIpNotAllowed => Cause::Setup,
            ServerCode::RateLimited => Cause::Way,
            _ => Cause::File,
        },
        (Error::Server { .. }, _) if !error.is_retryable() => Cause::Setup,
        (Error::CertificateRejected { .. } | Error::EgressSetup { .. }, _) => Cause::Setup,
        (Error::UnusableReply { operation: Operation::Media, .. } | Error::WorkerDied { .. }, _) => {
            Cause::File
        }
        (_, Some(SdkCode::Network)) => Cause::Way,
        (_, Some(SdkCode::IpNotAllowed | SdkCode::Certificate)) => Cause::Setup,
        (_, Some(_)) | (Error::MediaStalled { .. } | Error::BrokenReply { .. }, None) => Cause::File,
        // Of this machine, or not known yet: nothing that WeCom says about the file.
        _ => Cause::Way,
    }
}

/// Whether what is there of a file may be what the attempt failed of: the ranges do not fit together.
pub(super) fn is_about_the_part(error: &Error) -> bool {
    matches!(error, Error::MediaStalled { .. }) || error.sdk_code() == Some(SdkCode::InvalidArgument)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of_code(code: i32) -> MediaOutcome {
        of_error(&Error::from_sdk(Operation::Media, SdkCode::from_raw(code)), false)
    }

    #[test]
    fn two_codes_are_final_and_the_others_have_a_cause() {
        assert!(matches!(of_code(10010), MediaOutcome::Expired { .. }));
        assert!(matches!(of_code(10005), MediaOutcome::Failed { .. }));
        for (code, expected) in [
            (10001, Cause::Way),
            (10002, Cause::File),
            (10003, Cause::File),
            (10006, Cause::File),
            (10000, Cause::File),
            (4711, Cause::File),
            (10009, Cause::Setup),
            (10011, Cause::Setup),
        ] {
            match of_code(code) {
                MediaOutcome::Missed(missed) => {
                    assert_eq!(missed.cause, expected, "{code}");
                    assert!(missed.reason.contains(&code.to_string()));
                }
                other => panic!("{code}: {other:?}"),
            }
        }
    }
}
