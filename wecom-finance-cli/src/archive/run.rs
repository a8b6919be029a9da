//! One run over one corp's archive, and what it did so far.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use wecom_finance::{Error, SealedMessage};

use super::files::Files;
use super::open::open_all;
use super::report::Tally;
use crate::args::{ArchivePlace, FetchArgs};
use crate::clock;
use crate::connect::Connection;
use crate::failure::{Exit, Failure};
use crate::language::say;
use crate::output::{self, Output, printed};
use crate::progress;
use crate::shelf;
use crate::stop::Stop;
use crate::store::{DEADLY, Lock, NewQuarantine, Outcome, Page, RecordedMedia, Retention, Store, StoreError};

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
    /// What fetches them meanwhile, if WeCom can be asked for them.
    files: Option<Files>,
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
        fetch: &FetchArgs,
        stop: Stop,
    ) -> Result<Self, Failure> {
        let about = |error: StoreError| error.about(store.path());
        let lock = Lock::take(store.path()).map_err(about)?;
        let media = (!place.no_media).then(|| place.media.clone());
        let files = match &media {
            Some(media) if connection.has_secret => Some(Files::start(
                files_store(store.path(), &corp_id, fetch).map_err(about)?,
                &connection.sdk,
                &corp_id,
                shelf::place(media, store.path())?,
                fetch.connections.connections,
                &stop,
            )?),
            _ => None,
        };
        Ok(Self {
            store: store.expecting(Retention::days(fetch.retention_days)),
            _lock: lock,
            connection,
            corp_id,
            media,
            files,
            stop,
            tally: Tally::default(),
            began: Instant::now(),
        })
    }

    pub(crate) fn stop(&self) -> &Stop {
        &self.stop
    }

    /// Opens what an earlier run stored and did not come to open: one by one, because that run may have died of one of
    /// them (C8). What is noted before each keeps a deadly message from stopping all that come after it.
    pub(crate) fn open_left_over(&mut self) -> Result<(), Failure> {
        loop {
            let batch = self.stored(self.store.unopened(&self.corp_id))?;
            if batch.messages.is_empty() {
                return Ok(());
            }
            tracing::info!(messages = batch.messages.len(), "an earlier run ended before it opened these");
            for message in &batch.messages {
                let attempts = self.store.begin_attempt(&self.corp_id, message.seq);
                if self.stored(attempts)? < DEADLY {
                    self.open_batch(std::slice::from_ref(message))?;
                } else {
                    self.record(&[deadly(message)])?;
                }
            }
        }
    }

    /// Pulls from the cursor to the head of the stream, page by page. Each page is stored before it is opened.
    pub(crate) fn pull(&mut self) -> Result<(), PullError> {
        let bar = progress::spinner(self.corp_id.clone());
        let mut cursor = self.stored(self.store.cursor(&self.corp_id))?;
        while !self.is_to_end() {
            let page = self.connection.sdk.page(cursor).map_err(PullError::Wecom)?;
            if let Some(files) = &self.files {
                files.way_is_up();
            }
            let Some(page) = page else {
                let noted = self.store.note_head(&self.corp_id);
                self.stored(noted)?;
                break;
            };
            let page = Page::from(&page);
            let appended = self.store.append(&self.corp_id, &page);
            let appended = self.stored(appended)?;
            self.tally.watch.heed(&appended);
            cursor = page.last_seq;
            self.tally.pulled += count(page.messages.len()).saturating_add(count(page.damaged.len()));
            self.tally.duplicates += appended.duplicates;
            self.tally.quarantined += appended.quarantined;
            tracing::debug!(cursor, messages = page.messages.len(), "a page is stored");
            self.open_new()?;
            bar.set_message(format!("{}: {} messages, up to seq {cursor}", self.corp_id, self.tally.pulled));
        }
        bar.finish_and_clear();
        self.look_at_clock()?;
        Ok(())
    }

    fn look_at_clock(&mut self) -> Result<(), Failure> {
        let newest = self.stored(self.store.latest_msgtime(&self.corp_id))?;
        let is_told = self.connection.sdk.egress().is_some();
        self.tally.watch.look_at_clock(clock::skew(&self.connection, newest), is_told);
        Ok(())
    }

    /// Whether somebody asked to stop, or the files ran into what will stop the messages, too.
    fn is_to_end(&self) -> bool {
        self.stop.is_requested() || self.files.as_ref().is_some_and(Files::have_failed)
    }

    /// Waits for new messages. Tells whether to go on.
    pub(crate) fn pause(&self, time: Duration) -> bool {
        self.stop.sleep(time, || self.is_to_end())
    }

    fn open_new(&mut self) -> Result<(), Failure> {
        // Also when asked to stop: the page in hand is finished, and it is at most a second's work.
        loop {
            let batch = self.stored(self.store.unopened(&self.corp_id))?;
            if batch.messages.is_empty() {
                return Ok(());
            }
            self.open_batch(&batch.messages)?;
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
            self.open_batch(&batch.messages)?;
        }
        Ok(())
    }

    fn open_batch(&mut self, sealed: &[SealedMessage]) -> Result<(), Failure> {
        let outcomes = open_all(&self.connection, sealed)?;
        self.record(&outcomes)
    }

    fn record(&mut self, outcomes: &[Outcome]) -> Result<(), Failure> {
        let recorded = self.store.record(&self.corp_id, outcomes);
        let recorded = self.stored(recorded)?;
        self.tally.stored += recorded.stored;
        self.tally.duplicates += recorded.duplicates;
        self.tally.quarantined += recorded.quarantined;
        for (msgtype, messages) in recorded.types {
            *self.tally.types.entry(msgtype).or_default() += messages;
        }
        if let Some(files) = &self.files {
            files.wake();
        }
        Ok(())
    }

    /// Fetches the files that are due, to the last one.
    pub(crate) fn finish_files(&mut self) -> Result<(), Failure> {
        let Some(files) = self.files.take() else { return Ok(()) };
        let (done, outcome) = files.finish();
        self.count_files(done);
        outcome
    }

    /// Ends with the files after the work in hand.
    pub(crate) fn abandon_files(&mut self) {
        if let Some(files) = self.files.take() {
            let done = files.abandon();
            self.count_files(done);
        }
    }

    fn count_files(&mut self, done: RecordedMedia) {
        self.tally.media_fetched += done.stored;
        self.tally.media_linked += done.linked;
        self.tally.media_failed += done.failed;
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
        // Also where a pull failed half-way: the clock may be why.
        self.look_at_clock().unwrap_or_default();
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

/// A second connection to the database: fetching and pulling do not wait for each other.
fn files_store(path: &Path, corp_id: &str, fetch: &FetchArgs) -> Result<Store, StoreError> {
    let mut store = Store::open_existing(path)?;
    if fetch.retry_now {
        store.end_rests(corp_id)?;
    }
    Ok(store)
}

fn deadly(message: &SealedMessage) -> Outcome {
    tracing::error!(
        seq = message.seq,
        "a message ended the process again and again: it goes to the quarantine"
    );
    Outcome::Unopened(NewQuarantine {
        seq: message.seq,
        msgid: message.msgid().to_owned(),
        publickey_ver: message.publickey_ver,
        reason: "cannot_decrypt",
        detail: format!("opening it ended the process {DEADLY} times"),
        content: None,
    })
}

fn count(items: usize) -> u64 {
    u64::try_from(items).unwrap_or(u64::MAX)
}
