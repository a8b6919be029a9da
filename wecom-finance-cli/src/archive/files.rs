//! The files of messages: fetched while messages are pulled, a few at a time, each recorded when it is on the disk.

mod fetch;
mod outcome;
mod queue;
mod way;

use std::num::NonZero;
use std::panic;
use std::sync::Arc;
use std::thread::{self, JoinHandle};

use wecom_finance::Sdk;

use crate::download;
use crate::failure::Failure;
use crate::shelf::Place;
use crate::stop::Stop;
use crate::store::{RecordedMedia, Store};

use fetch::Fetcher;
use queue::Queue;

/// Files that are fetched at the same time, where there are enough connections for them.
const AT_ONCE: usize = 8;

/// The threads that fetch.
#[derive(Debug)]
pub(super) struct Files {
    queue: Arc<Queue>,
    threads: Vec<JoinHandle<()>>,
}

impl Files {
    /// Begins with what is pending. `store` is for the files alone.
    pub(super) fn start(
        store: Store,
        sdk: &Sdk,
        corp_id: &str,
        place: Place,
        connections: NonZero<usize>,
        stop: &Stop,
    ) -> Result<Self, Failure> {
        let downloader = download::downloader(sdk, connections)?;
        let path = store.path().to_owned();
        let queue = Queue::new(store, corp_id, stop.clone()).map_err(|error| error.about(&path))?;
        let queue = Arc::new(queue);
        let fetcher = Arc::new(Fetcher::new(downloader, place, Arc::clone(&queue), corp_id));
        let mut files = Self { queue, threads: Vec::new() };
        for number in 0..connections.get().min(AT_ONCE) {
            let (queue, fetcher) = (Arc::clone(&files.queue), Arc::clone(&fetcher));
            let spawned =
                thread::Builder::new().name(format!("media-{number}")).spawn(move || work(&queue, &fetcher));
            match spawned {
                Ok(thread) => files.threads.push(thread),
                // With fewer it takes longer.
                Err(error) if !files.threads.is_empty() => {
                    tracing::warn!(%error, "a thread for media files cannot be started");
                    break;
                }
                Err(error) => return Err(Failure::stop(format!("no thread can be started: {error}"), "")),
            }
        }
        Ok(files)
    }

    /// Says that there may be new files.
    pub(super) fn wake(&self) {
        self.queue.wake();
    }

    /// Says that WeCom answered.
    pub(super) fn way_is_up(&self) {
        self.queue.way_is_up();
    }

    /// Whether fetching has ended because something of this machine failed.
    pub(super) fn have_failed(&self) -> bool {
        self.queue.has_failed()
    }

    /// Waits until nothing is due any more, then tells what was done.
    pub(super) fn finish(self) -> (RecordedMedia, Result<(), Failure>) {
        self.queue.close();
        self.join()
    }

    /// Ends after the work in hand.
    pub(super) fn abandon(self) -> RecordedMedia {
        self.queue.interrupt();
        self.join().0
    }

    fn join(self) -> (RecordedMedia, Result<(), Failure>) {
        for thread in self.threads {
            if let Err(panic) = thread.join() {
                panic::resume_unwind(panic);
            }
        }
        self.queue.end()
    }
}

/// What each thread does.
fn work(queue: &Queue, fetcher: &Fetcher) {
    let _others_must_not_wait = EndOnPanic(queue);
    while let Some(media) = queue.next() {
        let outcome = fetcher.fetch(&media);
        queue.record(&media, outcome);
    }
}

struct EndOnPanic<'a>(&'a Queue);

impl Drop for EndOnPanic<'_> {
    fn drop(&mut self) {
        if thread::panicking() {
            self.0.interrupt();
        }
    }
}
