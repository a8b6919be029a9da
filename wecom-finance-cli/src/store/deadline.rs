//! Until when WeCom keeps a file.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use wecom_finance::RETENTION;

const DAY: Duration = Duration::from_secs(86_400);

/// WeCom hands out messages and files of about so many days.
pub(crate) const KEPT_DAYS: u64 = RETENTION.as_secs() / DAY.as_secs();

/// How long WeCom is expected to keep a message, and its files.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Retention(Duration);

impl Default for Retention {
    fn default() -> Self {
        Self::days(KEPT_DAYS)
    }
}

impl Retention {
    pub(crate) fn days(days: u64) -> Self {
        Self(DAY.saturating_mul(u32::try_from(days).unwrap_or(u32::MAX)))
    }

    pub(crate) fn time(self) -> Duration {
        self.0
    }

    /// When the time of a file is over, in milliseconds. A message without a time, or with one that is not yet, counts as
    /// sent now.
    pub(super) fn deadline(self, msgtime: Option<i64>, now: i64) -> i64 {
        let sent = msgtime.filter(|time| *time > 0).map_or(now, |time| time.min(now));
        sent.saturating_add(millis(self.0))
    }
}

/// This moment in milliseconds since 1970.
pub(crate) fn now() -> i64 {
    millis(SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default())
}

pub(crate) fn millis(time: Duration) -> i64 {
    i64::try_from(time.as_millis()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_time_runs_from_the_message() {
        const DAY: i64 = 86_400_000;
        let retention = Retention::default();
        assert_eq!(retention.deadline(Some(1_000), 9_000), 1_000 + 5 * DAY);
        for unknown in [None, Some(0), Some(-5), Some(i64::MIN), Some(9_001), Some(i64::MAX)] {
            assert_eq!(retention.deadline(unknown, 9_000), 9_000 + 5 * DAY, "{unknown:?}");
        }
        assert_eq!(Retention::days(30).deadline(Some(1_000), 9_000), 1_000 + 30 * DAY);
        assert!(Retention::days(u64::MAX).deadline(None, i64::MAX) > 0);
    }
}
