use std::fs;

use serde_json::Value;
use wecom_finance_simulator::{Effect, Fault, Scenario};

use crate::corp::Corp;
use crate::{Ran, Workplace};

fn status(result: &Value, name: &str) -> Vec<String> {
    let checks = result["checks"].as_array().unwrap().iter();
    checks
        .filter(|check| check["name"] == name)
        .map(|check| check["status"].as_str().unwrap().to_owned())
        .collect()
}

#[test]
fn nothing_given_is_told_piece_by_piece() {
    let place = Workplace::new();
    let ran = place.run(["doctor", "--json"]).exits_with(1);
    let result = ran.result();
    assert_eq!(result["ok"], false);
    for name in ["sdk", "corp id", "secret", "keys"] {
        assert_eq!(status(&result, name), ["fail"], "{name}");
    }
    for check in result["checks"].as_array().unwrap() {
        assert!(check["status"] == "ok" || check["remedy"].as_str().is_some_and(|remedy| !remedy.is_empty()));
    }
    assert!(place.files("").is_empty());
}

#[test]
fn all_is_well_where_a_run_would_work() {
    let corp = Corp::new(Scenario::new().texts(5));
    let ran = corp.run(&["doctor"]).exits_with(0);
    assert!(ran.stdout.contains("5 new messages"), "{}", ran.stdout);
    assert!(ran.stdout.contains("key of version 1 opens"), "{}", ran.stdout);
    assert!(!ran.stdout.contains(corp.world.secret()) && !ran.stderr.contains(corp.world.secret()));
    assert!(!corp.place.path("wecom-archive.db").exists());
    Workplace::new().run(["doctor", "--demo"]).exits_with(0);
}

#[test]
fn the_real_call_tells_what_nothing_else_can() {
    let corp = Corp::new(Scenario::new().texts(5).fault(Fault::chat(Effect::ErrCode(301_042))));
    let ran = corp.run(&["doctor", "--json"]).exits_with(1);
    assert_eq!(status(&ran.result(), "call"), ["fail"]);
    assert!(ran.stdout.contains("trusted IP"), "{}", ran.stdout);
}

#[test]
fn a_key_that_does_not_fit_is_found() {
    let corp = Corp::new(Scenario::new().texts(5).key_version(1).key_version(2));
    fs::copy(corp.place.path("keys/2.pem"), corp.place.path("keys/1.pem")).unwrap();
    let ran = corp.run(&["doctor", "--json"]).exits_with(1);
    assert!(status(&ran.result(), "key pair").contains(&"fail".to_owned()), "{}", ran.stdout);
}

#[test]
fn a_file_that_is_no_library_is_told_apart() {
    let corp = Corp::new(Scenario::new());
    fs::write(corp.place.path("sdk.so"), "<html>").unwrap();
    let ran = Ran::of(corp.command(&["doctor", "--json"]).env("WECOM_FINANCE_SDK", "sdk.so")).exits_with(1);
    assert_eq!(status(&ran.result(), "sdk"), ["fail"]);
    assert!(ran.stdout.contains("HTML"), "{}", ran.stdout);
}
