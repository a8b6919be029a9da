//! Which piece of which file is fetched next. Neither threads nor a clock in here.
//!
//! A piece is *due* once all before it have come; until then it is *early*.

mod file;
#[cfg(test)]
mod tests;

use std::any::Any;
use std::collections::BTreeMap;
use std::sync::{Arc, Condvar};
use std::time::Instant;

use super::order::{Began, Order};
use crate::media::{IndexToken, MediaChunk, SdkFileId};
use crate::sdk::{Attempt, Decision, Patience, Retries};
use crate::{Error, Operation, Result, RetryPolicy};
use file::{Candidate, File, Slot, State};

/// A file within a plan.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct FileKey(u64);

#[derive(Clone, Copy, Debug)]
pub(super) struct Limits {
    /// Pieces of a file that are fetched ahead of its reader.
    pub(super) ranges_per_file: usize,
    /// Pieces of all files that are under way or not yet read.
    pub(super) chunks: usize,
}

pub(super) struct Plan {
    limits: Limits,
    policy: RetryPolicy,
    files: BTreeMap<FileKey, File>,
    files_so_far: u64,
    picks_so_far: u64,
    /// Pieces under way that nobody will read any more.
    orphans: usize,
    order: Order,
}

/// A piece to be fetched.
pub(super) struct Job {
    key: FileKey,
    pub(super) file_id: Arc<SdkFileId>,
    pub(super) token: IndexToken,
    pub(super) retries: Retries,
    patience: Patience,
    pub(super) fresh: bool,
    is_early: bool,
    is_first_due: bool,
    began: Began,
}

/// What came of a job.
pub(super) enum Outcome {
    Attempt(Attempt<MediaChunk>),
    Panic(Box<dyn Any + Send>),
}

/// What a reader is told.
pub(super) enum Settled {
    Done(Result<MediaChunk>),
    Panic(Box<dyn Any + Send>),
}

/// What is worth fetching now.
#[derive(Clone, Copy, Debug)]
pub(super) struct Choice {
    key: FileKey,
    token: IndexToken,
    is_early: bool,
}

/// Nothing can be fetched now.
#[derive(Clone, Copy, Debug)]
pub(super) struct Nothing {
    /// When that will change by itself.
    pub(super) until: Option<Instant>,
}

/// Pieces to be freed once the plan is not locked any more: that calls into the SDK.
#[must_use]
#[derive(Default)]
pub(super) struct Garbage {
    _slots: BTreeMap<u64, Slot>,
    _outcome: Option<Outcome>,
}

impl Plan {
    pub(super) fn new(limits: Limits, policy: RetryPolicy) -> Self {
        Self {
            limits,
            policy,
            files: BTreeMap::new(),
            files_so_far: 0,
            picks_so_far: 0,
            orphans: 0,
            order: Order::default(),
        }
    }

    pub(super) fn is_sequential(&self) -> bool {
        self.order.is_sequential()
    }

    /// A file whose reader begins. The reader is notified when what it wants has come, or will not.
    pub(super) fn add(&mut self, id: Arc<SdkFileId>) -> (FileKey, Arc<Condvar>) {
        self.files_so_far = self.files_so_far.saturating_add(1);
        let key = FileKey(self.files_so_far);
        let file = File::new(id);
        let settled = Arc::clone(&file.settled);
        self.files.insert(key, file);
        (key, settled)
    }

    /// Forgets a file. What is under way for it is thrown away when it comes.
    pub(super) fn remove(&mut self, key: FileKey) -> Garbage {
        let garbage = self.finish(key);
        self.files.remove(&key);
        garbage
    }

    /// The reader is at the end of the file.
    pub(super) fn finish(&mut self, key: FileKey) -> Garbage {
        let Some(file) = self.files.get_mut(&key) else { return Garbage::default() };
        file.need = None;
        let slots = std::mem::take(&mut file.slots);
        for slot in slots.values() {
            self.order.retract(slot.counted);
            self.orphans = self.orphans.saturating_add(usize::from(matches!(slot.state, State::UnderWay)));
        }
        Garbage { _slots: slots, _outcome: None }
    }

    /// The reader waits for this piece.
    pub(super) fn want(
        &mut self,
        key: FileKey,
        token: IndexToken,
        stated_end: u64,
        patience: Patience,
        now: Instant,
    ) {
        let Some(file) = self.files.get_mut(&key) else { return };
        file.need = Some(token);
        file.is_awaited = true;
        file.patience = patience;
        file.stated_end = stated_end;
        if let Some(slot) = file.slots.get_mut(&token.start())
            && matches!(slot.state, State::Failed | State::Paused { .. })
        {
            let retries = Retries::new(&self.policy, patience);
            slot.state = State::Paused { until: now, retries, patience, fresh: false };
        }
    }

    /// The piece that the reader waits for, or why it does not come.
    pub(super) fn take(&mut self, key: FileKey) -> Option<Settled> {
        self.files.get_mut(&key)?.take()
    }

    /// The reader has read a piece.
    pub(super) fn release(&mut self, key: FileKey) {
        if let Some(file) = self.files.get_mut(&key) {
            file.being_read = file.being_read.saturating_sub(1);
        }
    }

    /// What to fetch next: what readers wait for, then what they will need soonest, file by file in turn.
    pub(super) fn choose(&self, now: Instant) -> Result<Choice, Nothing> {
        let mut candidates = Vec::new();
        let mut until: Option<Instant> = None;
        for (key, file) in &self.files {
            match file.candidate(self.limits.ranges_per_file, self.is_sequential(), now) {
                Ok(candidate) => candidates.push((*key, file, candidate)),
                Err(Nothing { until: Some(due) }) => until = Some(until.map_or(due, |until| until.min(due))),
                Err(Nothing { until: None }) => {}
            }
        }
        candidates.sort_unstable_by_key(|(_, file, candidate)| (candidate.distance, file.last_pick));
        let admitted = candidates.into_iter().find(|(_, file, candidate)| self.admits(file, candidate));
        let (key, _, Candidate { token, is_early, .. }) = admitted.ok_or(Nothing { until })?;
        Ok(Choice { key, token, is_early })
    }

    /// Keeps to the bound on memory. What a reader waits for is always fetched; beyond that, each file has its share,
    /// and one share is left for the next file to come.
    fn admits(&self, file: &File, candidate: &Candidate) -> bool {
        let readers = self.files.values().filter(|file| file.need.is_some() || file.being_read > 0).count();
        let share = (self.limits.chunks / readers.saturating_add(1)).max(1);
        candidate.is_urgent || (file.held() < share && self.held() < self.limits.chunks)
    }

    /// Pieces under way and not yet read.
    fn held(&self) -> usize {
        self.files.values().map(File::held).sum::<usize>().saturating_add(self.orphans)
    }

    /// Takes up a choice that was made under the same lock.
    pub(super) fn start(&mut self, Choice { key, token, is_early }: Choice) -> Option<Job> {
        let file = self.files.get_mut(&key)?;
        self.picks_so_far = self.picks_so_far.saturating_add(1);
        file.last_pick = self.picks_so_far;
        let patience = if file.awaits(token) { file.patience } else { Patience::Light };
        let slot = file.slots.entry(token.start()).or_insert_with(Slot::new);
        let (retries, patience, fresh) = match std::mem::replace(&mut slot.state, State::UnderWay) {
            State::Paused { retries, patience, fresh, .. } => (retries, patience, fresh),
            _ => (Retries::new(&self.policy, patience), patience, false),
        };
        let is_first_due = !is_early && !slot.was_due;
        slot.was_due |= !is_early;
        let (file_id, began) = (Arc::clone(&file.id), self.order.now());
        Some(Job { key, file_id, token, retries, patience, fresh, is_early, is_first_due, began })
    }

    /// A job has ended.
    pub(super) fn land(&mut self, job: Job, outcome: Outcome, now: Instant) -> Garbage {
        let found = self.files.get_mut(&job.key).filter(|file| file.slots.contains_key(&job.token.start()));
        let Some(file) = found else {
            self.orphans = self.orphans.saturating_sub(1);
            return Garbage { _slots: BTreeMap::new(), _outcome: Some(outcome) };
        };
        let came = matches!(outcome, Outcome::Attempt(Attempt::Done(_)));
        let awaited = file.awaits(job.token).then_some(file.patience);
        let slot = file.slots.entry(job.token.start()).or_insert_with(Slot::new);
        if came && job.is_early {
            self.order.came_early();
        } else if came && job.is_first_due && slot.early_failures > 0 {
            self.order.came_at_its_turn();
        } else if !came && job.is_early {
            slot.early_failures = slot.early_failures.saturating_add(1);
            slot.counted = slot.counted.saturating_add(u32::from(self.order.refused(job.began)));
        }
        if came {
            slot.counted = 0;
        }
        slot.state = match outcome {
            Outcome::Attempt(Attempt::Done(chunk)) => State::Ready(chunk),
            Outcome::Attempt(Attempt::Later { pause, fresh, .. }) => {
                State::Paused { until: now + pause, retries: job.retries, patience: job.patience, fresh }
            }
            Outcome::Attempt(Attempt::GaveUp(error)) => match awaited {
                Some(patience) if patience == job.patience => State::Error(error),
                Some(patience) => more_patience(&self.policy, patience, error, now),
                None => {
                    tracing::debug!(%error, start = job.token.start(), "a piece fetched ahead did not come");
                    State::Failed
                }
            },
            Outcome::Panic(payload) if awaited.is_some() => State::Panic(payload),
            Outcome::Panic(_) => State::Failed,
        };
        let is_settled = slot.state.is_settled();
        file.has_come |= came;
        if is_settled && awaited.is_some() {
            file.settled.notify_all();
        }
        Garbage::default()
    }
}

/// For a piece that was asked for with little patience, failed, and is needed now.
fn more_patience(policy: &RetryPolicy, patience: Patience, error: Error, now: Instant) -> State {
    let mut retries = Retries::new(policy, patience);
    match retries.decide(Operation::Media, &error) {
        Decision::GiveUp => State::Error(error),
        Decision::FreshSession { .. } => State::Paused { until: now, retries, patience, fresh: true },
        Decision::Wait { pause, fresh } => State::Paused { until: now + pause, retries, patience, fresh },
    }
}
