//! The files of messages: fetched a few at a time, each recorded when it is on the disk.

mod fetch;
mod leftovers;

use std::fs;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError, mpsc};
use std::thread;
use std::time::{SystemTime, UNIX_EPOCH};

use indicatif::ProgressBar;
use wecom_finance::Sdk;

use crate::download::disk_failure;
use crate::failure::Failure;
use crate::progress;
use crate::stop::Stop;
use crate::store::{MediaOutcome, PendingMedia, Store};
use fetch::{Fetcher, Halt};

/// Files that are fetched at the same time. Every piece is a connection of its own, so it is waiting that is shared.
const AT_ONCE: usize = 4;

/// Files that are looked up at once.
const BATCH: usize = 64;

/// So many failures in a row are no matter of single files: the rest can wait for the next run.
const ENOUGH_FAILURES: u32 = 8;

/// One pass over the files that are pending.
pub(super) struct FilePass<'a> {
    store: &'a mut Store,
    fetcher: Fetcher<'a>,
    corp_id: &'a str,
    began: SystemTime,
    id: i64,
    rested: bool,
    fetched: u64,
    failed: u64,
    failures_in_a_row: u32,
}

type Attempt = (PendingMedia, Result<MediaOutcome, Halt>);

impl<'a> FilePass<'a> {
    /// Later passes of a run leave those files alone that failed lately.
    pub(super) fn begin(
        store: &'a mut Store,
        sdk: &'a Sdk,
        corp_id: &'a str,
        directory: &'a Path,
        stop: &'a Stop,
        first: bool,
    ) -> Result<Self, Failure> {
        if first {
            // Only now: one that vanishes later is not made again in the mount point of a lost disk.
            fs::create_dir_all(directory).map_err(|error| disk_failure(directory, &error))?;
        }
        let began = SystemTime::now();
        let millis = began.duration_since(UNIX_EPOCH).unwrap_or_default().as_millis();
        Ok(Self {
            store,
            fetcher: Fetcher { sdk, corp_id, directory, stop },
            corp_id,
            began,
            id: i64::try_from(millis).unwrap_or(i64::MAX),
            rested: !first,
            fetched: 0,
            failed: 0,
            failures_in_a_row: 0,
        })
    }

    pub(super) fn fetched(&self) -> u64 {
        self.fetched
    }

    pub(super) fn failed(&self) -> u64 {
        self.failed
    }

    /// Fetches what can be had. A file never stops it, the disk does.
    pub(super) fn run(&mut self, pending: u64) -> Result<(), Failure> {
        let bar = progress::steps(pending, format!("{}: media", self.corp_id));
        let outcome = self.batches(&bar);
        bar.finish_and_clear();
        if outcome? {
            leftovers::remove(self.fetcher.directory, self.corp_id, self.began);
        }
        Ok(())
    }

    /// Whether every file had its turn.
    fn batches(&mut self, bar: &ProgressBar) -> Result<bool, Failure> {
        loop {
            let batch = self
                .store
                .pending_media(self.corp_id, self.id, self.rested, BATCH)
                .map_err(|error| error.about(self.store.path()))?;
            if batch.is_empty() {
                return Ok(true);
            }
            self.batch(batch, bar)?;
            if self.fetcher.stop.is_requested() {
                return Ok(false);
            }
            if self.failures_in_a_row >= ENOUGH_FAILURES {
                tracing::warn!("too many media files failed in a row, the others are left for the next run");
                return Ok(false);
            }
        }
    }

    fn batch(&mut self, batch: Vec<PendingMedia>, bar: &ProgressBar) -> Result<(), Failure> {
        let threads = batch.len().min(AT_ONCE);
        let queue = Mutex::new(batch.into_iter());
        let enough = AtomicBool::new(false);
        let (sender, receiver) = mpsc::channel::<Attempt>();
        let fetcher = self.fetcher;
        thread::scope(|scope| {
            for _ in 0..threads {
                let (sender, queue, enough) = (sender.clone(), &queue, &enough);
                scope.spawn(move || {
                    while !enough.load(Ordering::Relaxed) && !fetcher.stop.is_requested() {
                        let next = queue.lock().unwrap_or_else(PoisonError::into_inner).next();
                        let Some(media) = next else { return };
                        let outcome = fetcher.fetch(&media);
                        if sender.send((media, outcome)).is_err() {
                            return;
                        }
                    }
                });
            }
            drop(sender);
            let mut outcome = Ok(());
            for attempt in receiver {
                // After a failure the others are still recorded: what is on the disk is on the disk.
                outcome = outcome.and(self.record(attempt));
                bar.inc(1);
                if outcome.is_err() || self.failures_in_a_row >= ENOUGH_FAILURES {
                    enough.store(true, Ordering::Relaxed);
                }
            }
            outcome
        })
    }

    fn record(&mut self, (media, outcome): Attempt) -> Result<(), Failure> {
        let outcome = match outcome {
            Ok(outcome) => outcome,
            Err(Halt::Stopped) => return Ok(()),
            Err(Halt::Disk(failure)) => return Err(failure),
        };
        self.store
            .record_media(self.corp_id, self.id, &media, &outcome)
            .map_err(|error| error.about(self.store.path()))?;
        self.failures_in_a_row = match &outcome {
            MediaOutcome::Pending { .. } => self.failures_in_a_row.saturating_add(1),
            _ => 0,
        };
        let (seq, position) = (media.seq, media.position);
        match &outcome {
            MediaOutcome::Stored { bytes, .. } => {
                self.fetched += 1;
                tracing::debug!(seq, position, bytes, "a media file is stored");
            }
            MediaOutcome::Expired { reason } | MediaOutcome::Failed { reason } => {
                self.failed += 1;
                tracing::warn!(seq, position, reason, "a media file cannot be had");
            }
            MediaOutcome::Pending { reason } => {
                tracing::warn!(seq, position, reason, "a media file stays pending");
            }
        }
        Ok(())
    }
}
