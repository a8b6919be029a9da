//! What becomes of a file after an attempt at it: when it is tried again, and when it is given up.

use std::time::Duration;

use super::deadline::millis;

/// The rest after the first failure. It doubles with every further one.
const FIRST_REST: Duration = Duration::from_secs(2);

/// The rest after a failure that somebody has to do something about.
const LONG_REST: Duration = Duration::from_secs(120);

const LONGEST_REST: Duration = Duration::from_secs(4 * 3_600);

/// The longest rest where it is not the file that failed: once the way is clear, it is clear for all.
const LONGEST_WAY_REST: Duration = Duration::from_secs(600);

/// A file whose time is over is given up after so many attempts, not before: when it is over is a guess.
const ATTEMPTS: u64 = 8;

/// How long after its time a file is still tried when nobody could be asked about it.
pub(crate) const GRACE: Duration = Duration::from_secs(86_400);

/// What an attempt failed of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Cause {
    /// What WeCom answers about this file.
    File,
    /// The way to WeCom: the network, the proxy, a server that does not answer.
    Way,
    /// The same, where waiting does not help: an address that is not allowed.
    Setup,
    /// The same, and no file got through lately: that says nothing about this one.
    WayDown,
}

/// A failed attempt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Missed {
    pub(crate) cause: Cause,
    pub(crate) reason: String,
    /// More of the file is on the disk than before.
    pub(crate) got_further: bool,
}

/// What the database knows of a file that an attempt failed at.
#[derive(Clone, Copy, Debug)]
pub(super) struct Known {
    /// Earlier attempts.
    pub(super) attempts: u64,
    pub(super) deadline: i64,
}

/// What becomes of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Fate {
    Again { attempts: u64, next_try: i64 },
    GivenUp { attempts: u64 },
}

/// `chance` is between 0 and 1: files that failed together shall not all come back at the same moment.
pub(super) fn decide(known: Known, missed: &Missed, now: i64, chance: f64) -> Fate {
    let Known { attempts, deadline } = known;
    let attempts = if missed.cause == Cause::WayDown { attempts } else { attempts.saturating_add(1) };
    let over = match missed.cause {
        Cause::File => now > deadline,
        Cause::Way | Cause::Setup => now > deadline.saturating_add(millis(GRACE)),
        Cause::WayDown => false,
    };
    if over && attempts >= ATTEMPTS && !missed.got_further {
        return Fate::GivenUp { attempts };
    }
    let whole = if missed.got_further { FIRST_REST } else { rest_after(missed.cause, attempts) };
    let rest = millis(whole.mul_f64(0.75 + chance.clamp(0.0, 1.0) / 2.0));
    // The nearer the end of its time, the more often: at least once in what is left, again and again.
    let left = deadline.saturating_sub(now);
    let rest = if left > 0 { rest.min((left / 2).max(millis(FIRST_REST))) } else { rest };
    Fate::Again { attempts, next_try: now.saturating_add(rest) }
}

fn rest_after(cause: Cause, attempts: u64) -> Duration {
    let (first, longest) = match cause {
        Cause::File => (FIRST_REST, LONGEST_REST),
        Cause::Way | Cause::WayDown => (FIRST_REST, LONGEST_WAY_REST),
        Cause::Setup => (LONG_REST, LONGEST_WAY_REST),
    };
    let doublings = u32::try_from(attempts.saturating_sub(1)).unwrap_or(u32::MAX);
    first.saturating_mul(1_u32.checked_shl(doublings).unwrap_or(u32::MAX)).min(longest)
}

/// How far ahead a file's next attempt can lie. What lies further is the work of a clock that was wrong.
pub(super) fn longest_rest() -> i64 {
    millis(LONGEST_REST.mul_f64(1.25))
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: i64 = 1_800_000_000_000;
    const HOUR: i64 = 3_600_000;
    const DAY: i64 = 24 * HOUR;

    fn missed(cause: Cause) -> Missed {
        Missed { cause, reason: "reason".to_owned(), got_further: false }
    }

    fn decided(attempts: u64, left: i64, missed: &Missed) -> Fate {
        decide(Known { attempts, deadline: NOW + left }, missed, NOW, 0.5)
    }

    fn rest(attempts: u64, left: i64, missed: &Missed) -> i64 {
        match decided(attempts, left, missed) {
            Fate::Again { next_try, .. } => next_try - NOW,
            Fate::GivenUp { .. } => panic!("given up"),
        }
    }

    #[test]
    fn rests_double_up_to_some_hours() {
        let rests: Vec<_> =
            (0..20).map(|attempts| rest(attempts, 5 * DAY, &missed(Cause::File)) / 1_000).collect();
        assert_eq!(rests.get(..5), Some(&[2, 4, 8, 16, 32][..]));
        assert_eq!(rests.last(), Some(&(4 * 3_600)));
        assert!(rests.is_sorted());
        for cause in [Cause::Way, Cause::Setup, Cause::WayDown] {
            assert_eq!(rest(u64::MAX, 5 * DAY, &missed(cause)), 600_000);
        }
        assert_eq!(rest(0, 5 * DAY, &missed(Cause::Setup)), 120_000);
    }

    #[test]
    fn files_that_failed_together_come_back_apart() {
        let known = Known { attempts: 0, deadline: NOW + DAY };
        let at = |chance| decide(known, &missed(Cause::File), NOW, chance);
        assert_eq!(at(0.0), Fate::Again { attempts: 1, next_try: NOW + 1_500 });
        assert_eq!(at(1.0), Fate::Again { attempts: 1, next_try: NOW + 2_500 });
    }

    #[test]
    fn the_last_hours_are_used() {
        assert_eq!(rest(15, HOUR, &missed(Cause::File)), HOUR / 2);
        assert_eq!(rest(15, 10_000, &missed(Cause::File)), 5_000);
        assert_eq!(rest(15, 1, &missed(Cause::File)), 2_000);
    }

    #[test]
    fn a_file_that_gets_further_goes_on_soon() {
        let further = Missed { got_further: true, ..missed(Cause::File) };
        assert_eq!(rest(15, DAY, &further), 2_000);
        assert_eq!(rest(15, -9 * DAY, &further), 2_000);
    }

    #[test]
    fn nothing_is_given_up_in_its_time_or_after_few_attempts() {
        for cause in [Cause::File, Cause::Way, Cause::Setup, Cause::WayDown] {
            assert!(matches!(decided(1_000, 1, &missed(cause)), Fate::Again { .. }));
            assert!(matches!(decided(6, -30 * DAY, &missed(cause)), Fate::Again { .. }));
        }
    }

    #[test]
    fn after_its_time_it_depends_on_the_cause() {
        assert_eq!(decided(7, -1, &missed(Cause::File)), Fate::GivenUp { attempts: 8 });
        for cause in [Cause::Way, Cause::Setup] {
            assert!(matches!(decided(1_000, -DAY, &missed(cause)), Fate::Again { .. }));
            assert_eq!(decided(7, -DAY - 1, &missed(cause)), Fate::GivenUp { attempts: 8 });
        }
    }

    #[test]
    fn an_outage_counts_against_no_file() {
        let outage = missed(Cause::WayDown);
        assert!(matches!(decided(1_000, -90 * DAY, &outage), Fate::Again { attempts: 1_000, .. }));
    }
}
