use std::sync::Mutex;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};

use super::lock;

/// What became of the worker processes of an [`Sdk`](crate::Sdk) so far. From
/// [`Sdk::worker_stats`](crate::Sdk::worker_stats).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct WorkerStats {
    /// Processes that were started.
    pub starts: u64,
    /// Of those, how many ended without being told to: crashes, and kills from outside.
    pub deaths: u64,
    /// Of those, how many were stopped over a call that took too long, or an answer that was none.
    pub stopped: u64,
    /// Of those, how many had served their time and were replaced.
    pub recycled: u64,
    /// The processes that are there now.
    pub process_ids: Vec<u32>,
}

impl WorkerStats {
    /// How often a worker had to be replaced because of how it ended.
    #[must_use]
    pub fn restarts(&self) -> u64 {
        self.deaths.saturating_add(self.stopped)
    }
}

#[derive(Debug, Default)]
pub(crate) struct Counters {
    pub(super) starts: AtomicU64,
    pub(super) deaths: AtomicU64,
    pub(super) stopped: AtomicU64,
    pub(super) recycled: AtomicU64,
    /// Processes in a row that ended without having answered a call, or could not be started.
    pub(super) fruitless: AtomicU32,
    pub(super) process_ids: Mutex<Vec<u32>>,
}

impl Counters {
    pub(crate) fn snapshot(&self) -> WorkerStats {
        let count = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        WorkerStats {
            starts: count(&self.starts),
            deaths: count(&self.deaths),
            stopped: count(&self.stopped),
            recycled: count(&self.recycled),
            process_ids: lock(&self.process_ids).clone(),
        }
    }
}
