//! What the fuzzers have found, and what they start from, once more: see `fuzz/`.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "a test may panic"
)]

use std::fs;
use std::path::Path;

#[path = "../fuzz/index_token.rs"]
mod index_token;
#[path = "../fuzz/page.rs"]
mod page;
#[path = "../fuzz/pem.rs"]
mod pem;
#[path = "../fuzz/round_trip.rs"]
mod round_trip;

#[path = "../fuzz/worker_protocol.rs"]
mod worker_protocol;

/// Runs the target over the files of `fuzz/<kind>/<target>`, of which there are at least so many.
fn replay(target: &str, run: fn(&[u8]), at_least: usize) {
    let mut count = 0;
    for kind in ["findings", "seeds"] {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fuzz").join(kind).join(target);
        for entry in fs::read_dir(folder).into_iter().flatten() {
            let path = entry.unwrap().path();
            println!("{}", path.display());
            run(&fs::read(path).unwrap());
            count += 1;
        }
    }
    assert!(count >= at_least, "{count}");
}

#[test]
fn messages() {
    replay("message", round_trip::message, 36);
}

#[test]
fn pages() {
    replay("page", page::page, 14);
}

#[test]
fn index_tokens() {
    replay("index_token", index_token::index_token, 7);
}

#[test]
fn keys() {
    replay("pem", pem::pem, 5);
}

#[test]
fn worker_protocol() {
    replay("worker_protocol", worker_protocol::any_bytes, 12);
}
