//! What time the server says it is.

use std::time::{Duration, SystemTime};

use jiff::{Timestamp, fmt::rfc2822::DateTimePrinter};

/// The server's clock, by this machine's.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) enum Clock {
    #[default]
    InStep,
    Ahead(Duration),
    Behind(Duration),
}

impl Clock {
    /// The `Date` header of a reply that is sent now: always as long, whatever it says.
    pub(crate) fn date(self) -> String {
        let now = SystemTime::now();
        let time = match self {
            Self::InStep => Some(now),
            Self::Ahead(by) => now.checked_add(by),
            Self::Behind(by) => now.checked_sub(by),
        };
        let time = time.and_then(|time| Timestamp::try_from(time).ok()).unwrap_or(Timestamp::UNIX_EPOCH);
        let printed = DateTimePrinter::new().timestamp_to_rfc9110_string(&time);
        printed.unwrap_or_else(|_| "Thu, 01 Jan 1970 00:00:00 GMT".to_owned())
    }
}
