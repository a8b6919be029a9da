//! This machine's clock, as far as WeCom tells.

use std::time::Duration;

use wecom_finance::{ClockSkew, Egress};

use crate::connect::Connection;
use crate::language::say;
use crate::store::now;

/// A message that claims to be of later than that is what is wrong, not the clock.
const PLAUSIBLE: Duration = Duration::from_secs(365 * 86_400);

/// How this machine's clock differs from WeCom's: by the dates of WeCom's replies, or else by the time of the newest message (in
/// milliseconds), which WeCom cannot have handed out before it was sent.
pub(crate) fn skew(connection: &Connection, newest_message: Option<i64>) -> Option<ClockSkew> {
    if connection.is_demo {
        return None;
    }
    match connection.sdk.egress() {
        Some(egress) => Egress::clock_skew(egress),
        None => newest_message.and_then(|sent| skew_by_message(sent, now())),
    }
}

/// What a message says of the clock, if it is of a time that is not yet.
pub(crate) fn skew_by_message(sent: i64, now: i64) -> Option<ClockSkew> {
    let behind = Duration::from_millis(u64::try_from(sent.saturating_sub(now)).ok()?);
    (!behind.is_zero() && behind < PLAUSIBLE).then_some(ClockSkew::Behind(behind))
}

/// What to do about a clock that is wrong.
pub(crate) fn remedy() -> &'static str {
    say(
        "set the clock and keep it in step (NTP): when files and messages expire is reckoned by it",
        "请校准时钟并启用自动同步（NTP）：文件和消息的过期时间都按它计算",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_time_that_is_not_yet_and_may_come_says_something() {
        let minute = 60_000;
        assert_eq!(skew_by_message(10 * minute, minute), Some(ClockSkew::Behind(Duration::from_secs(540))));
        for (sent, now) in [(minute, minute), (0, minute), (i64::MIN, i64::MAX), (i64::MAX, minute)] {
            assert_eq!(skew_by_message(sent, now), None, "{sent} {now}");
        }
    }
}
