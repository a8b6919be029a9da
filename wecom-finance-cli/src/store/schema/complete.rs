//! What an older version did not take from the texts it stored.

use rusqlite::{Row, Transaction, params};
use wecom_finance::Message;

use crate::store::StoreError;
use crate::store::opened::{NewMedia, insert_media, revokes};

/// Messages that are looked at together: all of them would be too many for the memory.
const BATCH: i64 = 1_000;

/// A stored message without what it lacks.
struct Incomplete {
    rowid: i64,
    corp_id: String,
    seq: i64,
    raw: Vec<u8>,
    has_media: bool,
}

/// Version 1 did not link revocations, and knew only files that are a message of their own. Files that WeCom has
/// forgotten since end up as expired.
pub(super) fn revocations_and_nested_files(db: &Transaction<'_>) -> Result<(), StoreError> {
    let mut select = db.prepare(
        "SELECT rowid, corp_id, seq, raw,
           EXISTS (SELECT 1 FROM media WHERE media.corp_id = message.corp_id AND media.seq = message.seq)
         FROM message WHERE rowid > ?1 AND (msgtype IS NULL OR msgtype <> 'text') ORDER BY rowid LIMIT ?2",
    )?;
    let mut link = db.prepare("UPDATE message SET revokes = ?2 WHERE rowid = ?1")?;
    let mut after = i64::MIN;
    loop {
        let batch: Vec<_> = select.query_map([after, BATCH], read)?.collect::<Result<_, _>>()?;
        let Some(last) = batch.last() else { return Ok(()) };
        after = last.rowid;
        for stored in &batch {
            // Only what was valid is in this table.
            let Ok(message) = Message::from_json(&stored.raw) else { continue };
            if let Some(revoked) = revokes(&message) {
                link.execute(params![stored.rowid, revoked])?;
            }
            if !stored.has_media {
                let media: Vec<NewMedia> = message.media().map(NewMedia::from).collect();
                insert_media(db, &stored.corp_id, stored.seq, &media)?;
            }
        }
    }
}

fn read(row: &Row<'_>) -> rusqlite::Result<Incomplete> {
    Ok(Incomplete {
        rowid: row.get(0)?,
        corp_id: row.get(1)?,
        seq: row.get(2)?,
        raw: row.get(3)?,
        has_media: row.get(4)?,
    })
}
