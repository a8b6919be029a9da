//! What the genuine library writes to the standard output of a process that never asked for it.

use std::{
    io::{self, Write},
    sync::atomic::{AtomicBool, Ordering},
};

use super::seconds_now;

static NOISY: AtomicBool = AtomicBool::new(false);

/// From now on this library is as noisy as the genuine one. In a test's own process it would only be in the way.
pub(crate) fn make_noisy() {
    NOISY.store(true, Ordering::Relaxed);
}

/// The reply of `gettoken` in which there was no token, with a comma in GBK behind it.
pub(super) fn refused(reply: &[u8]) {
    if NOISY.load(Ordering::Relaxed) {
        let time = format!("time:{}\n", seconds_now());
        let line = [b"WeWorkFinanceSdk:access:", reply, b"\xa3\xac", time.as_bytes()].concat();
        // Nobody is there to hear of a closed standard output.
        drop(io::stdout().write_all(&line));
    }
}
