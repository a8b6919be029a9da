//! Holes in the sequence of messages.

use std::time::{Duration, SystemTime};

/// For how long WeCom hands out a message, counted from when it was sent: 5 days, it says. It counts by its own clock, and
/// older documents of it say 3 days.
pub const RETENTION: Duration = Duration::from_secs(5 * 86_400);

/// What a clock and a calendar may add to [`RETENTION`], which is no exact time.
const VAGUE: Duration = Duration::from_secs(86_400);

/// A hole in the sequence: seqs that WeCom did not hand out, although it did hand out what comes before and after them.
///
/// WeCom forgets a message some days after it was sent ([`RETENTION`]), and does not say so: asked for what comes after an old
/// cursor, it answers with the first message that it still has, as if nothing had been in between. That hole is in front of a
/// page ([`at_cursor`](Self::at_cursor)), and [`is_explained_by`](Self::is_explained_by) judges it. But WeCom also leaves
/// seqs out by itself, anywhere, and nothing is missing then.
///
/// Found by [`ChatPage::gaps`](crate::ChatPage::gaps) and [`ChatIterator::gaps`](crate::ChatIterator::gaps).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Gap {
    /// The first seq that is missing.
    pub first: u64,
    /// The last one.
    pub last: u64,
    /// Whether it lies in front of the first message of a page, behind the cursor: the only place where what WeCom has
    /// forgotten can be missing.
    pub at_cursor: bool,
}

impl Gap {
    /// How many seqs are missing.
    #[must_use]
    pub fn seqs(&self) -> u64 {
        self.last.saturating_sub(self.first).saturating_add(1)
    }

    /// Whether this is what WeCom has forgotten, as far as times can tell.
    ///
    /// `idle_since` is the time from which on messages can be missing: that of the newest message up to the cursor, or when
    /// WeCom last answered that there is nothing after it, whichever is later. What was sent since then is forgotten when
    /// `retention` has passed, give or take a day. A cursor that was at the head an hour ago has lost nothing, however large the
    /// jump.
    ///
    /// ```
    /// use std::time::{Duration, SystemTime};
    /// use wecom_finance::{Gap, RETENTION};
    ///
    /// fn report(gap: &Gap, newest_message: SystemTime) {
    ///     if gap.is_explained_by(RETENTION, newest_message, SystemTime::now()) {
    ///         eprintln!("WeCom forgot {} messages before they were pulled", gap.seqs());
    ///     }
    /// }
    /// ```
    #[must_use]
    pub fn is_explained_by(&self, retention: Duration, idle_since: SystemTime, now: SystemTime) -> bool {
        let enough = retention.saturating_sub(VAGUE.min(retention / 2));
        self.at_cursor && now.duration_since(idle_since).is_ok_and(|idle| idle >= enough)
    }
}

/// The holes between the cursor and the messages of a page, in order. Before the first message of all (cursor 0) there is
/// nothing to be missing. `malformed` are the places of items whose seq cannot be read: they can be what is missing.
pub(super) fn gaps(after: u64, seqs: impl Iterator<Item = u64>, malformed: &[u64]) -> Vec<Gap> {
    let mut seqs: Vec<u64> = seqs.filter(|seq| *seq > after).collect();
    seqs.sort_unstable();
    let mut malformed = malformed.to_vec();
    malformed.sort_unstable();
    let damaged_after = |seq: u64| {
        let before = malformed.partition_point(|place| *place < seq);
        let damaged = malformed.partition_point(|place| *place <= seq).saturating_sub(before);
        u64::try_from(damaged).unwrap_or(u64::MAX)
    };
    let before = std::iter::once(after).chain(seqs.iter().copied());
    before
        .zip(seqs.iter().copied())
        .filter(|(before, seq)| *before != 0 && seq.saturating_sub(*before) > 1)
        .map(|(before, seq)| Gap {
            first: before.saturating_add(1),
            last: seq.saturating_sub(1),
            at_cursor: before == after,
        })
        .filter(|gap| gap.seqs() > damaged_after(gap.first.saturating_sub(1)))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(after: u64, seqs: &[u64]) -> Vec<(u64, u64, bool)> {
        let gaps = gaps(after, seqs.iter().copied(), &[]);
        gaps.iter().map(|gap| (gap.first, gap.last, gap.at_cursor)).collect()
    }

    #[test]
    fn holes_are_found_at_the_cursor_and_within_the_page() {
        assert_eq!(found(0, &[1001, 1002]), [], "the first run begins where WeCom does");
        assert_eq!(found(0, &[1001, 1005]), [(1002, 1004, false)]);
        assert_eq!(found(1000, &[1001, 1002]), []);
        assert_eq!(found(1000, &[1002, 1003, 1007]), [(1001, 1001, true), (1004, 1006, false)]);
        assert_eq!(found(1000, &[1003, 1001, 1002]), [], "a page need not be in order");
        assert_eq!(found(1000, &[1001, 1001, 7, 1003]), [(1002, 1002, false)]);
        assert_eq!(found(1000, &[]), []);
        assert_eq!(found(u64::MAX - 2, &[u64::MAX]), [(u64::MAX - 1, u64::MAX - 1, true)]);
        assert_eq!(gaps(1, [u64::MAX].into_iter(), &[]).first().map(Gap::seqs), Some(u64::MAX - 2));
    }

    #[test]
    fn what_arrived_damaged_is_not_missing() {
        let gaps = |malformed: &[u64]| gaps(10, [11, 14].into_iter(), malformed).len();
        assert_eq!((gaps(&[]), gaps(&[11]), gaps(&[10, 10]), gaps(&[11, 11])), (1, 1, 1, 0));
    }

    #[test]
    fn only_an_old_cursor_loses_messages() {
        const DAY: Duration = Duration::from_secs(86_400);
        let now = SystemTime::UNIX_EPOCH + 1_000 * DAY;
        let gap = Gap { first: 7, last: 9, at_cursor: true };
        let explained = |gap: Gap, retention, idle| gap.is_explained_by(retention, now - idle, now);
        assert!(explained(gap, RETENTION, 6 * DAY));
        assert!(explained(gap, RETENTION, 4 * DAY), "WeCom may count by the calendar");
        assert!(!explained(gap, RETENTION, Duration::from_secs(4 * 86_400 - 1)));
        assert!(!explained(gap, RETENTION, Duration::ZERO));
        assert!(!gap.is_explained_by(RETENTION, now + 9 * DAY, now), "a clock that is wrong");
        assert!(explained(gap, DAY, DAY / 2) && !explained(gap, DAY, DAY / 3));
        assert!(!explained(Gap { at_cursor: false, ..gap }, RETENTION, 6 * DAY));
    }
}
