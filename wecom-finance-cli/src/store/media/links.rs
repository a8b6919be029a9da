//! Files that are stored already, under another message or another id.

use rusqlite::{Row, params};

use super::{Content, PendingMedia, StoredFile};
use crate::store::{Store, StoreError, from_db, to_db};

/// Where to look for a file that is stored already: the last ones that were, should the disk have lost the first.
const CANDIDATES: i64 = 4;

impl Store {
    /// What is stored under the same id, and may be this very file.
    pub(crate) fn stored_under_the_id(
        &self,
        corp_id: &str,
        media: &PendingMedia,
    ) -> Result<Vec<StoredFile>, StoreError> {
        let mut statement = self.db.prepare_cached(
            "SELECT DISTINCT file, content_md5, bytes FROM media INDEXED BY media_sdkfileid
             WHERE corp_id = ?1 AND sdkfileid = ?2 AND state = 'stored' AND content_md5 IS NOT NULL LIMIT ?3",
        )?;
        let stored = statement.query_map(params![corp_id, media.sdkfileid, CANDIDATES], read_stored)?;
        Ok(stored.collect::<Result<_, _>>()?)
    }

    /// What is stored with the same length and MD5.
    pub(crate) fn stored_with_content(
        &self,
        corp_id: &str,
        content: &Content,
    ) -> Result<Vec<StoredFile>, StoreError> {
        let mut statement = self.db.prepare_cached(
            "SELECT DISTINCT file, content_md5, bytes FROM media INDEXED BY media_content
             WHERE corp_id = ?1 AND content_md5 = ?2 AND bytes = ?3 AND state = 'stored' LIMIT ?4",
        )?;
        let bytes = i64::try_from(content.bytes).unwrap_or(i64::MAX);
        let stored = statement.query_map(params![corp_id, content.md5, bytes, CANDIDATES], read_stored)?;
        Ok(stored.collect::<Result<_, _>>()?)
    }

    /// Seq and position of the other files that are to be fetched under the same id.
    pub(crate) fn pending_under_the_id(
        &self,
        corp_id: &str,
        media: &PendingMedia,
    ) -> Result<Vec<(u64, u64)>, StoreError> {
        let mut statement = self.db.prepare_cached(
            "SELECT seq, position FROM media INDEXED BY media_sdkfileid
             WHERE corp_id = ?1 AND sdkfileid = ?2 AND state = 'pending' AND NOT (seq = ?3 AND position = ?4)",
        )?;
        let parameters = params![corp_id, media.sdkfileid, to_db(media.seq)?, to_db(media.position)?];
        let others =
            statement.query_map(parameters, |row| Ok((from_db(row.get(0)?), from_db(row.get(1)?))))?;
        Ok(others.collect::<Result<_, _>>()?)
    }
}

fn read_stored(row: &Row<'_>) -> rusqlite::Result<StoredFile> {
    Ok(StoredFile { file: row.get(0)?, content: Content { md5: row.get(1)?, bytes: from_db(row.get(2)?) } })
}
