//! Just enough HTTP/1: requests are read whole, replies are written by hand because of their capitals.

use std::io::{self, BufRead, Read, Write};

use super::Clock;
use crate::wecom::{Reply, parse_range};

const HEAD_LIMIT: usize = 64 * 1024;
const BODY_LIMIT: usize = 1024 * 1024;
const HEADERS: usize = 64;

#[derive(Debug)]
pub(super) struct Request {
    pub(super) method: String,
    pub(super) target: String,
    headers: Vec<(String, String)>,
    pub(super) body: Vec<u8>,
    minor_version: u8,
}

impl Request {
    /// The next request, or `None` when the client has closed.
    pub(super) fn read(stream: &mut impl BufRead) -> io::Result<Option<Self>> {
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            let room = u64::try_from(HEAD_LIMIT.saturating_sub(head.len())).unwrap_or(0);
            if stream.by_ref().take(room).read_until(b'\n', &mut head)? == 0 {
                return if head.is_empty() { Ok(None) } else { Err(io::ErrorKind::UnexpectedEof.into()) };
            }
        }
        let invalid = |_| io::Error::from(io::ErrorKind::InvalidData);
        let mut headers = [httparse::EMPTY_HEADER; HEADERS];
        let mut parsed = httparse::Request::new(&mut headers);
        parsed.parse(&head).map_err(invalid)?;
        let mut request = Self {
            method: parsed.method.unwrap_or_default().to_owned(),
            target: parsed.path.unwrap_or_default().to_owned(),
            headers: parsed
                .headers
                .iter()
                .map(|header| (header.name.to_owned(), String::from_utf8_lossy(header.value).into_owned()))
                .collect(),
            body: Vec::new(),
            minor_version: parsed.version.unwrap_or(0),
        };
        let length = match request.header("content-length") {
            Some(text) => text.parse().map_err(|_| io::Error::from(io::ErrorKind::InvalidData))?,
            None => 0,
        };
        if length > BODY_LIMIT {
            return Err(io::ErrorKind::InvalidData.into());
        }
        if request.header("expect").is_some_and(|value| value.eq_ignore_ascii_case("100-continue")) {
            return Err(io::ErrorKind::Unsupported.into());
        }
        request.body.resize(length, 0);
        stream.read_exact(&mut request.body)?;
        Ok(Some(request))
    }

    pub(super) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value.trim())
    }

    /// The path without the query.
    pub(super) fn path(&self) -> &str {
        self.target.split('?').next().unwrap_or_default()
    }

    /// A parameter of the query, decoded.
    pub(super) fn parameter(&self, name: &str) -> Option<String> {
        let (_, query) = self.target.split_once('?')?;
        query
            .split('&')
            .filter_map(|pair| pair.split_once('='))
            .find(|(known, _)| *known == name)
            .map(|(_, value)| decode(value))
    }

    /// First and last byte of a `Range: bytes=a-b`.
    pub(super) fn range(&self) -> Option<(u64, u64)> {
        parse_range(self.header("range")?)
    }

    /// Whether another request may follow on the same connection: the rule of HTTP/1.1, and on request in HTTP/1.0.
    pub(super) fn keeps_alive(&self) -> bool {
        match self.header("connection") {
            Some(value) if value.eq_ignore_ascii_case("close") => false,
            Some(value) if value.eq_ignore_ascii_case("keep-alive") => true,
            _ => self.minor_version == 1,
        }
    }
}

fn decode(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&first, after)) = rest.split_first() {
        rest = after;
        let hex = after.split_at_checked(2).filter(|_| first == b'%');
        let decoded = hex.and_then(|(digits, after)| {
            let digits = std::str::from_utf8(digits).ok()?;
            Some((u8::from_str_radix(digits, 16).ok()?, after))
        });
        match decoded {
            Some((byte, after)) => {
                bytes.push(byte);
                rest = after;
            }
            None => bytes.push(if first == b'+' { b' ' } else { first }),
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// Status line and headers, with the empty line.
pub(crate) fn head(reply: &Reply, keep_alive: bool, clock: Clock) -> String {
    let connection = if keep_alive { "keep-alive" } else { "close" };
    let content_range = match &reply.content_range {
        Some((name, value)) => format!("{name}: {value}\r\n"),
        None => String::new(),
    };
    format!(
        "HTTP/1.1 {} {}\r\nServer: nginx\r\nContent-Type: application/json; charset=UTF-8\r\n\
         Connection: {connection}\r\n{content_range}Content-Length: {}\r\nDate: {}\r\n\r\n",
        reply.status,
        reason(reply.status),
        reply.body.len(),
        clock.date()
    )
}

/// Writes the reply; `false` when the connection has to end, because a fault cut it.
pub(super) fn write(
    stream: &mut impl Write,
    reply: &Reply,
    keep_alive: bool,
    clock: Clock,
) -> io::Result<bool> {
    let head = head(reply, keep_alive, clock).into_bytes();
    let cut = reply.cut.unwrap_or(usize::MAX);
    stream.write_all(head.get(..cut).unwrap_or(&head))?;
    let cut = cut.saturating_sub(head.len());
    stream.write_all(reply.body.get(..cut).unwrap_or(&reply.body))?;
    stream.flush()?;
    Ok(reply.cut.is_none())
}

fn reason(status: u16) -> &'static str {
    match status {
        200 => "OK",
        206 => "Partial Content",
        400 => "Bad Request",
        401 => "Unauthorized",
        403 => "Forbidden",
        404 => "Not Found",
        407 => "Proxy Authentication Required",
        416 => "Range Not Satisfiable",
        429 => "Too Many Requests",
        500 => "Internal Server Error",
        502 => "Bad Gateway",
        503 => "Service Unavailable",
        504 => "Gateway Timeout",
        _ => "Simulated",
    }
}
