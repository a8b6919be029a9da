//! One run over one corp's archive, and what it did so far.

use std::path::PathBuf;
use std::time::Instant;

use wecom_finance::Error;

use super::files::FilePass;
use super::open::open_all;
use super::report::Tally;
use crate::args::ArchivePlace;
use crate::connect::Connection;
use crate::failure::{Exit, Failure};
use crate::language::say;
use crate::output::{self, Output, printed};
use crate::progress;
use crate::stop::Stop;
use crate::store::{Lock, Page, Store, StoreError, Unopened};

/// Why a pull ended before the head of the stream.
#[derive(Debug)]
pub(crate) enum PullError {
    /// WeCom, or the way to it.
    Wecom(Error),
    /// This machine: its disk, its database.
    Local(Failure),
}

impl From<Failure> for PullError {
    fn from(failure: Failure) -> Self {
        Self::Local(failure)
    }
}

impl From<PullError> for Failure {
    fn from(error: PullError) -> Self {
        match error {
            PullError::Wecom(error) => error.into(),
            PullError::Local(failure) => failure,
        }
    }
}

/// A run: the only one that writes to its database.
#[derive(Debug)]
pub(crate) struct Run {
    store: Store,
    _lock: Lock,
    connection: Connection,
    corp_id: String,
    /// Where the files go, if they are wanted.
    media: Option<PathBuf>,
    passes: u32,
    stop: Stop,
    tally: Tally,
    began: Instant,
}

impl Run {
    pub(crate) fn begin(
        store: Store,
        connection: Connection,
        corp_id: String,
        place: &ArchivePlace,
        stop: Stop,
    ) -> Result<Self, Failure> {
        let lock = Lock::take(store.path()).map_err(|error| error.about(store.path()))?;
        let media = (!place.no_media).then(|| place.media.clone());
        Ok(Self {
            store,
            _lock: lock,
            connection,
            corp_id,
            media,
            passes: 0,
            stop,
            tally: Tally::default(),
            began: Instant::now(),
        })
    }

    pub(crate) fn stop(&self) -> &Stop {
        &self.stop
    }

    /// Opens what an earlier run stored and did not come to open.
    pub(crate) fn open_left_over(&mut self) -> Result<(), Failure> {
        self.open_new()
    }

    /// Pulls from the cursor to the head of the stream, page by page. Each page is stored before it is opened.
    pub(crate) fn pull(&mut self) -> Result<(), PullError> {
        let bar = progress::spinner(self.corp_id.clone());
        let mut cursor = self.stored(self.store.cursor(&self.corp_id))?;
        while !self.stop.is_requested() {
            let Some(page) = self.connection.sdk.page(cursor).map_err(PullError::Wecom)? else { break };
            let page = Page::from(&page);
            let appended = self.store.append(&self.corp_id, &page);
            let appended = self.stored(appended)?;
            cursor = page.last_seq;
            self.tally.pulled += count(page.messages.len()).saturating_add(count(page.damaged.len()));
            self.tally.duplicates += appended.duplicates;
            self.tally.quarantined += appended.quarantined;
            tracing::debug!(cursor, messages = page.messages.len(), "a page is stored");
            self.open_new()?;
            bar.set_message(format!("{}: {} messages, up to seq {cursor}", self.corp_id, self.tally.pulled));
        }
        bar.finish_and_clear();
        Ok(())
    }

    fn open_new(&mut self) -> Result<(), Failure> {
        // Also when asked to stop: the page in hand is finished, and it is at most a second's work.
        loop {
            let batch = self.stored(self.store.unopened(&self.corp_id))?;
            if batch.messages.is_empty() {
                return Ok(());
            }
            self.open_batch(&batch)?;
        }
    }

    /// Tries everything in quarantine that can be tried.
    pub(crate) fn replay(&mut self) -> Result<(), Failure> {
        let mut after = 0;
        while !self.stop.is_requested() {
            let batch = self.stored(self.store.quarantined(&self.corp_id, after))?;
            if batch.messages.is_empty() {
                return Ok(());
            }
            after = batch.last_seq;
            self.open_batch(&batch)?;
        }
        Ok(())
    }

    fn open_batch(&mut self, batch: &Unopened) -> Result<(), Failure> {
        let outcomes = open_all(&self.connection, &batch.messages);
        let recorded = self.store.record(&self.corp_id, &outcomes);
        let recorded = self.stored(recorded)?;
        self.tally.stored += recorded.stored;
        self.tally.duplicates += recorded.duplicates;
        self.tally.quarantined += recorded.quarantined;
        for (msgtype, messages) in recorded.types {
            *self.tally.types.entry(msgtype).or_default() += messages;
        }
        Ok(())
    }

    /// Fetches the files that are pending. Later passes of the same run leave those alone that failed lately.
    pub(crate) fn fetch_files(&mut self) -> Result<(), Failure> {
        let Some(directory) = &self.media else { return Ok(()) };
        let pending = self.stored(self.store.count_pending_media(&self.corp_id))?;
        if pending == 0 || !self.connection.has_secret || self.stop.is_requested() {
            return Ok(());
        }
        let mut pass = FilePass::begin(
            &mut self.store,
            &self.connection.sdk,
            &self.corp_id,
            directory,
            &self.stop,
            self.passes > 0,
        )?;
        self.passes = self.passes.saturating_add(1);
        let outcome = pass.run(pending);
        self.tally.media_fetched += pass.fetched();
        self.tally.media_failed += pass.failed();
        outcome
    }

    /// The result, printed; a failure is told after what was done before it.
    pub(crate) fn report(
        mut self,
        outcome: Result<(), Failure>,
        output: &mut Output,
    ) -> Result<Exit, Failure> {
        let failure = match outcome {
            Err(failure) if self.tally.is_empty() => return Err(failure),
            outcome => outcome.err(),
        };
        self.tally.seconds = self.began.elapsed().as_secs_f64();
        match self.totals() {
            Ok((pending, cursor)) => (self.tally.media_pending, self.tally.last_seq) = (pending, cursor),
            // It may be the database that failed: then what was counted has to do.
            Err(_) if failure.is_some() => {}
            Err(error) => return Err(error),
        }
        let reasons = self.store.quarantine_reasons(&self.corp_id).unwrap_or_default();
        let result = self.tally.for_machines(&self.corp_id);
        let text = || self.tally.for_people(&self.corp_id, &self.store, self.media.as_deref(), &reasons);
        printed(output.result(&result, text))?;
        output.finish()?;
        if self.media.is_some() && !self.connection.has_secret && self.tally.media_pending > 0 {
            output::note(say(
                "no archive secret is given, so the media files stay pending: the next `archive` run fetches them",
                "未提供会话内容存档 Secret，媒体文件保持待下载状态：下次运行 archive 时会下载",
            ));
        }
        match failure {
            Some(failure) => {
                output::note(&format!("error: {failure}"));
                Ok(failure.exit())
            }
            None if self.tally.is_complete() => Ok(Exit::Success),
            None => Ok(Exit::Incomplete),
        }
    }

    fn totals(&self) -> Result<(u64, u64), Failure> {
        let pending = self.stored(self.store.count_pending_media(&self.corp_id))?;
        Ok((pending, self.stored(self.store.cursor(&self.corp_id))?))
    }

    fn stored<T>(&self, outcome: Result<T, StoreError>) -> Result<T, Failure> {
        outcome.map_err(|error| error.about(self.store.path()))
    }
}

fn count(items: usize) -> u64 {
    u64::try_from(items).unwrap_or(u64::MAX)
}
