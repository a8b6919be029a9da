//! What other programs read: one object for each message.

use std::io;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rusqlite::{CachedStatement, Row, params};
use serde::Serialize;
use serde_json::value::RawValue;

use super::{Store, StoreError, from_db};

/// An opened message, as the contract of `export` lays it out.
#[derive(Debug, Serialize)]
pub(crate) struct ExportedMessage {
    corp_id: String,
    seq: u64,
    msgid: String,
    publickey_ver: u32,
    action: Option<String>,
    msgtype: Option<String>,
    from: Option<String>,
    tolist: Option<Box<RawValue>>,
    roomid: Option<String>,
    msgtime: Option<i64>,
    raw: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    raw_base64: Option<String>,
    media: Vec<ExportedMedia>,
    /// The msgid of the first message that takes it back, and of the message that it takes back.
    revoked_by: Option<String>,
    revokes: Option<String>,
}

/// A file of a message, likewise.
#[derive(Debug, Serialize)]
pub(crate) struct ExportedMedia {
    path: String,
    kind: String,
    sdkfileid: String,
    state: String,
    file: Option<String>,
    bytes: Option<i64>,
    md5: Option<String>,
    md5_ok: Option<bool>,
    /// Why it is not stored, or what its message says otherwise.
    reason: Option<String>,
    attempts: u64,
    /// When WeCom is expected to forget it, and when it is tried again: milliseconds since 1970.
    deadline: i64,
    next_try: Option<i64>,
}

/// A message in quarantine, likewise.
#[derive(Debug, Serialize)]
pub(crate) struct ExportedQuarantine {
    corp_id: String,
    seq: Option<i64>,
    msgid: Option<String>,
    publickey_ver: Option<u32>,
    reason: String,
    detail: String,
}

impl Store {
    /// Hands out every opened message of a corp in order of seq, without ever holding more than one, until `each`
    /// fails.
    pub(crate) fn export(
        &mut self,
        corp_id: &str,
        mut each: impl FnMut(&ExportedMessage) -> io::Result<()>,
    ) -> Result<io::Result<()>, StoreError> {
        // One transaction: a run that goes on meanwhile does not show half of its work.
        let transaction = self.db.transaction()?;
        // Without a word about the index, SQLite looks for revocations among all messages, for each of them.
        let mut messages = transaction.prepare_cached(
            r#"SELECT corp_id, seq, msgid, publickey_ver, action, msgtype, "from", tolist, roomid, msgtime, raw,
                 revokes,
                 (SELECT other.msgid FROM message AS other INDEXED BY message_revokes
                  WHERE other.corp_id = message.corp_id AND other.revokes = message.msgid
                    AND other.seq <> message.seq AND message.msgid <> ''
                  ORDER BY other.seq LIMIT 1)
               FROM message WHERE corp_id = ?1 ORDER BY seq"#,
        )?;
        let mut media = transaction.prepare_cached(
            "SELECT path, kind, sdkfileid, state, iif(state = 'stored', file, NULL),
               iif(state = 'stored', bytes, NULL), md5, md5_ok, reason, attempts, deadline,
               iif(state = 'pending', next_try, NULL)
             FROM media WHERE corp_id = ?1 AND seq = ?2 ORDER BY position",
        )?;
        let mut rows = messages.query([corp_id])?;
        while let Some(row) = rows.next()? {
            let mut message = read_message(row)?;
            message.media = read_media(&mut media, &message.corp_id, row.get(1)?)?;
            if let Err(error) = each(&message) {
                return Ok(Err(error));
            }
        }
        Ok(Ok(()))
    }

    /// Hands out what is in quarantine, likewise.
    pub(crate) fn export_quarantine(
        &mut self,
        corp_id: &str,
        mut each: impl FnMut(&ExportedQuarantine) -> io::Result<()>,
    ) -> Result<io::Result<()>, StoreError> {
        let mut statement = self.db.prepare_cached(
            "SELECT corp_id, seq, msgid, publickey_ver, reason, detail FROM quarantine
             WHERE corp_id = ?1 ORDER BY after_seq, id",
        )?;
        let mut rows = statement.query([corp_id])?;
        while let Some(row) = rows.next()? {
            let quarantined = ExportedQuarantine {
                corp_id: row.get(0)?,
                seq: row.get(1)?,
                msgid: row.get(2)?,
                publickey_ver: row.get(3)?,
                reason: row.get(4)?,
                detail: row.get(5)?,
            };
            if let Err(error) = each(&quarantined) {
                return Ok(Err(error));
            }
        }
        Ok(Ok(()))
    }
}

fn read_message(row: &Row<'_>) -> Result<ExportedMessage, StoreError> {
    let tolist: Option<String> = row.get(7)?;
    let (raw, raw_base64) = match String::from_utf8(row.get(10)?) {
        Ok(text) => (Some(text), None),
        Err(error) => (None, Some(STANDARD.encode(error.as_bytes()))),
    };
    Ok(ExportedMessage {
        corp_id: row.get(0)?,
        seq: from_db(row.get(1)?),
        msgid: row.get(2)?,
        publickey_ver: row.get(3)?,
        action: row.get(4)?,
        msgtype: row.get(5)?,
        from: row.get(6)?,
        tolist: tolist.and_then(|list| RawValue::from_string(list).ok()),
        roomid: row.get(8)?,
        msgtime: row.get(9)?,
        raw,
        raw_base64,
        media: Vec::new(),
        revokes: row.get(11)?,
        revoked_by: row.get(12)?,
    })
}

fn read_media(
    statement: &mut CachedStatement<'_>,
    corp_id: &str,
    seq: i64,
) -> Result<Vec<ExportedMedia>, StoreError> {
    let media = statement.query_map(params![corp_id, seq], |row| {
        Ok(ExportedMedia {
            path: row.get(0)?,
            kind: row.get(1)?,
            sdkfileid: row.get(2)?,
            state: row.get(3)?,
            file: row.get(4)?,
            bytes: row.get(5)?,
            md5: row.get(6)?,
            md5_ok: row.get(7)?,
            reason: row.get(8)?,
            attempts: from_db(row.get(9)?),
            deadline: row.get(10)?,
            next_try: row.get(11)?,
        })
    })?;
    Ok(media.collect::<Result<_, _>>()?)
}
