//! Workers that do not keep to the protocol.

use std::io::{Read as _, Write as _};
use std::os::fd::AsFd as _;
use std::os::unix::net::UnixStream;
use std::time::Duration;

/// Set with `Worker::env`.
const TOLD: &str = "WORKER_HOST_IMPOSTOR";

/// A greeting, then the answer to `Start` and one to every request after it.
#[allow(clippy::exit, reason = "an end with a status of its own is one of the ways")]
pub(crate) fn run_if_told() {
    let Ok(kind) = std::env::var(TOLD) else { return };
    if let Some(mark) = kind.strip_prefix("killed while loading, once: ") {
        return be_killed_once(mark);
    }
    let mut socket = UnixStream::from(std::io::stdin().as_fd().try_clone_to_owned().unwrap());
    match &*kind {
        "exits" => std::process::exit(7),
        "closes" => {
            drop(socket.shutdown(std::net::Shutdown::Both));
            std::thread::sleep(Duration::from_secs(3_600));
        }
        "http" => socket.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n").unwrap(),
        "version" => greet(&mut socket, 77),
        _ => {}
    }
    greet(&mut socket, 1);
    receive(&mut socket);
    receive(&mut socket);
    if kind == "dies loading" {
        std::process::abort();
    }
    answer(&mut socket, 0, if kind == "starts wrongly" { b"\xff" } else { b"\x00" });
    let number = receive(&mut socket);
    match &*kind {
        "garbage" => answer(&mut socket, number, b"\xff\xff\xff"),
        "wrong kind" => answer(&mut socket, number, b"\x00"),
        "wrong number" => answer(&mut socket, number + 1, b"\x00"),
        "too long" => socket.write_all(&[0xff; 12]).unwrap(),
        // Announces a reply of 2^28 messages.
        "too many" => answer(&mut socket, number, b"\x04\xff\xff\xff\x7f"),
        "silent" => {}
        "half" => socket.write_all(&[200, 0, 0, 0, 1]).unwrap(),
        "prints" => {
            std::io::stdout().write_all(&vec![b'x'; 3_000_000]).unwrap();
            std::io::stderr().write_all(&vec![b'y'; 3_000_000]).unwrap();
            // A page: the head of the stream.
            let page = br#"{"errcode":0}"#;
            answer(&mut socket, number, &[b"\x02", &[13][..], page].concat());
        }
        other => panic!("{other}"),
    }
    std::thread::sleep(Duration::from_secs(3_600));
}

/// The first time. Later it is a worker like others.
fn be_killed_once(mark: &str) {
    if std::fs::exists(mark).unwrap() {
        return;
    }
    std::fs::write(mark, "").unwrap();
    let mut socket = UnixStream::from(std::io::stdin().as_fd().try_clone_to_owned().unwrap());
    greet(&mut socket, 1);
    receive(&mut socket);
    receive(&mut socket);
    let own = rustix::process::getpid();
    rustix::process::kill_process(own, rustix::process::Signal::KILL).unwrap();
}

fn greet(socket: &mut UnixStream, version: u32) {
    answer(socket, 0, &[&b"wecom-wp"[..], &version.to_le_bytes()].concat());
}

fn answer(socket: &mut UnixStream, number: u64, body: &[u8]) {
    let len = u32::try_from(body.len() + 8).unwrap();
    socket.write_all(&[&len.to_le_bytes()[..], &number.to_le_bytes(), body].concat()).unwrap();
}

fn receive(socket: &mut UnixStream) -> u64 {
    let (mut len, mut number) = ([0; 4], [0; 8]);
    socket.read_exact(&mut len).unwrap();
    socket.read_exact(&mut number).unwrap();
    let mut body = vec![0; usize::try_from(u32::from_le_bytes(len)).unwrap() - 8];
    socket.read_exact(&mut body).unwrap();
    u64::from_le_bytes(number)
}
