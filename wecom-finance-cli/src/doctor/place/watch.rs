//! What has become of the stream: how old the cursor is, what is missing, and whose clock is right.

use std::time::Duration;

use wecom_finance::Timestamp;

use crate::archive::lost_remedy;
use crate::clock;
use crate::connect::Connection;
use crate::doctor::Checks;
use crate::gaps::summary;
use crate::language::{self, say};
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
        let skew = skew.describe(language::current());
        let detail = say(
            &format!("the newest stored message is of {sent}, which is not over yet: {skew}"),
            &format!("最新一条已存消息的时间是 {sent}，尚未到来：{skew}"),
        )
        .to_owned();
        checks.warn("last message", detail, clock::remedy());
    }
    let Some(since) = times.known_up_to() else { return };
    let age = Duration::from_millis(u64::try_from(now.saturating_sub(since)).unwrap_or_default());
    let (age, time) = (in_words(age), Timestamp::from_millis(since));
    let place = match Some(since) {
        since if since == times.at_head => {
            say(&format!("at the head of the stream {time}"), &format!("{time} 时已拉取至最新")).to_owned()
        }
        since if since == times.message => {
            say(&format!("at a message of {time}"), &format!("已拉取至 {time} 的消息")).to_owned()
        }
        _ => say(&format!("pulled {time}"), &format!("上次拉取于 {time}")).to_owned(),
    };
    let detail = say(
        &format!("{place}, {age} ago; WeCom hands out about {KEPT_DAYS} days"),
        &format!("{place}，{age}前；企业微信大约保留 {KEPT_DAYS} 天"),
    )
    .to_owned();
    let kept = DAY.saturating_mul(i64::try_from(KEPT_DAYS).unwrap_or(i64::MAX));
    let left = since.saturating_add(kept).saturating_sub(now);
    if left > DAY {
        return checks.ok("cursor", detail);
    }
    let danger = if left > 0 {
        say("what was sent after it may be soon forgotten", "此后发送的消息可能即将被清除")
    } else {
        say("what was sent after it may be forgotten already", "此后发送的消息可能已被清除")
    };
    checks.warn(
        "cursor",
        say(&format!("{detail}: {danger}"), &format!("{detail}：{danger}")),
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
        Some(skew) if skew.is_wrong() => {
            checks.warn("clock", skew.describe(language::current()), clock::remedy());
        }
        Some(skew) => checks.ok("clock", skew.describe(language::current())),
        None => {}
    }
}

fn in_words(age: Duration) -> String {
    let (minutes, hours) = (age.as_secs() / 60, age.as_secs() / 3_600);
    let (days, rest) = (hours / 24, hours % 24);
    let (english, chinese) = match (days, hours) {
        (0, 0) => (format!("{minutes} min"), format!("{minutes} 分钟")),
        (0, hours) => (format!("{hours} h"), format!("{hours} 小时")),
        (days, _) => (format!("{days} d {rest} h"), format!("{days} 天 {rest} 小时")),
    };
    say(&english, &chinese).to_owned()
}
