//! What a server presented that could not prove to be WeCom.

use std::fmt;

use crate::Timestamp;

/// The certificate that was presented in WeCom's place and not accepted.
///
/// Its texts are the presenter's own, cut to a bearable length and free of control characters: they help to find out
/// who it is, and prove nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct RejectedCertificate {
    /// Why it was not accepted.
    pub problem: CertificateProblem,
    /// Whom it names as its owner, as in `CN=qyapi.weixin.qq.com,O=Example`; empty if it could not be read.
    pub subject: String,
    /// Who signed it. A company's TLS proxy can be recognised here.
    pub issuer: String,
    /// The hosts that it is for.
    pub names: Vec<String>,
    /// The beginning of its validity.
    pub not_before: Option<Timestamp>,
    /// The end of its validity.
    pub not_after: Option<Timestamp>,
    /// The SHA-256 of the certificate, in hexadecimal: what tools call its fingerprint.
    pub sha256: String,
}

impl fmt::Display for RejectedCertificate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { problem, subject, issuer, names, not_before, not_after, sha256 } = self;
        write!(f, "{problem} (subject: {subject}; issuer: {issuer}; for: {}", names.join(", "))?;
        if let (Some(not_before), Some(not_after)) = (not_before, not_after) {
            write!(f, "; valid: {not_before} to {not_after}")?;
        }
        write!(f, "; sha256: {sha256})")
    }
}

/// Why a certificate was not accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum CertificateProblem {
    /// No authority that is trusted here has signed it. A certificate that signed itself is the usual case.
    UnknownIssuer,
    /// It is for another host.
    OtherHost,
    /// Its time is over, or this machine's clock is wrong.
    Expired,
    /// Its time has not come, or this machine's clock is wrong.
    NotYetValid,
    /// It was revoked.
    Revoked,
    /// It is not a certificate, or not one for a server, or its signature is wrong.
    Invalid,
}

impl fmt::Display for CertificateProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::UnknownIssuer => "it is signed by nobody who is trusted here",
            Self::OtherHost => "it is for another host",
            Self::Expired => "it has expired",
            Self::NotYetValid => "it is not valid yet",
            Self::Revoked => "it was revoked",
            Self::Invalid => "it is not a valid certificate for a server",
        })
    }
}
