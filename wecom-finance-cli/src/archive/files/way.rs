//! Whether WeCom can be reached at all. If it cannot, asking for one file after the other helps none of them.

use std::time::{Duration, Instant};

/// So many failures in a row are no matter of single files.
const DOWN_AFTER: u32 = 8;

const FIRST_REST: Duration = Duration::from_secs(5);
const LONGEST_REST: Duration = Duration::from_secs(120);

/// The way to WeCom, as the last files found it.
#[derive(Debug, Default)]
pub(super) struct Way {
    failures: u32,
    down: Option<Down>,
}

#[derive(Debug)]
struct Down {
    until: Instant,
    rests: u32,
    is_probed: bool,
}

/// Whether a file may be fetched now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Leave {
    Go,
    /// Not before this moment.
    Rest(Instant),
    /// One is trying for all.
    AfterTheProbe,
}

impl Way {
    pub(super) fn leave(&self, now: Instant) -> Leave {
        match &self.down {
            Some(down) if down.is_probed => Leave::AfterTheProbe,
            Some(down) if now < down.until => Leave::Rest(down.until),
            Some(_) | None => Leave::Go,
        }
    }

    /// A file is being fetched.
    pub(super) fn taken(&mut self) {
        if let Some(down) = &mut self.down {
            down.is_probed = true;
        }
    }

    /// The file that was taken did not need to ask.
    pub(super) fn not_tried(&mut self) {
        if let Some(down) = &mut self.down {
            down.is_probed = false;
        }
    }

    /// WeCom answered, whatever it said.
    pub(super) fn passed(&mut self) {
        *self = Self::default();
    }

    /// It did not. Tells whether the way is down.
    pub(super) fn failed(&mut self, now: Instant) -> bool {
        self.failures = self.failures.saturating_add(1);
        let rests = match &self.down {
            // Begun before it was known.
            Some(down) if !down.is_probed => return true,
            Some(down) => down.rests.saturating_add(1),
            None if self.failures >= DOWN_AFTER => 1,
            None => return false,
        };
        let doubled = FIRST_REST.saturating_mul(1_u32.checked_shl(rests - 1).unwrap_or(u32::MAX));
        let rest = doubled.min(LONGEST_REST);
        tracing::warn!(?rest, "WeCom cannot be reached, the media files wait");
        self.down = Some(Down { until: now + rest, rests, is_probed: false });
        true
    }

    /// How often it was waited for since it went down.
    pub(super) fn rests(&self) -> u32 {
        self.down.as_ref().map_or(0, |down| down.rests)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn down(now: Instant) -> Way {
        let mut way = Way::default();
        for failure in 1..DOWN_AFTER {
            assert!(!way.failed(now), "{failure}");
            assert_eq!(way.leave(now), Leave::Go);
        }
        assert!(way.failed(now));
        way
    }

    #[test]
    fn after_many_failures_one_tries_for_all() {
        let now = Instant::now();
        let mut way = down(now);
        let until = now + FIRST_REST;
        assert_eq!(way.leave(now), Leave::Rest(until));
        // What was begun before fails, too: that is no news.
        assert!(way.failed(now));
        assert_eq!(way.leave(until), Leave::Go);
        way.taken();
        assert_eq!(way.leave(until), Leave::AfterTheProbe);
        assert!(way.failed(until));
        assert_eq!((way.leave(until), way.rests()), (Leave::Rest(until + 2 * FIRST_REST), 2));
    }

    #[test]
    fn one_answer_ends_it() {
        let now = Instant::now();
        let mut way = down(now);
        way.passed();
        assert_eq!((way.leave(now), way.rests()), (Leave::Go, 0));
        assert!(!way.failed(now));
    }

    #[test]
    fn a_probe_that_asked_nobody_is_followed_by_another() {
        let now = Instant::now();
        let mut way = down(now);
        let until = now + FIRST_REST;
        way.taken();
        way.not_tried();
        assert_eq!((way.leave(until), way.rests()), (Leave::Go, 1));
    }

    #[test]
    fn rests_do_not_grow_for_ever() {
        let mut now = Instant::now();
        let mut way = down(now);
        for _ in 0..100 {
            now += LONGEST_REST;
            assert_eq!(way.leave(now), Leave::Go);
            way.taken();
            way.failed(now);
        }
        assert_eq!(way.leave(now), Leave::Rest(now + LONGEST_REST));
    }
}
