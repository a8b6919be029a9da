//! Threads for the calls of a worker, as many as there are calls at the same time.

use std::io::{self, Write as _};
use std::os::unix::net::UnixStream;
use std::sync::atomic::{AtomicIsize, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};
use std::thread;

use zeroize::Zeroizing;

use super::calls::Sdk;
use crate::native::child::exit_at_once;
use crate::worker::lock;
use crate::worker::protocol::{self, Frame};

/// Calls that run at the same time; more wait. The stack of each counts as memory of the worker.
const MAX_THREADS: usize = 128;

/// The exit of a worker that was sent what no program sends, or that cannot answer.
const LOST_ITS_PROGRAM: u8 = 1;

pub(super) struct Pool {
    queue: Sender<Frame>,
    threads: usize,
    shared: Arc<Shared>,
}

struct Shared {
    sdk: Sdk,
    queue: Mutex<Receiver<Frame>>,
    /// Threads that wait for a request, less requests that wait for a thread.
    idle: AtomicIsize,
    socket: Arc<UnixStream>,
    /// Held while an answer is written.
    writing: Mutex<()>,
}

impl Pool {
    pub(super) fn new(sdk: Sdk, socket: Arc<UnixStream>) -> Self {
        let (queue, receiver) = channel();
        let shared = Shared {
            sdk,
            queue: Mutex::new(receiver),
            idle: AtomicIsize::new(0),
            socket,
            writing: Mutex::default(),
        };
        Self { queue, threads: 0, shared: Arc::new(shared) }
    }

    /// Leaves a request to a thread that has nothing to do, a new one if there is none.
    pub(super) fn serve(&mut self, frame: Frame) -> io::Result<()> {
        let idle = self.shared.idle.fetch_sub(1, Ordering::AcqRel);
        if idle <= 0 && self.threads < MAX_THREADS {
            let shared = Arc::clone(&self.shared);
            match thread::Builder::new().name("wecom-call".to_owned()).spawn(move || shared.work()) {
                Ok(_works_until_the_end) => self.threads = self.threads.saturating_add(1),
                Err(error) if self.threads == 0 => return Err(error),
                // The others will come to it.
                Err(_) => {}
            }
        }
        self.queue.send(frame).map_err(|_no_thread_is_left| io::ErrorKind::BrokenPipe.into())
    }
}

impl Shared {
    fn work(&self) {
        loop {
            self.idle.fetch_add(1, Ordering::AcqRel);
            let next = lock(&self.queue).recv();
            let Ok(frame) = next else { return };
            let body = Zeroizing::new(frame.body);
            let answered = protocol::decode(&body).and_then(|request| self.sdk.answer(frame.id, &request));
            let sent = match answered {
                Ok(Some(answer)) => {
                    let _writing = lock(&self.writing);
                    (&*self.socket).write_all(&answer)
                }
                Ok(None) => Ok(()),
                Err(malformed) => Err(malformed.into()),
            };
            if sent.is_err() {
                exit_at_once(LOST_ITS_PROGRAM);
            }
        }
    }
}
