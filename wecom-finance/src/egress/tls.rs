//! Whom the egress trusts to be WeCom.

use std::path::Path;
use std::sync::Arc;

use rustls::client::WebPkiServerVerifier;
use rustls::crypto::{CryptoProvider, aws_lc_rs};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::{ClientConfig, RootCertStore, ServerConfig};

use super::HOST;
use super::certificate::{Accepted, ReportingVerifier};
use crate::{Error, Result};

/// Whose word counts for WeCom's certificate.
///
/// By default the certificate authorities that this machine trusts (on Linux those of OpenSSL's usual files, and of
/// `SSL_CERT_FILE` and `SSL_CERT_DIR`); on a machine that has none, as in a bare container, Mozilla's, which are
/// compiled in. A company whose proxy ends TLS adds the proxy's own authority:
///
/// ```no_run
/// use wecom_finance::Tls;
///
/// let tls = Tls::default().add_root_file("/etc/pki/company-proxy.pem")?;
/// # Ok::<(), wecom_finance::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Tls {
    platform_roots: bool,
    added_roots: Vec<CertificateDer<'static>>,
}

impl Default for Tls {
    fn default() -> Self {
        Self { platform_roots: true, added_roots: Vec::new() }
    }
}

impl Tls {
    /// Trusts the authorities in this PEM text and nobody else.
    ///
    /// # Errors
    ///
    /// [`Error::EgressSetup`] if there is no certificate in it.
    pub fn with_roots_pem(pem: impl AsRef<[u8]>) -> Result<Self> {
        Self { platform_roots: false, added_roots: Vec::new() }.add_roots_pem(pem)
    }

    /// Trusts the authorities in this PEM text, too.
    ///
    /// # Errors
    ///
    /// [`Error::EgressSetup`] if there is no certificate in it.
    pub fn add_roots_pem(self, pem: impl AsRef<[u8]>) -> Result<Self> {
        self.add(pem.as_ref(), "the PEM text")
    }

    /// Trusts the authorities in this file, too, one or several in PEM.
    ///
    /// # Errors
    ///
    /// [`Error::EgressSetup`] if it cannot be read or there is no certificate in it.
    pub fn add_root_file(self, path: impl AsRef<Path>) -> Result<Self> {
        let path = path.as_ref();
        let shown = path.display();
        let pem = std::fs::read(path)
            .map_err(|error| setup(format!("cannot read root certificates from {shown}: {error}")))?;
        self.add(&pem, &shown.to_string())
    }

    fn add(mut self, pem: &[u8], origin: &str) -> Result<Self> {
        let unusable = |problem: &dyn std::fmt::Display| {
            setup(format!("cannot read root certificates from {origin}: {problem}"))
        };
        let before = self.added_roots.len();
        for certificate in CertificateDer::pem_slice_iter(pem) {
            let certificate = certificate.map_err(|error| unusable(&error))?;
            // Found out here, where the file can be named.
            RootCertStore::empty().add(certificate.clone()).map_err(|error| unusable(&error))?;
            self.added_roots.push(certificate);
        }
        if self.added_roots.len() == before {
            return Err(unusable(&"there is no certificate in it"));
        }
        Ok(self)
    }

    fn roots(&self) -> RootCertStore {
        let mut roots = RootCertStore::empty();
        if self.platform_roots {
            // Old authorities that are written in ways of their own are no reason to fail: the others are enough.
            let (added, ignored) =
                roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
            tracing::debug!(added, ignored, "this machine's root certificates");
            if roots.is_empty() {
                tracing::debug!("this machine has no root certificates, taking Mozilla's");
                roots.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned());
            }
        }
        roots.add_parsable_certificates(self.added_roots.iter().cloned());
        roots
    }

    /// TLS as it is spoken with WeCom. What is accepted is noted in `accepted`.
    pub(super) fn client(&self, accepted: Accepted) -> Result<ClientConfig> {
        let provider = provider();
        let verifier = |roots: RootCertStore| {
            WebPkiServerVerifier::builder_with_provider(Arc::new(roots), Arc::clone(&provider))
                .build()
                .map_err(|error| setup(error.to_string()))
        };
        let webpki = verifier(self.roots())?;
        let public = verifier(webpki_roots::TLS_SERVER_ROOTS.iter().cloned().collect())?;
        let verifier = ReportingVerifier::new(webpki, public, accepted);
        let mut config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(|error| setup(error.to_string()))?
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(verifier))
            .with_no_client_auth();
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(config)
    }
}

/// TLS as it is spoken with the SDK, which accepts any certificate: one of its own for every egress, signed by itself.
pub(super) fn server() -> Result<ServerConfig> {
    let certified = rcgen::generate_simple_self_signed([HOST.to_owned()])
        .map_err(|error| setup(format!("cannot make a certificate: {error}")))?;
    let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(certified.signing_key.serialize_der()));
    ServerConfig::builder_with_provider(provider())
        .with_safe_default_protocol_versions()
        .map_err(|error| setup(error.to_string()))?
        .with_no_client_auth()
        .with_single_cert(vec![certified.cert.der().clone()], key)
        .map_err(|error| setup(error.to_string()))
}

fn provider() -> Arc<CryptoProvider> {
    // Not the process's default provider: that one is the program's to choose, and may be missing.
    Arc::new(aws_lc_rs::default_provider())
}

pub(super) fn setup(detail: impl Into<String>) -> Error {
    Error::EgressSetup { detail: detail.into() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_certificate_is_named() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("roots.pem");
        let missing = Tls::default().add_root_file(&path).unwrap_err().to_string();
        assert!(missing.contains("roots.pem") && missing.contains("No such file"), "{missing}");
        let broken = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
        for content in ["", "not PEM", "-----BEGIN CERTIFICATE-----\n!\n-----END CERTIFICATE-----\n", broken]
        {
            std::fs::write(&path, content).unwrap();
            let error = Tls::default().add_root_file(&path).unwrap_err();
            assert!(
                matches!(&error, Error::EgressSetup { detail } if detail.contains("roots.pem")),
                "{error}"
            );
        }
        assert!(Tls::with_roots_pem("").is_err());
    }

    #[test]
    fn somebody_is_trusted_on_every_machine_and_only_the_given_ones_when_asked() {
        assert!(Tls::default().roots().len() > 10);
        let own = rcgen::generate_simple_self_signed([HOST.to_owned()]).unwrap();
        let pem = own.cert.pem();
        assert_eq!(Tls::with_roots_pem(&pem).unwrap().roots().len(), 1);
        assert!(Tls::default().add_roots_pem(&pem).unwrap().roots().len() > 11);
    }
}
