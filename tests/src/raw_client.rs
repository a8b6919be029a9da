//! A client of the egress that is not the SDK: it says what it likes, and sees every byte of the answer.

use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::aws_lc_rs;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{ClientConfig, ClientConnection, DigitallySignedStruct, SignatureScheme, StreamOwned};
use wecom_finance::Proxy;

pub const CONNECT: &str = "CONNECT qyapi.weixin.qq.com:443 HTTP/1.1\r\nHost: qyapi.weixin.qq.com:443\r\n";

const PATIENCE: Duration = Duration::from_secs(30);

pub fn connect(proxy: &Proxy) -> io::Result<TcpStream> {
    let stream = TcpStream::connect(proxy.url().trim_start_matches("http://"))?;
    stream.set_read_timeout(Some(PATIENCE))?;
    Ok(stream)
}

/// The header with the proxy's credentials.
pub fn authorization(proxy: &Proxy) -> String {
    let credentials = proxy.user_and_password().map(|secret| STANDARD.encode(secret.expose()));
    format!("Proxy-Authorization: Basic {}\r\n", credentials.unwrap_or_default())
}

/// What is answered to these bytes, up to the end of the connection.
pub fn plainly(proxy: &Proxy, request: &[u8]) -> io::Result<String> {
    let mut stream = connect(proxy)?;
    stream.write_all(request)?;
    let mut reply = Vec::new();
    stream.read_to_end(&mut reply)?;
    Ok(String::from_utf8_lossy(&reply).into_owned())
}

/// Through the tunnel, as the SDK does it.
pub fn tunnel(proxy: &Proxy) -> io::Result<TcpStream> {
    let mut stream = connect(proxy)?;
    stream.write_all(format!("{CONNECT}{}\r\n", authorization(proxy)).as_bytes())?;
    let mut reply = Vec::new();
    while !reply.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        stream.read_exact(&mut byte)?;
        reply.push(byte[0]);
    }
    assert!(reply.starts_with(b"HTTP/1.1 200 "), "{}", String::from_utf8_lossy(&reply));
    Ok(stream)
}

pub fn tls<S: Read + Write>(stream: S) -> StreamOwned<ClientConnection, S> {
    let config = ClientConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(AnyCertificate))
        .with_no_client_auth();
    let host = ServerName::try_from("qyapi.weixin.qq.com").unwrap();
    StreamOwned::new(ClientConnection::new(Arc::new(config), host).unwrap(), stream)
}

/// What is answered to these bytes inside the tunnel.
pub fn exchange(proxy: &Proxy, request: &[u8]) -> io::Result<Vec<u8>> {
    let mut stream = tls(tunnel(proxy)?);
    stream.write_all(request)?;
    let mut reply = Vec::new();
    stream.read_to_end(&mut reply)?;
    Ok(reply)
}

/// The request for an access token as the SDK writes it.
pub fn get_token(corp_id: &str, secret: &str) -> String {
    get(&format!("/cgi-bin/gettoken?corpid={corp_id}&corpsecret={secret}"))
}

pub fn get(target: &str) -> String {
    format!("GET {target} HTTP/1.0\r\nHost: qyapi.weixin.qq.com\r\nAccept: */*\r\n\r\n")
}

pub fn post(target: &str, headers: &str, body: &str) -> String {
    format!(
        "POST {target} HTTP/1.0\r\nHost: qyapi.weixin.qq.com\r\nAccept: */*\r\n{headers}Content-Length: {}\r\n\r\n{body}",
        body.len()
    )
}

/// As the SDK: any certificate will do.
#[derive(Debug)]
struct AnyCertificate;

impl ServerCertVerifier for AnyCertificate {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn verify_tls13_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        aws_lc_rs::default_provider().signature_verification_algorithms.supported_schemes()
    }
}
