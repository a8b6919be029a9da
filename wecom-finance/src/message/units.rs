//! Times and lengths of time in the units that their fields have.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::message::newtype::string_newtype;
use crate::timestamp::Timestamp;

string_newtype! {
    /// A time as text, without a zone, as a few fields have it: `2024-03-26 14:03:21`, some with `:200` or `.200`
    /// for milliseconds behind it.
    shown CivilTime
}

impl CivilTime {
    /// The point in time, on the assumption that the text is in China's time (UTC+8), which the vendor does not
    /// say. `None` if the text does not have the known form.
    ///
    /// ```
    /// use wecom_finance::message::CivilTime;
    ///
    /// let time = CivilTime::from("2024-03-26 14:04:02:200").to_timestamp().unwrap();
    /// assert_eq!(time.to_string(), "2024-03-26T06:04:02.200Z");
    /// ```
    #[must_use]
    pub fn to_timestamp(&self) -> Option<Timestamp> {
        let (date, time) = self.as_str().trim().split_once([' ', 'T'])?;
        let mut date = date.splitn(3, '-');
        let mut time = time.splitn(4, [':', '.']);
        let (year, month, day) = (number(date.next())?, number(date.next())?, number(date.next())?);
        let (hour, minute) = (number(time.next())?, number(time.next())?);
        let second = time.next().map_or(Some(0), |text| number(Some(text)))?;
        let millis = match time.next() {
            Some(text) if text.len() == 3 => i32::from(number::<i16>(Some(text))?),
            Some(_) => return None,
            None => 0,
        };
        let civil =
            jiff::civil::DateTime::new(year, month, day, hour, minute, second, millis * 1_000_000).ok()?;
        let time = jiff::tz::Offset::constant(8).to_timestamp(civil).ok()?;
        Some(Timestamp::from_millis(time.as_millisecond()))
    }
}

fn number<N: std::str::FromStr>(text: Option<&str>) -> Option<N> {
    // Signs and spaces are no part of a date.
    text.filter(|text| text.bytes().all(|b| b.is_ascii_digit()))?.parse().ok()
}

/// A time as seconds since 1970-01-01T00:00:00Z, as meetings, events and calls have it: the archive's number, whatever it
/// is. Serializes as that, and displays like a [`Timestamp`].
///
/// ```
/// use wecom_finance::message::EpochSeconds;
///
/// let time = EpochSeconds::new(1_711_436_400);
/// assert_eq!(time.to_string(), "2024-03-26T07:00:00.000Z");
/// assert_eq!(time.to_timestamp().unwrap().as_millis(), 1_711_436_400_000);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(transparent)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(transparent))]
pub struct EpochSeconds(i64);

impl EpochSeconds {
    /// From seconds since the epoch.
    #[must_use]
    pub const fn new(seconds: i64) -> Self {
        Self(seconds)
    }

    /// Seconds since the epoch.
    #[must_use]
    pub const fn as_secs(self) -> i64 {
        self.0
    }

    /// The point in time. `None` if it is more than 290 million years away, which a [`Timestamp`] cannot express.
    #[must_use]
    pub fn to_timestamp(self) -> Option<Timestamp> {
        self.0.checked_mul(1_000).map(Timestamp::from_millis)
    }
}

impl fmt::Display for EpochSeconds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.to_timestamp() {
            Some(time) => fmt::Display::fmt(&time, f),
            None => write!(f, "{} s", self.0),
        }
    }
}

/// A length of time as a number of seconds.
pub(super) mod seconds {
    use std::time::Duration;

    use serde::{Serialize, Serializer};

    #[expect(clippy::ref_option, reason = "the signature that serde wants")]
    pub(in crate::message) fn serialize<S: Serializer>(
        length: &Option<Duration>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        length.map(|length| length.as_secs()).serialize(serializer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn civil_times_are_in_utc_plus_8() {
        for (text, expected) in [
            ("2024-03-26 14:03:21", Some(1_711_433_001_000)),
            ("2024-03-26 14:04:02:200", Some(1_711_433_042_200)),
            ("2024-03-26 14:04:02.200", Some(1_711_433_042_200)),
            (" 2024-03-26T14:04 ", Some(1_711_433_040_000)),
            ("1970-01-01 08:00:00", Some(0)),
            ("2024-02-30 14:03:21", None),
            ("2024-03-26 24:03:21", None),
            ("2024-03-26 14:03:21:20", None),
            ("2024-03-26", None),
            ("+2024-03-26 14:03:21", None),
            ("1711433001", None),
            ("", None),
        ] {
            assert_eq!(CivilTime::from(text).to_timestamp().map(Timestamp::as_millis), expected, "{text}");
        }
    }

    #[test]
    fn seconds_stay_what_they_are() {
        for (seconds, millis, shown) in [
            (0, Some(0), "1970-01-01T00:00:00.000Z"),
            (1_711_436_400, Some(1_711_436_400_000), "2024-03-26T07:00:00.000Z"),
            (-9_223_372_036_854_775, Some(-9_223_372_036_854_775_000), "-9223372036854775000 ms"),
            (9_223_372_036_854_776, None, "9223372036854776 s"),
            (i64::MIN, None, "-9223372036854775808 s"),
        ] {
            let time = EpochSeconds::new(seconds);
            assert_eq!(time.to_timestamp().map(Timestamp::as_millis), millis);
            assert_eq!((time.as_secs(), time.to_string().as_str()), (seconds, shown));
            assert_eq!(serde_json::to_string(&time).unwrap(), seconds.to_string());
        }
    }
}
