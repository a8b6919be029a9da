//! Messages and files that the SDK does not survive, in one run that nobody looks after.

use std::time::{Duration, Instant};

use serde_json::Value;
use wecom_finance_simulator::{Effect, Fault, MediaFile, MediaKind, Scenario};
use wecom_finance_tests::deadly_message;

use crate::office::{Office, result, run};

/// Messages, those of them that kill, files that kill. The long form is what is promised, the short one what an ordinary
/// test run has time for.
fn sizes() -> (u64, u64, u64) {
    let long = std::env::var_os("WECOM_FINANCE_LONG_TESTS").is_some();
    if long { (100_000, 1_000, 20) } else { (4_000, 20, 5) }
}

/// A stream of texts of which this many kill, with files of which as many as are good kill.
fn stream(messages: u64, killers: u64, files: u64) -> Scenario {
    let deadly = deadly_message("deadly");
    let mut scenario = Scenario::new().key_version(1);
    for number in 0..files {
        let (bad, good) = (format!("deadly-{number}"), format!("good-{number}"));
        scenario = scenario
            .media_file(MediaFile::generated(&bad, MediaKind::File, 1_000 + number))
            .media_file(MediaFile::generated(good, MediaKind::File, 90_000 + number))
            .fault(Fault::media(Effect::Nested { depth: 200_000 }).file(bad));
    }
    let texts = messages - killers - 2 * files;
    for number in 0..killers {
        let until = |number: u64| texts * number / killers;
        scenario = scenario.texts(until(number + 1) - until(number)).message(deadly.clone());
    }
    if killers == 0 { scenario.texts(texts) } else { scenario }
}

/// The result of one run with the SDK's own TLS: the egress would keep the deadly replies from it.
fn archive(office: &Office, exit: i32) -> (Value, Duration) {
    let since = Instant::now();
    let output = run(office.archive_unverified().args(["--tls", "sdk"]), exit);
    (result(&output), since.elapsed())
}

fn counts<const N: usize>(result: &Value, names: [&str; N]) -> [u64; N] {
    names.map(|name| result[name].as_u64().unwrap_or_else(|| panic!("{name}: {result}")))
}

#[test]
fn one_run_stores_all_but_the_deadly_messages_and_files() {
    let (messages, killers, files) = sizes();
    let Some(office) = Office::open(stream(messages, killers, files)) else { return };
    let (with, took) = archive(&office, 3);
    assert_eq!(
        counts(&with, ["pulled", "stored", "quarantined", "media_fetched", "media_failed", "media_pending"]),
        [messages, messages - killers, killers, files, files, 0]
    );
    let [restarts] = counts(&with, ["worker_restarts"]);
    // Once together with others, once alone; several may share the first time.
    let all = killers + files;
    assert!((all..=2 * all).contains(&restarts), "{restarts} restarts over {all}");

    let quarantine = office.export_quarantine();
    assert_eq!(quarantine.len() as u64, killers);
    for line in &quarantine {
        assert_eq!((&line["msgid"], &line["reason"]), (&"deadly".into(), &"killed_worker".into()), "{line}");
        assert_eq!(line["detail"], "the worker process that opens it was ended by SIGABRT (6)");
    }
    let exported = office.export();
    let opened: Vec<_> = office.world.msgids().filter(|(_, msgid)| msgid != "deadly").collect();
    assert!(exported.iter().map(|line| line["seq"].as_u64().unwrap()).eq(opened.iter().map(|(seq, _)| *seq)));
    let mut failed = 0;
    for media in exported.iter().flat_map(|line| line["media"].as_array().unwrap()) {
        let file = office.world.media(media["sdkfileid"].as_str().unwrap()).unwrap();
        if file.id().starts_with("good") {
            assert_eq!(media["state"], "stored", "{media}");
            let path = office.path("media").join(media["file"].as_str().unwrap());
            assert!(std::fs::read(path).unwrap() == file.bytes(), "{}", file.id());
            continue;
        }
        let reason = media["reason"].as_str().unwrap();
        assert_eq!(media["state"], "failed", "{reason}");
        assert!(reason.contains("SIGSEGV (11)") || reason.contains("SIGABRT (6)"), "{reason}");
        failed += 1;
    }
    assert_eq!(failed, files);

    // Nothing of it is tried again by itself, and nobody is in the way of what comes next.
    office.world.add_texts(10);
    let (again, _) = archive(&office, 0);
    assert_eq!(counts(&again, ["stored", "quarantined", "media_failed", "worker_restarts"]), [10, 0, 0, 0]);

    let Some(harmless) = Office::open(stream(messages, 0, 0)) else { return };
    let (without, took_without) = archive(&harmless, 0);
    assert_eq!(counts(&without, ["stored", "worker_restarts"]), [messages, 0]);
    let Some(only) = Office::open(stream(100, 100, 0)) else { return };
    let (of_only, took_only) = archive(&only, 3);
    let [restarts_of_only] = counts(&of_only, ["worker_restarts"]);
    let each = took_only / u32::try_from(restarts_of_only).unwrap();
    println!(
        "{messages} messages, {killers} deadly, {files} deadly files: {took:.1?} with {restarts} restarts of some {each:.1?} \
         each, {took_without:.1?} without"
    );
    let bound = took_without.mul_f64(1.5) + each * u32::try_from(restarts).unwrap();
    println!("1.5 times the run without and the restarts: {bound:.1?}");
}
