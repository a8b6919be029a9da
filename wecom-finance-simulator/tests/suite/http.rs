//! The loopback server with a client that is stricter than the SDK: it checks the certificate and keeps connections.

use std::{
    io::{Read, Write},
    net::TcpStream,
    sync::Arc,
    time::{Duration, SystemTime},
};

use jiff::fmt::rfc2822::DateTimeParser;
use rustls::{
    ClientConfig, ClientConnection, RootCertStore, StreamOwned,
    crypto::aws_lc_rs,
    pki_types::{CertificateDer, ServerName, pem::PemObject},
};
use wecom_finance_simulator::{Loopback, LoopbackBuilder, Scenario};

/// Asks for a tunnel and gives the proxy's status line.
fn connect(server: &Loopback, target: &str) -> (TcpStream, String) {
    let mut stream = TcpStream::connect(server.address()).unwrap();
    write!(stream, "CONNECT {target} HTTP/1.1\r\nHost: {target}\r\n\r\n").unwrap();
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        stream.read_exact(&mut byte).unwrap();
        head.push(byte[0]);
    }
    let line = String::from_utf8(head).unwrap().lines().next().unwrap().to_owned();
    (stream, line)
}

/// A connection to WeCom's host by a client that checks who answers.
fn tls(server: &Loopback) -> StreamOwned<ClientConnection, TcpStream> {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_slice(server.certificate_pem().as_bytes()).unwrap()).unwrap();
    let config = ClientConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    let (stream, line) = connect(server, "qyapi.weixin.qq.com:443");
    assert_eq!(line, "HTTP/1.1 200 Connection established");
    let name = ServerName::try_from("qyapi.weixin.qq.com").unwrap();
    let session = ClientConnection::new(Arc::new(config), name).unwrap();
    StreamOwned::new(session, stream)
}

fn read_reply(stream: &mut impl Read) -> (String, Vec<u8>) {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        stream.read_exact(&mut byte).unwrap();
        head.push(byte[0]);
    }
    let head = String::from_utf8(head).unwrap();
    let length = head.lines().find_map(|line| line.strip_prefix("Content-Length: ")).unwrap();
    let mut body = vec![0; length.parse().unwrap()];
    stream.read_exact(&mut body).unwrap();
    (head, body)
}

#[test]
fn only_wecom_is_behind_the_proxy() {
    let server = Scenario::new().build().serve().unwrap();
    assert_eq!(connect(&server, "example.com:443").1, "HTTP/1.1 403 Forbidden");
    assert_eq!(connect(&server, "qyapi.weixin.qq.com:80").1, "HTTP/1.1 403 Forbidden");
    let mut plain = TcpStream::connect(server.address()).unwrap();
    plain.write_all(b"GET /cgi-bin/gettoken HTTP/1.1\r\n\r\n").unwrap();
    assert!(read_reply(&mut plain).0.starts_with("HTTP/1.1 405 "));
}

#[test]
fn replies_are_dated_by_the_servers_clock() {
    const DAY: Duration = Duration::from_secs(86_400);
    let world = Scenario::new().build();
    let date = |server: LoopbackBuilder| {
        let server = server.world(&world).serve().unwrap();
        let mut stream = tls(&server);
        write!(stream, "GET /cgi-bin/nothing HTTP/1.1\r\n\r\n").unwrap();
        let (head, _) = read_reply(&mut stream);
        let date = head.lines().find_map(|line| line.strip_prefix("Date: ")).unwrap().to_owned();
        SystemTime::from(DateTimeParser::new().parse_timestamp(&date).unwrap())
    };
    let close = |one: SystemTime, other: SystemTime| {
        one.duration_since(other).unwrap_or_else(|error| error.duration()) < Duration::from_secs(60)
    };
    let now = SystemTime::now();
    assert!(close(date(Loopback::builder()), now));
    assert!(close(date(Loopback::builder().clock_ahead(DAY)), now + DAY));
    assert!(close(date(Loopback::builder().clock_behind(DAY)), now - DAY));
    assert!(date(Loopback::builder().clock_ahead(Duration::MAX)) < now, "beyond all calendars");
}

#[test]
fn a_client_that_checks_may_keep_its_connection() {
    let world = Scenario::new().texts(1).build();
    let server = world.serve().unwrap();
    let mut stream = tls(&server);

    let (corp_id, secret) = (world.corp_id(), world.secret());
    let query = format!("corpid={corp_id}&corpsecret={}", secret.replace('-', "%2D"));
    write!(stream, "GET /cgi-bin/gettoken?{query} HTTP/1.1\r\nHost: x\r\n\r\n").unwrap();
    let (head, body) = read_reply(&mut stream);
    assert!(head.contains("Connection: keep-alive"));
    let granted: serde_json::Value = serde_json::from_slice(&body).unwrap();
    let token = granted["access_token"].as_str().unwrap();

    let request = r#"{"seq":0,"limit":10}"#;
    let path = format!("/cgi-bin/message/getchatdata?access_token={token}");
    let length = request.len();
    write!(stream, "POST {path} HTTP/1.1\r\nConnection: close\r\nContent-Length: {length}\r\n\r\n{request}")
        .unwrap();
    let (head, body) = read_reply(&mut stream);
    assert!(head.contains("Connection: close"));
    let page: serde_json::Value = serde_json::from_slice(&body).unwrap();
    assert_eq!(page["chatdata"][0]["seq"], 1);
    assert_eq!(stream.read(&mut [0]).unwrap(), 0, "closed in order");
    assert_eq!(server.connections(), 1);
}
