//! What became of sealed messages.

use std::collections::BTreeMap;

use bytes::Bytes;
use rusqlite::{Transaction, TransactionBehavior, params};
use wecom_finance::{Body, MediaReference, Message};

use super::{Store, StoreError, now, to_db};

/// What became of one sealed message.
#[derive(Clone, Debug)]
pub(crate) enum Outcome {
    Opened(NewMessage),
    Unopened(NewQuarantine),
}

/// An opened message.
#[derive(Clone, Debug, Default)]
pub(crate) struct NewMessage {
    pub(crate) seq: u64,
    pub(crate) msgid: String,
    pub(crate) publickey_ver: u32,
    pub(crate) action: Option<String>,
    pub(crate) msgtype: Option<String>,
    pub(crate) from: Option<String>,
    /// A JSON array.
    pub(crate) tolist: Option<String>,
    pub(crate) roomid: Option<String>,
    pub(crate) msgtime: Option<i64>,
    pub(crate) raw: Bytes,
    /// The msgid that it takes back, if that is what it does.
    pub(crate) revokes: Option<String>,
    pub(crate) media: Vec<NewMedia>,
}

/// A file that a message refers to.
#[derive(Clone, Debug, Default)]
pub(crate) struct NewMedia {
    pub(crate) path: String,
    pub(crate) kind: &'static str,
    pub(crate) sdkfileid: String,
    pub(crate) name: Option<String>,
    pub(crate) extension: Option<String>,
    pub(crate) size: Option<u64>,
    pub(crate) md5: Option<String>,
}

impl From<MediaReference> for NewMedia {
    fn from(media: MediaReference) -> Self {
        Self {
            kind: media.kind.as_str(),
            sdkfileid: media.file_id().to_owned(),
            name: media.file_name().map(str::to_owned),
            extension: media.extension().map(str::to_owned),
            size: media.size(),
            md5: media.md5().filter(|md5| !md5.is_empty()).map(str::to_owned),
            path: media.path,
        }
    }
}

/// The msgid of what the message takes back, if that is what it does.
pub(crate) fn revokes(message: &Message) -> Option<&str> {
    let Message::Chat(chat) = message else { return None };
    let Body::Revoke(revoke) = &chat.body else { return None };
    Some(revoke.pre_msgid.as_str()).filter(|msgid| !msgid.is_empty())
}

/// A message that cannot be opened or read.
#[derive(Clone, Debug, Default)]
pub(crate) struct NewQuarantine {
    pub(crate) seq: u64,
    pub(crate) msgid: String,
    pub(crate) publickey_ver: u32,
    pub(crate) reason: &'static str,
    pub(crate) detail: String,
    pub(crate) content: Option<Bytes>,
}

/// Where the messages of a batch ended up.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Recorded {
    pub(crate) stored: u64,
    /// The stored ones by type.
    pub(crate) types: BTreeMap<String, u64>,
    pub(crate) duplicates: u64,
    pub(crate) quarantined: u64,
}

impl Store {
    /// Stores what became of a batch of sealed messages: of all or of none. Messages that were in quarantine leave it
    /// if they were opened.
    pub(crate) fn record(&mut self, corp_id: &str, outcomes: &[Outcome]) -> Result<Recorded, StoreError> {
        let now = now();
        let transaction = self.db.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let mut recorded = Recorded::default();
        for outcome in outcomes {
            match outcome {
                Outcome::Opened(message) if is_duplicate(&transaction, corp_id, message)? => {
                    leave_quarantine(&transaction, corp_id, message.seq)?;
                    set_state(&transaction, corp_id, message.seq, "duplicate")?;
                    recorded.duplicates += 1;
                }
                Outcome::Opened(message) => {
                    leave_quarantine(&transaction, corp_id, message.seq)?;
                    let deadline = self.retention.deadline(message.msgtime, now);
                    insert_message(&transaction, corp_id, message, deadline)?;
                    set_state(&transaction, corp_id, message.seq, "opened")?;
                    recorded.stored += 1;
                    let msgtype = message.msgtype.as_ref().or(message.action.as_ref());
                    *recorded.types.entry(msgtype.cloned().unwrap_or_default()).or_default() += 1;
                }
                Outcome::Unopened(unopened) => {
                    insert_quarantine(&transaction, corp_id, unopened)?;
                    set_state(&transaction, corp_id, unopened.seq, "quarantined")?;
                    recorded.quarantined += 1;
                }
            }
        }
        transaction.commit()?;
        Ok(recorded)
    }
}

/// WeCom hands out some messages twice, under two seqs. Other content under the same msgid is another message.
fn is_duplicate(db: &Transaction<'_>, corp_id: &str, message: &NewMessage) -> Result<bool, StoreError> {
    if message.msgid.is_empty() {
        return Ok(false);
    }
    let mut statement = db.prepare_cached(
        "SELECT EXISTS (SELECT 1 FROM message WHERE corp_id = ?1 AND msgid = ?2 AND seq <> ?3 AND raw = ?4)",
    )?;
    let parameters = params![corp_id, message.msgid, to_db(message.seq)?, &*message.raw];
    Ok(statement.query_row(parameters, |row| row.get(0))?)
}

/// Stores a message, and its files until `deadline`.
fn insert_message(
    db: &Transaction<'_>,
    corp_id: &str,
    message: &NewMessage,
    deadline: i64,
) -> Result<(), StoreError> {
    let seq = to_db(message.seq)?;
    db.prepare_cached(
        r#"INSERT INTO message
           (corp_id, seq, msgid, publickey_ver, action, msgtype, "from", tolist, roomid, msgtime, raw, revokes)
           VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)"#,
    )?
    .execute(params![
        corp_id,
        seq,
        message.msgid,
        message.publickey_ver,
        message.action,
        message.msgtype,
        message.from,
        message.tolist,
        message.roomid,
        message.msgtime,
        &*message.raw,
        message.revokes
    ])?;
    for (position, media) in (0_i64..).zip(&message.media) {
        db.prepare_cached(
            "INSERT INTO media
             (corp_id, seq, position, path, kind, sdkfileid, name, extension, size, md5, state, deadline)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, 'pending', ?11)",
        )?
        .execute(params![
            corp_id,
            seq,
            position,
            media.path,
            media.kind,
            media.sdkfileid,
            media.name,
            media.extension,
            media.size.and_then(|size| i64::try_from(size).ok()),
            media.md5,
            deadline
        ])?;
    }
    Ok(())
}

fn insert_quarantine(
    db: &Transaction<'_>,
    corp_id: &str,
    unopened: &NewQuarantine,
) -> Result<(), StoreError> {
    db.prepare_cached(
        "INSERT INTO quarantine (corp_id, seq, after_seq, msgid, publickey_ver, reason, detail, content)
         VALUES (?1, ?2, ?2, ?3, ?4, ?5, ?6, ?7)
         ON CONFLICT (corp_id, seq) WHERE seq IS NOT NULL DO UPDATE
         SET reason = excluded.reason, detail = excluded.detail, content = excluded.content",
    )?
    .execute(params![
        corp_id,
        to_db(unopened.seq)?,
        unopened.msgid,
        unopened.publickey_ver,
        unopened.reason,
        unopened.detail,
        unopened.content.as_deref()
    ])?;
    Ok(())
}

fn leave_quarantine(db: &Transaction<'_>, corp_id: &str, seq: u64) -> Result<(), StoreError> {
    db.prepare_cached("DELETE FROM quarantine WHERE corp_id = ?1 AND seq = ?2")?
        .execute(params![corp_id, to_db(seq)?])?;
    Ok(())
}

fn set_state(db: &Transaction<'_>, corp_id: &str, seq: u64, state: &str) -> Result<(), StoreError> {
    db.prepare_cached("UPDATE sealed SET state = ?3 WHERE corp_id = ?1 AND seq = ?2")?.execute(params![
        corp_id,
        to_db(seq)?,
        state
    ])?;
    Ok(())
}
