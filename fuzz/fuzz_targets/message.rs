//! Bytes → message → everything that can be asked of it → text → the same message.
//!
//! An input that takes longer than 100 ms is a finding, as one that panics is. Whatever else the machine is doing may
//! take as long once, so such an input is tried again at once: only if three more tries in a row are as slow, it is the
//! input that is slow.
#![no_main]

use std::array;
use std::time::{Duration, Instant};

use libfuzzer_sys::fuzz_target;

#[path = "../round_trip.rs"]
mod round_trip;

const LONGEST: Duration = Duration::from_millis(100);

fuzz_target!(|bytes: &[u8]| {
    if duration_of(bytes) > LONGEST {
        let again: [Duration; 3] = array::from_fn(|_| duration_of(bytes));
        assert!(again.iter().any(|duration| *duration <= LONGEST), "hangs: {again:?} after one such try");
    }
});

fn duration_of(bytes: &[u8]) -> Duration {
    let start = Instant::now();
    round_trip::message(bytes);
    start.elapsed()
}
