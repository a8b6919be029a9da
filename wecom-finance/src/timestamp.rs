//! Points in time as the archive states them.

use std::fmt;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Serialize};

/// A point in time: milliseconds since 1970-01-01T00:00:00Z, the unit of the archive's `msgtime`.
///
/// Displays as RFC 3339 in UTC with milliseconds, so that printed times sort. Serializes as the bare integer.
/// Every `i64` is a valid value, because the archive's numbers are not ours to reject.
///
/// ```
/// use wecom_finance::Timestamp;
///
/// let time = Timestamp::from_millis(1_711_432_801_950);
/// assert_eq!(time.to_string(), "2024-03-26T06:00:01.950Z");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(transparent)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(transparent))]
pub struct Timestamp(i64);

impl Timestamp {
    /// From milliseconds since the epoch.
    #[must_use]
    pub const fn from_millis(millis: i64) -> Self {
        Self(millis)
    }

    /// From seconds since the epoch, the unit of some nested fields. Saturates at the ends of the range.
    #[must_use]
    pub const fn from_seconds(seconds: i64) -> Self {
        Self(seconds.saturating_mul(1_000))
    }

    /// Milliseconds since the epoch.
    #[must_use]
    pub const fn as_millis(self) -> i64 {
        self.0
    }

    /// The same point as the standard library's type, or `None` where the platform cannot express it.
    #[must_use]
    pub fn to_system_time(self) -> Option<SystemTime> {
        let distance = Duration::from_millis(self.0.unsigned_abs());
        if self.0 >= 0 { UNIX_EPOCH.checked_add(distance) } else { UNIX_EPOCH.checked_sub(distance) }
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match jiff::Timestamp::from_millisecond(self.0) {
            Ok(time) => write!(f, "{time:.3}"),
            // Beyond the year 9999 a calendar date would be a guess: show what was received.
            Err(_) => write!(f, "{} ms", self.0),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn displays_rfc_3339_with_milliseconds() {
        for (millis, expected) in [
            (0, "1970-01-01T00:00:00.000Z"),
            (-1, "1969-12-31T23:59:59.999Z"),
            (1_711_432_802_000, "2024-03-26T06:00:02.000Z"),
            (i64::MAX, "9223372036854775807 ms"),
            (i64::MIN, "-9223372036854775808 ms"),
        ] {
            assert_eq!(Timestamp::from_millis(millis).to_string(), expected);
        }
    }

    #[test]
    fn seconds_saturate() {
        assert_eq!(Timestamp::from_seconds(2).as_millis(), 2_000);
        assert_eq!(Timestamp::from_seconds(i64::MAX).as_millis(), i64::MAX);
        assert_eq!(Timestamp::from_seconds(i64::MIN).as_millis(), i64::MIN);
    }

    #[test]
    fn converts_to_system_time_on_both_sides_of_the_epoch() {
        let after = Timestamp::from_millis(1_500).to_system_time().unwrap();
        assert_eq!(after.duration_since(UNIX_EPOCH).unwrap(), Duration::from_millis(1_500));
        let before = Timestamp::from_millis(-1_500).to_system_time().unwrap();
        assert_eq!(UNIX_EPOCH.duration_since(before).unwrap(), Duration::from_millis(1_500));
    }

    #[test]
    fn serializes_as_a_bare_integer() {
        let time = Timestamp::from_millis(17);
        assert_eq!(serde_json::to_string(&time).unwrap(), "17");
        assert_eq!(serde_json::from_str::<Timestamp>("17").unwrap(), time);
    }
}
