//! The certificate of the loopback server: a fresh self-signed one, which the SDK does not check.

use std::{io, sync::Arc};

use rustls::{
    ServerConfig,
    crypto::aws_lc_rs,
    pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer},
};

/// The only host that the SDK talks to.
pub(super) const HOST: &str = "qyapi.weixin.qq.com";

/// The settings of the server, and its certificate in PEM.
pub(super) fn config() -> io::Result<(Arc<ServerConfig>, String)> {
    let certified = rcgen::generate_simple_self_signed([HOST.to_owned()]).map_err(io::Error::other)?;
    let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(certified.signing_key.serialize_der()));
    let config = ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(io::Error::other)?
        .with_no_client_auth()
        .with_single_cert(vec![certified.cert.der().clone()], key)
        .map_err(io::Error::other)?;
    Ok((Arc::new(config), certified.cert.pem()))
}
