//! The check of WeCom's certificate, which says what it refused.

use std::fmt::{self, Write as _};
use std::sync::Arc;

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

/// The usual check, whose errors hold what was presented: [`rejected`] finds it in them again.
#[derive(Debug)]
pub(super) struct ReportingVerifier(Arc<WebPkiServerVerifier>);

impl ReportingVerifier {
    pub(super) fn new(webpki: Arc<WebPkiServerVerifier>) -> Self {
        Self(webpki)
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
        self.0.verify_server_cert(end_entity, intermediates, server_name, ocsp_response, now).map_err(
            |error| {
                let problem = match error {
                    rustls::Error::InvalidCertificate(error) => problem(&error),
                    _ => CertificateProblem::Invalid,
                };
                let report = Report(read(end_entity, problem));
                rustls::Error::InvalidCertificate(CertificateError::Other(OtherError(Arc::new(report))))
            },
        )
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.0.verify_tls12_signature(message, certificate, signature)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.0.verify_tls13_signature(message, certificate, signature)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.supported_verify_schemes()
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

fn read(der: &[u8], problem: CertificateProblem) -> RejectedCertificate {
    let sha256 = digest::digest(&digest::SHA256, der).as_ref().iter().fold(String::new(), |mut hex, byte| {
        // Writing to a String cannot fail.
        _ = write!(hex, "{byte:02x}");
        hex
    });
    let unread = RejectedCertificate::unread(problem, sha256);
    let Ok(certificate) = Certificate::from_der(der) else { return unread };
    let certificate = certificate.tbs_certificate();
    let names = certificate.get_extension::<SubjectAltName>().ok().flatten();
    let names = names.iter().flat_map(|(_critical, names)| &names.0).filter_map(|name| match name {
        GeneralName::DnsName(name) => Some(printable(name.as_str())),
        GeneralName::IpAddress(address) => ip(address.as_bytes()),
        _ => None,
    });
    RejectedCertificate {
        subject: printable(&certificate.subject().to_string()),
        issuer: printable(&certificate.issuer().to_string()),
        names: names.take(NAMES_SHOWN).collect(),
        not_before: Some(timestamp(certificate.validity().not_before)),
        not_after: Some(timestamp(certificate.validity().not_after)),
        ..unread
    }
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
        let read = read(certificate.der(), CertificateProblem::Expired);
        assert!(read.subject.contains("evil"), "{}", read.subject);
        assert!(!read.to_string().contains(char::is_control), "{read}");
        assert_eq!(read.issuer, read.subject);
        assert_eq!(read.names, ["proxy.corp.example", "10.0.0.1"]);
        assert_eq!(read.not_before.unwrap().to_string(), "2024-01-02T00:00:00.000Z");
        assert_eq!(read.not_after.unwrap().to_string(), "2025-01-02T00:00:00.000Z");
        assert_eq!(read.sha256.len(), 64);
        assert!(read.to_string().starts_with("it has expired (subject: "), "{read}");

        let none = super::read(b"no certificate", CertificateProblem::Invalid);
        assert_eq!((none.sha256.len(), none.subject.as_str()), (64, ""));
        assert!(none.names.is_empty() && none.not_before.is_none());
    }
}
