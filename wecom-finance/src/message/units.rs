//! Times and lengths of time in the units that their fields have.

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

/// A point in time as a number of seconds.
pub(super) mod epoch_seconds {
    use serde::{Serialize, Serializer};

    use crate::timestamp::Timestamp;

    #[expect(clippy::ref_option, reason = "the signature that serde wants")]
    pub(in crate::message) fn serialize<S: Serializer>(
        time: &Option<Timestamp>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        time.map(|time| time.as_millis() / 1_000).serialize(serializer)
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
}
