//! Bytes → message → everything that can be asked of it → text → the same message.
//!
//! An input that takes longer than 100 ms is a finding, as one that panics is. On a busy machine any input may, and may again
//! and again: so such an input is tried three times more at once, and fails if each try keeps the processor for longer
//! than that.
#![no_main]

use std::array;
use std::time::{Duration, Instant};

use libfuzzer_sys::fuzz_target;
use rustix::time::{ClockId, clock_gettime};

#[path = "../round_trip.rs"]
mod round_trip;

const LONGEST: Duration = Duration::from_millis(100);

fuzz_target!(|bytes: &[u8]| {
    let start = Instant::now();
    round_trip::message(bytes);
    if start.elapsed() > LONGEST {
        let again: [Duration; 3] = array::from_fn(|_| {
            let start = processor_time();
            round_trip::message(bytes);
            processor_time() - start
        });
        assert!(again.iter().any(|duration| *duration <= LONGEST), "hangs: {again:?}");
    }
});

/// How long this thread has run. It waits for nothing, so this is what it takes on a machine of its own.
fn processor_time() -> Duration {
    Duration::try_from(clock_gettime(ClockId::ThreadCPUTime)).expect("a clock does not run backwards from 0")
}
