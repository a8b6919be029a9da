//! Holes in the sequence: what WeCom did not hand out.

mod listing;

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use rusqlite::{OptionalExtension as _, Transaction, params};
use wecom_finance::Gap;

use super::deadline::millis;
use super::{Retention, Store, StoreError, count, from_db, now, to_db};

pub(crate) use listing::{GapTotals, ListedGap};

/// Messages whose times are looked at for that of the cursor. More than one, because they are not quite in order.
const RECENT: i64 = 100;

/// What is after a cursor at which WeCom has just answered was there then: it is not forgotten so soon.
const JUST: Duration = Duration::from_secs(3_600);

/// How exact the note of the latest answer has to be: a run that follows would write it all the time.
const NOTED: Duration = Duration::from_secs(60);

/// Why seqs are missing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum GapReason {
    /// WeCom had forgotten the messages before they were pulled.
    Retention,
    /// Nobody knows. WeCom leaves seqs out that no message ever had.
    Unexplained,
}

impl GapReason {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Retention => "retention",
            Self::Unexplained => "unexplained",
        }
    }
}

/// A hole that was not known before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct FoundGap {
    pub(crate) first: u64,
    pub(crate) last: u64,
    pub(crate) reason: GapReason,
}

impl FoundGap {
    pub(crate) fn seqs(&self) -> u64 {
        self.last.saturating_sub(self.first).saturating_add(1)
    }
}

/// What is known of a corp's cursor, in milliseconds since 1970.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct CursorTimes {
    /// The time of the newest message up to it.
    pub(crate) message: Option<i64>,
    /// When WeCom last handed out messages.
    pub(crate) pulled: Option<i64>,
    /// When WeCom last said that there is nothing after it.
    pub(crate) at_head: Option<i64>,
}

impl CursorTimes {
    /// The time from which on messages can be missing after the cursor: older ones were there when it was last told.
    pub(crate) fn known_up_to(&self) -> Option<i64> {
        // Whoever has no message that tells its time has at least pulled it.
        self.message.max(self.at_head).or(self.pulled)
    }

    /// The same just before a page is stored: what was not yet pulled a moment ago was there, too.
    fn idle_since(&self, now: i64) -> Option<i64> {
        let just = now.saturating_sub(millis(JUST));
        self.known_up_to().max(self.pulled.filter(|pulled| *pulled >= just))
    }
}

impl Store {
    /// Notes that WeCom has nothing after the cursor.
    pub(crate) fn note_head(&mut self, corp_id: &str) -> Result<(), StoreError> {
        let (now, stale) = (now(), now().saturating_sub(millis(NOTED)));
        // A clock that was set back must not keep a time that is not yet.
        self.db
            .prepare_cached(
                "UPDATE corp SET at_head = ?2
                 WHERE corp_id = ?1 AND (at_head IS NULL OR at_head NOT BETWEEN ?3 AND ?2 OR pulled >= at_head)",
            )?
            .execute(params![corp_id, now, stale])?;
        Ok(())
    }

    /// What is known of the cursor.
    pub(crate) fn cursor_times(&self, corp_id: &str) -> Result<CursorTimes, StoreError> {
        let cursor = to_db(self.cursor(corp_id)?)?;
        cursor_times(&self.db, corp_id, cursor)
    }
}

fn cursor_times(db: &rusqlite::Connection, corp_id: &str, cursor: i64) -> Result<CursorTimes, StoreError> {
    let now = now();
    // A time that is not yet says nothing of when it was: the clock was wrong, or the message is.
    let message = db
        .prepare_cached(
            "SELECT max(msgtime) FROM (SELECT msgtime FROM message WHERE corp_id = ?1 AND seq <= ?2
                                       ORDER BY seq DESC LIMIT ?3)
             WHERE msgtime BETWEEN 1 AND ?4",
        )?
        .query_row(params![corp_id, cursor, RECENT, now], |row| row.get(0))?;
    let (pulled, at_head) = db
        .prepare_cached("SELECT pulled, at_head FROM corp WHERE corp_id = ?1")?
        .query_row([corp_id], |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()?
        .unwrap_or_default();
    let over = |time: Option<i64>| time.filter(|time| *time <= now);
    Ok(CursorTimes { message, pulled: over(pulled), at_head: over(at_head) })
}

/// Records the holes that a page shows, by what was known of the cursor before.
pub(super) struct Recorder {
    times: CursorTimes,
    retention: Retention,
    now: i64,
}

impl Recorder {
    /// To be asked for before anything of the page is written.
    pub(super) fn begin(
        db: &Transaction<'_>,
        corp_id: &str,
        gaps: &[Gap],
        retention: Retention,
    ) -> Result<Self, StoreError> {
        let times = match gaps.iter().find(|gap| gap.at_cursor) {
            Some(gap) => cursor_times(db, corp_id, to_db(gap.first)?)?,
            None => CursorTimes::default(),
        };
        Ok(Self { times, retention, now: now() })
    }

    /// Records the holes of a page whose messages are stored. Tells which of them were not known.
    pub(super) fn record(
        &self,
        db: &Transaction<'_>,
        corp_id: &str,
        gaps: &[Gap],
    ) -> Result<Vec<FoundGap>, StoreError> {
        let mut found = Vec::new();
        for gap in gaps {
            let idle_since = gap.at_cursor.then(|| self.times.idle_since(self.now)).flatten();
            let reason = self.reason(gap, idle_since);
            for (first, last) in unknown(db, corp_id, to_db(gap.first)?, to_db(gap.last)?)? {
                db.prepare_cached(
                    "INSERT INTO gap (corp_id, first_seq, last_seq, missing, reason, idle_since, found)
                     VALUES (?1, ?2, ?3, ?3 - ?2 + 1, ?4, ?5, ?6)",
                )?
                .execute(params![
                    corp_id,
                    first,
                    last,
                    reason.as_str(),
                    idle_since,
                    self.now
                ])?;
                found.push(FoundGap { first: from_db(first), last: from_db(last), reason });
            }
        }
        db.prepare_cached("UPDATE corp SET pulled = ?2 WHERE corp_id = ?1")?
            .execute(params![corp_id, self.now])?;
        Ok(found)
    }

    fn reason(&self, gap: &Gap, idle_since: Option<i64>) -> GapReason {
        let (Some(idle_since), Some(now)) = (idle_since.and_then(system_time), system_time(self.now)) else {
            return GapReason::Unexplained;
        };
        if gap.is_explained_by(self.retention.time(), idle_since, now) {
            GapReason::Retention
        } else {
            GapReason::Unexplained
        }
    }
}

fn system_time(millis: i64) -> Option<SystemTime> {
    UNIX_EPOCH.checked_add(Duration::from_millis(u64::try_from(millis).ok()?))
}

/// Of these seqs, the stretches that neither a message nor a known hole has. A cursor that was set back leads over both.
fn unknown(
    db: &Transaction<'_>,
    corp_id: &str,
    first: i64,
    last: i64,
) -> Result<Vec<(i64, i64)>, StoreError> {
    let mut statement = db.prepare_cached(
        "SELECT seq, seq FROM sealed WHERE corp_id = ?1 AND seq BETWEEN ?2 AND ?3
         UNION ALL
         SELECT first_seq, last_seq FROM gap WHERE corp_id = ?1 AND first_seq BETWEEN ?2 AND ?3
         UNION ALL
         SELECT first_seq, last_seq FROM (SELECT first_seq, last_seq FROM gap
                                          WHERE corp_id = ?1 AND first_seq < ?2 ORDER BY first_seq DESC LIMIT 1)
         ORDER BY 1",
    )?;
    let mut rows = statement.query(params![corp_id, first, last])?;
    let (mut stretches, mut next) = (Vec::new(), first);
    while let Some(row) = rows.next()? {
        let (from, to): (i64, i64) = (row.get(0)?, row.get(1)?);
        if from > next {
            stretches.push((next, from.saturating_sub(1)));
        }
        next = next.max(to.saturating_add(1));
    }
    if next <= last {
        stretches.push((next, last));
    }
    Ok(stretches)
}

/// Counts messages that came after all off the holes that they were missing from. Tells how many holes that closed.
pub(super) fn fill(db: &Transaction<'_>, corp_id: &str, new: &mut [i64]) -> Result<u64, StoreError> {
    new.sort_unstable();
    let (Some(lowest), Some(highest)) = (new.first(), new.last()) else { return Ok(0) };
    let mut statement = db.prepare_cached(
        "SELECT first_seq, last_seq FROM gap WHERE corp_id = ?1 AND first_seq <= ?2 ORDER BY first_seq DESC",
    )?;
    let mut rows = statement.query(params![corp_id, highest])?;
    let mut touched = Vec::new();
    while let Some(row) = rows.next()? {
        let (first, last): (i64, i64) = (row.get(0)?, row.get(1)?);
        // They do not overlap: the others end even earlier.
        if last < *lowest {
            break;
        }
        let came =
            new.partition_point(|seq| *seq <= last).saturating_sub(new.partition_point(|seq| *seq < first));
        if came > 0 {
            touched.push((first, to_db(count(came))?));
        }
    }
    let mut closed = 0;
    for (first, came) in touched {
        let missing: i64 = db
            .prepare_cached(
                "UPDATE gap SET missing = missing - ?3, filled = iif(missing = ?3, ?4, NULL)
                 WHERE corp_id = ?1 AND first_seq = ?2 RETURNING missing",
            )?
            .query_row(params![corp_id, first, came, now()], |row| row.get(0))?;
        closed += u64::from(missing == 0);
    }
    Ok(closed)
}

#[cfg(test)]
mod tests;
