//! Why a call did not get its reply: what the SDK's code hides, kept for the caller.

use std::sync::Arc;

use super::http::Reply;
use crate::error::{RejectedCertificate, UnreachableKind};
use crate::{Error, Operation};

/// The true reason. Cloned, because several callers may wait for one access token.
#[derive(Clone, Debug)]
pub(super) enum Failure {
    /// WeCom refused.
    Refused { code: i64, message: String },
    /// Nobody there who proves to be WeCom.
    Certificate(Arc<RejectedCertificate>),
    /// No way to WeCom, or it ended under way.
    Unreachable { kind: UnreachableKind, detail: String },
    /// A reply that is kept from the SDK.
    Unusable { detail: String },
    /// Not sent: the quota is used up for longer than the call may take.
    OverQuota { what: &'static str },
    /// The egress is being stopped.
    Stopped,
}

const RATE_LIMITED: i64 = 45_009;

impl Failure {
    pub(super) fn unusable(detail: impl Into<String>) -> Self {
        Self::Unusable { detail: detail.into() }
    }

    pub(super) fn timed_out(detail: &str) -> Self {
        Self::Unreachable { kind: UnreachableKind::TimedOut, detail: detail.to_owned() }
    }

    /// What the SDK is told: an errcode where there is one, otherwise nothing. A connection that ends without a reply
    /// becomes its 10001, as an HTTP status from 400 up does, but costs it nothing (C13).
    pub(super) fn reply(&self) -> Option<Reply> {
        match self {
            Self::Refused { code, message } => Some(Reply::errcode(*code, message)),
            Self::OverQuota { .. } => Some(Reply::errcode(RATE_LIMITED, &self.over_quota())),
            Self::Certificate(_) | Self::Unreachable { .. } | Self::Unusable { .. } | Self::Stopped => None,
        }
    }

    fn over_quota(&self) -> String {
        let Self::OverQuota { what } = self else { return String::new() };
        format!("held back here: the quota of {what} a minute is used up")
    }

    /// `proxy` is the one that the way to WeCom leads through.
    pub(super) fn into_error(self, operation: Operation, proxy: Option<&str>) -> Error {
        match self {
            Self::Refused { code, message } => Error::refused(operation, code, &message),
            Self::OverQuota { .. } => Error::refused(operation, RATE_LIMITED, &self.over_quota()),
            Self::Certificate(certificate) => {
                let certificate = Box::new(Arc::unwrap_or_clone(certificate));
                Error::CertificateRejected { operation, certificate }
            }
            Self::Unreachable { kind, detail } => {
                Error::Unreachable { operation, kind, proxy: proxy.map(Into::into), detail: detail.into() }
            }
            Self::Unusable { detail } => Error::UnusableReply { operation, detail },
            Self::Stopped => Error::Unreachable {
                operation,
                kind: UnreachableKind::Interrupted,
                proxy: None,
                detail: "the egress was stopped".into(),
            },
        }
    }
}
