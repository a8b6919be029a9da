//! This machine's clock, compared with WeCom's.

use std::fmt;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use jiff::fmt::rfc2822::DateTimeParser;

use crate::Language;

/// A clock that is kept in step differs by less than a second. Minutes mean that nobody keeps it, and that it goes on drifting;
/// it is also what other protocols put up with.
const TOLERATED: Duration = Duration::from_secs(5 * 60);

/// The `Date` of a reply has whole seconds.
const SECOND: Duration = Duration::from_secs(1);

/// How this machine's clock differs from WeCom's, see [`Egress::clock_skew`](super::Egress::clock_skew).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ClockSkew {
    /// Not at all, as far as can be told: replies name whole seconds, and take their time.
    None,
    /// This machine's clock is ahead by at least so much.
    Ahead(Duration),
    /// This machine's clock is behind by at least so much.
    Behind(Duration),
}

impl ClockSkew {
    /// By how much the clocks differ at least, in whichever direction.
    #[must_use]
    pub fn amount(self) -> Duration {
        match self {
            Self::None => Duration::ZERO,
            Self::Ahead(by) | Self::Behind(by) => by,
        }
    }

    /// Whether this is more than five minutes: then nobody keeps the clock in step, and what is computed from it (when WeCom
    /// forgets messages and files) is wrong by as much.
    #[must_use]
    pub fn is_wrong(self) -> bool {
        self.amount() > TOLERATED
    }

    /// What [`Display`](fmt::Display) says in English, or the same in Chinese.
    ///
    /// ```
    /// use std::time::Duration;
    /// use wecom_finance::{ClockSkew, Language};
    ///
    /// let skew = ClockSkew::Ahead(Duration::from_secs(7_260));
    /// assert_eq!(skew.describe(Language::English), "this machine's clock is 2 h 1 min ahead of WeCom's");
    /// assert_eq!(skew.describe(Language::Chinese), "本机时钟比企业微信快 2 小时 1 分钟");
    /// ```
    #[must_use]
    pub fn describe(self, language: Language) -> String {
        match (language, self) {
            (Language::English, Self::None) => "this machine's clock agrees with WeCom's".to_owned(),
            (Language::English, Self::Ahead(by)) => {
                format!("this machine's clock is {} ahead of WeCom's", in_words(by, ENGLISH))
            }
            (Language::English, Self::Behind(by)) => {
                format!("this machine's clock is {} behind WeCom's", in_words(by, ENGLISH))
            }
            (Language::Chinese, Self::None) => "本机时钟与企业微信一致".to_owned(),
            (Language::Chinese, Self::Ahead(by)) => {
                format!("本机时钟比企业微信快 {}", in_words(by, CHINESE))
            }
            (Language::Chinese, Self::Behind(by)) => {
                format!("本机时钟比企业微信慢 {}", in_words(by, CHINESE))
            }
        }
    }

    /// The server's clock stood at `date`, or up to a second later, at some moment between `asked` and `answered`.
    fn between(asked: SystemTime, date: SystemTime, answered: SystemTime) -> Self {
        let latest = date.checked_add(SECOND).unwrap_or(date);
        match (asked.duration_since(latest), date.duration_since(answered)) {
            (Ok(ahead), _) if !ahead.is_zero() => Self::Ahead(ahead),
            (_, Ok(behind)) if !behind.is_zero() => Self::Behind(behind),
            _ => Self::None,
        }
    }
}

impl fmt::Display for ClockSkew {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.describe(Language::English))
    }
}

const ENGLISH: [&str; 4] = ["d", "h", "min", "s"];
const CHINESE: [&str; 4] = ["天", "小时", "分钟", "秒"];

/// To the minute, of days to the hour. `units`: those of a day, an hour, a minute and a second.
fn in_words(time: Duration, [d, h, min, s]: [&str; 4]) -> String {
    let seconds = time.as_secs();
    match (seconds / 86_400, seconds / 3_600, seconds / 60) {
        (0, 0, 0) => format!("{seconds} {s}"),
        (0, 0, minutes) => format!("{minutes} {min}"),
        (0, hours, minutes) => format!("{hours} {h} {} {min}", minutes % 60),
        (days, hours, _) => format!("{days} {d} {} {h}", hours % 24),
    }
}

/// What the latest reply said about the clock.
#[derive(Default)]
pub(super) struct Clock(Mutex<Option<ClockSkew>>);

impl Clock {
    /// Compares with the `Date` of a reply. The log is told once, and again only after the clock was right in between.
    pub(super) fn compare(&self, asked: SystemTime, date: &str, answered: SystemTime) {
        let Ok(date) = DateTimeParser::new().parse_timestamp(date) else { return };
        let skew = ClockSkew::between(asked, date.into(), answered);
        let before = self.lock().replace(skew);
        if skew.is_wrong() && !before.is_some_and(ClockSkew::is_wrong) {
            tracing::warn!("{skew}: what is computed from it is wrong by as much");
        }
    }

    pub(super) fn skew(&self) -> Option<ClockSkew> {
        *self.lock()
    }

    fn lock(&self) -> MutexGuard<'_, Option<ClockSkew>> {
        // Replaced whole, or not at all.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOON: &str = "Sun, 06 Nov 1994 12:00:00 GMT";

    fn noon() -> SystemTime {
        SystemTime::UNIX_EPOCH + Duration::from_secs(784_123_200)
    }

    fn seen(asked: SystemTime, answered: SystemTime) -> Option<ClockSkew> {
        let clock = Clock::default();
        clock.compare(asked, NOON, answered);
        clock.skew()
    }

    #[test]
    fn a_slow_reply_is_no_skew() {
        const MINUTE: Duration = Duration::from_secs(60);
        let noon = noon();
        assert_eq!(seen(noon, noon), Some(ClockSkew::None));
        assert_eq!(
            seen(noon + SECOND, noon + SECOND),
            Some(ClockSkew::None),
            "it may have been later in that second"
        );
        assert_eq!(seen(noon - MINUTE, noon + MINUTE), Some(ClockSkew::None));
        assert_eq!(
            seen(noon + 6 * MINUTE, noon + 7 * MINUTE),
            Some(ClockSkew::Ahead(Duration::from_secs(359)))
        );
        assert_eq!(seen(noon - 7 * MINUTE, noon - 6 * MINUTE), Some(ClockSkew::Behind(6 * MINUTE)));
    }

    #[test]
    fn what_is_no_date_says_nothing() {
        let clock = Clock::default();
        for date in ["", "yesterday", "1994-11-06T12:00:00Z", "Sun, 99 Nov 1994 12:00:00 GMT"] {
            clock.compare(noon(), date, noon());
            assert_eq!(clock.skew(), None, "{date}");
        }
    }

    #[test]
    fn minutes_are_wrong_and_said_in_words() {
        let right = ClockSkew::Ahead(Duration::from_secs(300));
        assert!(!right.is_wrong() && !ClockSkew::None.is_wrong());
        assert!(ClockSkew::Behind(Duration::from_secs(301)).is_wrong());
        for (seconds, words) in [(59, "59 s"), (301, "5 min"), (7_260, "2 h 1 min"), (180_000, "2 d 2 h")] {
            let text = ClockSkew::Behind(Duration::from_secs(seconds)).to_string();
            assert_eq!(text, format!("this machine's clock is {words} behind WeCom's"));
        }
    }
}
