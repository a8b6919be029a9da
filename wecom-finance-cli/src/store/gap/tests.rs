use wecom_finance::SealedMessage;

use super::*;
use crate::store::Page;

const CORP: &str = "ww1";
const DAY: i64 = 86_400_000;

fn sealed(seq: u64) -> SealedMessage {
    SealedMessage::new(seq, format!("m{seq}"), 1, "key", format!("ciphertext {seq}"))
}

/// A page of these messages, asked for after this seq, as a reply shows it. What it tells of holes.
fn append(store: &mut Store, after: u64, seqs: &[u64]) -> (Vec<(u64, u64, GapReason)>, u64) {
    let messages: Vec<_> = seqs.iter().copied().map(sealed).collect();
    let before = std::iter::once(after).chain(seqs.iter().copied());
    let gaps: Vec<_> = before
        .zip(seqs)
        .filter(|(before, seq)| *before != 0 && **seq > before + 1)
        .map(|(before, seq)| Gap { first: before + 1, last: seq - 1, at_cursor: before == after })
        .collect();
    let last_seq = *seqs.iter().max().unwrap();
    let page = Page { messages: &messages, damaged: Vec::new(), gaps, last_seq };
    let appended = store.append(CORP, &page).unwrap();
    let found = appended.gaps.iter().map(|gap| (gap.first, gap.last, gap.reason)).collect();
    (found, appended.gaps_filled)
}

fn listed(store: &Store) -> Vec<(u64, u64, u64, bool)> {
    let mut listed = Vec::new();
    let each = |gap: &ListedGap| {
        listed.push((gap.first_seq, gap.last_seq, gap.missing, gap.filled.is_some()));
        Ok(())
    };
    store.each_gap(CORP, each).unwrap().unwrap();
    listed
}

/// Lets so much time pass since WeCom was last asked.
fn days_later(store: &Store, days: i64) {
    store.db.execute("UPDATE corp SET pulled = pulled - ?1, at_head = at_head - ?1", [days * DAY]).unwrap();
}

/// Stores the message as opened.
fn open(store: &Store, seq: i64, msgtime: Option<i64>) {
    let sql = "INSERT INTO message (corp_id, seq, msgid, publickey_ver, msgtime, raw) VALUES (?1, ?2, '', 1, ?3, x'')";
    store.db.execute(sql, params![CORP, seq, msgtime]).unwrap();
}

use GapReason::{Retention as Lost, Unexplained as Left};

#[test]
fn a_hole_is_recorded_with_its_page_and_once() {
    let mut store = Store::in_memory();
    assert_eq!(append(&mut store, 0, &[1001, 1002, 1010]), (vec![(1003, 1009, Left)], 0));
    assert_eq!(append(&mut store, 1010, &[1011, 1012]), (vec![], 0));
    // The same once more, and from a cursor that was set back.
    assert_eq!(append(&mut store, 0, &[1001, 1002, 1010]), (vec![], 0));
    assert_eq!(append(&mut store, 1001, &[1012, 1015]), (vec![(1013, 1014, Left)], 0));
    assert_eq!(listed(&store), [(1003, 1009, 7, false), (1013, 1014, 2, false)]);
    assert_eq!(store.gap_totals("ww2").unwrap(), GapTotals::default());
}

#[test]
fn a_cursor_that_was_left_for_days_has_lost_what_is_missing_after_it() {
    let mut store = Store::in_memory();
    append(&mut store, 0, &[1, 2]);
    store.note_head(CORP).unwrap();
    assert_eq!(append(&mut store, 2, &[5, 6]).0, [(3, 4, Left)], "WeCom has said that there is nothing");
    store.note_head(CORP).unwrap();
    days_later(&store, 3);
    assert_eq!(append(&mut store, 6, &[8]).0, [(7, 7, Left)]);
    days_later(&store, 6);
    assert_eq!(append(&mut store, 8, &[1000, 1002]).0, [(9, 999, Lost), (1001, 1001, Left)]);
    assert_eq!(append(&mut store, 1002, &[1010]).0, [(1003, 1009, Left)], "it was just there");
    let totals = store.gap_totals(CORP).unwrap();
    assert_eq!((totals.gaps, totals.seqs, totals.lost, totals.lost_seqs), (5, 2 + 1 + 991 + 1 + 7, 1, 991));
    assert!(totals.lost_latest.is_some_and(|found| found <= now()));
}

#[test]
fn the_shorter_the_retention_the_sooner_it_is_lost() {
    let mut store = Store::in_memory().expecting(Retention::days(3));
    append(&mut store, 0, &[1]);
    store.note_head(CORP).unwrap();
    days_later(&store, 3);
    assert_eq!(append(&mut store, 1, &[3]).0, [(2, 2, Lost)]);
}

#[test]
fn without_a_word_of_wecom_the_messages_tell_the_age_of_the_cursor() {
    let mut store = Store::in_memory();
    append(&mut store, 0, &[1, 2, 3]);
    let (now, sent) = (now(), [Some(now() - 9 * DAY), None, Some(now() + 7 * DAY)]);
    for (seq, msgtime) in (1..).zip(sent) {
        open(&store, seq, msgtime);
    }
    store.db.execute("UPDATE corp SET pulled = NULL", []).unwrap();
    let times = store.cursor_times(CORP).unwrap();
    assert_eq!(times, CursorTimes { message: sent[0], pulled: None, at_head: None });
    assert_eq!(times.idle_since(now), sent[0]);
    assert_eq!(append(&mut store, 3, &[9]).0, [(4, 8, Lost)]);
}

#[test]
fn what_a_wrong_clock_noted_hides_no_loss() {
    let mut store = Store::in_memory();
    append(&mut store, 0, &[1]);
    store.note_head(CORP).unwrap();
    days_later(&store, -400);
    assert_eq!(store.cursor_times(CORP).unwrap(), CursorTimes::default());
    let sent = now() - 9 * DAY;
    open(&store, 1, Some(sent));
    assert_eq!(append(&mut store, 1, &[3]).0, [(2, 2, Lost)]);
}

#[test]
fn what_is_known_latest_counts() {
    let now = 100 * DAY;
    let times = CursorTimes { message: Some(90 * DAY), pulled: Some(92 * DAY), at_head: Some(91 * DAY) };
    assert_eq!(times.idle_since(now), Some(91 * DAY), "at the pull there may have been more");
    let just = Some(now - 60_000);
    assert_eq!(CursorTimes { pulled: just, ..times }.idle_since(now), just);
    assert_eq!(CursorTimes { pulled: just, ..CursorTimes::default() }.idle_since(now), just);
    let old = CursorTimes { pulled: Some(DAY), ..CursorTimes::default() };
    assert_eq!(old.idle_since(now), Some(DAY), "better than nothing");
    assert_eq!(CursorTimes::default().idle_since(now), None);
}

#[test]
fn messages_that_come_later_fill_the_hole() {
    let mut store = Store::in_memory();
    append(&mut store, 0, &[1, 5, 9]);
    assert_eq!(listed(&store), [(2, 4, 3, false), (6, 8, 3, false)]);
    // The cursor was set back; WeCom has some of it.
    assert_eq!(append(&mut store, 1, &[3, 5, 7, 6]), (vec![], 0));
    assert_eq!(listed(&store), [(2, 4, 2, false), (6, 8, 1, false)]);
    assert_eq!(append(&mut store, 1, &[3, 4, 5]), (vec![], 0), "what was there already fills nothing");
    assert_eq!(listed(&store), [(2, 4, 1, false), (6, 8, 1, false)]);
    assert_eq!(append(&mut store, 0, &[1, 2, 3, 4, 5, 6, 7, 8, 9, 10]), (vec![], 2));
    assert_eq!(listed(&store), [(2, 4, 0, true), (6, 8, 0, true)]);
    let totals = store.gap_totals(CORP).unwrap();
    assert_eq!((totals.gaps, totals.seqs, totals.filled), (0, 0, 2));
}

#[test]
fn the_last_answer_is_noted_once_a_minute() {
    let mut store = Store::in_memory();
    store.note_head(CORP).unwrap();
    assert_eq!(store.cursor_times(CORP).unwrap(), CursorTimes::default(), "there is no cursor");
    append(&mut store, 0, &[1]);
    let noted = |store: &mut Store, at_head: i64, pulled: i64| {
        store.db.execute("UPDATE corp SET at_head = ?1, pulled = ?2", [at_head, pulled]).unwrap();
        store.note_head(CORP).unwrap();
        store.cursor_times(CORP).unwrap().at_head.unwrap() != at_head
    };
    let now = now();
    assert!(!noted(&mut store, now - 5_000, now - 90_000));
    assert!(noted(&mut store, now - 90_000, now - 95_000));
    assert!(noted(&mut store, now - 5_000, now - 2_000), "there were messages in between");
    assert!(noted(&mut store, now + DAY, now - 90_000), "the clock was wrong");
}

#[test]
fn a_page_that_cannot_be_stored_records_no_hole() {
    let mut store = Store::in_memory();
    append(&mut store, 0, &[1]);
    let gaps = vec![Gap { first: 2, last: 4, at_cursor: true }];
    let messages = [sealed(5), sealed(u64::MAX)];
    let page = Page { messages: &messages, damaged: Vec::new(), gaps, last_seq: 5 };
    assert!(matches!(store.append(CORP, &page), Err(StoreError::SeqTooLarge(_))));
    assert_eq!((listed(&store), store.cursor(CORP).unwrap()), (vec![], 1));
}
