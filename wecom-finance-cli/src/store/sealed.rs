//! What WeCom handed out, still sealed.

use rusqlite::{OptionalExtension as _, Params, Transaction, TransactionBehavior, params};
use wecom_finance::{ChatPage, Gap, SealedMessage};

use super::gap::{self, FoundGap, Recorder};
use super::{Store, StoreError, count, from_db, to_db};

/// How much is opened at once: bounds the memory, whatever size messages have.
const BATCH_MESSAGES: usize = 1_000;
const BATCH_BYTES: usize = 16 << 20;

/// A message that was in hand so often when a run died is what it died of. Once or twice can be chance.
pub(crate) const DEADLY: u64 = 5;

/// What is stored of a page.
#[derive(Debug)]
pub(crate) struct Page<'a> {
    pub(crate) messages: &'a [SealedMessage],
    pub(crate) damaged: Vec<Damaged<'a>>,
    pub(crate) gaps: Vec<Gap>,
    pub(crate) last_seq: u64,
}

/// An item of a page that is no sealed message.
#[derive(Debug)]
pub(crate) struct Damaged<'a> {
    pub(crate) after: u64,
    pub(crate) raw: &'a [u8],
}

impl<'a> From<&'a ChatPage> for Page<'a> {
    fn from(page: &'a ChatPage) -> Self {
        Self {
            messages: page.messages(),
            damaged: page
                .malformed()
                .iter()
                .map(|item| Damaged { after: item.after, raw: &item.raw })
                .collect(),
            gaps: page.gaps(),
            last_seq: page.last_seq(),
        }
    }
}

/// What became of a page.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Appended {
    /// Messages that are there already.
    pub(crate) duplicates: u64,
    /// Items that went to the quarantine as they are.
    pub(crate) quarantined: u64,
    /// Holes that were not known.
    pub(crate) gaps: Vec<FoundGap>,
    /// How many known holes have no seq missing any more.
    pub(crate) gaps_filled: u64,
}

/// A batch of sealed messages, and how far in the stream it reaches.
#[derive(Debug, Default)]
pub(crate) struct Unopened {
    pub(crate) messages: Vec<SealedMessage>,
    pub(crate) last_seq: u64,
}

impl Store {
    /// Where to go on pulling.
    pub(crate) fn cursor(&self, corp_id: &str) -> Result<u64, StoreError> {
        let cursor: Option<i64> = self
            .db
            .prepare_cached("SELECT cursor FROM corp WHERE corp_id = ?1")?
            .query_row([corp_id], |row| row.get(0))
            .optional()?;
        Ok(cursor.map(from_db).unwrap_or_default())
    }

    /// Stores a page with the holes in front of it and inside, and moves the cursor behind it: all or nothing.
    pub(crate) fn append(&mut self, corp_id: &str, page: &Page<'_>) -> Result<Appended, StoreError> {
        let transaction = self.db.transaction_with_behavior(TransactionBehavior::Immediate)?;
        // First, because everything else refers to it.
        transaction.execute(
            "INSERT INTO corp (corp_id, cursor) VALUES (?1, ?2)
             ON CONFLICT (corp_id) DO UPDATE SET cursor = max(cursor, excluded.cursor)",
            params![corp_id, to_db(page.last_seq)?],
        )?;
        let recorder = Recorder::begin(&transaction, corp_id, &page.gaps, self.retention)?;
        let mut appended = Appended::default();
        let mut new = Vec::with_capacity(page.messages.len());
        for message in page.messages {
            match append_sealed(&transaction, corp_id, message)? {
                Place::Free => new.push(to_db(message.seq)?),
                Place::TakenByItself => appended.duplicates += 1,
                Place::TakenByAnother => {
                    let detail = "another message has the same seq";
                    let content = as_json(message);
                    let kept = quarantine(&transaction, corp_id, message.seq, detail, content.as_bytes())?;
                    appended.quarantined += kept;
                    appended.duplicates += 1 - kept.min(1);
                }
            }
        }
        for item in &page.damaged {
            let detail = "an item of the page is not a sealed message";
            let kept = quarantine(&transaction, corp_id, item.after, detail, item.raw)?;
            appended.quarantined += kept;
            appended.duplicates += 1 - kept.min(1);
        }
        appended.gaps_filled = gap::fill(&transaction, corp_id, &mut new)?;
        appended.gaps = recorder.record(&transaction, corp_id, &page.gaps)?;
        transaction.commit()?;
        Ok(appended)
    }

    /// The next messages that were stored and not opened yet.
    pub(crate) fn unopened(&self, corp_id: &str) -> Result<Unopened, StoreError> {
        self.batch(
            "SELECT seq, msgid, publickey_ver, encrypt_random_key, encrypt_chat_msg FROM sealed
             WHERE corp_id = ?1 AND state = 'new' ORDER BY seq",
            params![corp_id],
        )
    }

    /// The next messages after `after` that are in quarantine and can be tried again.
    pub(crate) fn quarantined(&self, corp_id: &str, after: u64) -> Result<Unopened, StoreError> {
        self.batch(
            "SELECT seq, msgid, publickey_ver, encrypt_random_key, encrypt_chat_msg FROM sealed
             WHERE corp_id = ?1 AND seq > ?2 AND state = 'quarantined' AND attempts < ?3
             AND EXISTS (SELECT 1 FROM quarantine AS q WHERE q.corp_id = ?1 AND q.seq = sealed.seq
                         AND q.reason <> 'malformed')
             ORDER BY seq",
            params![corp_id, to_db(after)?, to_db(DEADLY)?],
        )
    }

    /// Notes that this message is about to be opened by itself. Tells how often that was so before, without an end that
    /// was noted, too.
    pub(crate) fn begin_attempt(&mut self, corp_id: &str, seq: u64) -> Result<u64, StoreError> {
        let attempts: i64 = self
            .db
            .prepare_cached(
                "UPDATE sealed SET attempts = attempts + 1 WHERE corp_id = ?1 AND seq = ?2 RETURNING attempts",
            )?
            .query_row(params![corp_id, to_db(seq)?], |row| row.get(0))?;
        Ok(from_db(attempts).saturating_sub(1))
    }

    /// The newest messages as WeCom sealed them, the newest first.
    pub(crate) fn newest_sealed(
        &self,
        corp_id: &str,
        limit: usize,
    ) -> Result<Vec<SealedMessage>, StoreError> {
        let batch = self.batch(
            "SELECT seq, msgid, publickey_ver, encrypt_random_key, encrypt_chat_msg FROM sealed
             WHERE corp_id = ?1 ORDER BY seq DESC LIMIT ?2",
            params![corp_id, i64::try_from(limit).unwrap_or(i64::MAX)],
        )?;
        Ok(batch.messages)
    }

    fn batch(&self, sql: &str, parameters: impl Params) -> Result<Unopened, StoreError> {
        let mut statement = self.db.prepare_cached(sql)?;
        let mut rows = statement.query(parameters)?;
        let mut batch = Unopened::default();
        let mut bytes = 0_usize;
        while batch.messages.len() < BATCH_MESSAGES && bytes < BATCH_BYTES {
            let Some(row) = rows.next()? else { break };
            let seq = from_db(row.get(0)?);
            let (msgid, publickey_ver): (String, u32) = (row.get(1)?, row.get(2)?);
            let (random_key, chat_msg): (String, String) = (row.get(3)?, row.get(4)?);
            bytes = bytes.saturating_add(random_key.len()).saturating_add(chat_msg.len());
            batch.last_seq = seq;
            batch.messages.push(SealedMessage::new(seq, msgid, publickey_ver, random_key, chat_msg));
        }
        Ok(batch)
    }
}

enum Place {
    Free,
    TakenByItself,
    TakenByAnother,
}

fn append_sealed(db: &Transaction<'_>, corp_id: &str, message: &SealedMessage) -> Result<Place, StoreError> {
    let seq = to_db(message.seq)?;
    let added = db
        .prepare_cached(
            "INSERT INTO sealed
             (corp_id, seq, msgid, publickey_ver, encrypt_random_key, encrypt_chat_msg, state)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, 'new') ON CONFLICT DO NOTHING",
        )?
        .execute(params![
            corp_id,
            seq,
            message.msgid(),
            message.publickey_ver,
            message.encrypt_random_key(),
            message.encrypt_chat_msg()
        ])?;
    if added == 1 {
        return Ok(Place::Free);
    }
    let itself: bool = db
        .prepare_cached(
            "SELECT msgid = ?3 AND (msgid <> '' OR encrypt_chat_msg = ?4) FROM sealed
             WHERE corp_id = ?1 AND seq = ?2",
        )?
        .query_row(params![corp_id, seq, message.msgid(), message.encrypt_chat_msg()], |row| row.get(0))?;
    Ok(if itself { Place::TakenByItself } else { Place::TakenByAnother })
}

/// Keeps what has no place of its own, once. Tells how many rows that made.
fn quarantine(
    db: &Transaction<'_>,
    corp_id: &str,
    after: u64,
    detail: &str,
    content: &[u8],
) -> Result<u64, StoreError> {
    let added = db.execute(
        "INSERT INTO quarantine (corp_id, after_seq, reason, detail, content)
         SELECT ?1, ?2, 'malformed', ?3, ?4
         WHERE NOT EXISTS (SELECT 1 FROM quarantine WHERE corp_id = ?1 AND after_seq = ?2 AND content = ?4)",
        params![corp_id, to_db(after)?, detail, content],
    )?;
    Ok(count(added))
}

/// The item as WeCom writes it.
fn as_json(message: &SealedMessage) -> String {
    serde_json::json!({
        "seq": message.seq,
        "msgid": message.msgid(),
        "publickey_ver": message.publickey_ver,
        "encrypt_random_key": message.encrypt_random_key(),
        "encrypt_chat_msg": message.encrypt_chat_msg(),
    })
    .to_string()
}
