//! One worker process, from its start to its end.

use std::collections::HashMap;
use std::io::{self, Write as _};
use std::net::Shutdown;
use std::os::unix::net::UnixStream;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{RecvTimeoutError, SyncSender, sync_channel};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use bytes::Bytes;
use shared_child::SharedChild;
use zeroize::Zeroizing;

use super::launch::{Launch, Launched};
use super::output::{Output, Refusal};
use super::protocol::{self, Frame, Request, read_frame};
use super::{Counters, WorkerEnd, WorkerStartError, lock};
use crate::Result;

/// A killed process is gone at once, unless the system holds it in a call of its own.
const KILL_PATIENCE: Duration = Duration::from_secs(5);

/// A worker that takes requests. Dropping it ends the process.
pub(super) struct WorkerProcess {
    link: Arc<Link>,
    call_limit: Duration,
}

/// Why a call has no answer.
#[derive(Clone, Copy, Debug)]
pub(super) enum CallError {
    Died(WorkerEnd),
    /// The request is larger than a frame can be.
    TooLarge,
}

impl WorkerProcess {
    /// Starts a process, and returns once the SDK is loaded in it.
    pub(super) fn start(launch: &Arc<Launch>, counters: &Arc<Counters>) -> Result<Self> {
        let (ready, started) = sync_channel(1);
        let call_limit = launch.call_limit();
        let (launch, counters) = (Arc::clone(launch), Arc::clone(counters));
        // The death signal that a worker asks for is tied to the thread that started it, not to the process. So that
        // thread stays: it starts the worker, reads its answers, and waits for its end.
        thread::Builder::new()
            .name("wecom-worker".to_owned())
            .spawn(move || match launch.launch() {
                Ok(launched) => Link::begin(launched, counters, &ready),
                // Nobody is there to hear it only if the caller is gone, which waits.
                Err(error) => drop(ready.send(Err(error))),
            })
            .map_err(|source| WorkerStartError::Spawn { program: "a thread for it".into(), source })?;
        let link = started.recv().unwrap_or_else(|_panicked| {
            Err(io::Error::other("the thread that starts workers has ended")).map_err(|source| {
                WorkerStartError::Spawn { program: "a thread for it".into(), source }.into()
            })
        })?;
        Ok(Self { link, call_limit })
    }

    /// Sends a request and waits for its answer, as long as a call may take. A worker that takes longer is stopped.
    ///
    /// `calls` is how many calls of the SDK it stands for, `expected_bytes` no less than its length.
    pub(super) fn call(
        &self,
        request: &Request<'_>,
        expected_bytes: usize,
        calls: u64,
    ) -> Result<Bytes, CallError> {
        let (answer, answered) = sync_channel(1);
        let id = self.link.register(answer).map_err(CallError::Died)?;
        self.link.calls.fetch_add(calls, Ordering::Relaxed);
        let frame = match protocol::encode(id, request, expected_bytes) {
            Ok(frame) => Zeroizing::new(frame),
            Err(_too_large) => {
                self.link.withdraw(id);
                return Err(CallError::TooLarge);
            }
        };
        self.link.send(&frame, self.call_limit);
        let mut outcome = answered.recv_timeout(self.call_limit);
        if matches!(outcome, Err(RecvTimeoutError::Timeout)) {
            self.link.stop(Stop::Because(WorkerEnd::TimedOut(self.call_limit)));
            outcome = answered.recv_timeout(KILL_PATIENCE);
        }
        match outcome {
            Ok(Ok(body)) => Ok(body),
            Ok(Err(end)) => Err(CallError::Died(end)),
            Err(_killed_and_not_gone) => Err(CallError::Died(WorkerEnd::TimedOut(self.call_limit))),
        }
    }

    /// Sends what has no answer.
    pub(super) fn notify(&self, request: &Request<'_>) {
        // What is too large or not sent is no loss: the worker forgets everything in the end.
        if let Ok(frame) = protocol::encode(0, request, 0) {
            self.link.send(&frame, self.call_limit);
        }
    }

    pub(super) fn is_alive(&self) -> bool {
        let state = lock(&self.link.state);
        state.end.is_none() && state.stop.is_none()
    }

    /// Calls that were made, and bytes that were answered.
    pub(super) fn served(&self) -> (u64, u64) {
        (self.link.calls.load(Ordering::Relaxed), self.link.bytes.load(Ordering::Relaxed))
    }

    /// Notes that a call ended with the SDK's 10001.
    pub(super) fn note_network_failure(&self) {
        self.link.network_failures.fetch_add(1, Ordering::Relaxed);
    }

    /// How many calls ended so.
    pub(super) fn network_failures(&self) -> u64 {
        self.link.network_failures.load(Ordering::Relaxed)
    }

    /// How many token requests were refused so far.
    pub(super) fn refusals(&self) -> u64 {
        self.link.output.refusals()
    }

    /// The last refusal of a token request, if there was one beyond the first `seen`.
    pub(super) fn refusal_beyond(&self, seen: u64) -> Option<Refusal> {
        self.link.output.refusal_beyond(seen)
    }
}

impl Drop for WorkerProcess {
    fn drop(&mut self) {
        // No call is in it: each borrows this. It has no state that would need an orderly end.
        self.link.stop(Stop::NotNeeded);
    }
}

/// Why a worker is stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stop {
    NotNeeded,
    Because(WorkerEnd),
}

/// What callers and the thread of the worker share.
struct Link {
    child: SharedChild,
    socket: UnixStream,
    /// Held while a request is written.
    writing: Mutex<()>,
    state: Mutex<State>,
    output: Arc<Output>,
    calls: AtomicU64,
    bytes: AtomicU64,
    network_failures: AtomicU64,
    counters: Arc<Counters>,
}

#[derive(Default)]
struct State {
    last_id: u64,
    waiting: HashMap<u64, Answer>,
    stop: Option<Stop>,
    end: Option<WorkerEnd>,
}

type Answer = SyncSender<Result<Bytes, WorkerEnd>>;

impl Link {
    /// On the thread of the worker, to its end.
    fn begin(launched: Launched, counters: Arc<Counters>, ready: &SyncSender<Result<Arc<Self>>>) {
        let Launched { child, socket, output } = launched;
        let link = Arc::new(Self {
            child,
            socket,
            writing: Mutex::default(),
            state: Mutex::default(),
            output,
            calls: AtomicU64::new(0),
            bytes: AtomicU64::new(0),
            network_failures: AtomicU64::new(0),
            counters,
        });
        link.counters.starts.fetch_add(1, Ordering::Relaxed);
        lock(&link.counters.process_ids).push(link.child.id());
        let (pid, said) = (link.child.id(), link.output.last_words());
        if said.is_empty() {
            tracing::debug!(pid, "a worker process is ready");
        } else {
            tracing::warn!(pid, said, "a worker process is ready, and not content");
        }
        drop(ready.send(Ok(Arc::clone(&link))));
        link.read_answers();
        link.finish();
    }

    fn read_answers(&self) {
        loop {
            match read_frame(&mut &self.socket) {
                Ok(Some(frame)) => {
                    if !self.deliver(frame) {
                        return self.stop(Stop::Because(WorkerEnd::BrokeProtocol));
                    }
                }
                Err(error) if error.kind() == io::ErrorKind::InvalidData => {
                    return self.stop(Stop::Because(WorkerEnd::BrokeProtocol));
                }
                Ok(None) | Err(_) => return,
            }
        }
    }

    /// Hands an answer to the call that waits for it; `false` if none does.
    fn deliver(&self, frame: Frame) -> bool {
        let Some(answer) = lock(&self.state).waiting.remove(&frame.id) else { return false };
        let bytes = u64::try_from(frame.body.len()).unwrap_or(u64::MAX);
        self.bytes.fetch_add(bytes, Ordering::Relaxed);
        self.counters.fruitless.store(0, Ordering::Relaxed);
        // The call may have given up in this moment; then the worker is being stopped.
        drop(answer.send(Ok(Bytes::from(frame.body))));
        true
    }

    fn register(&self, answer: Answer) -> Result<u64, WorkerEnd> {
        let mut state = lock(&self.state);
        if let Some(end) = state.end {
            return Err(end);
        }
        state.last_id = state.last_id.saturating_add(1);
        let id = state.last_id;
        state.waiting.insert(id, answer);
        Ok(id)
    }

    fn withdraw(&self, id: u64) {
        lock(&self.state).waiting.remove(&id);
    }

    /// What goes wrong here shows as the end of the worker, which every waiting call learns of.
    fn send(&self, frame: &[u8], limit: Duration) {
        let writing = lock(&self.writing);
        let written = (&self.socket).write_all(frame);
        drop(writing);
        match written {
            Err(error) if matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut) => {
                self.stop(Stop::Because(WorkerEnd::TimedOut(limit)));
            }
            // Closed from the other side: the thread that reads sees it, too.
            Ok(()) | Err(_) => {}
        }
    }

    /// Ends the process. The first reason counts.
    fn stop(&self, stop: Stop) {
        lock(&self.state).stop.get_or_insert(stop);
        // One that has ended is not killed again, and one that cannot be killed is not ours any more.
        drop(self.child.kill());
        // Should somebody else hold the other end open: the thread that reads must not wait for them.
        drop(self.socket.shutdown(Shutdown::Both));
    }

    /// Waits for the end of the process, and tells everybody who waits for an answer.
    fn finish(&self) {
        // A process that has closed its end without ending is none of ours. In one that is ending, the first signal
        // stands.
        drop(self.child.kill());
        let status = self.child.wait().map_or(WorkerEnd::Unknown, WorkerEnd::of);
        let pid = self.child.id();
        lock(&self.counters.process_ids).retain(|other| *other != pid);
        let mut state = lock(&self.state);
        let stop = state.stop;
        let end = match stop {
            Some(Stop::Because(end)) => end,
            Some(Stop::NotNeeded) | None => status,
        };
        state.end = Some(end);
        let waiting = std::mem::take(&mut state.waiting);
        drop(state);
        let counter = match stop {
            Some(Stop::NotNeeded) => {
                tracing::debug!(pid, "a worker process is not needed any more");
                None
            }
            Some(Stop::Because(_)) => Some(&self.counters.stopped),
            None => Some(&self.counters.deaths),
        };
        if let Some(counter) = counter {
            counter.fetch_add(1, Ordering::Relaxed);
            tracing::warn!(pid, %end, said = %self.output.last_words(), "a worker process ended");
            if self.bytes.load(Ordering::Relaxed) == 0 {
                self.counters.fruitless.fetch_add(1, Ordering::Relaxed);
            }
        }
        for answer in waiting.into_values() {
            // A call that has given up needs no answer.
            drop(answer.send(Err(end)));
        }
    }
}
