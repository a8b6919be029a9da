//! The layout of the database, and how older ones are brought up to it.

mod complete;

use rusqlite::{Connection, Transaction, TransactionBehavior};

use super::StoreError;

/// "WCFA" in SQLite's header: what tells our databases from others.
const APPLICATION_ID: i32 = 0x5743_4641;

/// Step n leads from version n to version n + 1. Steps are never changed after a release.
const STEPS: [Step; 4] = [
    Step { sql: include_str!("schema/1.sql"), complete: |_db| Ok(()) },
    Step { sql: include_str!("schema/2.sql"), complete: complete::revocations_and_nested_files },
    Step { sql: include_str!("schema/3.sql"), complete: complete::deadlines },
    Step { sql: include_str!("schema/4.sql"), complete: complete::holes },
];

struct Step {
    sql: &'static str,
    /// What SQL cannot do: fill in what the stored texts say.
    complete: fn(&Transaction<'_>) -> Result<(), StoreError>,
}

fn current() -> i32 {
    i32::try_from(STEPS.len()).unwrap_or(i32::MAX)
}

/// Refuses what belongs to another program, or to a later version of this one.
pub(super) fn must_be_ours(db: &Connection) -> Result<(), StoreError> {
    let (application, version) = header(db)?;
    let tables: i64 = db.query_row("SELECT count(*) FROM sqlite_master", [], |row| row.get(0))?;
    match (application, version) {
        (0, 0) if tables == 0 => Ok(()),
        (APPLICATION_ID, version) if version > current() => {
            Err(StoreError::Newer { found: version, known: current() })
        }
        (APPLICATION_ID, _) => Ok(()),
        _ => Err(StoreError::NotOurs),
    }
}

/// As [`must_be_ours`], for those who cannot bring an older one up to date.
pub(super) fn must_be_current(db: &Connection) -> Result<(), StoreError> {
    must_be_ours(db)?;
    match header(db)? {
        (_, version) if version == current() => Ok(()),
        (APPLICATION_ID, found) => Err(StoreError::Older { found, known: current() }),
        _ => Err(StoreError::NotOurs),
    }
}

/// Takes the steps that are left, all or none.
pub(super) fn migrate(db: &mut Connection) -> Result<(), StoreError> {
    let transaction = db.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let (_, version) = header(&transaction)?;
    let done = usize::try_from(version).unwrap_or_default();
    if done < STEPS.len() {
        for step in STEPS.iter().skip(done) {
            transaction.execute_batch(step.sql)?;
            (step.complete)(&transaction)?;
        }
        transaction.pragma_update(None, "application_id", APPLICATION_ID)?;
        transaction.pragma_update(None, "user_version", current())?;
    }
    transaction.commit()?;
    Ok(())
}

fn header(db: &Connection) -> Result<(i32, i32), StoreError> {
    let application = db.pragma_query_value(None, "application_id", |row| row.get(0))?;
    let version = db.pragma_query_value(None, "user_version", |row| row.get(0))?;
    Ok((application, version))
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::store::export::ExportedMessage;
    use crate::store::{Content, ListedGap, PendingMedia, Store, now};

    fn with(path: &Path, sql: &str) {
        Connection::open(path).unwrap().execute_batch(sql).unwrap();
    }

    #[test]
    fn a_new_database_is_made_once_and_opened_again() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("archive.db");
        assert!(matches!(Store::open_existing(&path), Err(StoreError::Missing)));
        drop(Store::open_or_create(&path).unwrap());
        let store = Store::open_existing(&path).unwrap();
        assert_eq!(header(&store.db).unwrap(), (APPLICATION_ID, current()));
        drop(store);
        drop(Store::open_for_reading(&path).unwrap());
    }

    #[test]
    fn what_is_not_ours_stays_untouched() {
        let dir = tempfile::tempdir().unwrap();
        let other = dir.path().join("other.db");
        with(&other, "CREATE TABLE t (x)");
        assert!(matches!(Store::open_or_create(&other), Err(StoreError::NotOurs)));
        with(&other, "SELECT x FROM t");

        let text = dir.path().join("notes.txt");
        std::fs::write(&text, "no database, and longer than the header of one: ".repeat(40)).unwrap();
        assert!(matches!(Store::open_or_create(&text), Err(StoreError::NotADatabase)));
        assert!(matches!(Store::open_or_create(dir.path()), Err(StoreError::IsADirectory)));
    }

    #[test]
    fn a_newer_layout_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("archive.db");
        drop(Store::open_or_create(&path).unwrap());
        with(&path, "PRAGMA user_version = 999");
        for outcome in [Store::open_or_create(&path), Store::open_for_reading(&path)] {
            assert!(matches!(outcome, Err(StoreError::Newer { found: 999, .. })));
        }
    }

    fn exported(store: &mut Store) -> Vec<serde_json::Value> {
        let mut exported = Vec::new();
        let each = |message: &ExportedMessage| {
            exported.push(serde_json::to_value(message)?);
            Ok(())
        };
        store.export("ww1", each).unwrap().unwrap();
        exported
    }

    #[test]
    fn a_database_of_version_1_is_completed() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("archive.db");
        with(&path, include_str!("schema/1.sql"));
        with(&path, include_str!("schema/tests/version-1.sql"));
        assert!(matches!(Store::open_for_reading(&path), Err(StoreError::Older { found: 1, known: 4 })));

        let mut store = Store::open_or_create(&path).unwrap();
        let exported = exported(&mut store);
        assert_eq!(exported.len(), 5);
        assert_eq!(exported[0]["revoked_by"], "4_4");
        assert_eq!(exported[3]["revokes"], "1_1");
        // What was fetched stays fetched, and under its name.
        let file = |message: &serde_json::Value| message["media"][0].clone();
        assert_eq!(file(&exported[1])["state"], "stored");
        assert_eq!(file(&exported[1])["file"], "ww1/0/2-0.jpg");
        assert_eq!(exported[1]["media"].as_array().unwrap().len(), 1);
        let nested = file(&exported[2]);
        assert_eq!((&nested["path"], &nested["state"]), (&"/mixed/item/1/content".into(), &"pending".into()));
        let due = store.due_media("ww1", now(), |_media| true).unwrap().unwrap();
        assert_eq!((due.seq, due.sdkfileid.as_str()), (3, "C3"));
        assert_eq!(exported[4]["revokes"], serde_json::Value::Null);
    }

    #[test]
    fn a_database_of_version_2_becomes_a_queue() {
        const DAY: i64 = 86_400_000;
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("archive.db");
        with(&path, include_str!("schema/1.sql"));
        with(&path, include_str!("schema/2.sql"));
        with(&path, include_str!("schema/tests/version-2.sql"));
        let before = now();
        let mut store = Store::open_or_create(&path).unwrap();

        let media: Vec<_> = exported(&mut store).iter().map(|message| message["media"][0].clone()).collect();
        let states = media.iter().map(|file| file["state"].as_str().unwrap()).collect::<Vec<_>>();
        assert_eq!(states, ["stored", "stored", "pending", "pending", "expired", "stored"]);
        assert_eq!((&media[2]["attempts"], &media[2]["reason"]), (&3.into(), &"network".into()));
        // The time of a message, or that of the change.
        assert_eq!(media[2]["deadline"], 1_711_432_801_950_i64 + 5 * DAY);
        let deadline = media[3]["deadline"].as_i64().unwrap();
        assert!((before + 5 * DAY..=now() + 5 * DAY).contains(&deadline), "{deadline}");
        let due = |store: &Store| {
            store.due_media("ww1", now(), |_media| true).unwrap().map(|media| media.sdkfileid)
        };
        assert_eq!(due(&store).as_deref(), Some("C4"), "the other one has been over for long");

        // What was checked is found by its content, what was not is not.
        let mut files = Vec::new();
        for md5 in ["900150983cd24fb0d6963f7d28e17f72", "00000000000000000000000000000000"] {
            let content = Content { md5: md5.to_owned(), bytes: 17 };
            let found = store.stored_with_content("ww1", &content).unwrap();
            files.extend(found.into_iter().map(|stored| stored.file));
        }
        assert_eq!(files, ["ww1/0/1-0.jpg"]);
        let linked = PendingMedia { sdkfileid: "C1".to_owned(), ..PendingMedia::default() };
        assert_eq!(store.stored_under_the_id("ww1", &linked).unwrap().len(), 1);
    }

    #[test]
    fn a_database_of_version_3_is_searched_for_holes() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("archive.db");
        for step in &STEPS[..3] {
            with(&path, step.sql);
        }
        with(&path, include_str!("schema/tests/version-3.sql"));
        let before = now();
        let store = Store::open_or_create(&path).unwrap();
        let gaps = |corp_id: &str| {
            let mut gaps = Vec::new();
            let each = |gap: &ListedGap| {
                assert!((before..=now()).contains(&gap.found) && gap.filled.is_none());
                assert_eq!((gap.reason.as_str(), gap.missing), ("unexplained", gap.seqs));
                gaps.push((gap.first_seq, gap.last_seq, gap.msgtime_before, gap.msgtime_after));
                Ok(())
            };
            store.each_gap(corp_id, each).unwrap().unwrap();
            gaps
        };
        let (sent, later) = (Some(1_711_432_801_950), Some(1_711_432_999_000));
        assert_eq!(gaps("ww1"), [(1_003, 1_003, sent, sent), (1_005, 4_999, sent, later)]);
        assert_eq!(
            gaps("ww2"),
            [(8, 8, None, None)],
            "the damaged item after 2 may be what is missing there"
        );
        let times = store.cursor_times("ww1").unwrap();
        assert_eq!((times.message, times.pulled, times.at_head), (later, None, None));
    }

    #[test]
    fn an_empty_file_is_no_archive_to_read() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("empty.db");
        std::fs::write(&path, "").unwrap();
        assert!(matches!(Store::open_for_reading(&path), Err(StoreError::NotOurs)));
        drop(Store::open_or_create(&path).unwrap());
    }
}
