//! What a page and an archive tell: key pairs, members.

use std::fs;

use wecom_finance_simulator::{MessageSpec, Scenario, Sealing};

use super::{Cause, doctor_is_content, of_name};
use crate::office::{Office, result, run};

const MISSING: Cause = Cause {
    check: "key pair",
    skipped: &[],
    code: "missing_key",
    english: (&["key version 2, which is not here", "there are: 1"], &["2.pem", "admin console"]),
    chinese: (&["没有该版本的私钥", "现有版本：1"], &["2.pem", "管理后台"]),
};

const WRONG: Cause = Cause {
    check: "key pair",
    skipped: &[],
    code: "cannot_decrypt",
    english: (&["the key of version 2 does not open"], &["belongs to the public key of this version"]),
    chinese: (&["版本 2 的私钥不能解密"], &["是否配对"]),
};

/// Messages under two keys.
fn two_versions() -> Option<Office> {
    let scenario = Scenario::new().key_version(1).key_version(2);
    Office::open((0..20).fold(scenario, |scenario, number: u32| {
        scenario.message(text(&format!("m{number}")).key_version(1 + number % 2))
    }))
}

fn text(msgid: &str) -> MessageSpec {
    let text = format!(r#"{{"msgid":"{msgid}","action":"send","msgtype":"text","text":{{"content":"x"}}}}"#);
    MessageSpec::new(text)
}

fn give_the_key_of_1_as_2(office: &Office) {
    fs::copy(office.path("keys/1.pem"), office.path("keys/2.pem")).unwrap();
}

#[test]
fn new_messages_tell_which_key_is_missing_and_which_is_wrong() {
    let Some(office) = two_versions() else { return };
    let content = doctor_is_content(&office);
    let detail = of_name(&content, "key pair")["detail"].as_str().unwrap();
    assert!(detail.ends_with(": 1, 2"), "{detail}");
    office.remove_key(2);
    MISSING.is_named(&office, &|_| (), &[]);
    give_the_key_of_1_as_2(&office);
    WRONG.is_named(&office, &|_| (), &[]);
}

#[test]
fn an_archive_without_new_messages_tells_it_too() {
    let Some(office) = two_versions() else { return };
    run(office.archive().arg("--no-media"), 0);
    let there = |command: &mut std::process::Command| {
        command.args(["--db", "archive.db"]);
    };
    let content = result(&run(office.online("doctor").args(["--json", "--db", "archive.db"]), 0));
    assert_eq!(of_name(&content, "call")["detail"], "WeCom answers; no new messages");
    assert_eq!(of_name(&content, "key pair")["status"], "ok");
    office.remove_key(2);
    MISSING.is_named(&office, &there, &[]);
    give_the_key_of_1_as_2(&office);
    WRONG.is_named(&office, &there, &[]);
}

#[test]
fn one_damaged_message_does_not_condemn_a_key() {
    let damaged = text("damaged").sealing(Sealing::CutTo { bytes: 5 });
    let Some(office) = Office::open(Scenario::new().message(damaged).message(text("whole"))) else { return };
    assert_eq!(of_name(&doctor_is_content(&office), "key pair")["status"], "ok");
}

#[test]
fn nobody_in_scope() {
    let Some(office) = Office::open(Scenario::new().members_in_scope(0)) else { return };
    let found = doctor_is_content(&office);
    let members = of_name(&found, "members");
    assert_eq!(
        (&members["status"], &members["code"]),
        (&"warn".into(), &"nobody_in_scope".into()),
        "{members}"
    );
    assert!(members["remedy"].as_str().unwrap().contains("开启范围"), "{members}");
    assert_eq!(of_name(&found, "key pair")["status"], "skip");

    let by_itself =
        run(office.online("doctor").env_remove("WECOM_CA_FILE").args(["--tls", "sdk", "--json"]), 0);
    let members = of_name(&result(&by_itself), "members").clone();
    assert_eq!(members["code"], "no_messages", "nobody can ask there: {members}");

    let Some(office) = Office::open(Scenario::new().members_in_scope(7)) else { return };
    let found = doctor_is_content(&office);
    assert_eq!(of_name(&found, "members")["detail"], "7 members in the archive's scope, and no messages yet");
}
