use std::collections::HashSet;
use std::io::{BufRead as _, BufReader};
use std::process::Stdio;

use serde_json::{Value, json};
use wecom_finance_simulator::{Effect, Fault, Scenario};

use crate::corp::{Corp, text};
use crate::{Ran, Workplace};

const COUNTS: [&str; 6] = ["pulled", "stored", "duplicates", "quarantined", "media_fetched", "media_failed"];

fn counts(result: &Value) -> [u64; 6] {
    COUNTS.map(|name| result[name].as_u64().unwrap())
}

#[test]
fn the_demo_needs_nothing_and_loses_nothing() {
    let place = Workplace::new();
    let first = place.run(["archive", "--demo", "--no-media", "--json"]).exits_with(3);
    let world = Scenario::demo().build();
    let expected: Vec<_> = world.messages().collect();
    let result = first.result();
    let all = u64::try_from(expected.len()).unwrap();
    assert_eq!(counts(&result), [all, all, 0, 0, 0, 0]);
    assert_eq!(result["corp_id"], Scenario::DEMO_CORP_ID);
    assert_eq!(result["last_seq"], expected.last().unwrap().0);
    assert_eq!(result["gaps"], 2, "the demo leaves out seqs in two places");
    assert_eq!(result["gaps_lost"], 0);
    assert!(!first.stderr.contains("WeCom left out"), "no reason to worry anybody: {}", first.stderr);
    let names: Vec<_> = result.as_object().unwrap().keys().map(String::as_str).collect();
    let contract = [
        "corp_id",
        "pulled",
        "stored",
        "duplicates",
        "quarantined",
        "media_fetched",
        "media_linked",
        "media_failed",
        "media_pending",
        "last_seq",
        "gaps",
        "gaps_lost",
        "seconds",
    ];
    assert_eq!(sorted(names), sorted(contract.to_vec()));
    // And in the order of the contract.
    let positions: Vec<_> =
        contract.iter().map(|name| first.stdout.find(&format!("\"{name}\"")).unwrap()).collect();
    assert!(positions.is_sorted());

    let again = place.run(["archive", "--demo", "--no-media", "--json"]);
    assert_eq!(counts(&again.result()), [0; 6]);
    assert_eq!(again.result()["gaps"], 0, "they are known");

    let exported = place.run(["export"]).exits_with(0).lines();
    assert_eq!(exported.len(), expected.len());
    for (message, (seq, plaintext)) in exported.iter().zip(&expected) {
        assert_eq!(message["seq"], *seq);
        assert_eq!(message["raw"].as_str().unwrap().as_bytes(), plaintext);
    }
    // The 34 types that are known, and a few of tomorrow.
    let kind = |message: &Value| {
        [&message["msgtype"], &message["action"]].map(|name| name.as_str().map(str::to_owned))
    };
    let kinds: HashSet<_> =
        exported.iter().filter_map(|message| kind(message).into_iter().flatten().next()).collect();
    assert!(kinds.len() > 34, "{kinds:?}");
    let revoked = exported.iter().filter(|message| !message["revoked_by"].is_null());
    assert_eq!(revoked.count(), 13);
}

fn sorted(mut names: Vec<&str>) -> Vec<&str> {
    names.sort_unstable();
    names
}

#[test]
fn messages_are_exported_as_the_contract_says() {
    let switch = r#"{"msgid":"9","action":"switch","time":1711432801950,"user":"lin.yu"}"#;
    let bare = r#"{"msgid":"10","action":"send","msgtype":"text","tolist":[],"text":{"content":"x"}}"#;
    let scenario = Scenario::new().message(text("1_1", "你好\n\"")).message(switch).message(bare);
    let corp = Corp::new(scenario);
    corp.run(&["archive"]).exits_with(0);
    let exported = corp.place.run(["export"]).exits_with(0);
    let messages = exported.lines();
    assert_eq!(
        messages[0],
        json!({
            "corp_id": corp.world.corp_id(), "seq": 1, "msgid": "1_1", "publickey_ver": 1, "action": "send",
            "msgtype": "text", "from": "lin.yu", "tolist": ["chen.bo"], "roomid": null,
            "msgtime": 1_711_432_801_950_i64, "raw": text("1_1", "你好\n\""), "media": [],
            "revoked_by": null, "revokes": null,
        })
    );
    assert_eq!(
        messages[1],
        json!({
            "corp_id": corp.world.corp_id(), "seq": 2, "msgid": "9", "publickey_ver": 1, "action": "switch",
            "msgtype": null, "from": null, "tolist": null, "roomid": null, "msgtime": null, "raw": switch,
            "media": [], "revoked_by": null, "revokes": null,
        })
    );
    assert_eq!(messages[2]["tolist"], json!([]));
    assert_eq!(messages[2]["msgtime"], Value::Null);
    assert_eq!(messages[2]["from"], Value::Null);
    assert!(exported.stdout.starts_with("{\"corp_id\":"));
}

#[test]
fn a_revocation_and_what_it_takes_back_know_each_other() {
    let revoke = |msgid: &str, pre_msgid: &str| {
        format!(
            r#"{{"msgid":"{msgid}","action":"recall","msgtype":"revoke","revoke":{{"pre_msgid":"{pre_msgid}"}}}}"#
        )
    };
    let scenario = Scenario::new()
        .message(revoke("1_1", "4_4"))
        .message(text("2_2", "taken back twice"))
        .message(revoke("3_3", "2_2"))
        .message(text("4_4", "came after its revocation"))
        .message(revoke("5_5", "2_2"))
        .message(revoke("6_6", "never_seen_external"))
        .message(revoke("7_7", "7_7"))
        .message(revoke("8_8", ""));
    let corp = Corp::new(scenario);
    corp.run(&["archive", "--limit", "3"]).exits_with(0);
    let links: Vec<_> = corp
        .export()
        .iter()
        .map(|message| ["revoked_by", "revokes"].map(|name| message[name].as_str().map(str::to_owned)))
        .collect();
    let link = |revoked_by: Option<&str>, revokes: Option<&str>| {
        [revoked_by, revokes].map(|id| id.map(str::to_owned))
    };
    assert_eq!(
        links,
        [
            link(None, Some("4_4")),
            link(Some("3_3"), None),
            link(None, Some("2_2")),
            link(Some("1_1"), None),
            link(None, Some("2_2")),
            link(None, Some("never_seen_external")),
            link(None, Some("7_7")),
            link(None, None),
        ]
    );
}

#[test]
fn a_message_under_two_seqs_is_kept_once() {
    let scenario = Scenario::new()
        .message(text("1_1", "one"))
        .message(text("1_1", "one"))
        .message(text("1_1", "another"));
    let corp = Corp::new(scenario);
    let ran = corp.run(&["archive", "--json"]).exits_with(0);
    assert_eq!(counts(&ran.result()), [3, 2, 1, 0, 0, 0]);
    assert_eq!(corp.export().len(), 2);
}

#[test]
fn small_pages_lead_to_the_same_end() {
    let corp = Corp::new(Scenario::new().texts(7).gap(5).texts(4));
    let ran = corp.run(&["archive", "--json", "--limit", "3"]).exits_with(0);
    assert_eq!(counts(&ran.result()), [11, 11, 0, 0, 0, 0]);
    assert_eq!(corp.export().len(), 11);
}

#[test]
fn nothing_but_the_result_is_on_stdout() {
    // The SDK prints the refusal of a token request there.
    let corp = Corp::new(Scenario::new().texts(3).fault(Fault::token(Effect::ErrCode(60020)).nth(1)));
    let ran = corp.run(&["archive", "--json"]).exits_with(0);
    assert_eq!(ran.stdout.lines().count(), 1, "{}", ran.stdout);
    let ran = corp.run(&["export"]).exits_with(0);
    assert_eq!(ran.lines().len(), 3);
}

#[test]
fn a_refusal_says_what_to_do_in_both_languages() {
    let corp = Corp::new(Scenario::new().texts(3).fault(Fault::chat(Effect::ErrCode(301_052))));
    let ran = corp.run(&["archive", "--json"]).exits_with(1);
    assert!(ran.stderr.contains("301052") && ran.stderr.contains("Renew"), "{}", ran.stderr);
    assert!(ran.result()["remedy"].as_str().unwrap().contains("Renew"));
    for ran in [
        Ran::of(corp.command(&["archive"]).env("LANG", "zh_CN.UTF-8")),
        corp.run(&["archive", "--lang", "zh"]),
    ] {
        assert!(ran.exits_with(1).stderr.contains("续费"));
    }
}

#[test]
fn what_came_before_a_failure_is_kept_and_told() {
    let fault = Fault::chat(Effect::ErrCode(301_052)).seq(7);
    let corp = Corp::new(Scenario::new().texts(9).fault(fault));
    let ran = corp.run(&["archive", "--json", "--limit", "3"]).exits_with(1);
    assert_eq!(counts(&ran.result()), [6, 6, 0, 0, 0, 0]);
    assert!(ran.stderr.contains("301052"), "{}", ran.stderr);
    corp.describe(&corp.world.scenario().clone().texts(0));
    assert_eq!(corp.export().len(), 6);
}

#[test]
fn one_run_at_a_time() {
    let corp = Corp::new(Scenario::new().texts(3));
    let lock = std::fs::File::create(corp.place.path("wecom-archive.db.lock")).unwrap();
    lock.lock().unwrap();
    let ran = corp.run(&["archive"]).exits_with(1);
    assert!(ran.stderr.contains("another run"), "{}", ran.stderr);
    drop(lock);
    corp.run(&["archive"]).exits_with(0);
}

#[test]
fn a_following_run_ends_when_asked() {
    use rustix::process::{Pid, Signal, kill_process};
    for signal in [Signal::INT, Signal::TERM] {
        let corp = Corp::new(Scenario::new().texts(5));
        let mut command = corp.command(&["archive", "--follow", "--poll", "1", "--json", "-vv"]);
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let mut log = BufReader::new(child.stderr.take().unwrap()).lines();
        assert!(log.any(|line| line.unwrap().contains("a page is stored")));
        // Everything is stored before it begins to wait.
        std::thread::sleep(std::time::Duration::from_millis(1_500));
        kill_process(Pid::from_child(&child), signal).unwrap();
        drop(log);
        let output = child.wait_with_output().unwrap();
        assert_eq!(output.status.code(), Some(0));
        let result: Value = serde_json::from_slice(&output.stdout).unwrap();
        assert_eq!(counts(&result), [5, 5, 0, 0, 0, 0]);
    }
}

#[test]
fn a_reader_that_had_enough_is_no_error() {
    let corp = Corp::new(Scenario::new().texts(2_000));
    corp.run(&["archive"]).exits_with(0);
    let mut child = corp.command(&["export"]).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
    assert!(line.starts_with("{\"corp_id\""));
    let output = child.wait_with_output().unwrap();
    assert_eq!((output.status.code(), output.stderr.as_slice()), (Some(0), &b""[..]));
}

#[test]
fn several_corps_share_a_database() {
    let first = Corp::new(Scenario::new().texts(2));
    let second = Corp::new(Scenario::new().texts(3));
    first.run(&["archive"]).exits_with(0);
    let db = first.place.path("wecom-archive.db");
    let db = db.to_str().unwrap();
    second.run(&["archive", "--db", db]).exits_with(0);
    assert_eq!(first.export().len(), 5);
    let of_second = first.place.run(["export", "--corp-id", second.world.corp_id()]).exits_with(0).lines();
    assert_eq!(of_second.len(), 3);
    let ran = first.place.run(["export", "--corp-id", "ww0000000000000000"]).exits_with(1);
    assert!(ran.stderr.contains(second.world.corp_id()), "{}", ran.stderr);
}
