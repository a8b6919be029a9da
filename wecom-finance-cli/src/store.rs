//! The archive on disk: a SQLite database.
//!
//! What WeCom handed out is written before anything is done with it: the sealed messages of a page and the cursor in
//! one transaction, then what was opened in another. A process that dies in between finds the rest in state `new`.

mod deadline;
mod error;
mod export;
mod fate;
mod gap;
mod lock;
mod media;
mod opened;
mod schema;
mod sealed;
mod summary;

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::{Connection, OpenFlags};

use crate::download::with_suffix;

pub(crate) use deadline::{KEPT_DAYS, Retention, now};
pub(crate) use error::StoreError;
pub(crate) use fate::{Cause, Missed};
pub(crate) use gap::{FoundGap, GapReason, GapTotals, ListedGap};
pub(crate) use lock::Lock;
pub(crate) use media::{Checkpoint, Content, MediaOutcome, PendingMedia, RecordedMedia, StoredFile};
pub(crate) use opened::{NewMedia, NewMessage, NewQuarantine, Outcome, revokes};
pub(crate) use sealed::{Appended, DEADLY, Page};
pub(crate) use summary::QuarantineReason;

/// How long a statement waits for another program that is writing.
const BUSY_TIMEOUT: Duration = Duration::from_secs(30);

/// An open database.
#[derive(Debug)]
pub(crate) struct Store {
    db: Connection,
    path: PathBuf,
    retention: Retention,
}

impl Store {
    /// Opens the database, and makes it if there is none.
    pub(crate) fn open_or_create(path: &Path) -> Result<Self, StoreError> {
        if path.is_dir() {
            return Err(StoreError::IsADirectory);
        }
        Self::open(path, OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE)?.for_writing()
    }

    /// Opens a database that is there.
    pub(crate) fn open_existing(path: &Path) -> Result<Self, StoreError> {
        Self::open_present(path)?.for_writing()
    }

    /// Opens a database that is there, and changes nothing in it.
    pub(crate) fn open_for_reading(path: &Path) -> Result<Self, StoreError> {
        let store = match Self::open_present(path) {
            Err(error) if error.is_about_writing() && !has_log(path) => Self::open_immutable(path)?,
            other => other?,
        };
        store.db.pragma_update(None, "query_only", true)?;
        Ok(store)
    }

    /// Opens a database on a disk that nobody can write to: SQLite needs to be told that it cannot change.
    fn open_immutable(path: &Path) -> Result<Self, StoreError> {
        let mut uri = OsString::from("file:");
        uri.push(percent_encoded(path));
        uri.push("?immutable=1");
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_URI;
        let store = Self::open(Path::new(&uri), flags)?;
        schema::must_be_current(&store.db)?;
        Ok(Self { path: path.to_owned(), ..store })
    }

    fn open_present(path: &Path) -> Result<Self, StoreError> {
        match std::fs::metadata(path) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Err(StoreError::Missing),
            Err(error) => Err(StoreError::Unreachable(error)),
            Ok(metadata) if metadata.is_dir() => Err(StoreError::IsADirectory),
            Ok(_) => {
                // Reading, too, needs the right to write: the log beside the database may have to be replayed.
                let store = Self::open(path, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
                schema::must_be_current(&store.db)?;
                Ok(store)
            }
        }
    }

    fn open(path: &Path, flags: OpenFlags) -> Result<Self, StoreError> {
        let db = Connection::open_with_flags(path, flags | OpenFlags::SQLITE_OPEN_NO_MUTEX)?;
        db.busy_timeout(BUSY_TIMEOUT)?;
        db.pragma_update(None, "foreign_keys", true)?;
        Ok(Self { db, path: path.to_owned(), retention: Retention::default() })
    }

    fn for_writing(mut self) -> Result<Self, StoreError> {
        schema::must_be_ours(&self.db)?;
        self.db.pragma_update_and_check(None, "journal_mode", "wal", |_row| Ok(()))?;
        // Every commit reaches the disk: WeCom forgets after five days what we said we have.
        self.db.pragma_update(None, "synchronous", "full")?;
        schema::migrate(&mut self.db)?;
        Ok(self)
    }

    /// Sets how long WeCom keeps the files of messages that are stored from now on.
    pub(crate) fn expecting(self, retention: Retention) -> Self {
        Self { retention, ..self }
    }

    /// The file.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    #[cfg(test)]
    pub(crate) fn in_memory() -> Self {
        let db = Connection::open_in_memory().unwrap();
        let store = Self { db, path: PathBuf::new(), retention: Retention::default() };
        store.for_writing().unwrap()
    }
}

/// Whether there is a log beside the database, with what is not in the database yet.
fn has_log(path: &Path) -> bool {
    std::fs::metadata(with_suffix(path, "-wal")).is_ok_and(|metadata| metadata.len() > 0)
}

/// The characters that have a meaning in a URI of SQLite.
fn percent_encoded(path: &Path) -> String {
    path.to_string_lossy().replace('%', "%25").replace('?', "%3f").replace('#', "%23")
}

/// SQLite's integers end at 2^63-1. No seq of WeCom comes near; a forged one is not worth losing the cursor.
fn to_db(seq: u64) -> Result<i64, StoreError> {
    i64::try_from(seq).map_err(|_too_large| StoreError::SeqTooLarge(seq))
}

/// The other way; there are no negative numbers in the database.
fn from_db(number: i64) -> u64 {
    u64::try_from(number).unwrap_or_default()
}

/// What a statement changed or how many there are, as counts are kept everywhere.
fn count(rows: usize) -> u64 {
    u64::try_from(rows).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests;
