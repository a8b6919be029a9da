//! Ctrl-C and SIGTERM: the first asks to stop after the work in hand, the second ends the process at once.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::flag;

/// How often a wait looks whether it should end.
const GLANCE: Duration = Duration::from_millis(50);

/// Exit status of a process that ends at the second signal.
const ENDED_AT_ONCE: i32 = 1;

/// Whether somebody asked to stop.
#[derive(Clone, Debug, Default)]
pub(crate) struct Stop(Arc<AtomicBool>);

impl Stop {
    /// Listens for signals from now on.
    pub(crate) fn on_signals() -> io::Result<Self> {
        let stop = Self::default();
        for signal in [SIGINT, SIGTERM] {
            // The order counts: the second signal finds the flag that the first one set.
            flag::register_conditional_shutdown(signal, ENDED_AT_ONCE, Arc::clone(&stop.0))?;
            flag::register(signal, Arc::clone(&stop.0))?;
        }
        Ok(stop)
    }

    pub(crate) fn is_requested(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }

    /// Waits, unless asked to stop or `is_to_end`. Tells whether to go on.
    pub(crate) fn sleep(&self, time: Duration, is_to_end: impl Fn() -> bool) -> bool {
        let since = Instant::now();
        while !self.is_requested() && !is_to_end() {
            let left = time.saturating_sub(since.elapsed());
            if left.is_zero() {
                return true;
            }
            std::thread::sleep(left.min(GLANCE));
        }
        false
    }
}
