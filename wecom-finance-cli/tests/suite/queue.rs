//! The files of messages as a queue: in which order, how often, how far, and once.

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::process::{Child, Stdio};
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde_json::{Value, json};
use wecom_finance_simulator::{ContentRange, Effect, Fault, Media, MediaFile, MediaKind, Scenario, World};

use crate::corp::Corp;

const DAY: i64 = 86_400_000;
const MIB: u64 = 1 << 20;

fn now() -> i64 {
    let millis = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_millis();
    i64::try_from(millis).unwrap()
}

fn file(id: &str, len: u64) -> MediaFile {
    MediaFile::generated(id, MediaKind::File, len)
}

/// A corp with these files, and the messages that are made of them.
fn corp_with(
    files: impl IntoIterator<Item = MediaFile>,
    messages: impl FnOnce(&World) -> Vec<Value>,
) -> Corp {
    let scenario = files.into_iter().fold(Scenario::new(), Scenario::loose_media_file);
    let world = scenario.clone().build();
    let messages = messages(&world);
    Corp::new(messages.into_iter().fold(scenario, |scenario, message| scenario.message(message.to_string())))
}

/// A message with a file; `body` is what it says about it.
fn message(msgid: &str, msgtime: i64, msgtype: &str, body: &Value) -> Value {
    json!({
        "msgid": msgid, "action": "send", "from": "lin.yu", "tolist": ["chen.bo"], "msgtime": msgtime,
        "msgtype": msgtype, msgtype: body,
    })
}

fn media(world: &World, id: &str) -> Arc<Media> {
    world.media(id).unwrap()
}

fn full_body(media: &Media) -> Value {
    json!({ "sdkfileid": media.sdk_file_id(), "md5sum": media.md5(), "filesize": media.len() })
}

fn bare_body(media: &Media) -> Value {
    json!({ "sdkfileid": media.sdk_file_id() })
}

fn texts<'a>(media: &'a [Value], name: &str) -> Vec<&'a str> {
    media.iter().map(|entry| entry[name].as_str().unwrap_or_default()).collect()
}

fn counts(result: &Value) -> [u64; 4] {
    ["media_fetched", "media_linked", "media_failed", "media_pending"]
        .map(|name| result[name].as_u64().unwrap())
}

fn assert_whole(corp: &Corp, entry: &Value, id: &str) {
    let content = fs::read(corp.place.path("wecom-media").join(entry["file"].as_str().unwrap())).unwrap();
    assert!(content == media(&corp.world, id).bytes(), "{id}");
}

/// Waits until a run in the background has stored so much of a file.
fn wait_for_bytes(corp: &Corp, child: &mut Child, bytes: i64) {
    loop {
        let done = corp.db().query_row("SELECT max(bytes_done) FROM media", [], |row| row.get(0));
        if done.unwrap_or(Some(0)).unwrap_or(0) >= bytes {
            return;
        }
        assert_eq!(child.try_wait().unwrap(), None, "it ended early");
        std::thread::sleep(Duration::from_millis(2));
    }
}

#[test]
fn what_expires_first_is_fetched_first() {
    let names = ["new", "day-old", "long-over", "just-over", "longest-over", "four-days-old"];
    let ages = [0, 1, 40, 5, 90, 4];
    let corp = corp_with(names.map(|name| file(name, 100)), |world| {
        let message = |(name, age): (&str, i64)| {
            message(name, now() - age * DAY - 1_000, "file", &full_body(&media(world, name)))
        };
        names.into_iter().zip(ages).map(message).collect()
    });
    let ran = corp.run(&["archive", "-vv", "--connections", "1"]).exits_with(0);
    let order: Vec<usize> = ran
        .stderr
        .lines()
        .filter(|line| line.contains("a media file is stored"))
        .map(|line| line.split("seq=").nth(1).unwrap().split(' ').next().unwrap().parse().unwrap())
        .collect();
    let order: Vec<_> = order.into_iter().map(|seq| names[seq - 1]).collect();
    assert_eq!(order, ["just-over", "four-days-old", "day-old", "new", "long-over", "longest-over"]);
}

#[test]
fn a_file_is_stored_once_whoever_sends_it() {
    let content = b"%PDF-1.7 the same in all of them".to_vec();
    let same = |id: &str| MediaFile::given(id, MediaKind::File, content.clone());
    let files = [same("first"), same("forwarded"), same("nothing-said"), same("sticker"), file("other", 32)];
    let corp = corp_with(files, |world| {
        let of = |id: &str| media(world, id);
        let named = |id: &str, name: &str| {
            let mut body = full_body(&of(id));
            body["filename"] = name.into();
            body
        };
        let lying =
            json!({ "sdkfileid": of("other").sdk_file_id(), "md5sum": of("first").md5(), "imagesize": 32 });
        vec![
            message("1", now() - DAY + 1, "file", &named("first", "one.pdf")),
            message("2", now() - DAY + 2, "file", &named("first", "again.pdf")),
            message("3", now() - DAY + 3, "file", &named("forwarded", "two.pdf")),
            message("4", now() - DAY + 4, "file", &bare_body(&of("nothing-said"))),
            message("5", now() - DAY + 5, "emotion", &bare_body(&of("sticker"))),
            message("6", now() - DAY + 6, "emotion", &lying),
        ]
    });
    // What is linked is not asked for: WeCom would say that it is gone.
    corp.with_faults([Fault::media(Effect::ErrCode(301_048)).file("forwarded")]);
    let result = corp.run(&["archive", "--json"]).exits_with(0).result();
    assert_eq!(counts(&result), [6, 4, 0, 0]);
    let exported = corp.media();
    let files = texts(&exported, "file");
    assert!(files[..5].iter().all(|file| *file == files[0]), "{files:?}");
    assert_ne!(files[5], files[0], "the MD5 of an emotion is not believed");
    assert_eq!(exported[5]["md5_ok"], false);
    assert_eq!(exported[3]["md5_ok"], Value::Null);
    assert_whole(&corp, &exported[0], "first");
    assert_whole(&corp, &exported[5], "other");
    assert_eq!(corp.place.files("wecom-media").len(), 2);
}

#[test]
fn a_link_leads_to_a_file_that_is_there() {
    let corp = corp_with([file("first", 5_000)], |world| {
        vec![message("1", now() - DAY + 1, "file", &full_body(&media(world, "first")))]
    });
    corp.run(&["archive"]).exits_with(0);
    let first = corp.media()[0]["file"].as_str().unwrap().to_owned();
    fs::remove_file(corp.place.path("wecom-media").join(&first)).unwrap();
    let again = message("2", now() - DAY + 2, "file", &full_body(&media(&corp.world, "first")));
    corp.describe(&corp.world.scenario().clone().message(again.to_string()));
    let result = corp.run(&["archive", "--json"]).exits_with(0).result();
    assert_eq!(counts(&result), [1, 0, 0, 0]);
    let exported = corp.media();
    assert_ne!(exported[1]["file"], first);
    assert_whole(&corp, &exported[1], "first");
}

#[test]
fn files_are_fetched_while_messages_are_pulled() {
    let corp = Corp::new(Scenario::new().media(1).texts(3));
    corp.with_faults([Fault::chat(Effect::Delay(Duration::from_millis(400)))]);
    let ran = corp.run(&["archive", "-vv", "--limit", "1"]).exits_with(0);
    let lines: Vec<_> = ran.stderr.lines().collect();
    let place = |words: &str| lines.iter().position(|line| line.contains(words)).unwrap();
    let last_page = lines.iter().rposition(|line| line.contains("a page is stored")).unwrap();
    assert!(place("a media file is stored") < last_page, "{}", ran.stderr);
}

#[test]
fn a_killed_run_is_gone_on_with_in_the_middle_of_a_file() {
    let corp = corp_with([file("big", 40 * MIB)], |world| {
        vec![message("1", now(), "file", &full_body(&media(world, "big")))]
    });
    corp.with_faults([Fault::media(Effect::Delay(Duration::from_millis(30)))]);
    let mut child = corp.command(&["archive"]).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    wait_for_bytes(&corp, &mut child, 1);
    child.kill().unwrap();
    child.wait().unwrap();
    let part = corp.place.path("wecom-media").join(corp.world.corp_id()).join("0/1-0.part");
    let done: i64 = corp.db().query_row("SELECT bytes_done FROM media", [], |row| row.get(0)).unwrap();
    let done = u64::try_from(done).unwrap();
    assert!(done >= 16 * MIB && fs::metadata(&part).unwrap().len() >= done);
    // Behind what is known to be good there may be anything.
    let mut damaged = fs::read(&part).unwrap();
    damaged.truncate(usize::try_from(done).unwrap());
    damaged.extend([7; 1_000]);
    fs::write(&part, damaged).unwrap();

    // Whoever asks for the beginning again does not get it.
    corp.with_faults([Fault::media(Effect::ErrCode(301_048)).offset(0)]);
    let result = corp.run(&["archive", "--json"]).exits_with(0).result();
    assert_eq!(counts(&result), [1, 0, 0, 0]);
    let exported = corp.media();
    assert_eq!(exported[0]["md5_ok"], true);
    assert_whole(&corp, &exported[0], "big");
    assert!(!part.exists());
}

#[test]
fn a_part_that_does_not_fit_is_not_trusted() {
    for (token, bytes, len) in [
        // Shorter than was noted, a token of another place, and no token at all.
        ("Range:bytes=524288-1048575", 524_288, 1_000),
        ("Range:bytes=1048576-1572863", 524_288, 524_288),
        ("nonsense", 524_288, 524_288),
        // Wrong bytes: the MD5 tells.
        ("Range:bytes=524288-1048575", 524_288, 524_288),
    ] {
        let corp = corp_with([file("big", 2 * MIB)], |world| {
            vec![message("1", now(), "file", &full_body(&media(world, "big")))]
        });
        corp.run(&["archive", "--no-media"]).exits_with(3);
        let part = corp.place.path("wecom-media").join(corp.world.corp_id()).join("0/1-0.part");
        fs::create_dir_all(part.parent().unwrap()).unwrap();
        fs::write(&part, vec![7; len]).unwrap();
        corp.db().execute("UPDATE media SET token = ?1, bytes_done = ?2", (token, bytes)).unwrap();
        corp.run(&["archive"]).exits_with(0);
        let exported = corp.media();
        assert_eq!((&exported[0]["md5_ok"], &exported[0]["reason"]), (&true.into(), &Value::Null), "{token}");
        assert_whole(&corp, &exported[0], "big");
        assert_eq!(corp.place.files("wecom-media").len(), 1);
    }
}

#[test]
fn a_file_that_was_whole_when_its_run_ended_is_not_fetched_again() {
    for is_moved in [false, true] {
        let corp = corp_with([file("f", 70_000)], |world| {
            vec![message("1", now(), "file", &full_body(&media(world, "f")))]
        });
        corp.run(&["archive"]).exits_with(0);
        // As a process leaves it that ends before, or after, the file got its name.
        corp.db().execute("UPDATE media SET state = 'pending', md5_ok = NULL, attempts = 0", []).unwrap();
        let file = corp.place.files("wecom-media").remove(0);
        if !is_moved {
            fs::rename(&file, file.with_file_name("1-0.part")).unwrap();
        }
        corp.with_faults([Fault::media(Effect::ErrCode(301_048))]);
        let result = corp.run(&["archive", "--json"]).exits_with(0).result();
        assert_eq!(counts(&result), [1, 0, 0, 0]);
        assert_whole(&corp, &corp.media()[0], "f");
        assert_eq!(corp.place.files("wecom-media"), [file]);
    }
}

#[test]
fn what_was_whole_is_found_by_what_holds_the_same() {
    let same = |id: &str| MediaFile::given(id, MediaKind::File, b"the same".to_vec());
    let corp = corp_with([same("first"), same("second")], |world| {
        let of = |id: &str, age: i64| message(id, now() - age, "file", &bare_body(&media(world, id)));
        vec![of("first", DAY), of("second", 1_000)]
    });
    corp.run(&["archive"]).exits_with(0);
    // As a process leaves it that ended with the second file under its name, while the first one rested.
    let db = corp.db();
    let first = corp.place.files("wecom-media").remove(0);
    let second = first.with_file_name("2-0.bin");
    fs::rename(&first, &second).unwrap();
    db.execute("UPDATE media SET state = 'pending', file = replace(file, '1-0', '2-0')", []).unwrap();
    db.execute("UPDATE media SET file = NULL, content_md5 = NULL, bytes = NULL WHERE seq = 1", []).unwrap();
    let result = corp.run(&["archive", "--json", "--connections", "1"]).exits_with(0).result();
    assert_eq!(counts(&result), [2, 1, 0, 0]);
    assert_eq!(corp.place.files("wecom-media"), [second]);
}

#[test]
fn a_name_without_its_file_is_fetched_anew() {
    let corp = corp_with([file("f", 70_000)], |world| {
        vec![message("1", now(), "file", &full_body(&media(world, "f")))]
    });
    corp.run(&["archive"]).exits_with(0);
    corp.db().execute("UPDATE media SET state = 'pending'", []).unwrap();
    fs::remove_file(corp.place.files("wecom-media").remove(0)).unwrap();
    corp.run(&["archive"]).exits_with(0);
    assert_whole(&corp, &corp.media()[0], "f");
}

#[test]
fn a_file_is_given_up_only_when_its_time_is_over() {
    let corp = corp_with([file("stalled", 3 * MIB), file("fine", 10)], |world| {
        let of = |id: &str| message(id, now(), "file", &full_body(&media(world, id)));
        vec![of("stalled"), of("fine")]
    });
    let stalled = Fault::media(Effect::ContentRange(ContentRange::StandsStill)).file("stalled");
    corp.with_faults([stalled]);
    corp.run(&["archive", "--no-media"]).exits_with(3);
    let db = corp.db();
    let before = |attempts: i64, deadline: i64| {
        let sql = "UPDATE media SET attempts = ?1, deadline = ?2, next_try = 0 WHERE seq = 1";
        db.execute(sql, (attempts, deadline)).unwrap();
    };
    // Long rests: the run does not wait for another attempt.
    for (attempts, deadline, state) in
        [(20, now() + DAY, "pending"), (6, now() - 30 * DAY, "pending"), (7, now() - 1_000, "failed")]
    {
        before(attempts, deadline);
        corp.run(&["archive"]).exits_with(3);
        let exported = corp.media();
        assert_eq!(texts(&exported, "state"), [state, "stored"]);
        assert_eq!(exported[0]["attempts"], attempts + 1);
        let reason = exported[0]["reason"].as_str().unwrap();
        assert!(reason.contains("the index token does not move forward"), "{reason}");
        assert_eq!(reason.starts_with("its time is over: "), state == "failed");
        assert_eq!(exported[0]["next_try"].is_null(), state == "failed");
    }
    assert_eq!(corp.place.files("wecom-media").len(), 1);
}

#[test]
fn a_run_waits_for_a_file_that_is_due_again_soon() {
    let corp = corp_with([file("f", 100)], |world| {
        vec![message("1", now(), "file", &full_body(&media(world, "f")))]
    });
    // The SDK cannot decrypt it: a damaged piece. The library asks three times before that is an attempt.
    corp.with_faults([Fault::media(Effect::Return(10006)).times(6)]);
    let result = corp.run(&["archive", "--json"]).exits_with(0).result();
    assert_eq!(counts(&result), [1, 0, 0, 0]);
    let exported = corp.media();
    assert_eq!((&exported[0]["attempts"], &exported[0]["reason"]), (&3.into(), &Value::Null));
}

#[test]
fn a_following_run_serves_the_queue_until_it_is_asked_to_stop() {
    use rustix::process::{Pid, Signal, kill_process};
    let corp = corp_with([file("f", 100), file("refused", 100)], |world| {
        let of = |id: &str| message(id, now(), "file", &full_body(&media(world, id)));
        vec![of("f"), of("refused")]
    });
    corp.with_faults([
        Fault::media(Effect::Return(10006)).file("f").times(1),
        Fault::media(Effect::ErrCode(301_042)).file("refused"),
    ]);
    let mut command = corp.command(&["archive", "--follow", "--poll", "3600", "--json", "-vv"]);
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut log = BufReader::new(child.stderr.take().unwrap()).lines();
    assert!(log.any(|line| line.unwrap().contains("a media file is stored")));
    kill_process(Pid::from_child(&child), Signal::TERM).unwrap();
    drop(log);
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(3));
    let result: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(counts(&result), [1, 0, 0, 1]);
}

#[test]
fn when_nobody_answers_not_every_file_is_tried() {
    let names: Vec<_> = (0..40).map(|number| format!("file-{number}")).collect();
    let corp = corp_with(names.iter().map(|name| file(name, 100)), |world| {
        names.iter().map(|name| message(name, now(), "file", &full_body(&media(world, name)))).collect()
    });
    // For files only: IP addresses are refused as the network is, and without waiting for it.
    corp.with_faults([Fault::media(Effect::ErrCode(301_042))]);
    let result = corp.run(&["archive", "--json"]).exits_with(3).result();
    assert_eq!(counts(&result), [0, 0, 0, 40]);
    let tried = corp.media().iter().filter(|entry| !entry["reason"].is_null()).count();
    assert!((8..30).contains(&tried), "{tried}");
    corp.without_faults();
    let result = corp.run(&["archive", "--json", "--retry-now"]).exits_with(0).result();
    assert_eq!(counts(&result), [40, 0, 0, 0]);
}

#[test]
fn a_run_that_is_asked_to_stop_keeps_what_it_has() {
    use rustix::process::{Pid, Signal, kill_process};
    let corp = corp_with([file("big", 8 * MIB)], |world| {
        vec![message("1", now(), "file", &full_body(&media(world, "big")))]
    });
    corp.with_faults([Fault::media(Effect::Delay(Duration::from_millis(100)))]);
    let mut child = corp.command(&["archive"]).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
    let part = corp.place.path("wecom-media").join(corp.world.corp_id()).join("0/1-0.part");
    while fs::metadata(&part).map_or(0, |metadata| metadata.len()) < MIB {
        assert_eq!(child.try_wait().unwrap(), None);
        std::thread::sleep(Duration::from_millis(5));
    }
    kill_process(Pid::from_child(&child), Signal::INT).unwrap();
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    let done: i64 = corp.db().query_row("SELECT bytes_done FROM media", [], |row| row.get(0)).unwrap();
    assert_eq!(u64::try_from(done).unwrap(), fs::metadata(&part).unwrap().len());
    corp.with_faults([Fault::media(Effect::ErrCode(301_048)).offset(0)]);
    corp.run(&["archive"]).exits_with(0);
    assert_whole(&corp, &corp.media()[0], "big");
}

#[test]
fn the_retention_is_the_operators_to_say() {
    let corp = corp_with([file("f", 10)], |world| {
        vec![message("1", now() - 10 * DAY, "file", &full_body(&media(world, "f")))]
    });
    corp.run(&["archive", "--no-media", "--retention-days", "30"]).exits_with(3);
    let deadline = corp.media()[0]["deadline"].as_i64().unwrap();
    assert!((deadline - (now() + 20 * DAY)).abs() < 60_000);
}

#[test]
fn doctor_counts_what_expires_soon() {
    let corp = corp_with(["a", "b", "c"].map(|name| file(name, 10)), |world| {
        let of = |id: &str, age: i64| message(id, now() - age, "file", &full_body(&media(world, id)));
        vec![of("a", 9 * DAY), of("b", 9 * DAY / 2), of("c", 1_000)]
    });
    corp.run(&["archive", "--no-media"]).exits_with(3);
    let ran = corp.run(&["doctor"]).exits_with(0);
    let line = ran.stdout.lines().find(|line| line.contains("media queue")).unwrap();
    assert!(line.starts_with("warn") && line.contains("3 media files are pending"), "{line}");
    assert!(line.contains("the time of 1 is over, that of 1 within 24 hours → run `archive` now"), "{line}");
    corp.run(&["archive"]).exits_with(0);
    let ran = corp.run(&["doctor"]).exits_with(0);
    let line = ran.stdout.lines().find(|line| line.contains("media queue")).unwrap();
    assert!(line.starts_with("ok"), "{line}");
}
