//! What WeCom forgot before it was pulled, and a clock that is wrong.

use std::time::Duration;

use serde_json::Value;
use wecom_finance_simulator::{Loopback, Scenario};

use crate::office::{Office, lines, result, run};

/// Lets so many days pass since WeCom was last asked.
fn days_later(office: &Office, days: i64) {
    let db = rusqlite::Connection::open(office.path("archive.db")).unwrap();
    db.execute("UPDATE corp SET pulled = pulled - ?1, at_head = at_head - ?1", [days * 86_400_000]).unwrap();
}

fn gaps(office: &Office) -> Vec<Value> {
    lines(&run(office.command("gaps").args(["--db", "archive.db", "--json"]), 0))
}

fn doctor(office: &Office, name: &str) -> Vec<Value> {
    let report = run(office.online("doctor").args(["--db", "archive.db", "--media", "media", "--json"]), 0);
    let report = result(&report);
    let checks = report["checks"].as_array().unwrap().iter();
    checks.filter(|check| check["name"] == name).cloned().collect()
}

#[test]
fn what_was_forgotten_is_recorded_once_and_reported_everywhere() {
    let Some(office) = Office::open(Scenario::new().texts(500)) else { return };
    assert_eq!(result(&run(&mut office.archive(), 0))["gaps"], 0);
    office.world.add_texts(2_500);
    office.world.forget_before(1_201);
    days_later(&office, 6);
    assert_eq!(doctor(&office, "cursor")[0]["status"], "warn");

    let output = run(&mut office.archive(), 3);
    let log = String::from_utf8_lossy(&output.stderr);
    assert!(log.contains("WeCom forgot") && log.contains("seqs=700"), "{log}");
    let first = result(&output);
    assert_eq!(
        (&first["stored"], &first["gaps"], &first["gaps_lost"]),
        (&1_800.into(), &1.into(), &1.into())
    );
    let output = run(&mut office.archive(), 0);
    assert!(!String::from_utf8_lossy(&output.stderr).contains("forgot"));
    assert_eq!(result(&output)["gaps"], 0);
    office.assert_holds(500 + 1_800);

    let [gap, totals] = &gaps(&office)[..] else { panic!("one gap") };
    assert_eq!(
        (&gap["first_seq"], &gap["last_seq"], &gap["reason"]),
        (&501.into(), &1_200.into(), &"retention".into())
    );
    assert!(gap["msgtime_before"].as_i64().unwrap() < gap["msgtime_after"].as_i64().unwrap());
    assert_eq!((&totals["lost"], &totals["lost_seqs"]), (&1.into(), &700.into()));
    assert_eq!(doctor(&office, "gaps")[0]["status"], "warn");
    assert_eq!(doctor(&office, "cursor")[0]["status"], "ok");
    let clocks = doctor(&office, "clock");
    assert_eq!(clocks.last().unwrap()["detail"], "this machine's clock agrees with WeCom's");

    // A jump at a cursor that was at the head just now is no loss.
    office.world.add_texts(50);
    office.world.forget_before(3_011);
    let third = result(&run(&mut office.archive(), 0));
    assert_eq!((&third["stored"], &third["gaps"], &third["gaps_lost"]), (&40.into(), &1.into(), &0.into()));
}

#[test]
fn a_wrong_clock_is_named() {
    let behind =
        |server: wecom_finance_simulator::LoopbackBuilder| server.clock_ahead(Duration::from_secs(7_200));
    let Some(office) = Office::behind(Scenario::new().texts(3), behind(Loopback::builder())) else { return };
    let output = run(&mut office.archive(), 0);
    let seconds = result(&output)["clock_skew_seconds"].as_i64().unwrap();
    assert!((-7_200..=-7_190).contains(&seconds), "{seconds}");
    let log = String::from_utf8_lossy(&output.stderr);
    assert!(log.contains("this machine's clock is 1 h 59 min behind WeCom's"), "{log}");
    let warned = doctor(&office, "clock").into_iter().find(|check| check["status"] == "warn").unwrap();
    assert!(warned["remedy"].as_str().unwrap().contains("NTP"), "{warned}");
}
