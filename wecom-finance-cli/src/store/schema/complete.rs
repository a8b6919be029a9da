//! What an older version did not take from the texts it stored.

use rusqlite::{Row, Transaction, params};
use wecom_finance::Message;

use crate::store::opened::{NewMedia, revokes};
use crate::store::{Retention, StoreError, now};

/// Messages that are looked at together: all of them would be too many for the memory.
const BATCH: i64 = 1_000;

/// Version 1 knew of files, and version 2 of their state; version 3 fetches them by deadline, and finds by its MD5 what it
/// has. What was given no name by the end of its run begins anew: parts have other names now.
pub(super) fn deadlines(db: &Transaction<'_>) -> Result<(), StoreError> {
    let now = now();
    let mut select = db.prepare(
        "SELECT media.rowid, message.msgtime FROM media JOIN message USING (corp_id, seq)
         WHERE media.rowid > ?1 ORDER BY media.rowid LIMIT ?2",
    )?;
    let mut update = db.prepare("UPDATE media SET deadline = ?2 WHERE rowid = ?1")?;
    let mut after = i64::MIN;
    loop {
        let batch: Vec<(i64, Option<i64>)> = select
            .query_map([after, BATCH], |row| Ok((row.get(0)?, row.get(1)?)))?
            .collect::<Result<_, _>>()?;
        let Some((last, _)) = batch.last() else { break };
        after = *last;
        for (rowid, msgtime) in batch {
            update.execute([rowid, Retention::default().deadline(msgtime, now)])?;
        }
    }
    db.execute("UPDATE media SET content_md5 = lower(trim(md5)) WHERE state = 'stored' AND md5_ok", [])?;
    Ok(())
}

/// Version 3 did not record holes. It stored what shows them, but not why they are there.
pub(super) fn holes(db: &Transaction<'_>) -> Result<(), StoreError> {
    db.execute(
        "INSERT INTO gap (corp_id, first_seq, last_seq, missing, reason, found)
         SELECT corp_id, seq + 1, next - 1, next - seq - 1, 'unexplained', ?1
         FROM (SELECT corp_id, seq, lead(seq) OVER (PARTITION BY corp_id ORDER BY seq) AS next FROM sealed) AS place
         WHERE next - seq - 1 > (SELECT count(*) FROM quarantine
                                 WHERE quarantine.corp_id = place.corp_id AND after_seq = place.seq AND seq IS NULL)",
        [now()],
    )?;
    Ok(())
}

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
                insert_media(db, stored, message.media().map(NewMedia::from))?;
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

/// As version 2 had the table.
fn insert_media(
    db: &Transaction<'_>,
    message: &Incomplete,
    media: impl Iterator<Item = NewMedia>,
) -> Result<(), StoreError> {
    let mut insert = db.prepare_cached(
        "INSERT INTO media (corp_id, seq, position, path, kind, sdkfileid, name, extension, size, md5, state)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, 'pending')",
    )?;
    for (position, media) in (0_i64..).zip(media) {
        insert.execute(params![
            message.corp_id,
            message.seq,
            position,
            media.path,
            media.kind,
            media.sdkfileid,
            media.name,
            media.extension,
            media.size.and_then(|size| i64::try_from(size).ok()),
            media.md5
        ])?;
    }
    Ok(())
}
