//! WeCom's quotas, kept before WeCom has to.

use std::collections::VecDeque;
use std::num::NonZeroU32;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// A little more than the minute that WeCom counts by: calls arrive there closer together than they are made here.
const WINDOW: Duration = Duration::from_secs(61);

/// So many calls in any minute, in the order in which they ask.
///
/// A token bucket of the same rate would let almost twice as many through in the first minute: the whole bucket, and
/// what flows in meanwhile.
#[derive(Debug)]
pub(super) struct Quota {
    per_minute: usize,
    /// When the latest calls were, or will be, made.
    calls: Mutex<VecDeque<Instant>>,
}

/// The wait for the quota would be longer than the call may take.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Exceeded;

impl Quota {
    pub(super) fn new(per_minute: NonZeroU32) -> Self {
        Self {
            per_minute: usize::try_from(per_minute.get()).unwrap_or(usize::MAX),
            calls: Mutex::new(VecDeque::new()),
        }
    }

    /// Reserves a call: the instant at which it may be made, no later than `latest`.
    pub(super) fn reserve(&self, now: Instant, latest: Instant) -> Result<Instant, Exceeded> {
        // Each step leaves the queue whole.
        let mut calls = self.calls.lock().unwrap_or_else(PoisonError::into_inner);
        while calls.front().is_some_and(|call| call.checked_add(WINDOW).is_none_or(|end| end <= now)) {
            calls.pop_front();
        }
        let mut at = now;
        if calls.len() >= self.per_minute {
            let leaves = calls.len().saturating_sub(self.per_minute);
            if let Some(free) = calls.get(leaves).and_then(|call| call.checked_add(WINDOW)) {
                at = at.max(free);
            }
        }
        if at > latest {
            return Err(Exceeded);
        }
        calls.push_back(at);
        Ok(at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seconds(start: Instant, seconds: u64) -> Instant {
        start + Duration::from_secs(seconds)
    }

    #[test]
    fn no_minute_sees_more_calls_than_allowed() {
        const CALLS: usize = 50;
        let quota = Quota::new(NonZeroU32::new(50).unwrap());
        let start = Instant::now();
        let mut made: Vec<Instant> = Vec::new();
        // Callers at all distances, patient ones and others.
        for step in 0..5_000_u64 {
            let now = start + Duration::from_millis(step * step % 977 + step * 90);
            let patience = Duration::from_millis(step % 7 * 5_000);
            if let Ok(at) = quota.reserve(now, now + patience) {
                assert!(at >= now && at <= now + patience);
                made.push(at);
            }
        }
        made.sort();
        assert!(made.len() > 5 * CALLS, "{}", made.len());
        for window in made.windows(CALLS + 1) {
            assert!(window[CALLS] - window[0] >= WINDOW, "{:?}", window[CALLS] - window[0]);
        }
    }

    #[test]
    fn the_quota_is_there_at_once_and_comes_back_as_it_was_spent() {
        let quota = Quota::new(NonZeroU32::new(2).unwrap());
        let start = Instant::now();
        assert_eq!(quota.reserve(start, start), Ok(start));
        assert_eq!(quota.reserve(seconds(start, 10), seconds(start, 10)), Ok(seconds(start, 10)));
        assert_eq!(quota.reserve(seconds(start, 20), seconds(start, 50)), Err(Exceeded));
        assert_eq!(quota.reserve(seconds(start, 20), seconds(start, 90)), Ok(start + WINDOW));
        assert_eq!(quota.reserve(seconds(start, 20), seconds(start, 90)), Ok(seconds(start, 10) + WINDOW));
        assert_eq!(quota.reserve(seconds(start, 20), seconds(start, 90)), Err(Exceeded));
        let much_later = seconds(start, 1_000);
        assert_eq!(quota.reserve(much_later, much_later), Ok(much_later));
    }
}
