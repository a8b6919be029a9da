//! What WeCom does not hand out: found, recorded, told.

use std::process::Stdio;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde_json::Value;
use wecom_finance_simulator::{Effect, Fault, Scenario};

use crate::corp::Corp;
use crate::{Ran, Workplace};

const DAY: Duration = Duration::from_secs(86_400);

/// Lets so many days pass since WeCom was last asked.
fn days_later(corp: &Corp, days: u32) {
    let millis = i64::try_from((DAY * days).as_millis()).unwrap();
    corp.db().execute("UPDATE corp SET pulled = pulled - ?1, at_head = at_head - ?1", [millis]).unwrap();
}

fn gaps(corp: &Corp) -> (Vec<Value>, Value) {
    let mut lines = corp.place.run(["gaps", "--json"]).exits_with(0).lines();
    let result = lines.pop().unwrap();
    (lines, result)
}

fn check<'a>(ran: &'a Ran, result: &'a Value, name: &str) -> &'a Value {
    let checks = result["checks"].as_array().unwrap();
    checks.iter().find(|check| check["name"] == name).unwrap_or_else(|| panic!("no {name}: {}", ran.stdout))
}

/// A corp of 900 messages whose first 300 are archived; then nobody came for so long, and the first 500 are forgotten.
fn neglected(days: u32) -> Corp {
    let corp = Corp::new(Scenario::new().texts(300));
    corp.run(&["archive", "--json"]).exits_with(0);
    let more = corp.world.scenario().clone().texts(600).retained_from(501);
    corp.describe(&more);
    days_later(&corp, days);
    corp
}

#[test]
fn what_was_forgotten_is_told_once_and_stays_known() {
    let corp = neglected(7);
    let doctor = corp.run(&["doctor", "--json"]).exits_with(0);
    let result = doctor.result();
    let cursor = check(&doctor, &result, "cursor");
    assert_eq!(cursor["status"], "warn");
    assert!(cursor["detail"].as_str().unwrap().contains("7 d 0 h ago"), "{cursor}");
    assert_eq!(check(&doctor, &result, "gaps")["detail"], "no gaps");

    let ran = corp.run(&["archive", "--json", "--limit", "250"]).exits_with(3);
    let result = ran.result();
    assert_eq!(
        (&result["stored"], &result["gaps"], &result["gaps_lost"]),
        (&400.into(), &1.into(), &1.into())
    );
    assert!(ran.stderr.contains("WeCom forgot the messages") && ran.stderr.contains("301"), "{}", ran.stderr);

    let again = corp.run(&["archive", "--json"]).exits_with(0);
    assert_eq!((&again.result()["gaps"], &again.result()["gaps_lost"]), (&0.into(), &0.into()));
    assert!(!again.stderr.contains("forgot"), "{}", again.stderr);

    let (listed, result) = gaps(&corp);
    let [gap] = listed.as_slice() else { panic!("{listed:?}") };
    let numbers = ["first_seq", "last_seq", "seqs", "missing"].map(|name| gap[name].as_u64().unwrap());
    assert_eq!(numbers, [301, 500, 200, 200]);
    assert_eq!((&gap["reason"], &gap["filled"]), (&"retention".into(), &Value::Null));
    assert_eq!(gap["corp_id"], corp.world.corp_id());
    // The messages around it.
    let exported = corp.export();
    let time = |seq: u64| exported.iter().find(|message| message["seq"] == seq).unwrap()["msgtime"].clone();
    assert_eq!((&gap["msgtime_before"], &gap["msgtime_after"]), (&time(300), &time(501)));
    let now = i64::try_from(SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_millis()).unwrap();
    let (found, idle) = (gap["found"].as_i64().unwrap(), gap["idle_since"].as_i64().unwrap());
    assert!((now - 600_000..=now).contains(&found) && found - idle > 600_000_000, "{gap}");
    assert_eq!((&result["gaps"], &result["lost"], &result["lost_seqs"]), (&1.into(), &1.into(), &200.into()));

    let people = corp.place.run(["gaps"]).exits_with(0).stdout;
    assert!(people.contains("301-500  200 seqs  LOST") && people.contains("1 gap: 1 LOST"), "{people}");
    let doctor = corp.run(&["doctor", "--json"]).exits_with(0);
    let result = doctor.result();
    assert_eq!(check(&doctor, &result, "gaps")["status"], "warn");
    assert!(doctor.stdout.contains("200 seqs"), "{}", doctor.stdout);
    assert_eq!(check(&doctor, &result, "cursor")["status"], "ok");

    corp.db().execute("UPDATE gap SET found = found - ?1", [31 * 86_400_000_i64]).unwrap();
    let doctor = corp.run(&["doctor", "--json"]).exits_with(0);
    let result = doctor.result();
    assert_eq!(check(&doctor, &result, "gaps")["status"], "ok", "nothing can be done about it");
}

#[test]
fn a_cursor_that_was_there_yesterday_has_lost_nothing() {
    let corp = neglected(1);
    let ran = corp.run(&["archive", "--json"]).exits_with(0);
    assert_eq!((&ran.result()["gaps"], &ran.result()["gaps_lost"]), (&1.into(), &0.into()));
    let alarms = ["left out", "forgot"].into_iter().filter(|words| ran.stderr.contains(words));
    assert_eq!(alarms.count(), 0, "{}", ran.stderr);
    let (listed, result) = gaps(&corp);
    assert_eq!((&listed[0]["reason"], &listed[0]["seqs"]), (&"unexplained".into(), &200.into()));
    assert_eq!((&result["gaps"], &result["lost"]), (&1.into(), &0.into()));
    let doctor = corp.run(&["doctor", "--json"]).exits_with(0);
    assert_eq!(check(&doctor, &doctor.result(), "gaps")["status"], "ok");
}

#[test]
fn a_hole_as_large_as_a_page_is_worth_a_word() {
    let corp = Corp::new(Scenario::new().texts(2).gap(1_000).texts(2));
    let ran = corp.run(&["archive"]).exits_with(0);
    assert!(ran.stderr.contains("WARN") && ran.stderr.contains("seqs=1000"), "{}", ran.stderr);
    assert!(ran.stdout.contains("gaps         1 (1000 seqs that WeCom left out"), "{}", ran.stdout);
}

#[test]
fn the_summary_says_what_to_do_in_both_languages() {
    for (lang, words) in [("en", "archive at least daily"), ("zh", "至少每天运行一次")] {
        let ran = neglected(6).run(&["archive", "--lang", lang]).exits_with(3);
        assert!(ran.stdout.contains("LOST         200 seqs in 1 gap:"), "{}", ran.stdout);
        assert!(ran.stdout.contains(words), "{}", ran.stdout);
    }
}

#[test]
fn doctor_says_in_chinese_what_is_lost_and_how_old_the_cursor_is() {
    let corp = neglected(7);
    corp.run(&["archive", "--quiet"]).exits_with(3);
    let printed = corp.run(&["doctor", "--lang", "zh"]).exits_with(0).stdout;
    assert!(printed.contains("1 处缺口：1 处丢失（200 个 seq，"), "{printed}");
    assert!(printed.contains("时已拉取至最新，0 分钟前；企业微信大约保留 5 天"), "{printed}");
    let english = ["LOST", "seqs", "ago"].into_iter().filter(|word| printed.contains(word));
    assert_eq!(english.count(), 0, "{printed}");
}

#[test]
fn a_run_killed_between_two_pages_has_recorded_the_hole() {
    let corp = neglected(7);
    let slow = Fault::chat(Effect::Delay(Duration::from_secs(60))).seq(751);
    let scenario = corp.world.scenario().clone().texts(600).retained_from(501).fault(slow);
    corp.describe(&scenario);
    let mut command = corp.command(&["archive", "--limit", "250"]);
    let mut child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    let db = corp.db();
    let cursor = || db.query_row("SELECT cursor FROM corp", [], |row| row.get::<_, i64>(0)).unwrap();
    let deadline = SystemTime::now() + Duration::from_secs(50);
    while cursor() == 300 && SystemTime::now() < deadline {
        std::thread::sleep(Duration::from_millis(5));
    }
    child.kill().unwrap();
    child.wait().unwrap();
    assert_eq!(cursor(), 750, "the first page is there, the second is under way");
    assert_eq!(gaps(&corp).1["lost_seqs"], 200);
    corp.describe(&corp.world.scenario().clone().texts(600).retained_from(501));
    let ran = corp.run(&["archive", "--json"]).exits_with(0);
    assert_eq!((&ran.result()["gaps"], &ran.result()["last_seq"]), (&0.into(), &900.into()));
    assert_eq!(gaps(&corp).0.len(), 1);
}

#[test]
fn a_backup_that_is_restored_pulls_again_and_what_comes_closes_the_hole() {
    let corp = Corp::new(Scenario::new().texts(100).gap(5).texts(100));
    corp.forget_before(51);
    corp.run(&["archive", "--json"]).exits_with(0);
    let backup = corp.place.path("backup.db");
    corp.db().execute("VACUUM INTO ?1", [backup.to_str().unwrap()]).unwrap();
    corp.describe(&corp.world.scenario().clone().texts(100).retained_from(251));
    days_later(&corp, 8);
    corp.run(&["archive", "--json"]).exits_with(3);
    assert_eq!(gaps(&corp).1["lost_seqs"], 45);

    // What another archive brought is pulled again from an older cursor.
    corp.describe(&corp.world.scenario().clone().texts(100).retained_from(231));
    corp.db().execute("UPDATE corp SET cursor = 205", []).unwrap();
    let ran = corp.run(&["archive", "--json"]).exits_with(0);
    assert_eq!((&ran.result()["gaps"], &ran.result()["stored"]), (&0.into(), &20.into()), "{}", ran.stdout);
    assert_eq!(gaps(&corp).0[1]["missing"], 25);
    let people = corp.place.run(["gaps"]).exits_with(0).stdout;
    assert!(people.contains("206-250  45 seqs  LOST (forgotten by WeCom), 25 still missing"), "{people}");

    corp.describe(&corp.world.scenario().clone().texts(100));
    corp.db().execute("UPDATE corp SET cursor = 205", []).unwrap();
    let ran = corp.run(&["archive"]).exits_with(0);
    assert!(ran.stdout.contains("gaps filled  1"), "{}", ran.stdout);
    let (listed, result) = gaps(&corp);
    assert_eq!(
        (&listed[1]["missing"], &result["lost"], &result["filled"]),
        (&0.into(), &0.into(), &1.into())
    );
    assert!(listed[1]["filled"].is_i64());
    assert_eq!((&listed[0]["reason"], &listed[0]["seqs"]), (&"unexplained".into(), &5.into()));

    // The backup knows nothing of all that, and finds what is missing to it.
    std::fs::remove_file(corp.place.path("wecom-archive.db")).unwrap();
    std::fs::rename(backup, corp.place.path("wecom-archive.db")).unwrap();
    corp.describe(&corp.world.scenario().clone().texts(100).retained_from(251));
    days_later(&corp, 8);
    corp.run(&["archive", "--json"]).exits_with(3);
    assert_eq!(gaps(&corp).1["lost_seqs"], 45);
}

#[test]
fn several_corps_are_listed_one_after_the_other() {
    let first = Corp::new(Scenario::new().texts(2).gap(3).texts(2));
    let second = Corp::new(Scenario::new().texts(2).gap(4).texts(2).gap(5).texts(1));
    first.run(&["archive"]).exits_with(0);
    let db = first.place.path("wecom-archive.db");
    second.run(&["archive", "--db", db.to_str().unwrap()]).exits_with(0);
    let (listed, result) = gaps(&first);
    assert_eq!((listed.len(), &result["gaps"], &result["seqs"]), (3, &3.into(), &12.into()));
    let of_second = first.place.run(["gaps", "--json", "--corp-id", second.world.corp_id()]).exits_with(0);
    assert_eq!(of_second.result()["gaps"], 2);
    let ran = first.place.run(["gaps", "--corp-id", "ww0000000000000000"]).exits_with(1);
    assert!(ran.stderr.contains(second.world.corp_id()), "{}", ran.stderr);
}

#[test]
fn without_a_database_there_is_nothing_to_list() {
    let ran = Workplace::new().run(["gaps"]).exits_with(1);
    assert!(ran.stderr.contains("no such database"), "{}", ran.stderr);
    let corp = Corp::new(Scenario::new().texts(3));
    corp.run(&["archive"]).exits_with(0);
    assert_eq!(corp.place.run(["gaps"]).exits_with(0).stdout, "no gaps\n");
}

#[test]
fn messages_of_tomorrow_betray_the_clock() {
    let tomorrow = SystemTime::now().duration_since(UNIX_EPOCH).unwrap() + DAY;
    let message = format!(
        r#"{{"msgid":"1_1","action":"send","msgtime":{},"msgtype":"text","text":{{"content":"x"}}}}"#,
        tomorrow.as_millis()
    );
    let corp = Corp::new(Scenario::new().message(message));
    let ran = corp.run(&["archive", "--json"]).exits_with(0);
    let behind = -ran.result()["clock_skew_seconds"].as_i64().unwrap();
    assert!((86_000..=86_400).contains(&behind), "{behind}");
    assert!(ran.stderr.contains("behind WeCom's") && ran.stderr.contains("NTP"), "{}", ran.stderr);
    let ran = corp.run(&["archive"]).exits_with(0);
    assert!(
        ran.stdout.contains("clock        this machine's clock is 23 h 59 min behind WeCom's"),
        "{}",
        ran.stdout
    );
    let doctor = corp.run(&["doctor", "--json"]).exits_with(0);
    assert_eq!(check(&doctor, &doctor.result(), "last message")["status"], "warn");
}
