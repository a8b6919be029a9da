//! `CONNECT` to WeCom's host through an HTTP proxy, which says why it refuses.

use std::io;

use hyper::Uri;
use hyper::header::HeaderValue;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use zeroize::Zeroizing;

use super::connector::{NoWay, kind_of};
use crate::error::UnreachableKind;

/// A proxy's refusal comes with a page of HTML at most, of which the head is enough.
const HEAD_LIMIT: usize = 8 * 1024;
const HEADERS: usize = 64;

/// What follows on the stream is said by `host`, which speaks second: the head of the reply is all that is read of it.
pub(super) async fn open(
    stream: &mut TcpStream,
    host: &Uri,
    authorization: Option<&HeaderValue>,
) -> Result<(), NoWay> {
    let name = host.host().unwrap_or_default();
    let target = format!("{name}:{}", host.port_u16().unwrap_or(443));
    let mut request = Zeroizing::new(format!("CONNECT {target} HTTP/1.1\r\nHost: {target}\r\n").into_bytes());
    if let Some(authorization) = authorization {
        request.extend_from_slice(b"Proxy-Authorization: ");
        request.extend_from_slice(authorization.as_bytes());
        request.extend_from_slice(b"\r\n");
    }
    request.extend_from_slice(b"\r\n");
    stream.write_all(&request).await.map_err(|error| broken(&error))?;
    let mut head = Vec::new();
    loop {
        if stream.read_buf(&mut head).await.map_err(|error| broken(&error))? == 0 {
            let kind =
                if head.is_empty() { UnreachableKind::Interrupted } else { UnreachableKind::NotAProxy };
            return Err(NoWay { kind, detail: "it hung up instead of an answer to CONNECT".to_owned() });
        }
        if let Some(status) = status(&head)? {
            return opened(status);
        }
    }
}

/// The reply's status, or `None` if there is not enough of it yet.
fn status(head: &[u8]) -> Result<Option<u16>, NoWay> {
    let no_http = || NoWay {
        kind: UnreachableKind::NotAProxy,
        detail: "what answers CONNECT there does not speak HTTP".to_owned(),
    };
    let mut headers = [httparse::EMPTY_HEADER; HEADERS];
    let mut reply = httparse::Response::new(&mut headers);
    match reply.parse(head) {
        Ok(httparse::Status::Complete(_)) => reply.code.map(Some).ok_or_else(no_http),
        Ok(httparse::Status::Partial) if head.len() < HEAD_LIMIT => Ok(None),
        // Only the first line counts, and it may be fine.
        _ if reply.code.is_some() => Ok(reply.code),
        _ => Err(no_http()),
    }
}

fn opened(status: u16) -> Result<(), NoWay> {
    let kind = match status {
        200..=299 => return Ok(()),
        407 => UnreachableKind::ProxyLogin,
        // A web server does not know what to do with CONNECT.
        400 | 404 | 405 | 501 => UnreachableKind::NotAProxy,
        _ => UnreachableKind::ProxyRefused,
    };
    Err(NoWay { kind, detail: format!("it answers CONNECT with HTTP status {status}") })
}

fn broken(error: &io::Error) -> NoWay {
    NoWay { kind: kind_of(error), detail: error.to_string() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kind(reply: &str) -> Option<UnreachableKind> {
        let status = status(reply.as_bytes()).map(|status| status.map(opened));
        status
            .unwrap_or_else(|no_way| Some(Err(no_way)))
            .expect("a whole head")
            .err()
            .map(|no_way| no_way.kind)
    }

    #[test]
    fn every_answer_has_its_meaning() {
        use UnreachableKind::{NotAProxy, ProxyLogin, ProxyRefused};
        for (reply, meaning) in [
            ("HTTP/1.1 200 Connection established\r\n\r\n", None),
            ("HTTP/1.0 200 OK\r\nVia: 1.1 squid\r\n\r\n", None),
            (
                "HTTP/1.1 407 Proxy Authentication Required\r\nProxy-Authenticate: Basic\r\n\r\n",
                Some(ProxyLogin),
            ),
            ("HTTP/1.1 403 Forbidden\r\n\r\n<html>", Some(ProxyRefused)),
            ("HTTP/1.1 502 Bad Gateway\r\n\r\n", Some(ProxyRefused)),
            ("HTTP/1.1 405 Method Not Allowed\r\n\r\n", Some(NotAProxy)),
            ("SSH-2.0-OpenSSH_9.6\r\n", Some(NotAProxy)),
            ("\x15\x03\x01\x00\x02\x02\x16", Some(NotAProxy)),
        ] {
            assert_eq!(kind(reply), meaning, "{reply}");
        }
        assert_eq!(status(b"HTTP/1.1 40").unwrap(), None);
        let endless = format!("HTTP/1.1 403 Forbidden\r\nX: {}", "x".repeat(HEAD_LIMIT));
        assert_eq!(kind(&endless), Some(ProxyRefused));
        let crowded = format!("HTTP/1.1 407 X\r\n{}\r\n", "A: b\r\n".repeat(HEADERS + 1));
        assert_eq!(kind(&crowded), Some(ProxyLogin));
    }
}
