//! The check of WeCom's certificate, which says what it refused.

use std::fmt::{self, Write as _};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use aws_lc_rs::digest;
use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{CertificateError, DigitallySignedStruct, OtherError, SignatureScheme};
use x509_cert::Certificate;
use x509_cert::der::Decode;
use x509_cert::ext::pkix::SubjectAltName;
use x509_cert::ext::pkix::name::GeneralName;
use x509_cert::time::Time;

use crate::Timestamp;
use crate::error::{CertificateProblem, RejectedCertificate};

/// The certificate by which a server proved to be WeCom.
///
/// Who ends TLS on the way with an authority that this machine trusts (a company's proxy) is accepted, and recognised
/// here: no public authority has signed for WeCom's host then.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct AcceptedCertificate {
    /// Whom it names as its owner.
    pub subject: String,
    /// Who signed it.
    pub issuer: String,
    /// The end of its validity.
    pub not_after: Option<Timestamp>,
    /// The SHA-256 of the certificate, in hexadecimal: what tools call its fingerprint.
    pub sha256: String,
    /// Whether it would be accepted by the public authorities alone: those of Mozilla's list when this library was built.
    pub is_public: bool,
}

/// The one that was accepted last.
#[derive(Clone, Debug, Default)]
pub(super) struct Accepted(Arc<Mutex<Option<AcceptedCertificate>>>);

impl Accepted {
    pub(super) fn latest(&self) -> Option<AcceptedCertificate> {
        self.lock().clone()
    }

    fn lock(&self) -> MutexGuard<'_, Option<AcceptedCertificate>> {
        // Replaced whole.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The usual check, whose errors hold what was presented: [`rejected`] finds it in them again.
#[derive(Debug)]
pub(super) struct ReportingVerifier {
    webpki: Arc<WebPkiServerVerifier>,
    /// Asked for information only: what it says decides nothing.
    public: Arc<WebPkiServerVerifier>,
    accepted: Accepted,
}

impl ReportingVerifier {
    pub(super) fn new(
        webpki: Arc<WebPkiServerVerifier>,
        public: Arc<WebPkiServerVerifier>,
        accepted: Accepted,
    ) -> Self {
        Self { webpki, public, accepted }
    }

    fn remember(&self, der: &[u8], is_public: impl FnOnce() -> bool) {
        let mut latest = self.accepted.lock();
        let sha256 = fingerprint(der);
        if latest.as_ref().is_some_and(|latest| latest.sha256 == sha256) {
            return;
        }
        let Read { subject, issuer, not_after, .. } = read(der).unwrap_or_default();
        *latest = Some(AcceptedCertificate { subject, issuer, not_after, sha256, is_public: is_public() });
    }
}

impl ServerCertVerifier for ReportingVerifier {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        let check = |verifier: &WebPkiServerVerifier| {
            verifier.verify_server_cert(end_entity, intermediates, server_name, ocsp_response, now)
        };
        match check(&self.webpki) {
            Ok(verified) => {
                self.remember(end_entity, || check(&self.public).is_ok());
                Ok(verified)
            }
            Err(error) => {
                let problem = match error {
                    rustls::Error::InvalidCertificate(error) => problem(&error),
                    _ => CertificateProblem::Invalid,
                };
                let report = Report(refused(end_entity, problem));
                Err(rustls::Error::InvalidCertificate(CertificateError::Other(OtherError(Arc::new(report)))))
            }
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.webpki.verify_tls12_signature(message, certificate, signature)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.webpki.verify_tls13_signature(message, certificate, signature)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.webpki.supported_verify_schemes()
    }
}

/// The certificate that this error of a TLS handshake is about, if that is what it is about.
pub(super) fn rejected(error: &rustls::Error) -> Option<RejectedCertificate> {
    match error {
        rustls::Error::InvalidCertificate(CertificateError::Other(OtherError(report))) => {
            let report: &(dyn std::error::Error + 'static) = &**report;
            report.downcast_ref::<Report>().map(|report| report.0.clone())
        }
        _ => None,
    }
}

#[derive(Debug)]
struct Report(RejectedCertificate);

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl std::error::Error for Report {}

fn problem(error: &CertificateError) -> CertificateProblem {
    match error {
        CertificateError::UnknownIssuer => CertificateProblem::UnknownIssuer,
        CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
            CertificateProblem::OtherHost
        }
        CertificateError::Expired | CertificateError::ExpiredContext { .. } => CertificateProblem::Expired,
        CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => {
            CertificateProblem::NotYetValid
        }
        CertificateError::Revoked => CertificateProblem::Revoked,
        _ => CertificateProblem::Invalid,
    }
}

fn refused(der: &[u8], problem: CertificateProblem) -> RejectedCertificate {
    let Read { subject, issuer, names, not_before, not_after } = read(der).unwrap_or_default();
    RejectedCertificate { problem, subject, issuer, names, not_before, not_after, sha256: fingerprint(der) }
}

fn fingerprint(der: &[u8]) -> String {
    digest::digest(&digest::SHA256, der).as_ref().iter().fold(String::new(), |mut hex, byte| {
        // Writing to a String cannot fail.
        _ = write!(hex, "{byte:02x}");
        hex
    })
}

/// What a certificate says, in a form that can be shown.
#[derive(Default)]
struct Read {
    subject: String,
    issuer: String,
    names: Vec<String>,
    not_before: Option<Timestamp>,
    not_after: Option<Timestamp>,
}

fn read(der: &[u8]) -> Option<Read> {
    let certificate = Certificate::from_der(der).ok()?;
    let certificate = certificate.tbs_certificate();
    let names = certificate.get_extension::<SubjectAltName>().ok().flatten();
    let names = names.iter().flat_map(|(_critical, names)| &names.0).filter_map(|name| match name {
        GeneralName::DnsName(name) => Some(printable(name.as_str())),
        GeneralName::IpAddress(address) => ip(address.as_bytes()),
        _ => None,
    });
    Some(Read {
        subject: printable(&certificate.subject().to_string()),
        issuer: printable(&certificate.issuer().to_string()),
        names: names.take(NAMES_SHOWN).collect(),
        not_before: Some(timestamp(certificate.validity().not_before)),
        not_after: Some(timestamp(certificate.validity().not_after)),
    })
}

const NAMES_SHOWN: usize = 8;
const TEXT_SHOWN: usize = 200;

/// Whoever made the certificate chose its texts: nothing in them may reach a terminal or fill a log.
fn printable(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { '\u{fffd}' } else { c }).take(TEXT_SHOWN).collect()
}

fn ip(bytes: &[u8]) -> Option<String> {
    match bytes.len() {
        4 => <[u8; 4]>::try_from(bytes).ok().map(|bytes| std::net::Ipv4Addr::from(bytes).to_string()),
        16 => <[u8; 16]>::try_from(bytes).ok().map(|bytes| std::net::Ipv6Addr::from(bytes).to_string()),
        _ => None,
    }
}

fn timestamp(time: Time) -> Timestamp {
    Timestamp::from_seconds(i64::try_from(time.to_unix_duration().as_secs()).unwrap_or(i64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_certificate_is_described_and_what_is_none_has_a_fingerprint() {
        let names = ["proxy.corp.example".to_owned(), "10.0.0.1".to_owned()];
        let mut params = rcgen::CertificateParams::new(names).unwrap();
        params.distinguished_name.push(rcgen::DnType::CommonName, "evil\u{1b}[2J\n");
        params.not_before = rcgen::date_time_ymd(2024, 1, 2);
        params.not_after = rcgen::date_time_ymd(2025, 1, 2);
        let key = rcgen::KeyPair::generate().unwrap();
        let certificate = params.self_signed(&key).unwrap();
        let read = refused(certificate.der(), CertificateProblem::Expired);
        assert!(read.subject.contains("evil"), "{}", read.subject);
        assert!(!read.to_string().contains(char::is_control), "{read}");
        assert_eq!(read.issuer, read.subject);
        assert_eq!(read.names, ["proxy.corp.example", "10.0.0.1"]);
        assert_eq!(read.not_before.unwrap().to_string(), "2024-01-02T00:00:00.000Z");
        assert_eq!(read.not_after.unwrap().to_string(), "2025-01-02T00:00:00.000Z");
        assert_eq!(read.sha256.len(), 64);
        assert!(read.to_string().starts_with("it has expired (subject: "), "{read}");

        let none = refused(b"no certificate", CertificateProblem::Invalid);
        assert_eq!((none.sha256.len(), none.subject.as_str()), (64, ""));
        assert!(none.names.is_empty() && none.not_before.is_none());
    }
}
