use wecom_finance::SealedMessage;

use super::*;
use crate::store::fate::{Cause, Missed};
use crate::store::{NewMedia, NewMessage, Outcome, Page, Retention};

const CORP: &str = "ww1";
const DAY: i64 = 86_400_000;
/// In the past: what is of the future counts as sent now.
const NOW: i64 = 1_700_000_000_000;

/// A file of a message, as (seq, id), with the days that its message is old.
fn store_with(files: &[(u64, &str, i64)]) -> Store {
    let mut store = Store::in_memory().expecting(Retention::days(5));
    for (seq, sdkfileid, age) in files {
        add(&mut store, *seq, *age, NewMedia { sdkfileid: (*sdkfileid).to_owned(), ..image() });
    }
    store
}

fn image() -> NewMedia {
    NewMedia {
        kind: "image",
        size: Some(3),
        md5: Some("900150983CD24FB0D6963F7D28E17F72".to_owned()),
        ..NewMedia::default()
    }
}

fn add(store: &mut Store, seq: u64, age: i64, media: NewMedia) {
    let sealed = SealedMessage::new(seq, seq.to_string(), 1, "key", "sealed");
    let page = Page { messages: &[sealed], damaged: Vec::new(), gaps: Vec::new(), last_seq: seq };
    store.append(CORP, &page).unwrap();
    let msgtime = Some(NOW - age * DAY);
    let message = NewMessage { seq, msgtime, media: vec![media], ..NewMessage::default() };
    store.record(CORP, &[Outcome::Opened(message)]).unwrap();
}

fn due_at(store: &Store, now: i64) -> Option<PendingMedia> {
    store.due_media(CORP, now, |_media| true).unwrap()
}

fn due(store: &Store) -> PendingMedia {
    due_at(store, NOW).unwrap()
}

fn missed(cause: Cause) -> MediaOutcome {
    MediaOutcome::Missed(Missed { cause, reason: "network".to_owned(), got_further: false })
}

fn stored(file: &str) -> StoredFile {
    let md5 = "900150983cd24fb0d6963f7d28e17f72".to_owned();
    StoredFile { file: file.to_owned(), content: Content { md5, bytes: 3 } }
}

fn record(store: &mut Store, media: &PendingMedia, outcome: &MediaOutcome) -> RecordedMedia {
    record_at(store, media, outcome, NOW)
}

fn record_at(store: &mut Store, media: &PendingMedia, outcome: &MediaOutcome, now: i64) -> RecordedMedia {
    store.record_media(CORP, media, outcome, now, 0.5).unwrap()
}

fn exported(store: &mut Store) -> Vec<serde_json::Value> {
    let mut all = Vec::new();
    let each = |message: &crate::store::export::ExportedMessage| {
        all.push(serde_json::to_value(message)?["media"][0].clone());
        Ok(())
    };
    store.export(CORP, each).unwrap().unwrap();
    all
}

#[test]
fn the_nearest_deadline_comes_first_and_what_has_been_over_for_long_last() {
    let files =
        [(1, "day old", 1), (2, "long over", 90), (3, "new", 0), (4, "over", 5), (5, "longer over", 99)];
    let mut store = store_with(&files);
    let mut order = Vec::new();
    while let Some(media) = due_at(&store, NOW + 1) {
        record(&mut store, &media, &missed(Cause::File));
        order.push(media.sdkfileid);
    }
    assert_eq!(order, ["over", "day old", "new", "long over", "longer over"]);
}

#[test]
fn what_is_not_free_is_passed_over() {
    let store = store_with(&[(1, "a", 2), (2, "b", 1)]);
    let next = store.due_media(CORP, NOW, |media| media.sdkfileid != "a").unwrap();
    assert_eq!(next.unwrap().sdkfileid, "b");
    assert!(store.due_media(CORP, NOW, |_media| false).unwrap().is_none());
}

#[test]
fn a_failure_backs_off_and_stays_visible() {
    let mut store = store_with(&[(1, "a", 0)]);
    let media = due(&store);
    record(&mut store, &media, &missed(Cause::Way));
    assert!(due_at(&store, NOW + 1_999).is_none());
    assert_eq!(store.next_media_try(CORP, NOW).unwrap(), Some(NOW + 2_000));
    let again = due_at(&store, NOW + 2_000).unwrap();
    record_at(&mut store, &again, &missed(Cause::Way), NOW + 2_000);
    assert!(due_at(&store, NOW + 5_999).is_none());
    assert!(due_at(&store, NOW + 6_000).is_some());

    let file = &exported(&mut store)[0];
    assert_eq!((&file["state"], &file["reason"]), (&"pending".into(), &"network".into()));
    assert_eq!((&file["attempts"], &file["next_try"]), (&2.into(), &(NOW + 6_000).into()));
    assert_eq!(file["deadline"], NOW + 5 * DAY);
    assert_eq!(store.count_pending_media(CORP).unwrap(), 1);
}

#[test]
fn rests_can_be_ended() {
    let mut store = store_with(&[(1, "a", 0)]);
    let media = due(&store);
    record(&mut store, &media, &missed(Cause::Setup));
    assert!(due_at(&store, NOW + 60_000).is_none());
    store.end_rests(CORP).unwrap();
    assert!(due_at(&store, NOW + 1).is_some());
}

#[test]
fn a_clock_that_was_wrong_keeps_no_file_for_ever() {
    let mut store = store_with(&[(1, "a", 0)]);
    let media = due(&store);
    record_at(&mut store, &media, &missed(Cause::Way), NOW + 9_000 * DAY);
    assert!(due_at(&store, NOW + 1).is_some());
}

#[test]
fn final_states_have_reasons_and_no_next_try() {
    let mut store = store_with(&[(1, "gone", 3), (2, "refused", 2), (3, "stalled", 9), (4, "mute", 9)]);
    let media = due(&store);
    let expired = MediaOutcome::Expired { reason: "gone".to_owned() };
    assert_eq!(record(&mut store, &media, &expired).failed, 1);
    let media = due(&store);
    let failed = MediaOutcome::Failed { reason: "no id".to_owned() };
    assert_eq!(record(&mut store, &media, &failed).failed, 1);
    for (sdkfileid, cause) in [("stalled", Cause::File), ("mute", Cause::Way)] {
        let mut now = NOW;
        for attempt in 1..=8 {
            now += DAY;
            let media = store.due_media(CORP, now, |media| media.sdkfileid == sdkfileid).unwrap().unwrap();
            let recorded = record_at(&mut store, &media, &missed(cause), now);
            assert_eq!(recorded.failed, u64::from(attempt == 8), "{sdkfileid} {attempt}");
        }
    }
    let exported = exported(&mut store);
    let text = |file: &serde_json::Value, name: &str| file[name].as_str().unwrap().to_owned();
    let states: Vec<_> = exported.iter().map(|file| [text(file, "state"), text(file, "reason")]).collect();
    let over = "its time is over: network";
    assert_eq!(states, [["expired", "gone"], ["failed", "no id"], ["failed", over], ["failed", over]]);
    assert!(exported.iter().all(|file| file["next_try"].is_null() && file["file"].is_null()));
    assert_eq!(store.count_pending_media(CORP).unwrap(), 0);
}

#[test]
fn one_outcome_is_that_of_all_references_to_a_file() {
    let mut store = store_with(&[(1, "same", 3), (2, "same", 2), (3, "other", 1)]);
    let media = due(&store);
    assert_eq!(store.pending_under_the_id(CORP, &media).unwrap(), [(2, 0)]);
    record(&mut store, &media, &missed(Cause::File));
    assert_eq!(due(&store).sdkfileid, "other");
    let outcome = MediaOutcome::Stored { stored: stored("ww1/0/1-0.jpg"), is_link: false };
    let recorded = record(&mut store, &media, &outcome);
    assert_eq!(recorded, RecordedMedia { stored: 2, linked: 1, failed: 0 });
    let files: Vec<_> = exported(&mut store).iter().map(|file| file["file"].clone()).collect();
    assert_eq!(files, ["ww1/0/1-0.jpg".into(), "ww1/0/1-0.jpg".into(), serde_json::Value::Null]);
}

#[test]
fn each_reference_is_compared_with_its_own_message() {
    let mut store = Store::in_memory();
    let lie = "0".repeat(32);
    for (seq, size, md5) in [
        (1, Some(3), None),
        (2, Some(3), Some(" 900150983CD24FB0D6963F7D28E17F72 ")),
        (3, Some(4), Some(lie.as_str())),
    ] {
        add(&mut store, seq, 0, NewMedia { size, md5: md5.map(str::to_owned), ..image() });
    }
    let media = due(&store);
    let outcome = MediaOutcome::Stored { stored: stored("ww1/0/1-0.jpg"), is_link: false };
    assert_eq!(record(&mut store, &media, &outcome).stored, 3);
    let exported = exported(&mut store);
    let judged: Vec<_> =
        exported.iter().map(|file| (file["md5_ok"].as_bool(), file["reason"].as_str())).collect();
    let objection = "the file has 3 bytes, its message says 4; its MD5 is another than its message says";
    assert_eq!(judged, [(None, None), (Some(true), None), (Some(false), Some(objection))]);
}

#[test]
fn what_is_stored_is_found_by_id_and_by_content() {
    let mut store = store_with(&[(1, "a", 3)]);
    let media = due(&store);
    assert!(store.stored_under_the_id(CORP, &media).unwrap().is_empty());
    let outcome = MediaOutcome::Stored { stored: stored("ww1/0/1-0.jpg"), is_link: false };
    record(&mut store, &media, &outcome);
    assert_eq!(store.stored_under_the_id(CORP, &media).unwrap(), [stored("ww1/0/1-0.jpg")]);
    let content = media.announced().unwrap();
    assert_eq!(store.stored_with_content(CORP, &content).unwrap(), [stored("ww1/0/1-0.jpg")]);
    assert!(store.stored_with_content("ww2", &content).unwrap().is_empty());
    assert!(store.stored_with_content(CORP, &Content { bytes: 4, ..content }).unwrap().is_empty());
}

#[test]
fn what_an_emotion_says_about_itself_is_not_believed() {
    let mut store = Store::in_memory();
    add(&mut store, 1, 0, NewMedia { kind: "emotion", ..image() });
    assert_eq!(due(&store).announced(), None);
    assert_eq!(
        PendingMedia { md5: Some("  ".to_owned()), size: Some(1), ..PendingMedia::default() }.announced(),
        None
    );
    assert_eq!(PendingMedia { md5: Some("abc".to_owned()), ..PendingMedia::default() }.announced(), None);
}

#[test]
fn a_checkpoint_and_a_name_outlive_the_process() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("archive.db");
    let mut store = Store::open_or_create(&path).unwrap();
    add(&mut store, 1, 0, image());
    let media = due(&store);
    assert_eq!((&media.done, &media.settling), (&None, &None));
    let done = Checkpoint { bytes: 524_288, token: "Range:bytes=524288-1048575".to_owned() };
    store.checkpoint_media(CORP, &media, Some(&done)).unwrap();
    store.settling_media(CORP, &media, Some(&stored("ww1/0/1-0.jpg"))).unwrap();
    drop(store);

    let mut store = Store::open_or_create(&path).unwrap();
    let media = due(&store);
    assert_eq!((media.done.as_ref(), media.settling.as_ref()), (Some(&done), Some(&stored("ww1/0/1-0.jpg"))));
    // It is nobody's business before it is stored.
    let file = &exported(&mut store)[0];
    assert!(file["file"].is_null() && file["bytes"].is_null());
    store.checkpoint_media(CORP, &media, None).unwrap();
    store.settling_media(CORP, &media, None).unwrap();
    let media = due(&store);
    assert_eq!((media.done, media.settling), (None, None));
}

#[test]
fn pending_files_are_counted_by_their_time() {
    let store = store_with(&[(1, "over", 9), (2, "soon", 4), (3, "later", 0)]);
    let counts = [NOW, NOW + DAY, i64::MAX].map(|until| store.count_pending_until(CORP, until).unwrap());
    assert_eq!(counts, [1, 2, 3]);
    assert_eq!(store.nearest_deadline(CORP, NOW).unwrap(), Some(NOW + DAY));
}
