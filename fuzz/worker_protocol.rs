//! What holds for any bytes between a program and its worker. Shared by the fuzz target and the test that replays its
//! findings.

use std::io::Cursor;

#[path = "../wecom-finance/src/worker/protocol/frame.rs"]
#[allow(dead_code, reason = "both sides of the protocol are in it")]
mod frame;
#[path = "../wecom-finance/src/worker/protocol/message.rs"]
#[allow(dead_code, reason = "both sides of the protocol are in it")]
mod message;

use frame::{Frame, MAX_BODY_BYTES, decode, encode, read_frame, read_hello};
use message::{Reply, Request};
use serde::{Deserialize, Serialize};

/// Fails if either side of the protocol breaks one of its promises over these bytes.
pub(crate) fn any_bytes(bytes: &[u8]) {
    let mut stream = Cursor::new(bytes);
    while let Ok(Some(frame)) = read_frame(&mut stream) {
        assert!(frame.body.len() <= MAX_BODY_BYTES);
        // The 1 MiB are taken at once, the rest as it arrives.
        assert!(frame.body.capacity() <= (1 << 20) + 2 * bytes.len(), "memory for what did not arrive");
        body(&frame.body);
        if let Ok(version) = read_hello(&frame) {
            let greeting = Frame { id: 0, body: [&b"wecom-wp"[..], &version.to_le_bytes()].concat() };
            assert_eq!(read_hello(&greeting), Ok(version));
        }
    }
    body(bytes);
}

fn body(bytes: &[u8]) {
    same_again::<Request<'_>>(bytes);
    same_again::<Reply<'_>>(bytes);
}

/// What can be read can be written, and says the same.
fn same_again<'a, T: Serialize + Deserialize<'a>>(bytes: &'a [u8]) {
    let Ok(message) = decode::<T>(bytes) else { return };
    let written =
        encode(7, &message, bytes.len()).expect("what was read is no longer than what may be written");
    let frame = read_frame(&mut Cursor::new(&written)).expect("a frame").expect("a frame");
    assert_eq!(frame.id, 7);
    // Numbers have longer forms than needed; written once, they have one.
    assert!(frame.body.len() <= bytes.len());
}
