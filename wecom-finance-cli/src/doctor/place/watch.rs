//! What has become of the stream: how old the cursor is, what is missing, and whose clock is right.

use std::time::Duration;

use wecom_finance::Timestamp;

use crate::archive::lost_remedy;
use crate::clock;
use crate::connect::Connection;
use crate::doctor::Checks;
use crate::gaps::summary;
use crate::language::say;
use crate::store::{KEPT_DAYS, Store, now};

const DAY: i64 = 86_400_000;

/// A loss is nothing that can be mended: after so many days it is news no more.
const NEWS: i64 = 30 * DAY;

/// The age of the cursor against the days that WeCom keeps messages.
pub(super) fn cursor(checks: &mut Checks, store: &Store, corp_id: &str) {
    let Ok(times) = store.cursor_times(corp_id) else { return };
    let now = now();
    if let Ok(Some(newest)) = store.latest_msgtime(corp_id)
        && let Some(skew) = clock::skew_by_message(newest, now).filter(|skew| skew.is_wrong())
    {
        let sent = Timestamp::from_millis(newest);
        let detail = format!("the newest stored message is of {sent}, which is not over yet: {skew}");
        checks.warn("last message", detail, clock::remedy());
    }
    let Some(since) = times.known_up_to() else { return };
    let age = Duration::from_millis(u64::try_from(now.saturating_sub(since)).unwrap_or_default());
    let place = match Some(since) {
        since if since == times.at_head => "at the head of the stream",
        since if since == times.message => "at a message of",
        _ => "pulled",
    };
    let (age, time) = (in_words(age), Timestamp::from_millis(since));
    let detail = format!("{place} {time}, {age} ago; WeCom hands out about {KEPT_DAYS} days");
    let kept = DAY.saturating_mul(i64::try_from(KEPT_DAYS).unwrap_or(i64::MAX));
    let left = since.saturating_add(kept).saturating_sub(now);
    if left > DAY {
        return checks.ok("cursor", detail);
    }
    let over = if left > 0 { "soon forgotten" } else { "forgotten already" };
    checks.warn(
        "cursor",
        format!("{detail}: what was sent after it may be {over}"),
        say(
            "run `archive` now, and at least daily or with --follow",
            "请立即运行 archive，并至少每天运行一次或使用 --follow",
        ),
    );
}

/// The holes in the sequence that were found.
pub(super) fn gaps(checks: &mut Checks, store: &Store, corp_id: &str) {
    let Ok(totals) = store.gap_totals(corp_id) else { return };
    let detail = summary(&totals);
    match totals.lost_latest {
        Some(found) if found >= now().saturating_sub(NEWS) => checks.warn("gaps", detail, lost_remedy()),
        _ => checks.ok("gaps", detail),
    }
}

/// This machine's clock, after WeCom has answered.
pub(in crate::doctor) fn clock_against_wecom(checks: &mut Checks, connection: &Connection) {
    match clock::skew(connection, None) {
        Some(skew) if skew.is_wrong() => checks.warn("clock", skew.to_string(), clock::remedy()),
        Some(skew) => checks.ok("clock", skew.to_string()),
        None => {}
    }
}

fn in_words(age: Duration) -> String {
    let hours = age.as_secs() / 3_600;
    match (hours / 24, hours) {
        (0, 0) => format!("{} min", age.as_secs() / 60),
        (0, hours) => format!("{hours} h"),
        (days, hours) => format!("{days} d {} h", hours % 24),
    }
}
