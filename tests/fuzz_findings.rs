//! What the fuzzer has found, and what it starts from, once more: see `fuzz/`.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test may panic")]

use std::fs;
use std::path::Path;

#[path = "../fuzz/round_trip.rs"]
mod round_trip;

#[test]
fn findings_and_seeds() {
    let mut count = 0;
    for folder in ["../fuzz/findings/message", "../fuzz/seeds/message"] {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
        for entry in fs::read_dir(folder).unwrap() {
            let bytes = fs::read(entry.unwrap().path()).unwrap();
            round_trip::message(&bytes);
            count += 1;
        }
    }
    assert!(count >= 36, "{count}");
}
