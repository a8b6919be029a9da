//! The threads that fetch.

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use super::plan::{FileKey, Job, Limits, Nothing, Outcome, Plan, Settled};
use crate::media::in_order::Source;
use crate::media::{IndexToken, MediaChunk, SdkFileId};
use crate::sdk::Patience;
use crate::{Result, Sdk};
use wecom_finance_sys::contracts::MEDIA_BLOCK_BYTES;

/// A thread that has had nothing to do for so long ends.
const IDLE: Duration = Duration::from_secs(10);

const SHORT: Duration = Duration::from_millis(10);

/// The stack for which it is known how deeply nested a reply the SDK survives (C12).
const STACK_BYTES: usize = 8 * 1024 * 1024;

/// Threads that fetch what the plan says. They are started as they are needed, and joined when the pool is dropped: no
/// thread is inside the SDK when the process ends.
pub(super) struct Pool {
    shared: Arc<Shared>,
}

struct Shared {
    sdk: Sdk,
    connections: usize,
    state: Mutex<Working>,
    /// There is something to fetch, or it is over.
    work: Condvar,
}

struct Working {
    plan: Plan,
    threads: Vec<JoinHandle<()>>,
    workers: usize,
    idle: usize,
    is_closed: bool,
}

impl Pool {
    pub(super) fn new(sdk: Sdk, connections: usize, limits: Limits) -> Self {
        let plan = Plan::new(limits, sdk.retry_policy().clone());
        let state = Mutex::new(Working { plan, threads: Vec::new(), workers: 0, idle: 0, is_closed: false });
        Self { shared: Arc::new(Shared { sdk, connections, state, work: Condvar::new() }) }
    }

    pub(super) fn sdk(&self) -> &Sdk {
        &self.shared.sdk
    }

    pub(super) fn is_sequential(&self) -> bool {
        self.shared.lock().plan.is_sequential()
    }
}

impl Drop for Pool {
    fn drop(&mut self) {
        let mut working = self.shared.lock();
        working.is_closed = true;
        let threads = std::mem::take(&mut working.threads);
        drop(working);
        self.shared.work.notify_all();
        for thread in threads {
            // A panic of a backend was caught and handed to the reader; there is nothing else to learn.
            drop(thread.join());
        }
    }
}

/// One file's pieces, fetched by the pool.
pub(in crate::media) struct Ahead {
    pool: Arc<Pool>,
    file_id: Arc<SdkFileId>,
    /// Once the reader has begun.
    place: Option<(FileKey, Arc<Condvar>)>,
}

/// A piece that is being read.
pub(in crate::media) struct BeingRead {
    pool: Arc<Pool>,
    key: FileKey,
}

impl Ahead {
    pub(super) fn new(pool: Arc<Pool>, file_id: SdkFileId) -> Self {
        Self { pool, file_id: Arc::new(file_id), place: None }
    }
}

impl Source for Ahead {
    type Permit = BeingRead;
    const KEEPS_CHUNK: bool = false;

    fn file_id(&self) -> &SdkFileId {
        &self.file_id
    }

    fn fetch(
        &mut self,
        token: IndexToken,
        stated_len: Option<u64>,
        patience: Patience,
    ) -> Result<(MediaChunk, BeingRead)> {
        let shared = &self.pool.shared;
        let mut working = shared.lock();
        let (key, settled) = self.place.get_or_insert_with(|| working.plan.add(Arc::clone(&self.file_id)));
        working.plan.want(*key, token, stated_len.map_or(0, encrypted_len), patience, Instant::now());
        loop {
            if let Some(outcome) = working.plan.take(*key) {
                shared.staff(&mut working);
                drop(working);
                return match outcome {
                    Settled::Done(chunk) => {
                        Ok((chunk?, BeingRead { pool: Arc::clone(&self.pool), key: *key }))
                    }
                    Settled::Panic(payload) => resume_unwind(payload),
                };
            }
            shared.staff(&mut working);
            working = if working.workers > 0 {
                settled.wait(working).unwrap_or_else(PoisonError::into_inner)
            } else {
                // The system gives no thread: the readers' own do the work.
                shared.step(working).unwrap_or_else(|(working, _)| {
                    settled.wait_timeout(working, SHORT).unwrap_or_else(PoisonError::into_inner).0
                })
            };
        }
    }

    fn finish(&mut self) {
        if let Some((key, _)) = &self.place {
            let garbage = self.pool.shared.lock().plan.finish(*key);
            drop(garbage);
        }
    }
}

impl Drop for Ahead {
    fn drop(&mut self) {
        if let Some((key, _)) = &self.place {
            let mut working = self.pool.shared.lock();
            let garbage = working.plan.remove(*key);
            self.pool.shared.staff(&mut working);
            drop(working);
            drop(garbage);
        }
    }
}

impl Drop for BeingRead {
    fn drop(&mut self) {
        let mut working = self.pool.shared.lock();
        working.plan.release(self.key);
        self.pool.shared.staff(&mut working);
    }
}

/// The length of an encrypted file: whole blocks, the last of them with padding.
fn encrypted_len(len: u64) -> u64 {
    (len / MEDIA_BLOCK_BYTES).saturating_add(1).saturating_mul(MEDIA_BLOCK_BYTES)
}

type Locked<'a> = MutexGuard<'a, Working>;

impl Shared {
    fn lock(&self) -> Locked<'_> {
        // Nothing panics while it is locked.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Sees to it that somebody does what there is to do: wakes a thread, or starts one.
    fn staff(self: &Arc<Self>, working: &mut Working) {
        // A paused piece needs somebody who waits for its time.
        if matches!(working.plan.choose(Instant::now()), Err(Nothing { until: None })) {
            return;
        }
        if working.idle > 0 {
            self.work.notify_one();
        } else if working.workers < self.connections && !working.is_closed {
            let shared = Arc::clone(self);
            let thread = thread::Builder::new().name("wecom-media".to_owned()).stack_size(STACK_BYTES);
            match thread.spawn(move || shared.work()) {
                Ok(thread) => {
                    working.workers = working.workers.saturating_add(1);
                    working.threads.retain(|thread| !thread.is_finished());
                    working.threads.push(thread);
                }
                Err(error) => tracing::warn!(%error, "no thread for another connection"),
            }
        }
    }

    /// What a thread does.
    fn work(self: Arc<Self>) {
        let mut working = self.lock();
        let mut idle_since = Instant::now();
        while !working.is_closed {
            working = match self.step(working) {
                Ok(working) => {
                    idle_since = Instant::now();
                    working
                }
                Err((back, Nothing { until: None })) if idle_since.elapsed() >= IDLE => {
                    working = back;
                    break;
                }
                Err((working, nothing)) => self.nap(working, nothing),
            };
        }
        working.workers = working.workers.saturating_sub(1);
    }

    /// Fetches one piece, if there is one to fetch.
    fn step<'a>(self: &'a Arc<Self>, mut working: Locked<'a>) -> Result<Locked<'a>, (Locked<'a>, Nothing)> {
        let choice = match working.plan.choose(Instant::now()) {
            Ok(choice) => choice,
            Err(nothing) => return Err((working, nothing)),
        };
        let job = working.plan.start(choice);
        self.staff(&mut working);
        drop(working);
        let Some(mut job) = job else { return Ok(self.lock()) };
        let outcome = self.run(&mut job);
        let mut working = self.lock();
        let garbage = working.plan.land(job, outcome, Instant::now());
        drop(working);
        drop(garbage);
        Ok(self.lock())
    }

    fn run(&self, job: &mut Job) -> Outcome {
        // Only what a backend of the user's own does can panic. Its session is dropped then.
        let attempt = catch_unwind(AssertUnwindSafe(|| {
            self.sdk.try_media_chunk(&job.file_id, job.token.argument(), &mut job.retries, job.fresh)
        }));
        match attempt {
            Ok(attempt) => Outcome::Attempt(attempt),
            Err(payload) => Outcome::Panic(payload),
        }
    }

    /// Waits until there is something to do.
    fn nap<'a>(&self, mut working: Locked<'a>, nothing: Nothing) -> Locked<'a> {
        let time = nothing.until.map_or(IDLE, |until| until.saturating_duration_since(Instant::now()));
        working.idle = working.idle.saturating_add(1);
        let mut working =
            self.work.wait_timeout(working, time.min(IDLE)).unwrap_or_else(PoisonError::into_inner).0;
        working.idle = working.idle.saturating_sub(1);
        working
    }
}
