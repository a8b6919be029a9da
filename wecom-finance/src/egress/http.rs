//! The SDK's side of HTTP: requests are read whole and within bounds, replies are written by hand, because the SDK insists
//! on capitals that HTTP libraries do not write.

use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::time::Instant;

use bytes::Bytes;
use serde::Serialize;
use zeroize::Zeroizing;

const HEAD_LIMIT: usize = 16 * 1024;
const BODY_LIMIT: usize = 256 * 1024;
const HEADERS: usize = 32;

/// A request of the SDK, with what is needed of it. The target holds secrets.
pub(super) struct Request {
    pub(super) method: String,
    pub(super) target: Zeroizing<String>,
    pub(super) authorization: Option<Zeroizing<String>>,
    pub(super) range: Option<String>,
    pub(super) content_type: Option<String>,
    pub(super) body: Bytes,
}

/// What came is not a request, or one that is too large.
#[derive(Debug)]
pub(super) enum ReadError {
    Io(io::Error),
    Malformed,
}

impl From<io::Error> for ReadError {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

impl Request {
    /// Reads one request and nothing after it: whoever sends more before the reply is not the SDK.
    pub(super) fn read(stream: &mut (impl Read + Write)) -> Result<Self, ReadError> {
        let mut received = Zeroizing::new(Vec::with_capacity(HEAD_LIMIT));
        let head_len = loop {
            if let Some(found) = memchr::memmem::find(&received, b"\r\n\r\n") {
                break found.saturating_add(4);
            }
            if read_some(stream, &mut received, HEAD_LIMIT)? == 0 {
                return Err(if received.len() < HEAD_LIMIT {
                    ReadError::Io(io::ErrorKind::UnexpectedEof.into())
                } else {
                    ReadError::Malformed
                });
            }
        };
        let (head, rest) = received.split_at_checked(head_len).ok_or(ReadError::Malformed)?;
        let mut headers = [httparse::EMPTY_HEADER; HEADERS];
        let mut parsed = httparse::Request::new(&mut headers);
        if !parsed.parse(head).map_err(|_| ReadError::Malformed)?.is_complete() {
            return Err(ReadError::Malformed);
        }
        let header = |name: &str| -> Result<Option<&str>, ReadError> {
            let mut values = parsed.headers.iter().filter(|header| header.name.eq_ignore_ascii_case(name));
            match (values.next(), values.next()) {
                (None, _) => Ok(None),
                (Some(header), None) => {
                    std::str::from_utf8(header.value).map(Some).map_err(|_| ReadError::Malformed)
                }
                // Two values, two opinions: the ground that request smuggling grows on.
                (Some(_), Some(_)) => Err(ReadError::Malformed),
            }
        };
        if header("transfer-encoding")?.is_some() {
            return Err(ReadError::Malformed);
        }
        let length = match header("content-length")? {
            Some(length) => length.trim().parse().map_err(|_| ReadError::Malformed)?,
            None => 0,
        };
        if length > BODY_LIMIT || rest.len() > length {
            return Err(ReadError::Malformed);
        }
        if header("expect")?.is_some() {
            stream.write_all(b"HTTP/1.1 100 Continue\r\n\r\n")?;
            stream.flush()?;
        }
        let owned = |value: Option<&str>| value.map(|value| value.trim().to_owned());
        let request = Self {
            method: parsed.method.unwrap_or_default().to_owned(),
            target: Zeroizing::new(parsed.path.unwrap_or_default().to_owned()),
            authorization: owned(header("proxy-authorization")?).map(Zeroizing::new),
            range: owned(header("range")?),
            content_type: owned(header("content-type")?),
            body: Bytes::new(),
        };
        let mut body = Vec::with_capacity(length);
        body.extend_from_slice(rest);
        while body.len() < length {
            if read_some(stream, &mut body, length)? == 0 {
                return Err(ReadError::Io(io::ErrorKind::UnexpectedEof.into()));
            }
        }
        Ok(Self { body: Bytes::from(body), ..request })
    }

    /// The path without the query, which holds secrets.
    pub(super) fn path(&self) -> &str {
        self.target.split('?').next().unwrap_or_default()
    }
}

/// Reads once, up to `limit` bytes altogether; 0 at the end and at the limit.
fn read_some(stream: &mut impl Read, received: &mut Vec<u8>, limit: usize) -> io::Result<usize> {
    let mut piece = Zeroizing::new([0; 4096]);
    let room = limit.saturating_sub(received.len()).min(piece.len());
    let count = stream.read(piece.get_mut(..room).unwrap_or_default())?;
    received.extend_from_slice(piece.get(..count).unwrap_or_default());
    Ok(count)
}

/// A reply to the SDK.
#[derive(Debug)]
pub(super) struct Reply {
    status: u16,
    /// The value of the `CONTENT-RANGE` header.
    content_range: Option<String>,
    /// Written one after the other.
    body: Vec<Bytes>,
}

impl Reply {
    pub(super) fn ok(body: Vec<Bytes>) -> Self {
        Self { status: 200, content_range: None, body }
    }

    /// An empty reply for whoever is not the SDK, or asks for what the SDK does not ask for.
    pub(super) fn status(status: u16) -> Self {
        Self { status, content_range: None, body: Vec::new() }
    }

    pub(super) fn errcode(errcode: i64, errmsg: &str) -> Self {
        #[derive(Serialize)]
        struct Refusal<'a> {
            errcode: i64,
            errmsg: &'a str,
        }
        Self::json(&Refusal { errcode, errmsg })
    }

    pub(super) fn json(value: &impl Serialize) -> Self {
        Self::ok(vec![serde_json::to_vec(value).unwrap_or_default().into()])
    }

    /// In the one form that the SDK recognises: in capitals.
    pub(super) fn content_range(mut self, first: u64, last: u64, total: u64) -> Self {
        self.content_range = Some(format!("BYTES {first}-{last}/{total}"));
        self
    }

    pub(super) fn write(&self, stream: &mut impl Write) -> io::Result<()> {
        let content_range = match &self.content_range {
            Some(range) => format!("CONTENT-RANGE: {range}\r\n"),
            None => String::new(),
        };
        let challenge =
            if self.status == 407 { "Proxy-Authenticate: Basic realm=\"egress\"\r\n" } else { "" };
        let head = format!(
            "HTTP/1.1 {} {}\r\nContent-Type: application/json; charset=UTF-8\r\nConnection: close\r\n\
             {challenge}{content_range}Content-Length: {}\r\n\r\n",
            self.status,
            reason(self.status),
            self.body.iter().map(Bytes::len).fold(0_usize, usize::saturating_add)
        );
        stream.write_all(head.as_bytes())?;
        for part in &self.body {
            stream.write_all(part)?;
        }
        stream.flush()
    }
}

fn reason(status: u16) -> &'static str {
    match status {
        200 => "OK",
        400 => "Bad Request",
        403 => "Forbidden",
        405 => "Method Not Allowed",
        407 => "Proxy Authentication Required",
        _ => "Refused",
    }
}

/// A socket on which all is over at an instant. A timeout of the socket's own would begin anew with every byte.
#[derive(Debug)]
pub(super) struct Deadlined {
    stream: TcpStream,
    deadline: Instant,
}

impl Deadlined {
    pub(super) fn new(stream: TcpStream, deadline: Instant) -> Self {
        Self { stream, deadline }
    }

    pub(super) fn set_deadline(&mut self, deadline: Instant) {
        self.deadline = deadline;
    }

    fn left(&self) -> io::Result<std::time::Duration> {
        let left = self.deadline.saturating_duration_since(Instant::now());
        if left.is_zero() { Err(io::ErrorKind::TimedOut.into()) } else { Ok(left) }
    }
}

impl Read for Deadlined {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.stream.set_read_timeout(Some(self.left()?))?;
        self.stream.read(buffer)
    }
}

impl Write for Deadlined {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.stream.set_write_timeout(Some(self.left()?))?;
        self.stream.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.stream.flush()
    }
}
