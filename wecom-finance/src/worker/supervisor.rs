//! Which worker a call goes to, and what becomes of it when that worker ends.
//!
//! There is one worker for everybody. When it ends, each of the calls that were in it is a suspect, and is made again in
//! confinement: in a worker that does nothing else meanwhile. What ends that one, too, is the culprit, and the others are
//! cleared. A worker that a suspect has passed in is as good as any and is kept for the next need.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use super::launch::Launch;
use super::process::WorkerProcess;
use super::protocol::{Batch, MAX_BATCH, Request};
use super::{Counters, WorkerEnd, lock};
use crate::{Error, Operation, Result};

/// Suspects that are tried at the same time.
const CONFINED_AT_ONCE: usize = 4;

/// How often a call is made again when its worker was ended from outside, and how often such a worker is started again.
const FORGIVEN: u32 = 3;

/// Workers in a row that may end without an answer before the next one has to wait.
const FRUITLESS: u32 = 3;
const FIRST_PAUSE: Duration = Duration::from_millis(50);
const LONGEST_PAUSE: Duration = Duration::from_secs(5);

/// What one attempt at a call came to.
#[derive(Debug)]
pub(super) enum Failed {
    /// The worker ended over it, or over something else at the same time.
    Died(WorkerEnd),
    Answered(Error),
}

pub(super) struct Supervisor {
    launch: Arc<Launch>,
    counters: Arc<Counters>,
    workers: Mutex<Workers>,
    confined: Mutex<usize>,
    released: Condvar,
    last_session: AtomicU64,
    /// Sessions that were dropped, which no worker needs to keep.
    forgotten: Mutex<Vec<u64>>,
}

#[derive(Default)]
struct Workers {
    main: Option<Arc<WorkerProcess>>,
    spare: Option<WorkerProcess>,
}

impl Supervisor {
    /// Starts the first worker, so that whatever is wrong with it shows at once.
    pub(super) fn start(launch: Launch) -> Result<Self> {
        let supervisor = Self {
            launch: Arc::new(launch),
            counters: Arc::new(Counters::default()),
            workers: Mutex::default(),
            confined: Mutex::new(0),
            released: Condvar::new(),
            last_session: AtomicU64::new(0),
            forgotten: Mutex::default(),
        };
        supervisor.main()?;
        Ok(supervisor)
    }

    pub(super) fn counters(&self) -> &Arc<Counters> {
        &self.counters
    }

    /// A number for a session, the same in every worker: one that does not know it begins the session.
    pub(super) fn new_session(&self) -> u64 {
        self.last_session.fetch_add(1, Ordering::Relaxed)
    }

    /// Does not talk to the worker: it is called when values are dropped, which must not wait.
    pub(super) fn forget(&self, session: u64) {
        lock(&self.forgotten).push(session);
    }

    /// Makes a call, and once more if the worker ends over it.
    pub(super) fn call<T>(
        &self,
        operation: Operation,
        attempt: impl Fn(&WorkerProcess) -> Result<T, Failed>,
    ) -> Result<T> {
        match self.attempt_once(&attempt)? {
            Ok(value) => Ok(value),
            Err(end) => {
                tracing::debug!(%operation, %end, "trying again in a worker of its own");
                self.confine().attempt(operation, attempt)
            }
        }
    }

    /// Makes a call, and gives back how the worker ended if it did.
    pub(super) fn attempt_once<T>(
        &self,
        attempt: impl Fn(&WorkerProcess) -> Result<T, Failed>,
    ) -> Result<Result<T, WorkerEnd>> {
        match attempt(&*self.main()?) {
            Ok(value) => Ok(Ok(value)),
            Err(Failed::Died(end)) => Ok(Err(end)),
            Err(Failed::Answered(error)) => Err(error),
        }
    }

    /// A place for suspects, as soon as there is one.
    pub(super) fn confine(&self) -> Confined<'_> {
        let mut confined = lock(&self.confined);
        while *confined >= CONFINED_AT_ONCE {
            confined = self.released.wait(confined).unwrap_or_else(PoisonError::into_inner);
        }
        *confined = confined.saturating_add(1);
        Confined { supervisor: self, process: None }
    }

    fn main(&self) -> Result<Arc<WorkerProcess>> {
        // Held while a worker starts: whoever comes meanwhile needs the same one.
        let mut workers = lock(&self.workers);
        let Workers { main, spare } = &mut *workers;
        if let Some(gone) = main.take_if(|main| !main.is_alive() || self.has_served(main))
            && gone.is_alive()
        {
            // Calls that are in it keep it until they are done.
            self.counters.recycled.fetch_add(1, Ordering::Relaxed);
        }
        let current = match main.take().or_else(|| alive(spare).map(Arc::new)) {
            Some(current) => current,
            None => Arc::new(self.start_worker()?),
        };
        *main = Some(Arc::clone(&current));
        drop(workers);
        let mut forgotten = lock(&self.forgotten);
        if !forgotten.is_empty() {
            let some = forgotten.len().saturating_sub(MAX_BATCH);
            let sessions = forgotten.split_off(some);
            drop(forgotten);
            current.notify(&Request::Forget(Batch(sessions)));
        }
        Ok(current)
    }

    fn has_served(&self, worker: &WorkerProcess) -> bool {
        let (calls, bytes) = worker.served();
        let settings = self.launch.settings();
        calls >= settings.max_calls
            || bytes >= settings.max_bytes
            || worker.network_failures() >= settings.max_network_failures
    }

    fn start_worker(&self) -> Result<WorkerProcess> {
        let fruitless = self.counters.fruitless.load(Ordering::Relaxed);
        if let Some(doublings) = fruitless.checked_sub(FRUITLESS) {
            let pause = FIRST_PAUSE.saturating_mul(1_u32.checked_shl(doublings).unwrap_or(u32::MAX));
            let pause = pause.min(LONGEST_PAUSE);
            tracing::warn!(fruitless, ?pause, "workers end without an answer, the next one waits");
            thread::sleep(pause);
        }
        let mut started = WorkerProcess::start(&self.launch, &self.counters);
        for _ in 0..FORGIVEN {
            match &started {
                Err(Error::WorkerStart(error)) if error.was_ended_from_outside() => {
                    tracing::warn!(%error, "starting another worker");
                    started = WorkerProcess::start(&self.launch, &self.counters);
                }
                _ => break,
            }
        }
        if started.is_err() {
            self.counters.fruitless.fetch_add(1, Ordering::Relaxed);
        }
        started
    }
}

/// Takes what is there, if it can still be used.
fn alive(worker: &mut Option<WorkerProcess>) -> Option<WorkerProcess> {
    worker.take().filter(WorkerProcess::is_alive)
}

/// A worker that serves one suspect at a time. What is left of it is kept for others.
pub(super) struct Confined<'a> {
    supervisor: &'a Supervisor,
    process: Option<WorkerProcess>,
}

impl Confined<'_> {
    /// Makes the call in a worker that does nothing else.
    ///
    /// # Errors
    ///
    /// [`Error::WorkerDied`] if that worker ends over it.
    pub(super) fn attempt<T>(
        &mut self,
        operation: Operation,
        attempt: impl Fn(&WorkerProcess) -> Result<T, Failed>,
    ) -> Result<T> {
        let mut forgiven = 0;
        loop {
            let process = self.take_process()?;
            match attempt(&process) {
                Err(Failed::Died(end)) if end.came_from_outside() && forgiven < FORGIVEN => forgiven += 1,
                Err(Failed::Died(end)) => {
                    // The end is accounted for: it says nothing about the next worker.
                    self.supervisor.counters.fruitless.store(0, Ordering::Relaxed);
                    return Err(Error::WorkerDied { operation, end });
                }
                Err(Failed::Answered(error)) => {
                    self.process = Some(process);
                    return Err(error);
                }
                Ok(value) => {
                    self.process = Some(process);
                    return Ok(value);
                }
            }
        }
    }

    fn take_process(&mut self) -> Result<WorkerProcess> {
        if let Some(process) = alive(&mut self.process) {
            return Ok(process);
        }
        let spare = alive(&mut lock(&self.supervisor.workers).spare);
        spare.map_or_else(|| self.supervisor.start_worker(), Ok)
    }
}

impl Drop for Confined<'_> {
    fn drop(&mut self) {
        if let Some(process) = alive(&mut self.process) {
            let spare = &mut lock(&self.supervisor.workers).spare;
            *spare = Some(alive(spare).unwrap_or(process));
        }
        let mut confined = lock(&self.supervisor.confined);
        *confined = confined.saturating_sub(1);
        self.supervisor.released.notify_one();
    }
}
