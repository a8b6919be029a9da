//! Bytes → message → everything that can be asked of it → text → the same message.
#![no_main]

use libfuzzer_sys::fuzz_target;

#[path = "../round_trip.rs"]
mod round_trip;

fuzz_target!(|bytes: &[u8]| round_trip::message(bytes));
