//! The files of messages: a queue, served in the order of their deadlines.

mod links;
mod record;

use rusqlite::{OptionalExtension as _, Params, Row, params};

use super::deadline::millis;
use super::fate::{GRACE, longest_rest};
use super::{Store, StoreError, from_db, to_db};

pub(crate) use record::{MediaOutcome, RecordedMedia};

/// A file that is to be fetched.
#[derive(Clone, Debug, Default)]
pub(crate) struct PendingMedia {
    pub(crate) seq: u64,
    pub(crate) position: u64,
    pub(crate) kind: String,
    pub(crate) sdkfileid: String,
    pub(crate) name: Option<String>,
    pub(crate) extension: Option<String>,
    pub(crate) size: Option<u64>,
    /// As the message has it.
    pub(crate) md5: Option<String>,
    /// How much of it is safely in its part on the disk.
    pub(crate) done: Option<Checkpoint>,
    /// The name that it was about to get when an earlier run ended.
    pub(crate) settling: Option<StoredFile>,
}

/// How far a file has come, and how to go on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Checkpoint {
    pub(crate) bytes: u64,
    /// The text of an index token.
    pub(crate) token: String,
}

/// What a file holds.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Content {
    /// 32 hex digits in lower case.
    pub(crate) md5: String,
    pub(crate) bytes: u64,
}

/// A file that is kept, or is about to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct StoredFile {
    /// Relative to the media directory, with `/` between its parts.
    pub(crate) file: String,
    pub(crate) content: Content,
}

impl PendingMedia {
    /// What it will hold, if its message can be believed: the MD5s of emotions cannot.
    pub(crate) fn announced(&self) -> Option<Content> {
        let md5 = normal_md5(self.md5.as_deref()?).filter(|_md5| self.kind != "emotion")?;
        Some(Content { md5, bytes: self.size? })
    }
}

/// An MD5 of a message in the form that is compared: `None` if it is none at all.
fn normal_md5(md5: &str) -> Option<String> {
    let md5 = md5.trim();
    (!md5.is_empty()).then(|| md5.to_ascii_lowercase())
}

const PENDING: &str = "SELECT seq, position, kind, sdkfileid, name, extension, size, md5, bytes_done, token, file, \
     content_md5, bytes FROM media INDEXED BY media_due WHERE corp_id = ?1 AND state = 'pending'";

impl Store {
    /// The next file to fetch: the one with the nearest deadline among those that are due and that `is_free`. Those whose
    /// time has been over for long come last: they are probably gone, and must not keep others waiting.
    pub(crate) fn due_media(
        &self,
        corp_id: &str,
        now: i64,
        is_free: impl Fn(&PendingMedia) -> bool,
    ) -> Result<Option<PendingMedia>, StoreError> {
        let too_far = now.saturating_add(longest_rest());
        let long_over = now.saturating_sub(millis(GRACE));
        let parameters = params![corp_id, now, too_far, long_over];
        let due = format!("{PENDING} AND (next_try <= ?2 OR next_try > ?3)");
        let in_time = format!("{due} AND deadline >= ?4 ORDER BY deadline, seq, position");
        let found = self.first_free(&in_time, parameters, &is_free)?;
        if found.is_some() {
            return Ok(found);
        }
        let over = format!("{due} AND deadline < ?4 ORDER BY deadline DESC, seq DESC, position DESC");
        self.first_free(&over, parameters, &is_free)
    }

    /// The files that were about to get their names when an earlier run ended.
    pub(crate) fn unsettled_media(&self, corp_id: &str) -> Result<Vec<PendingMedia>, StoreError> {
        let mut statement = self.db.prepare(&format!("{PENDING} AND file IS NOT NULL"))?;
        let unsettled = statement.query_map([corp_id], read_pending)?;
        Ok(unsettled.collect::<Result<_, _>>()?)
    }

    fn first_free(
        &self,
        sql: &str,
        parameters: impl Params,
        is_free: impl Fn(&PendingMedia) -> bool,
    ) -> Result<Option<PendingMedia>, StoreError> {
        let mut statement = self.db.prepare_cached(sql)?;
        let mut rows = statement.query(parameters)?;
        while let Some(row) = rows.next()? {
            let media = read_pending(row)?;
            if is_free(&media) {
                return Ok(Some(media));
            }
        }
        Ok(None)
    }

    /// When the next pending file becomes due after `now`, in milliseconds.
    pub(crate) fn next_media_try(&self, corp_id: &str, now: i64) -> Result<Option<i64>, StoreError> {
        Ok(self
            .db
            .prepare_cached(
                "SELECT next_try FROM media INDEXED BY media_next_try
                 WHERE corp_id = ?1 AND state = 'pending' AND next_try > ?2 ORDER BY next_try LIMIT 1",
            )?
            .query_row(params![corp_id, now], |row| row.get(0))
            .optional()?)
    }

    /// Makes every pending file due at once.
    pub(crate) fn end_rests(&mut self, corp_id: &str) -> Result<(), StoreError> {
        self.db.execute(
            "UPDATE media SET next_try = 0 WHERE corp_id = ?1 AND state = 'pending' AND next_try <> 0",
            [corp_id],
        )?;
        Ok(())
    }

    /// Notes how much of a file is safely on the disk.
    pub(crate) fn checkpoint_media(
        &mut self,
        corp_id: &str,
        media: &PendingMedia,
        done: Option<&Checkpoint>,
    ) -> Result<(), StoreError> {
        let bytes = done.map_or(0, |done| i64::try_from(done.bytes).unwrap_or(i64::MAX));
        self.db
            .prepare_cached(
                "UPDATE media SET bytes_done = ?4, token = ?5
                 WHERE corp_id = ?1 AND seq = ?2 AND position = ?3 AND state = 'pending'",
            )?
            .execute(params![
                corp_id,
                to_db(media.seq)?,
                to_db(media.position)?,
                bytes,
                done.map(|done| done.token.as_str())
            ])?;
        Ok(())
    }

    /// Notes the name that a whole file is about to get. Should the process end before it is recorded as stored, the next
    /// one finds it by that name.
    pub(crate) fn settling_media(
        &mut self,
        corp_id: &str,
        media: &PendingMedia,
        settling: Option<&StoredFile>,
    ) -> Result<(), StoreError> {
        self.db
            .prepare_cached(
                "UPDATE media SET file = ?4, content_md5 = ?5, bytes = ?6
                 WHERE corp_id = ?1 AND seq = ?2 AND position = ?3 AND state = 'pending'",
            )?
            .execute(params![
                corp_id,
                to_db(media.seq)?,
                to_db(media.position)?,
                settling.map(|stored| stored.file.as_str()),
                settling.map(|stored| stored.content.md5.as_str()),
                settling.and_then(|stored| i64::try_from(stored.content.bytes).ok())
            ])?;
        Ok(())
    }
}

fn read_pending(row: &Row<'_>) -> rusqlite::Result<PendingMedia> {
    let (bytes_done, token): (i64, Option<String>) = (row.get(8)?, row.get(9)?);
    let (file, content_md5): (Option<String>, Option<String>) = (row.get(10)?, row.get(11)?);
    let bytes: Option<i64> = row.get(12)?;
    Ok(PendingMedia {
        seq: from_db(row.get(0)?),
        position: from_db(row.get(1)?),
        kind: row.get(2)?,
        sdkfileid: row.get(3)?,
        name: row.get(4)?,
        extension: row.get(5)?,
        size: row.get::<_, Option<i64>>(6)?.map(from_db),
        md5: row.get(7)?,
        done: token
            .map(|token| Checkpoint { bytes: from_db(bytes_done), token })
            .filter(|done| done.bytes > 0),
        settling: file
            .zip(content_md5)
            .zip(bytes)
            .map(|((file, md5), bytes)| StoredFile { file, content: Content { md5, bytes: from_db(bytes) } }),
    })
}

#[cfg(test)]
mod tests;
