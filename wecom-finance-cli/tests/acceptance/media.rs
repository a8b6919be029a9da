//! Files over a bad line from far away: all of them, once, whatever happens on the way.

use std::collections::BTreeMap;
use std::process::Stdio;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use serde_json::{Value, json};
use wecom_finance_simulator::{ContentRange, Effect, Fault, MediaFile, MediaKind, Scenario};

use crate::office::{Office, result, run};

const MIB: u64 = 1 << 20;
const ROUND_TRIP: Duration = Duration::from_millis(30);
const FILES: u64 = 500;
const KILLS: u32 = 30;

/// Each of the five faults strikes one chunk in twenty-three: together, one in five.
const CHANCE: f64 = 0.0436;

/// Messages of today with these files.
fn with_files(files: impl IntoIterator<Item = MediaFile>) -> Scenario {
    with_files_and(files, &[])
}

/// The same, and with messages that carry these ids, which are none.
fn with_files_and(files: impl IntoIterator<Item = MediaFile>, broken: &[&str]) -> Scenario {
    let scenario = files.into_iter().fold(Scenario::new(), Scenario::loose_media_file);
    let world = scenario.clone().build();
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs() * 1_000;
    let bodies = world
        .media_files()
        .into_iter()
        .zip(scenario_md5s(&scenario))
        .map(|(media, announced)| {
            let md5 = announced.unwrap_or_else(|| media.md5().to_owned());
            json!({ "sdkfileid": media.sdk_file_id(), "md5sum": md5, "filesize": media.len(),
                    "filename": format!("{}.dat", media.id()), "fileext": "dat" })
        })
        .chain(broken.iter().map(|id| json!({ "sdkfileid": id, "filename": "broken.dat" })))
        .collect::<Vec<_>>();
    bodies.into_iter().zip(1_u64..).fold(scenario, |scenario, (body, number)| {
        let message = json!({
            "msgid": number.to_string(), "action": "send", "from": "lin.yu", "tolist": ["chen.bo"],
            "msgtime": now - number, "msgtype": "file", "file": body,
        });
        scenario.message(message.to_string())
    })
}

/// What the files announce instead of their MD5s.
fn scenario_md5s(scenario: &Scenario) -> Vec<Option<String>> {
    let scenario: Value = serde_json::from_str(&scenario.to_json().unwrap()).unwrap();
    let announced = |file: &Value| file["announced_md5"].as_str().map(str::to_owned);
    scenario["media"].as_array().unwrap().iter().map(announced).collect()
}

fn small(number: u64) -> MediaFile {
    MediaFile::generated(format!("file-{number}"), MediaKind::File, 1 + (number * 7_919) % 20_000)
}

#[test]
fn a_bad_line_and_thirty_kills_lose_and_double_nothing() {
    let len = |number: u64| match number {
        0 | 1 => 0,
        2 | 3 => 64 * MIB,
        4..40 => MIB + number * 177_013,
        _ => (number * 7_919) % 150_000,
    };
    let files: Vec<_> = (0..FILES)
        .map(|number| MediaFile::generated(format!("file-{number}"), MediaKind::File, len(number)))
        .collect();
    let scenario = [
        Effect::Status(502),
        Effect::ErrCode(-1),
        Effect::NoContent,
        Effect::Cut { bytes: 300 },
        Effect::Shorten { bytes: 16 },
    ]
    .into_iter()
    .fold(with_files(files), |scenario, effect| scenario.fault(Fault::media(effect).probability(CHANCE)));
    let Some(office) = Office::at_a_distance(scenario, ROUND_TRIP) else { return };

    let began = Instant::now();
    let seed = u64::from(std::process::id());
    println!("seed {seed}");
    let mut random = fastrand::Rng::with_seed(seed);
    let (mut kills, mut began_anew) = (0, 0);
    while kills < KILLS {
        let mut child = office.archive().stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        std::thread::sleep(Duration::from_millis(random.u64(100..2_200)));
        if child.try_wait().unwrap().is_none() {
            child.kill().unwrap();
            kills += 1;
        } else if began_anew < 3 {
            // All of it came before the last kill: the others shall hit something, too.
            for name in ["archive.db", "archive.db-wal", "archive.db-shm", "archive.db.lock"] {
                let _gone_or_not_there = std::fs::remove_file(office.path(name)).is_ok();
            }
            std::fs::remove_dir_all(office.path("media")).unwrap();
            began_anew += 1;
        }
        child.wait().unwrap();
    }
    let killed = began.elapsed();
    // Files that failed often rest for longer than a run waits.
    let mut runs = 0;
    let last = loop {
        let output = office.archive().output().unwrap();
        let last = result(&output);
        runs += 1;
        if output.status.code() == Some(0) {
            break last;
        }
        assert!(output.status.code() == Some(3) && runs < 30, "{output:?}");
        std::thread::sleep(Duration::from_secs(2));
    };
    assert_eq!((&last["media_failed"], &last["media_pending"]), (&0.into(), &0.into()));
    office.assert_complete();
    assert_eq!(office.export().len() as u64, FILES);
    println!(
        "{kills} kills in {killed:.0?}, begun anew {began_anew} times, {runs} runs more, {:.0?} altogether, {} chunks",
        began.elapsed(),
        office.world.media_calls()
    );
}

#[test]
fn five_files_that_cannot_be_had_do_not_keep_the_others_from_coming() {
    let special = |id: &str, len: u64| MediaFile::generated(id, MediaKind::File, len);
    let files = (0..495).map(small).chain([
        special("gone", 30_000),
        special("lie", 30_000).announce_md5("0".repeat(32)),
        special("stalled", 2 * MIB),
        special("mute", 30_000),
    ]);
    let scenario = with_files_and(files, &["this is no id"])
        .fault(Fault::media(Effect::ErrCode(301_048)).file("gone"))
        .fault(Fault::media(Effect::ContentRange(ContentRange::StandsStill)).file("stalled"))
        .fault(Fault::media(Effect::Hang).file("mute"));
    let Some(office) = Office::at_a_distance(scenario, ROUND_TRIP) else { return };
    let ids: BTreeMap<String, &str> = ["gone", "lie", "stalled", "mute"]
        .into_iter()
        .map(|id| (office.world.media(id).unwrap().sdk_file_id().to_owned(), id))
        .collect();
    let archive = |more: &[&str]| {
        let mut archive = office.archive();
        result(&run(archive.args(["--timeout", "1"]).args(more), 3))
    };
    // What was tried often rests for long: the run does not wait for it.
    archive(&["--no-media"]);
    let db = rusqlite::Connection::open(office.path("archive.db")).unwrap();
    db.execute("UPDATE media SET attempts = 20", []).unwrap();

    let first = archive(&[]);
    let counts = |result: &Value| {
        ["media_fetched", "media_failed", "media_pending"].map(|name| result[name].as_u64().unwrap())
    };
    assert_eq!(counts(&first), [496, 2, 2]);
    let special = || -> BTreeMap<&str, (String, String)> {
        let exported = office.export();
        let media = exported.iter().map(|line| &line["media"][0]).filter_map(|media| {
            let id = media["sdkfileid"].as_str().unwrap();
            let text = |name: &str| media[name].as_str().unwrap_or_default().to_owned();
            let id = if id == "this is no id" { "broken" } else { *ids.get(id)? };
            Some((id, (text("state"), text("reason"))))
        });
        media.collect()
    };
    let expected = |states: [(&'static str, &str, &str); 5]| -> BTreeMap<&str, (String, String)> {
        states.into_iter().map(|(id, state, reason)| (id, (state.to_owned(), reason.to_owned()))).collect()
    };
    let network = format!(
        "fetching a file failed: WeCom cannot be reached through {}: timed out (no reply)",
        office.proxy_url()
    );
    let stalled = "fetching a file failed: the server's reply cannot be used: its Content-Range is not one";
    assert_eq!(
        special(),
        expected([
            ("gone", "expired", "fetching a file failed: the file has expired (10010)"),
            ("lie", "stored", "its MD5 is another than its message says"),
            (
                "broken",
                "failed",
                "sdkfileid contains a space, a line end or a control character: copy it whole and on one line"
            ),
            ("stalled", "pending", stalled),
            ("mute", "pending", &network),
        ])
    );
    // The others are stored, byte for byte.
    for number in 0..495 {
        let media = office.world.media(&format!("file-{number}")).unwrap();
        let (state, file): (String, String) = db
            .query_row("SELECT state, file FROM media WHERE sdkfileid = ?1", [media.sdk_file_id()], |row| {
                Ok((row.get(0)?, row.get(1)?))
            })
            .unwrap();
        assert_eq!(state, "stored");
        assert!(std::fs::read(office.path("media").join(file)).unwrap() == media.bytes());
    }

    // A week later.
    db.execute("UPDATE media SET deadline = deadline - 604800000", []).unwrap();
    let second = archive(&["--retry-now"]);
    assert_eq!(counts(&second), [0, 2, 0]);
    let over = |reason: &str| ("failed".to_owned(), format!("its time is over: {reason}"));
    assert_eq!((&special()["stalled"], &special()["mute"]), (&over(stalled), &over(&network)));
}

/// WeCom says "expired" of files. Whoever says it of an access token says nothing about any file.
#[test]
fn a_nonsensical_refusal_of_a_token_gives_no_file_up() {
    let Some(office) = Office::open(with_files([small(1), small(2)])) else { return };
    run(office.archive().arg("--no-media"), 3);
    office.world.set_fault(Fault::token(Effect::ErrCode(301_048)));
    let refused = result(&run(&mut office.archive(), 1));
    assert_ne!(refused["media_failed"], 2, "{refused}");
    office.world.clear_faults();
    run(office.archive().arg("--retry-now"), 0);
    office.assert_complete();
}
