//! Questions about the whole archive of a corp.

use rusqlite::{OptionalExtension as _, params};

use super::{Store, StoreError, from_db};

/// How many messages are in quarantine for one reason.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct QuarantineReason {
    pub(crate) reason: String,
    /// The key version, where that is what is missing.
    pub(crate) publickey_ver: Option<u32>,
    pub(crate) messages: u64,
}

impl Store {
    /// The corps that the database holds, in order.
    pub(crate) fn corps(&self) -> Result<Vec<String>, StoreError> {
        let mut statement = self.db.prepare_cached("SELECT corp_id FROM corp ORDER BY corp_id")?;
        let corps = statement.query_map([], |row| row.get(0))?;
        Ok(corps.collect::<Result<_, _>>()?)
    }

    /// What is in quarantine, by reason.
    pub(crate) fn quarantine_reasons(&self, corp_id: &str) -> Result<Vec<QuarantineReason>, StoreError> {
        let mut statement = self.db.prepare_cached(
            "SELECT reason, CASE reason WHEN 'missing_key' THEN publickey_ver END AS version, count(*)
             FROM quarantine WHERE corp_id = ?1 GROUP BY 1, 2 ORDER BY 1, 2",
        )?;
        let reasons = statement.query_map([corp_id], |row| {
            Ok(QuarantineReason {
                reason: row.get(0)?,
                publickey_ver: row.get(1)?,
                messages: from_db(row.get(2)?),
            })
        })?;
        Ok(reasons.collect::<Result<_, _>>()?)
    }

    /// How many files are still to be fetched.
    pub(crate) fn count_pending_media(&self, corp_id: &str) -> Result<u64, StoreError> {
        self.count_pending_until(corp_id, i64::MAX)
    }

    /// Of those, how many have a deadline up to this moment, in milliseconds.
    pub(crate) fn count_pending_until(&self, corp_id: &str, deadline: i64) -> Result<u64, StoreError> {
        let pending = self
            .db
            .prepare_cached(
                "SELECT count(*) FROM media INDEXED BY media_due
                 WHERE corp_id = ?1 AND state = 'pending' AND deadline <= ?2",
            )?
            .query_row(params![corp_id, deadline], |row| row.get(0))?;
        Ok(from_db(pending))
    }

    /// The nearest deadline after `after` among the files that are still to be fetched, in milliseconds.
    pub(crate) fn nearest_deadline(&self, corp_id: &str, after: i64) -> Result<Option<i64>, StoreError> {
        Ok(self
            .db
            .prepare_cached(
                "SELECT deadline FROM media INDEXED BY media_due
                 WHERE corp_id = ?1 AND state = 'pending' AND deadline > ?2 ORDER BY deadline LIMIT 1",
            )?
            .query_row(params![corp_id, after], |row| row.get(0))
            .optional()?)
    }

    /// When the last message of the corp's stream was sent, if it says so.
    pub(crate) fn latest_msgtime(&self, corp_id: &str) -> Result<Option<i64>, StoreError> {
        let msgtime = self
            .db
            .prepare_cached("SELECT msgtime FROM message WHERE corp_id = ?1 ORDER BY seq DESC LIMIT 1")?
            .query_row([corp_id], |row| row.get(0))
            .optional()?;
        Ok(msgtime.flatten())
    }
}
