//! The certificate of the loopback server. The SDK does not check it, others do.

use std::{io, sync::Arc};

use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair, KeyUsagePurpose};
use rustls::{
    ServerConfig,
    crypto::aws_lc_rs,
    pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer},
};

/// The only host that the SDK talks to.
pub(super) const HOST: &str = "qyapi.weixin.qq.com";

/// The certificate that a [`Loopback`](crate::Loopback) presents: a new one for every server.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum ServerCertificate {
    /// For WeCom's host, signed by itself.
    #[default]
    SelfSigned,
    /// For WeCom's host, signed by an authority made for this server: an unknown one to whoever is not told of it, see
    /// [`Loopback::root_pem`](crate::Loopback::root_pem).
    Signed,
    /// The same for `other.example`.
    OtherHost,
    /// The same for WeCom's host, but it expired in 2021.
    Expired,
}

/// The settings of the server, its certificate, and the root that signed it, both in PEM.
pub(super) struct Identity {
    pub(super) config: Arc<ServerConfig>,
    pub(super) certificate_pem: String,
    pub(super) root_pem: String,
}

impl Identity {
    pub(super) fn new(kind: ServerCertificate) -> io::Result<Self> {
        if kind == ServerCertificate::SelfSigned {
            let own = rcgen::generate_simple_self_signed([HOST.to_owned()]).map_err(io::Error::other)?;
            let pem = own.cert.pem();
            return Ok(Self {
                config: config(own.cert.der().clone(), &own.signing_key)?,
                certificate_pem: pem.clone(),
                root_pem: pem,
            });
        }
        let (root_key, mut root) =
            (KeyPair::generate().map_err(io::Error::other)?, CertificateParams::default());
        root.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        root.key_usages = vec![KeyUsagePurpose::KeyCertSign];
        root.distinguished_name.push(DnType::CommonName, "The simulator's authority");
        let root_pem = root.self_signed(&root_key).map_err(io::Error::other)?.pem();
        let authority = Issuer::new(root, root_key);

        let host = if kind == ServerCertificate::OtherHost { "other.example" } else { HOST };
        let mut own = CertificateParams::new([host.to_owned()]).map_err(io::Error::other)?;
        own.distinguished_name.push(DnType::CommonName, host);
        if kind == ServerCertificate::Expired {
            own.not_before = rcgen::date_time_ymd(2020, 1, 1);
            own.not_after = rcgen::date_time_ymd(2021, 1, 1);
        }
        let key = KeyPair::generate().map_err(io::Error::other)?;
        let certificate = own.signed_by(&key, &authority).map_err(io::Error::other)?;
        Ok(Self {
            config: config(certificate.der().clone(), &key)?,
            certificate_pem: certificate.pem(),
            root_pem,
        })
    }
}

fn config(certificate: CertificateDer<'static>, key: &KeyPair) -> io::Result<Arc<ServerConfig>> {
    let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der()));
    let config = ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(io::Error::other)?
        .with_no_client_auth()
        .with_single_cert(vec![certificate], key)
        .map_err(io::Error::other)?;
    Ok(Arc::new(config))
}
