//! What became of a file, for every message that refers to it by the same id.

use rusqlite::{Row, Transaction, TransactionBehavior, params};

use super::{Content, PendingMedia, StoredFile, normal_md5};
use crate::store::fate::{self, Fate, Known, Missed};
use crate::store::{Store, StoreError, from_db, to_db};

/// What became of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum MediaOutcome {
    /// It is kept.
    Stored {
        stored: StoredFile,
        /// It was there already, under another message.
        is_link: bool,
    },
    /// WeCom does not have it any more.
    Expired { reason: String },
    /// Trying again is of no use.
    Failed { reason: String },
    /// It may work another time.
    Missed(Missed),
}

/// What was recorded: how many references to files changed, and to what.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct RecordedMedia {
    pub(crate) stored: u64,
    /// Of the stored ones: those that were there already.
    pub(crate) linked: u64,
    /// Expired, or failed for good.
    pub(crate) failed: u64,
}

/// A reference with the same id.
struct Reference {
    seq: i64,
    position: i64,
    size: Option<u64>,
    md5: Option<String>,
    known: Known,
}

impl Store {
    /// Stores what became of a file, for all references to it at once. `chance` is between 0 and 1.
    pub(crate) fn record_media(
        &mut self,
        corp_id: &str,
        media: &PendingMedia,
        outcome: &MediaOutcome,
        now: i64,
        chance: f64,
    ) -> Result<RecordedMedia, StoreError> {
        let (seq, position) = (to_db(media.seq)?, to_db(media.position)?);
        let transaction = self.db.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let mut recorded = RecordedMedia::default();
        for reference in references(&transaction, corp_id, &media.sdkfileid)? {
            let update = Update { db: &transaction, corp_id, reference: &reference, now };
            match outcome {
                MediaOutcome::Stored { stored, is_link } => {
                    update.stored(stored)?;
                    recorded.stored += 1;
                    let itself = reference.seq == seq && reference.position == position;
                    recorded.linked += u64::from(*is_link || !itself);
                }
                MediaOutcome::Expired { reason } => {
                    update.unstored("expired", reason, reference.known.attempts.saturating_add(1), 0)?;
                    recorded.failed += 1;
                }
                MediaOutcome::Failed { reason } => {
                    update.unstored("failed", reason, reference.known.attempts.saturating_add(1), 0)?;
                    recorded.failed += 1;
                }
                MediaOutcome::Missed(missed) => match fate::decide(reference.known, missed, now, chance) {
                    Fate::Again { attempts, next_try } => {
                        update.unstored("pending", &missed.reason, attempts, next_try)?;
                    }
                    Fate::GivenUp { attempts } => {
                        let reason = format!("its time is over: {}", missed.reason);
                        update.unstored("failed", &reason, attempts, 0)?;
                        recorded.failed += 1;
                    }
                },
            }
        }
        transaction.commit()?;
        Ok(recorded)
    }
}

fn references(db: &Transaction<'_>, corp_id: &str, sdkfileid: &str) -> Result<Vec<Reference>, StoreError> {
    let mut statement = db.prepare_cached(
        "SELECT seq, position, size, md5, attempts, deadline FROM media INDEXED BY media_sdkfileid
         WHERE corp_id = ?1 AND sdkfileid = ?2 AND state = 'pending'",
    )?;
    let references = statement.query_map([corp_id, sdkfileid], Reference::read)?;
    Ok(references.collect::<Result<_, _>>()?)
}

impl Reference {
    fn read(row: &Row<'_>) -> rusqlite::Result<Self> {
        Ok(Self {
            seq: row.get(0)?,
            position: row.get(1)?,
            size: row.get::<_, Option<i64>>(2)?.map(from_db),
            md5: row.get::<_, Option<String>>(3)?.as_deref().and_then(normal_md5),
            known: Known { attempts: from_db(row.get(4)?), deadline: row.get(5)? },
        })
    }

    /// What its message says otherwise.
    fn objection(&self, content: &Content) -> Option<String> {
        let length = self
            .size
            .filter(|size| *size != content.bytes)
            .map(|size| format!("the file has {} bytes, its message says {size}", content.bytes));
        let md5 = (self.md5_ok(content) == Some(false))
            .then(|| "its MD5 is another than its message says".to_owned());
        let objections: Vec<_> = length.into_iter().chain(md5).collect();
        (!objections.is_empty()).then(|| objections.join("; "))
    }

    fn md5_ok(&self, content: &Content) -> Option<bool> {
        self.md5.as_ref().map(|md5| *md5 == content.md5)
    }
}

struct Update<'a> {
    db: &'a Transaction<'a>,
    corp_id: &'a str,
    reference: &'a Reference,
    now: i64,
}

impl Update<'_> {
    fn stored(&self, StoredFile { file, content }: &StoredFile) -> Result<(), StoreError> {
        self.db
            .prepare_cached(
                "UPDATE media SET state = 'stored', file = ?4, bytes = ?5, content_md5 = ?6, md5_ok = ?7,
                 reason = ?8, attempts = attempts + 1, attempted = ?9, next_try = 0, bytes_done = 0, token = NULL
                 WHERE corp_id = ?1 AND seq = ?2 AND position = ?3",
            )?
            .execute(params![
                self.corp_id,
                self.reference.seq,
                self.reference.position,
                file,
                i64::try_from(content.bytes).unwrap_or(i64::MAX),
                content.md5,
                self.reference.md5_ok(content),
                self.reference.objection(content),
                self.now
            ])?;
        Ok(())
    }

    fn unstored(&self, state: &str, reason: &str, attempts: u64, next_try: i64) -> Result<(), StoreError> {
        self.db
            .prepare_cached(
                "UPDATE media SET state = ?4, reason = ?5, attempts = ?6, attempted = ?7, next_try = ?8
                 WHERE corp_id = ?1 AND seq = ?2 AND position = ?3",
            )?
            .execute(params![
                self.corp_id,
                self.reference.seq,
                self.reference.position,
                state,
                reason,
                i64::try_from(attempts).unwrap_or(i64::MAX),
                self.now,
                next_try
            ])?;
        Ok(())
    }
}
