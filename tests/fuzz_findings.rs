//! What the fuzzer has found, and what it starts from, once more: see `fuzz/`.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test may panic")]

use std::fs;
use std::path::Path;

#[path = "../fuzz/round_trip.rs"]
mod round_trip;

#[path = "../fuzz/worker_protocol.rs"]
mod worker_protocol;

fn replay(target: &str, least: usize, each: impl Fn(&[u8])) {
    let mut count = 0;
    for folder in ["findings", "seeds"] {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fuzz").join(folder).join(target);
        if !folder.exists() {
            continue;
        }
        for entry in fs::read_dir(folder).unwrap() {
            each(&fs::read(entry.unwrap().path()).unwrap());
            count += 1;
        }
    }
    assert!(count >= least, "{target}: {count}");
}

#[test]
fn messages() {
    replay("message", 36, round_trip::message);
}

#[test]
fn worker_protocol() {
    replay("worker_protocol", 12, worker_protocol::any_bytes);
}
