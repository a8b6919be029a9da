//! Bytes → frames → requests and replies → bytes.
#![no_main]

use libfuzzer_sys::fuzz_target;

#[path = "../worker_protocol.rs"]
mod worker_protocol;

fuzz_target!(|bytes: &[u8]| worker_protocol::any_bytes(bytes));
