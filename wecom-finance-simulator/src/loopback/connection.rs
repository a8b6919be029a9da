//! One connection: tunnel, TLS, requests.

use std::{
    io::{self, BufReader, Read, Write},
    net::TcpStream,
    sync::Arc,
    time::Duration,
};

use base64::{Engine, engine::general_purpose::STANDARD};
use rustls::{ServerConnection, StreamOwned};

use super::{
    Shared,
    http::{self, Request},
    socks, tls,
};
use crate::{World, wecom::Reply, world::lock};

/// Silence after which a connection is given up.
const PATIENCE: Duration = Duration::from_secs(60);

pub(super) fn serve(shared: &Shared, stream: TcpStream) -> io::Result<()> {
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    stream.set_nodelay(true)?;
    let mut first = [0];
    if stream.peek(&mut first)? == 0 {
        return Ok(());
    }
    let opened = if first == [5] { socks::open(shared, &stream)? } else { open_tunnel(shared, &stream)? };
    // The client's hello is here, the server's answer is under way.
    if !opened || stream.peek(&mut first)? == 0 || !shared.sleep(shared.line.round_trip()) {
        return Ok(());
    }
    let session = ServerConnection::new(Arc::clone(&lock(&shared.tls))).map_err(io::Error::other)?;
    let socket = stream.try_clone()?;
    let mut stream = BufReader::new(StreamOwned::new(session, stream));
    while let Some(request) = Request::read(&mut stream)? {
        let (reply, world) = answer(shared, &request);
        if !shared.sleep(shared.line.round_trip().saturating_add(reply.delay)) {
            break;
        }
        if reply.hang && !hang(shared, &socket, world.as_ref())? {
            break;
        }
        if let Some(world) = world {
            world.sends(&reply);
        }
        let keep_alive = request.keeps_alive();
        if !http::write(&mut Paced { shared, stream: stream.get_mut() }, &reply, keep_alive, shared.clock)? {
            return Ok(());
        }
        if !keep_alive {
            break;
        }
    }
    stream.get_mut().conn.send_close_notify();
    stream.get_mut().flush()
}

/// Writes at the speed of the line.
struct Paced<'a, W> {
    shared: &'a Shared,
    stream: &'a mut W,
}

impl<W: Write> Write for Paced<'_, W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let Some((most, pause)) = self.shared.line.piece() else { return self.stream.write(bytes) };
        let written = self.stream.write(bytes.get(..most).unwrap_or(bytes))?;
        self.stream.flush()?;
        if self.shared.sleep(pause) { Ok(written) } else { Err(io::ErrorKind::ConnectionAborted.into()) }
    }

    fn flush(&mut self) -> io::Result<()> {
        self.stream.flush()
    }
}

/// The HTTP proxy's part: `CONNECT`, and nothing else than to WeCom.
fn open_tunnel(shared: &Shared, stream: &TcpStream) -> io::Result<bool> {
    // One byte at a time: what follows the head belongs to TLS.
    let mut byte_wise = BufReader::with_capacity(1, stream);
    let Some(request) = Request::read(&mut byte_wise)? else { return Ok(false) };
    let refuse = |status: u16, text: &str| {
        let reply = format!("HTTP/1.1 {status} {text}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
        (&mut &*stream).write_all(reply.as_bytes()).map(|()| false)
    };
    if request.method != "CONNECT" {
        return refuse(405, "Method Not Allowed");
    }
    if let Some((user, password)) = &shared.credentials {
        let expected = format!("Basic {}", STANDARD.encode(format!("{user}:{password}")));
        if request.header("proxy-authorization") != Some(&expected) {
            let challenge = "Proxy Authentication Required\r\nProxy-Authenticate: Basic realm=\"simulator\"";
            return refuse(407, challenge);
        }
    }
    if request.target != format!("{}:443", tls::HOST) {
        return refuse(403, "Forbidden");
    }
    if !shared.sleep(shared.line.round_trip()) {
        return Ok(false);
    }
    (&mut &*stream).write_all(b"HTTP/1.1 200 Connection established\r\n\r\n")?;
    Ok(true)
}

fn answer(shared: &Shared, request: &Request) -> (Reply, Option<World>) {
    let token = request.parameter("access_token").unwrap_or_default();
    let of_token = || match shared.worlds.as_slice() {
        // It refuses strange tokens itself, and counts them.
        [only] => Some(only),
        worlds => worlds.iter().find(|world| lock(&world.inner().tokens).knows(&token)),
    };
    let (world, errcode) = match request.path() {
        "/cgi-bin/gettoken" => {
            let corp_id = request.parameter("corpid").unwrap_or_default();
            (shared.worlds.iter().find(|world| world.corp_id() == corp_id), 40_013)
        }
        "/cgi-bin/message/getchatdata"
        | "/cgi-bin/message/getchatmediadata"
        | "/cgi-bin/msgaudit/get_permit_user_list" => (of_token(), 40_014),
        _ => return (Reply::status(404), None),
    };
    let Some(world) = world else { return (Reply::errcode(errcode), None) };
    let reply = match request.path() {
        "/cgi-bin/gettoken" => world.get_token(&request.parameter("corpsecret").unwrap_or_default()),
        "/cgi-bin/message/getchatdata" => world.get_chat_data(&token, &request.body),
        "/cgi-bin/msgaudit/get_permit_user_list" => world.get_permit_user_list(&token),
        _ => world.get_media_data(&token, request.range(), &request.body),
    };
    (reply, Some(world.clone()))
}

/// Waits until the faults are cleared (`true`), or the client or the server has had enough.
fn hang(shared: &Shared, socket: &TcpStream, world: Option<&World>) -> io::Result<bool> {
    let mark = world.map(World::faults_mark);
    socket.set_read_timeout(Some(Duration::from_millis(20)))?;
    let released = loop {
        if shared.is_stopping() {
            break false;
        }
        if world.map(World::faults_mark) != mark {
            break true;
        }
        match socket.peek(&mut [0]) {
            Ok(0) => break false,
            Ok(_) => std::thread::sleep(Duration::from_millis(20)),
            Err(error) if matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut) => {}
            Err(_) => break false,
        }
    };
    socket.set_read_timeout(Some(PATIENCE))?;
    Ok(released)
}

/// Reads exactly `N` bytes.
pub(super) fn read_array<const N: usize>(mut stream: &TcpStream) -> io::Result<[u8; N]> {
    let mut bytes = [0; N];
    stream.read_exact(&mut bytes)?;
    Ok(bytes)
}
