//! Faults: what goes wrong, where, and when.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::bytes::Bytes;

/// Where a fault strikes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Operation {
    /// `Init`. Only [`Effect::Return`], [`Effect::Abort`] and [`Effect::Delay`] have a meaning here.
    Init,
    /// The server's `gettoken`, which the SDK calls on its own when a handle has no valid token; a code from
    /// [`Effect::Return`] becomes that of the function that needed the token.
    Token,
    /// `GetChatData`.
    Chat,
    /// `GetMediaData`.
    Media,
    /// `DecryptData`. Only [`Effect::Return`], [`Effect::Abort`] and [`Effect::Delay`] have a meaning here.
    Decrypt,
}

/// What goes wrong.
///
/// [`Return`](Self::Return) and [`Abort`](Self::Abort) happen in the stand-in for the SDK and not behind a loopback
/// server; everything else is the server's doing and happens in both.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Effect {
    /// The C function returns this code. No request is made.
    Return(i32),
    /// The process dies in the C function.
    Abort,
    /// An HTTP status of its own, with a page of HTML.
    Status(u16),
    /// A JSON reply with this `errcode`, which may be a code nobody has seen.
    ErrCode(i64),
    /// A reply with this body.
    Body(FaultBody),
    /// The proper body, ended after so many bytes; the transfer itself is complete.
    Truncate {
        /// Bytes that are left.
        bytes: usize,
    },
    /// A body of nested brackets around nothing, in `content` for media and in `chatdata` for chat.
    Nested {
        /// How many brackets.
        depth: usize,
    },
    /// A body of so many spaces.
    Huge {
        /// Length in bytes.
        bytes: usize,
    },
    /// The proper reply, after this time.
    Delay(Duration),
    /// No reply until the caller gives up or the faults are cleared.
    Hang,
    /// The connection ends after so many bytes of the HTTP reply, headers included.
    Cut {
        /// Bytes that still arrive.
        bytes: usize,
    },
    /// Media: this instead of the proper `CONTENT-RANGE` header.
    ContentRange(ContentRange),
    /// Media: one bit of the chunk is wrong.
    Corrupt,
    /// Media: so many bytes are missing at the end of the chunk.
    Shorten {
        /// Bytes that are missing.
        bytes: usize,
    },
    /// Media: the reply has no `content`.
    NoContent,
    /// The access token is revoked before the request is looked at.
    RevokeToken,
}

/// A body in a fault.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct FaultBody(pub(crate) Bytes);

impl<T: AsRef<[u8]>> From<T> for FaultBody {
    fn from(bytes: T) -> Self {
        Self(Bytes(bytes.as_ref().to_vec()))
    }
}

/// What becomes of the `CONTENT-RANGE` header of a media reply.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum ContentRange {
    /// It is not sent.
    Missing,
    /// `Content-Range: bytes …`, as most servers would write it.
    Lowercase,
    /// The next range it leads to is the one just read.
    StandsStill,
    /// The next range it leads to lies before the one just read.
    Backwards,
    /// This value, whatever it is.
    Value(String),
}

/// One thing that goes wrong, with the conditions under which it does.
///
/// Conditions add up. `nth` and `every` count the calls that meet the other conditions, from 1.
///
/// ```
/// use wecom_finance_simulator::{Effect, Fault};
///
/// let too_large = Fault::chat(Effect::ErrCode(301_058)).when_limit_above(100);
/// let flaky = Fault::media(Effect::Status(502)).every(3).times(5);
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Fault {
    operation: Operation,
    effect: Effect,
    #[serde(default, flatten)]
    conditions: Conditions,
}

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
struct Conditions {
    #[serde(skip_serializing_if = "Option::is_none")]
    nth: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    every: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    probability: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    times: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    seq: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    file: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    offset: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    limit_above: Option<u32>,
}

impl Fault {
    /// A fault of any operation, on every call until conditions are added.
    #[must_use]
    pub fn new(operation: Operation, effect: Effect) -> Self {
        Self { operation, effect, conditions: Conditions::default() }
    }

    /// Where it strikes.
    #[must_use]
    pub fn operation(&self) -> Operation {
        self.operation
    }

    /// What it does.
    #[must_use]
    pub fn effect(&self) -> &Effect {
        &self.effect
    }

    /// A fault of `gettoken`.
    #[must_use]
    pub fn token(effect: Effect) -> Self {
        Self::new(Operation::Token, effect)
    }

    /// A fault of `GetChatData`.
    #[must_use]
    pub fn chat(effect: Effect) -> Self {
        Self::new(Operation::Chat, effect)
    }

    /// A fault of `GetMediaData`.
    #[must_use]
    pub fn media(effect: Effect) -> Self {
        Self::new(Operation::Media, effect)
    }

    /// A fault of `DecryptData`.
    #[must_use]
    pub fn decrypt(effect: Effect) -> Self {
        Self::new(Operation::Decrypt, effect)
    }

    /// Only on this call.
    #[must_use]
    pub fn nth(mut self, call: u64) -> Self {
        self.conditions.nth = Some(call);
        self
    }

    /// Only on every so-manieth call.
    #[must_use]
    pub fn every(mut self, calls: u64) -> Self {
        self.conditions.every = Some(calls);
        self
    }

    /// Only on some calls, decided by the scenario's seed: 0.0 never, 1.0 always.
    #[must_use]
    pub fn probability(mut self, probability: f64) -> Self {
        self.conditions.probability = Some(probability);
        self
    }

    /// At most so many times.
    #[must_use]
    pub fn times(mut self, times: u64) -> Self {
        self.conditions.times = Some(times);
        self
    }

    /// Chat: only when the page asked for would hold the message with this seq. `DecryptData`: only for this message.
    #[must_use]
    pub fn seq(mut self, seq: u64) -> Self {
        self.conditions.seq = Some(seq);
        self
    }

    /// Media: only for the file with this id (or `sdkfileid`).
    #[must_use]
    pub fn file(mut self, id: impl Into<String>) -> Self {
        self.conditions.file = Some(id.into());
        self
    }

    /// Media: only for ranges that begin at this byte.
    #[must_use]
    pub fn offset(mut self, offset: u64) -> Self {
        self.conditions.offset = Some(offset);
        self
    }

    /// Chat: only when more than so many messages are asked for.
    #[must_use]
    pub fn when_limit_above(mut self, limit: u32) -> Self {
        self.conditions.limit_above = Some(limit);
        self
    }
}

/// What a call is about, for the conditions.
#[derive(Debug, Default)]
pub(crate) struct Subject<'a> {
    /// Seqs of the first and the last message concerned.
    pub(crate) seqs: Option<(u64, u64)>,
    pub(crate) file: Option<[&'a str; 2]>,
    pub(crate) offset: Option<u64>,
    pub(crate) limit: Option<u32>,
}

/// Which half of the effects is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Level {
    Sdk,
    Server,
}

impl Effect {
    fn level(&self, operation: Operation) -> Level {
        match (self, operation) {
            (Self::Return(_) | Self::Abort, _) | (_, Operation::Init | Operation::Decrypt) => Level::Sdk,
            _ => Level::Server,
        }
    }
}

/// A fault and how often its conditions have been met.
#[derive(Debug)]
pub(crate) struct ArmedFault {
    fault: Fault,
    met: u64,
    fired: u64,
}

impl ArmedFault {
    pub(crate) fn new(fault: Fault) -> Self {
        Self { fault, met: 0, fired: 0 }
    }

    /// The fault, and how often it has struck.
    pub(crate) fn so_far(&self) -> (Fault, u64) {
        (self.fault.clone(), self.fired)
    }

    /// The effect, if the fault strikes at this call.
    pub(crate) fn strike(
        &mut self,
        operation: Operation,
        level: Level,
        subject: &Subject<'_>,
        rng: &mut fastrand::Rng,
    ) -> Option<Effect> {
        let Fault { operation: own, effect, conditions } = &self.fault;
        if *own != operation || effect.level(operation) != level || !conditions.concern(subject) {
            return None;
        }
        self.met = self.met.saturating_add(1);
        let due = conditions.nth.is_none_or(|nth| nth == self.met)
            && conditions.every.is_none_or(|every| every != 0 && self.met.is_multiple_of(every))
            && conditions.times.is_none_or(|times| self.fired < times)
            && conditions.probability.is_none_or(|probability| rng.f64() < probability);
        due.then(|| {
            self.fired = self.fired.saturating_add(1);
            effect.clone()
        })
    }
}

impl Conditions {
    fn concern(&self, subject: &Subject<'_>) -> bool {
        let Self { seq, file, offset, limit_above, nth: _, every: _, probability: _, times: _ } = self;
        seq.is_none_or(|seq| subject.seqs.is_some_and(|(first, last)| (first..=last).contains(&seq)))
            && file.as_deref().is_none_or(|file| subject.file.is_some_and(|names| names.contains(&file)))
            && offset.is_none_or(|offset| subject.offset == Some(offset))
            && limit_above.is_none_or(|above| subject.limit.is_some_and(|limit| limit > above))
    }
}
