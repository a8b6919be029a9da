//! One file of a plan.

use std::any::Any;
use std::collections::BTreeMap;
use std::sync::{Arc, Condvar};
use std::time::Instant;

use super::{Nothing, Settled};
use crate::Error;
use crate::media::{IndexToken, MediaChunk, SdkFileId};
use crate::sdk::{Patience, Retries};

pub(super) struct File {
    pub(super) id: Arc<SdkFileId>,
    /// The piece that the reader needs next; `None` when it has not begun, after a failure, and at the end.
    pub(super) need: Option<IndexToken>,
    /// The reader waits for it.
    pub(super) is_awaited: bool,
    /// How patiently it is asked for when it is awaited.
    pub(super) patience: Patience,
    /// Pieces that the reader has got and not yet read.
    pub(super) being_read: usize,
    /// Up to where there are pieces according to the message.
    pub(super) stated_end: u64,
    /// Some piece has come: the file can be had.
    pub(super) has_come: bool,
    /// Pieces that were asked for, by their first byte.
    pub(super) slots: BTreeMap<u64, Slot>,
    /// Which pick was for this file last.
    pub(super) last_pick: u64,
    pub(super) settled: Arc<Condvar>,
}

pub(super) struct Slot {
    pub(super) state: State,
    /// Attempts that failed early.
    pub(super) early_failures: u32,
    /// Those of them that count against the server, see `Order::refused`.
    pub(super) counted: u32,
    /// It was asked for when it was due.
    pub(super) was_due: bool,
}

pub(super) enum State {
    UnderWay,
    Paused {
        until: Instant,
        retries: Retries,
        patience: Patience,
        fresh: bool,
    },
    /// Not worth more as long as nobody waits for it.
    Failed,
    Ready(MediaChunk),
    /// What the reader is to be told.
    Error(Error),
    Panic(Box<dyn Any + Send>),
}

/// The piece of a file that is worth fetching next.
pub(super) struct Candidate {
    pub(super) token: IndexToken,
    pub(super) is_early: bool,
    /// Pieces between the reader and this one.
    pub(super) distance: usize,
    /// The reader waits for it.
    pub(super) is_urgent: bool,
}

impl State {
    pub(super) fn is_settled(&self) -> bool {
        matches!(self, Self::Ready(_) | Self::Error(_) | Self::Panic(_))
    }
}

impl Slot {
    pub(super) fn new() -> Self {
        Self { state: State::Failed, early_failures: 0, counted: 0, was_due: false }
    }
}

impl File {
    pub(super) fn new(id: Arc<SdkFileId>) -> Self {
        Self {
            id,
            need: None,
            is_awaited: false,
            patience: Patience::Full,
            being_read: 0,
            stated_end: 0,
            has_come: false,
            slots: BTreeMap::new(),
            last_pick: 0,
            settled: Arc::new(Condvar::new()),
        }
    }

    /// Pieces under way and not yet read.
    pub(super) fn held(&self) -> usize {
        let held = |slot: &&Slot| matches!(slot.state, State::UnderWay | State::Ready(_));
        self.being_read.saturating_add(self.slots.values().filter(held).count())
    }

    /// Whether the reader waits for this piece.
    pub(super) fn awaits(&self, token: IndexToken) -> bool {
        self.is_awaited && self.need.is_some_and(|need| need.start() == token.start())
    }

    pub(super) fn take(&mut self) -> Option<Settled> {
        let start = self.need?.start();
        self.slots.get(&start).filter(|slot| slot.state.is_settled())?;
        self.is_awaited = false;
        // After a failure nothing is fetched until the reader comes back.
        self.need = None;
        match self.slots.remove(&start)?.state {
            State::Ready(chunk) => {
                self.being_read = self.being_read.saturating_add(1);
                self.need = chunk.next;
                Some(Settled::Done(Ok(chunk)))
            }
            State::Error(error) => Some(Settled::Done(Err(error))),
            State::Panic(payload) => Some(Settled::Panic(payload)),
            State::UnderWay | State::Paused { .. } | State::Failed => None,
        }
    }

    /// The first piece, among the next `ranges`, that is worth asking for.
    pub(super) fn candidate(
        &self,
        ranges: usize,
        sequential: bool,
        now: Instant,
    ) -> Result<Candidate, Nothing> {
        let mut until: Option<Instant> = None;
        let mut token = self.need.ok_or(Nothing { until })?;
        let mut is_due = true;
        for index in 0..ranges {
            // Early pieces are a guess by the size that the message states; a file that is gone is not asked for twice.
            let may_be_early = !sequential && self.has_come && token.start() < self.stated_end;
            if !is_due && !may_be_early {
                break;
            }
            let candidate = Candidate {
                token,
                is_early: !is_due,
                distance: index.saturating_add(self.being_read),
                is_urgent: index == 0 && self.is_awaited,
            };
            let Some(slot) = self.slots.get(&token.start()) else { return Ok(candidate) };
            match &slot.state {
                State::Paused { until: due, .. } if *due <= now => return Ok(candidate),
                // Once more when it is due, whatever the reason was.
                State::Failed if is_due && !slot.was_due => return Ok(candidate),
                State::Paused { until: due, .. } => until = Some(until.map_or(*due, |until| until.min(*due))),
                State::Ready(chunk) => {
                    let Some(next) = chunk.next else { break };
                    token = next;
                    continue;
                }
                State::UnderWay | State::Failed | State::Error(_) | State::Panic(_) => {}
            }
            token = IndexToken::containing(token.end());
            is_due = false;
        }
        Err(Nothing { until })
    }
}
