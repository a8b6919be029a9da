//! The files of messages.

use rusqlite::{Row, params};

use super::{Store, StoreError, from_db, to_db};

/// A failed file of a following run rests for a minute, then twice as long each time, up to about 8 hours.
const FIRST_REST_MILLIS: i64 = 60_000;
const MAX_DOUBLINGS: i64 = 9;

/// A file that is to be fetched.
#[derive(Clone, Debug)]
pub(crate) struct PendingMedia {
    pub(crate) seq: u64,
    pub(crate) position: u64,
    pub(crate) sdkfileid: String,
    pub(crate) extension: Option<String>,
    pub(crate) size: Option<u64>,
    pub(crate) md5: Option<String>,
}

/// What became of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum MediaOutcome {
    Stored {
        /// Relative to the media directory, with `/` between its parts.
        file: String,
        bytes: u64,
        md5_ok: Option<bool>,
    },
    /// WeCom does not have it any more.
    Expired { reason: String },
    /// Trying again is of no use.
    Failed { reason: String },
    /// It may work another time.
    Pending { reason: String },
}

impl Store {
    /// The next files to fetch, those that failed least often first. `pass` is when this pass over the files began, in
    /// milliseconds: no file comes twice in one. With `rested`, files that failed lately are left alone.
    pub(crate) fn pending_media(
        &self,
        corp_id: &str,
        pass: i64,
        rested: bool,
        limit: usize,
    ) -> Result<Vec<PendingMedia>, StoreError> {
        let mut statement = self.db.prepare_cached(
            "SELECT seq, position, sdkfileid, extension, size, md5 FROM media
             WHERE corp_id = ?1 AND state = 'pending' AND attempted <> ?2
             AND (attempts = 0 OR NOT ?3 OR attempted + (?4 << min(attempts - 1, ?5)) <= ?2)
             ORDER BY attempts, seq, position LIMIT ?6",
        )?;
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let parameters = params![corp_id, pass, rested, FIRST_REST_MILLIS, MAX_DOUBLINGS, limit];
        let pending = statement.query_map(parameters, read_pending)?;
        Ok(pending.collect::<Result<_, _>>()?)
    }

    /// Stores what became of a file in the pass that began at `pass`.
    pub(crate) fn record_media(
        &mut self,
        corp_id: &str,
        pass: i64,
        media: &PendingMedia,
        outcome: &MediaOutcome,
    ) -> Result<(), StoreError> {
        let (state, file, bytes, md5_ok, reason) = match outcome {
            MediaOutcome::Stored { file, bytes, md5_ok } => {
                ("stored", Some(file.as_str()), i64::try_from(*bytes).ok(), *md5_ok, None)
            }
            MediaOutcome::Expired { reason } => ("expired", None, None, None, Some(reason.as_str())),
            MediaOutcome::Failed { reason } => ("failed", None, None, None, Some(reason.as_str())),
            MediaOutcome::Pending { reason } => ("pending", None, None, None, Some(reason.as_str())),
        };
        self.db
            .prepare_cached(
                "UPDATE media SET state = ?4, file = ?5, bytes = ?6, md5_ok = ?7, reason = ?8,
                 attempts = attempts + 1, attempted = ?9
                 WHERE corp_id = ?1 AND seq = ?2 AND position = ?3",
            )?
            .execute(params![
                corp_id,
                to_db(media.seq)?,
                to_db(media.position)?,
                state,
                file,
                bytes,
                md5_ok,
                reason,
                pass
            ])?;
        Ok(())
    }

    /// How many files are still to be fetched.
    pub(crate) fn count_pending_media(&self, corp_id: &str) -> Result<u64, StoreError> {
        let pending = self
            .db
            .prepare_cached("SELECT count(*) FROM media WHERE corp_id = ?1 AND state = 'pending'")?
            .query_row([corp_id], |row| row.get(0))?;
        Ok(from_db(pending))
    }
}

fn read_pending(row: &Row<'_>) -> rusqlite::Result<PendingMedia> {
    Ok(PendingMedia {
        seq: from_db(row.get(0)?),
        position: from_db(row.get(1)?),
        sdkfileid: row.get(2)?,
        extension: row.get(3)?,
        size: row.get::<_, Option<i64>>(4)?.map(from_db),
        md5: row.get(5)?,
    })
}
