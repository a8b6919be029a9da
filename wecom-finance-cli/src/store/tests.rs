use std::collections::BTreeMap;

use bytes::Bytes;
use wecom_finance::SealedMessage;

use super::opened::Recorded;
use super::sealed::Unopened;
use super::sealed::{Appended, Damaged};
use super::*;

const CORP: &str = "ww1";

fn sealed(seq: u64) -> SealedMessage {
    SealedMessage::new(seq, format!("m{seq}"), 1, "key", format!("ciphertext {seq}"))
}

fn append(store: &mut Store, messages: &[SealedMessage]) -> Appended {
    let last_seq = messages.iter().map(|message| message.seq).max().unwrap();
    store.append(CORP, &Page { messages, damaged: Vec::new(), gaps: Vec::new(), last_seq }).unwrap()
}

fn opened(seq: u64, msgid: &str, raw: &'static str) -> Outcome {
    Outcome::Opened(NewMessage {
        seq,
        msgid: msgid.to_owned(),
        msgtype: Some("text".to_owned()),
        raw: Bytes::from_static(raw.as_bytes()),
        ..NewMessage::default()
    })
}

fn unopened(seq: u64, reason: &'static str) -> Outcome {
    Outcome::Unopened(NewQuarantine { seq, reason, ..NewQuarantine::default() })
}

fn seqs(batch: &Unopened) -> Vec<u64> {
    batch.messages.iter().map(|message| message.seq).collect()
}

fn exported(store: &mut Store) -> Vec<serde_json::Value> {
    let mut all = Vec::new();
    let each = |message: &export::ExportedMessage| {
        all.push(serde_json::to_value(message)?);
        Ok(())
    };
    store.export(CORP, each).unwrap().unwrap();
    all
}

#[test]
fn a_page_and_its_cursor_are_there_together() {
    let mut store = Store::in_memory();
    assert_eq!(store.cursor(CORP).unwrap(), 0);
    assert_eq!(append(&mut store, &[sealed(3), sealed(5)]), Appended::default());
    assert_eq!(store.cursor(CORP).unwrap(), 5);
    assert_eq!(store.cursor("ww2").unwrap(), 0);
    // The cursor never goes back.
    append(&mut store, &[sealed(4)]);
    assert_eq!(store.cursor(CORP).unwrap(), 5);
}

#[test]
fn what_was_stored_and_not_opened_is_found_again() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("archive.db");
    let mut store = Store::open_or_create(&path).unwrap();
    append(&mut store, &[sealed(1), sealed(2)]);
    // Here the process dies.
    drop(store);
    let mut store = Store::open_or_create(&path).unwrap();
    let batch = store.unopened(CORP).unwrap();
    assert_eq!(seqs(&batch), [1, 2]);
    assert_eq!(batch.messages[0], sealed(1));
    store.record(CORP, &[opened(1, "m1", "{}"), unopened(2, "missing_key")]).unwrap();
    assert!(store.unopened(CORP).unwrap().messages.is_empty());
    assert_eq!(exported(&mut store).len(), 1);
}

#[test]
fn a_message_that_comes_again_is_counted_and_left() {
    let mut store = Store::in_memory();
    append(&mut store, &[sealed(1)]);
    store.record(CORP, &[opened(1, "m1", "{}")]).unwrap();
    assert_eq!(append(&mut store, &[sealed(1)]), Appended { duplicates: 1, ..Appended::default() });
    assert!(store.unopened(CORP).unwrap().messages.is_empty());
}

#[test]
fn another_message_under_the_same_seq_is_kept() {
    let mut store = Store::in_memory();
    append(&mut store, &[sealed(1)]);
    let another = SealedMessage::new(1, "another", 1, "key", "other ciphertext");
    let expected = Appended { quarantined: 1, ..Appended::default() };
    assert_eq!(append(&mut store, std::slice::from_ref(&another)), expected);
    assert_eq!(append(&mut store, &[another]), Appended { duplicates: 1, ..Appended::default() });
    let content: Vec<u8> =
        store.db.query_row("SELECT content FROM quarantine", [], |row| row.get(0)).unwrap();
    assert!(String::from_utf8(content).unwrap().contains("other ciphertext"));
}

#[test]
fn damaged_items_are_kept_once() {
    let mut store = Store::in_memory();
    let page =
        |raw| Page { messages: &[], damaged: vec![Damaged { after: 7, raw }], gaps: Vec::new(), last_seq: 7 };
    let first = store.append(CORP, &page(b"17")).unwrap();
    assert_eq!(first, Appended { quarantined: 1, ..Appended::default() });
    let again = store.append(CORP, &page(b"17")).unwrap();
    assert_eq!(again, Appended { duplicates: 1, ..Appended::default() });
    assert_eq!(store.append(CORP, &page(b"18")).unwrap().quarantined, 1);
}

#[test]
fn the_same_text_under_two_seqs_is_stored_once_another_text_twice() {
    let mut store = Store::in_memory();
    append(&mut store, &[sealed(1), sealed(2), sealed(3), sealed(4)]);
    let outcomes = [
        opened(1, "a", "{\"n\":1}"),
        opened(2, "a", "{\"n\":1}"),
        opened(3, "a", "{\"n\":2}"),
        opened(4, "", "{\"n\":1}"),
    ];
    let types = BTreeMap::from([("text".to_owned(), 3)]);
    let recorded = store.record(CORP, &outcomes).unwrap();
    assert_eq!(recorded, Recorded { stored: 3, duplicates: 1, quarantined: 0, types });
    let seqs: Vec<_> = exported(&mut store).iter().map(|message| message["seq"].clone()).collect();
    assert_eq!(seqs, [1, 3, 4]);
}

#[test]
fn replay_finds_what_can_be_opened_and_nothing_else() {
    let mut store = Store::in_memory();
    let messages = [sealed(1), sealed(2), sealed(3)];
    let damaged = vec![Damaged { after: 3, raw: b"17" }];
    store.append(CORP, &Page { messages: &messages, damaged, gaps: Vec::new(), last_seq: 3 }).unwrap();
    let outcomes = [unopened(1, "missing_key"), opened(2, "m2", "{}"), unopened(3, "cannot_decrypt")];
    store.record(CORP, &outcomes).unwrap();
    assert_eq!(seqs(&store.quarantined(CORP, 0).unwrap()), [1, 3]);
    assert_eq!(seqs(&store.quarantined(CORP, 1).unwrap()), [3]);

    store.record(CORP, &[opened(1, "m1", "{}"), unopened(3, "invalid_json")]).unwrap();
    assert_eq!(seqs(&store.quarantined(CORP, 0).unwrap()), [3]);
    let reasons = store.quarantine_reasons(CORP).unwrap();
    let reasons: Vec<_> = reasons.iter().map(|reason| (reason.reason.as_str(), reason.messages)).collect();
    assert_eq!(reasons, [("invalid_json", 1), ("malformed", 1)]);
}

#[test]
fn a_seq_that_sqlite_cannot_hold_stops_before_the_cursor_moves() {
    let mut store = Store::in_memory();
    append(&mut store, &[sealed(1)]);
    let messages = [sealed(u64::MAX)];
    let outcome = store.append(
        CORP,
        &Page { messages: &messages, damaged: Vec::new(), gaps: Vec::new(), last_seq: u64::MAX },
    );
    assert!(matches!(outcome, Err(StoreError::SeqTooLarge(u64::MAX))));
    assert_eq!(store.cursor(CORP).unwrap(), 1);
}

#[test]
fn a_text_that_is_not_utf_8_is_exported_as_it_is() {
    let mut store = Store::in_memory();
    append(&mut store, &[sealed(1), sealed(2)]);
    let raw = Bytes::from_static(b"{\"a\":\"\xff\"}");
    let outcome = Outcome::Opened(NewMessage { seq: 1, raw, ..NewMessage::default() });
    store.record(CORP, &[outcome, opened(2, "m2", "{}")]).unwrap();
    let messages = exported(&mut store);
    assert!(messages[0]["raw"].is_null());
    assert_eq!(messages[0]["raw_base64"], "eyJhIjoi/yJ9");
    assert!(messages[1].get("raw_base64").is_none());
}
