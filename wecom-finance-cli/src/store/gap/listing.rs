//! The holes as they are shown.

use std::io;

use rusqlite::Row;
use serde::Serialize;

use crate::store::{Store, StoreError, from_db};

/// A hole, as `gaps --json` lays it out. Times are milliseconds since 1970.
#[derive(Debug, Serialize)]
pub(crate) struct ListedGap {
    pub(crate) corp_id: String,
    pub(crate) first_seq: u64,
    pub(crate) last_seq: u64,
    pub(crate) seqs: u64,
    /// How many of them have not come since.
    pub(crate) missing: u64,
    pub(crate) reason: String,
    /// The times of the messages around it, as far as they are known.
    pub(crate) msgtime_before: Option<i64>,
    pub(crate) msgtime_after: Option<i64>,
    /// From when on messages can be missing.
    pub(crate) idle_since: Option<i64>,
    pub(crate) found: i64,
    /// When the last of them came after all.
    pub(crate) filled: Option<i64>,
}

/// The holes of a corp that are not filled, in numbers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct GapTotals {
    pub(crate) gaps: u64,
    pub(crate) seqs: u64,
    /// Of them, those that retention explains.
    pub(crate) lost: u64,
    pub(crate) lost_seqs: u64,
    /// When the latest one of those was found.
    pub(crate) lost_latest: Option<i64>,
    /// Holes that were filled since.
    pub(crate) filled: u64,
}

impl GapTotals {
    /// Adds another corp's.
    pub(crate) fn add(&mut self, other: &Self) {
        self.gaps += other.gaps;
        // Of several corps they can be more than fit.
        self.seqs = self.seqs.saturating_add(other.seqs);
        self.lost += other.lost;
        self.lost_seqs = self.lost_seqs.saturating_add(other.lost_seqs);
        self.lost_latest = self.lost_latest.max(other.lost_latest);
        self.filled += other.filled;
    }
}

impl Store {
    /// Hands out the holes of a corp in order of seq, without ever holding more than one, until `each` fails.
    pub(crate) fn each_gap(
        &self,
        corp_id: &str,
        mut each: impl FnMut(&ListedGap) -> io::Result<()>,
    ) -> Result<io::Result<()>, StoreError> {
        let mut statement = self.db.prepare_cached(
            "SELECT corp_id, first_seq, last_seq, missing, reason,
               (SELECT msgtime FROM message
                WHERE message.corp_id = gap.corp_id AND message.seq < first_seq ORDER BY seq DESC LIMIT 1),
               (SELECT msgtime FROM message
                WHERE message.corp_id = gap.corp_id AND message.seq > last_seq ORDER BY seq LIMIT 1),
               idle_since, found, filled
             FROM gap WHERE corp_id = ?1 ORDER BY first_seq",
        )?;
        let mut rows = statement.query([corp_id])?;
        while let Some(row) = rows.next()? {
            if let Err(error) = each(&read(row)?) {
                return Ok(Err(error));
            }
        }
        Ok(Ok(()))
    }

    pub(crate) fn gap_totals(&self, corp_id: &str) -> Result<GapTotals, StoreError> {
        let totals = self
            .db
            .prepare_cached(
                "SELECT count(*) FILTER (WHERE missing > 0), coalesce(sum(missing), 0),
                   count(*) FILTER (WHERE missing > 0 AND reason = 'retention'),
                   coalesce(sum(missing) FILTER (WHERE reason = 'retention'), 0),
                   max(found) FILTER (WHERE missing > 0 AND reason = 'retention'),
                   count(*) FILTER (WHERE missing = 0)
                 FROM gap WHERE corp_id = ?1",
            )?
            .query_row([corp_id], |row| {
                Ok(GapTotals {
                    gaps: from_db(row.get(0)?),
                    seqs: from_db(row.get(1)?),
                    lost: from_db(row.get(2)?),
                    lost_seqs: from_db(row.get(3)?),
                    lost_latest: row.get(4)?,
                    filled: from_db(row.get(5)?),
                })
            })?;
        Ok(totals)
    }
}

fn read(row: &Row<'_>) -> rusqlite::Result<ListedGap> {
    let (first_seq, last_seq) = (from_db(row.get(1)?), from_db(row.get(2)?));
    Ok(ListedGap {
        corp_id: row.get(0)?,
        first_seq,
        last_seq,
        seqs: last_seq.saturating_sub(first_seq).saturating_add(1),
        missing: from_db(row.get(3)?),
        reason: row.get(4)?,
        msgtime_before: row.get(5)?,
        msgtime_after: row.get(6)?,
        idle_since: row.get(7)?,
        found: row.get(8)?,
        filled: row.get(9)?,
    })
}
