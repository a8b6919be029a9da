//! Whose turn it is: the queue in the database, shared by the threads that fetch.

use std::collections::HashSet;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::way::{Leave, Way};
use crate::failure::Failure;
use crate::progress::MediaLine;
use crate::stop::Stop;
use crate::store::{
    Cause, Checkpoint, Content, MediaOutcome, Missed, PendingMedia, RecordedMedia, Store, StoreError,
    StoredFile, now,
};

/// A run that is about to end still waits for files that are due within this time.
const NEAR: Duration = Duration::from_secs(10);

/// A run that is about to end waits so often for WeCom to be reached again.
const LAST_RESTS: u32 = 2;

/// How often a wait looks whether somebody asked to stop.
const GLANCE: Duration = Duration::from_millis(50);

/// What ends the work on a file without an outcome.
#[derive(Debug)]
pub(super) enum Halt {
    /// Somebody asked to stop, or another file's work failed.
    Stopped,
    /// Something of this machine failed, and would for every file.
    Failed(Failure),
}

impl From<Failure> for Halt {
    fn from(failure: Failure) -> Self {
        Self::Failed(failure)
    }
}

/// What became of a file, and the right to have settled it.
#[derive(Debug)]
pub(super) struct Fetched<'a> {
    pub(super) outcome: MediaOutcome,
    pub(super) claim: Option<Claim<'a>>,
}

impl From<MediaOutcome> for Fetched<'_> {
    fn from(outcome: MediaOutcome) -> Self {
        Self { outcome, claim: None }
    }
}

#[derive(Debug)]
pub(super) struct Queue {
    corp_id: String,
    stop: Stop,
    state: Mutex<State>,
    changed: Condvar,
    is_interrupted: AtomicBool,
    line: MediaLine,
}

#[derive(Debug)]
struct State {
    store: Store,
    /// What an earlier run did not come to settle. It comes before everything else: another file with the same content
    /// would not find it, and be kept, too.
    unsettled: Vec<PendingMedia>,
    settling: usize,
    /// What is being fetched, by id and by what it will hold: nothing is fetched twice at once.
    ids: HashSet<String>,
    announced: HashSet<Content>,
    /// What is getting its place.
    claimed: HashSet<Content>,
    way: Way,
    /// Nothing new is to be expected.
    is_closing: bool,
    is_over: bool,
    failure: Option<Failure>,
    done: RecordedMedia,
}

enum Turn {
    Fetch(Box<PendingMedia>),
    /// Until something changes, or this time has passed.
    Wait(Option<Duration>),
    End,
}

impl Queue {
    pub(super) fn new(store: Store, corp_id: &str, stop: Stop) -> Result<Self, StoreError> {
        let unsettled = store.unsettled_media(corp_id)?;
        Ok(Self {
            corp_id: corp_id.to_owned(),
            stop,
            state: Mutex::new(State {
                store,
                unsettled,
                settling: 0,
                ids: HashSet::new(),
                announced: HashSet::new(),
                claimed: HashSet::new(),
                way: Way::default(),
                is_closing: false,
                is_over: false,
                failure: None,
                done: RecordedMedia::default(),
            }),
            changed: Condvar::new(),
            is_interrupted: AtomicBool::new(false),
            line: MediaLine::new(corp_id),
        })
    }

    /// The next file to fetch; waits for one. `None` when there is nothing more to do.
    pub(super) fn next(&self) -> Option<PendingMedia> {
        let mut state = self.lock();
        while !state.is_over && !self.is_interrupted() {
            match state.turn(&self.corp_id) {
                Ok(Turn::Fetch(media)) => {
                    self.show(&state);
                    return Some(*media);
                }
                Ok(Turn::Wait(None)) => {
                    state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
                }
                Ok(Turn::Wait(Some(time))) => {
                    state = self.changed.wait_timeout(state, time).unwrap_or_else(PoisonError::into_inner).0;
                }
                Ok(Turn::End) => {
                    state.is_over = true;
                    self.changed.notify_all();
                }
                Err(error) => {
                    let failure = error.about(state.store.path());
                    self.fail(&mut state, failure);
                }
            }
        }
        None
    }

    /// Records what became of a file that [`next`](Self::next) handed out.
    pub(super) fn record(&self, media: &PendingMedia, fetched: Result<Fetched<'_>, Halt>) {
        let mut state = self.lock();
        let claim = match fetched {
            Ok(Fetched { outcome, claim }) => {
                if let Err(error) = state.record(&self.corp_id, media, outcome) {
                    let failure = error.about(state.store.path());
                    self.fail(&mut state, failure);
                }
                claim
            }
            Err(Halt::Stopped) => None,
            Err(Halt::Failed(failure)) => {
                self.fail(&mut state, failure);
                None
            }
        };
        state.settling = state.settling.saturating_sub(1);
        state.ids.remove(&media.sdkfileid);
        if let Some(content) = media.announced() {
            state.announced.remove(&content);
        }
        self.show(&state);
        drop(state);
        // Takes the lock itself.
        drop(claim);
        self.changed.notify_all();
    }

    /// The right to give this content a place. Waits while another file with the same content gets one.
    pub(super) fn claim(&self, content: &Content) -> Claim<'_> {
        let mut state = self.lock();
        while !state.claimed.insert(content.clone()) {
            state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
        Claim { queue: self, content: content.clone() }
    }

    /// What is stored already and may be this file.
    pub(super) fn stored_like(&self, media: &PendingMedia) -> Result<Vec<StoredFile>, Failure> {
        self.with(|store| {
            let mut stored = store.stored_under_the_id(&self.corp_id, media)?;
            if let Some(content) = media.announced() {
                stored.extend(store.stored_with_content(&self.corp_id, &content)?);
            }
            Ok(stored)
        })
    }

    pub(super) fn stored_with(&self, content: &Content) -> Result<Vec<StoredFile>, Failure> {
        self.with(|store| store.stored_with_content(&self.corp_id, content))
    }

    /// Seq and position of the other references to this file that are pending.
    pub(super) fn others_like(&self, media: &PendingMedia) -> Result<Vec<(u64, u64)>, Failure> {
        self.with(|store| store.pending_under_the_id(&self.corp_id, media))
    }

    pub(super) fn checkpoint(&self, media: &PendingMedia, done: Option<&Checkpoint>) -> Result<(), Failure> {
        self.with(|store| store.checkpoint_media(&self.corp_id, media, done))
    }

    pub(super) fn settling(
        &self,
        media: &PendingMedia,
        settling: Option<&StoredFile>,
    ) -> Result<(), Failure> {
        self.with(|store| store.settling_media(&self.corp_id, media, settling))
    }

    /// Bytes that arrived.
    pub(super) fn arrived(&self, bytes: u64) {
        self.line.arrived(bytes);
    }

    pub(super) fn wake(&self) {
        // Whoever looked before now is waiting by then, and is not missed.
        drop(self.lock());
        self.changed.notify_all();
    }

    pub(super) fn way_is_up(&self) {
        self.lock().way.passed();
        self.changed.notify_all();
    }

    pub(super) fn has_failed(&self) -> bool {
        self.lock().failure.is_some()
    }

    /// Whether to end in the middle of a file.
    pub(super) fn is_interrupted(&self) -> bool {
        self.stop.is_requested() || self.is_interrupted.load(Ordering::Relaxed)
    }

    pub(super) fn interrupt(&self) {
        self.is_interrupted.store(true, Ordering::Relaxed);
        self.wake();
    }

    /// Waits until nothing is due any more, or somebody asks to stop.
    pub(super) fn close(&self) {
        let mut state = self.lock();
        state.is_closing = true;
        self.changed.notify_all();
        while !state.is_over && !self.is_interrupted() {
            state = self.changed.wait_timeout(state, GLANCE).unwrap_or_else(PoisonError::into_inner).0;
        }
        drop(state);
        self.wake();
    }

    /// What was done, once all threads have ended.
    pub(super) fn end(&self) -> (RecordedMedia, Result<(), Failure>) {
        self.line.clear();
        let mut state = self.lock();
        (state.done, state.failure.take().map_or(Ok(()), Err))
    }

    /// The first failure is the one to tell of; everybody ends.
    fn fail(&self, state: &mut State, failure: Failure) {
        self.is_interrupted.store(true, Ordering::Relaxed);
        state.failure.get_or_insert(failure);
        self.changed.notify_all();
    }

    fn with<T>(&self, work: impl FnOnce(&mut Store) -> Result<T, StoreError>) -> Result<T, Failure> {
        let mut state = self.lock();
        let outcome = work(&mut state.store);
        outcome.map_err(|error| error.about(state.store.path()))
    }

    fn show(&self, state: &State) {
        self.line.show(state.ids.is_empty(), || {
            let now = now();
            Ok::<_, StoreError>((
                state.done.stored.saturating_add(state.done.failed),
                state.store.count_pending_media(&self.corp_id)?,
                state.store.nearest_deadline(&self.corp_id, now)?.map(|deadline| deadline - now),
            ))
        });
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // A thread that panicked ends the run; until then the others find a state that is whole.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn turn(&mut self, corp_id: &str) -> Result<Turn, StoreError> {
        if let Some(media) = self.unsettled.pop() {
            self.settling += 1;
            self.take(&media);
            return Ok(Turn::Fetch(Box::new(media)));
        }
        if self.settling > 0 {
            return Ok(Turn::Wait(None));
        }
        let wait = match self.way.leave(Instant::now()) {
            Leave::Go => match self.due(corp_id)? {
                Some(media) => return Ok(Turn::Fetch(Box::new(media))),
                None => self.until_the_next(corp_id)?,
            },
            Leave::Rest(_) if self.is_closing && self.way.rests() > LAST_RESTS => None,
            Leave::Rest(until) => Some(until.saturating_duration_since(Instant::now())),
            Leave::AfterTheProbe => None,
        };
        let is_worth_waiting =
            !self.is_closing || !self.ids.is_empty() || wait.is_some_and(|wait| wait <= NEAR);
        Ok(if is_worth_waiting { Turn::Wait(wait) } else { Turn::End })
    }

    fn due(&mut self, corp_id: &str) -> Result<Option<PendingMedia>, StoreError> {
        let Self { store, ids, announced, .. } = self;
        let due = store.due_media(corp_id, now(), |media| {
            !ids.contains(&media.sdkfileid)
                && media.announced().is_none_or(|content| !announced.contains(&content))
        })?;
        if let Some(media) = &due {
            self.way.taken();
            self.take(media);
        }
        Ok(due)
    }

    fn take(&mut self, media: &PendingMedia) {
        self.ids.insert(media.sdkfileid.clone());
        self.announced.extend(media.announced());
    }

    fn until_the_next(&self, corp_id: &str) -> Result<Option<Duration>, StoreError> {
        let now = now();
        let next = self.store.next_media_try(corp_id, now)?;
        Ok(next.map(|next| Duration::from_millis(u64::try_from(next.saturating_sub(now)).unwrap_or(0))))
    }

    fn record(
        &mut self,
        corp_id: &str,
        media: &PendingMedia,
        mut outcome: MediaOutcome,
    ) -> Result<(), StoreError> {
        match &mut outcome {
            MediaOutcome::Missed(Missed { cause: cause @ (Cause::Way | Cause::Setup), .. }) => {
                if self.way.failed(Instant::now()) {
                    *cause = Cause::WayDown;
                }
            }
            MediaOutcome::Stored { is_link: true, .. } => self.way.not_tried(),
            _ => self.way.passed(),
        }
        let (seq, position) = (media.seq, media.position);
        match &outcome {
            MediaOutcome::Stored { stored, is_link } => {
                tracing::debug!(
                    seq,
                    position,
                    bytes = stored.content.bytes,
                    is_link,
                    "a media file is stored"
                );
            }
            MediaOutcome::Expired { reason } | MediaOutcome::Failed { reason } => {
                tracing::warn!(seq, position, reason, "a media file cannot be had");
            }
            MediaOutcome::Missed(missed) => {
                tracing::warn!(seq, position, reason = missed.reason, "a media file cannot be had now");
            }
        }
        let recorded = self.store.record_media(corp_id, media, &outcome, now(), fastrand::f64())?;
        self.done.stored += recorded.stored;
        self.done.linked += recorded.linked;
        self.done.failed += recorded.failed;
        Ok(())
    }
}

/// The right to give some content a place, until it is dropped.
#[derive(Debug)]
pub(super) struct Claim<'a> {
    queue: &'a Queue,
    content: Content,
}

impl Drop for Claim<'_> {
    fn drop(&mut self) {
        self.queue.lock().claimed.remove(&self.content);
        self.queue.changed.notify_all();
    }
}
