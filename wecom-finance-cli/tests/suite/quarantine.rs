use serde_json::{Value, json};
use wecom_finance_simulator::{MessageSpec, Scenario, Sealing};

use crate::corp::{Corp, text};

fn corp() -> Corp {
    let scenario = Scenario::new()
        .key_version(1)
        .key_version(2)
        .message(MessageSpec::new(text("1_1", "fine")).key_version(1))
        .message(MessageSpec::new(text("2_2", "for the second key")).key_version(2))
        .message(
            MessageSpec::new(text("3_3", "for another key"))
                .key_version(1)
                .sealing(Sealing::ForVersion { version: 2 }),
        )
        .message(MessageSpec::new(text("4_4", "cut")).key_version(1).sealing(Sealing::CutTo { bytes: 5 }))
        .message(MessageSpec::new("no message").msgid("5_5").key_version(1))
        .message(MessageSpec::new(text("6_6", "fine, too")).key_version(1));
    Corp::new(scenario)
}

fn reasons(quarantine: &[Value]) -> Vec<(u64, &str)> {
    quarantine.iter().map(|row| (row["seq"].as_u64().unwrap(), row["reason"].as_str().unwrap())).collect()
}

#[test]
fn what_cannot_be_opened_is_kept_with_its_reason() {
    let corp = corp();
    corp.remove_key(2);
    let ran = corp.run(&["archive", "--json"]).exits_with(3);
    let result = ran.result();
    assert_eq!(
        (&result["pulled"], &result["stored"], &result["quarantined"]),
        (&json!(6), &json!(2), &json!(4))
    );
    let quarantine = corp.quarantine();
    assert_eq!(
        reasons(&quarantine),
        [(2, "missing_key"), (3, "cannot_decrypt"), (4, "too_short"), (5, "invalid_json")]
    );
    assert_eq!(
        quarantine[0],
        json!({
            "corp_id": corp.world.corp_id(), "seq": 2, "msgid": "2_2", "publickey_ver": 2,
            "reason": "missing_key", "detail": "no private key of version 2",
        })
    );
    assert!(!ran.stderr.contains("fine") && !ran.stdout.contains("fine"));
}

#[test]
fn replay_opens_what_the_new_key_fits() {
    let corp = corp();
    corp.remove_key(2);
    corp.run(&["archive"]).exits_with(3);
    let human = corp.run(&["archive"]);
    assert!(human.stdout.contains("missing_key of version 2"), "{}", human.stdout);

    corp.add_key(2);
    // Neither a secret nor a corp id: nothing is asked of WeCom.
    let mut command = corp.command(&["replay", "--json"]);
    command.env_remove("WECOM_SECRET_FILE").env_remove("WECOM_CORP_ID");
    let result = crate::Ran::of(&mut command).exits_with(3).result();
    assert_eq!((&result["stored"], &result["quarantined"]), (&json!(1), &json!(3)));
    assert_eq!(result["corp_id"], corp.world.corp_id());
    assert_eq!(reasons(&corp.quarantine()), [(3, "cannot_decrypt"), (4, "too_short"), (5, "invalid_json")]);
    let seqs: Vec<_> = corp.export().iter().map(|message| message["seq"].as_u64().unwrap()).collect();
    assert_eq!(seqs, [1, 2, 6]);
}

#[test]
fn replay_needs_an_archive() {
    let corp = corp();
    let ran = corp.run(&["replay"]).exits_with(1);
    assert!(ran.stderr.contains("--db"), "{}", ran.stderr);
    assert!(!corp.place.path("wecom-archive.db").exists());
    assert!(!corp.place.path("wecom-archive.db.lock").exists());
}

#[test]
fn a_message_that_ends_the_process_stops_nothing_else_for_long() {
    // About 2,800 bytes are sealed: the lengths point behind their end, which the SDK does not check.
    let sealing = Sealing::Lengths { pre_len: 2_100, end_len: 0, s_len: 1_200 };
    let deadly = MessageSpec::new(text("5_5", &"x".repeat(1_850))).sealing(sealing);
    let corp = Corp::new(Scenario::new().texts(4).message(deadly).texts(4));
    let deaths = (0..20).take_while(|_| corp.run(&["archive"]).status < 0).count();
    assert_eq!(deaths, 6);
    let seqs: Vec<_> = corp.export().iter().map(|message| message["seq"].as_u64().unwrap()).collect();
    assert_eq!(seqs, [1, 2, 3, 4, 6, 7, 8, 9]);
    assert_eq!(reasons(&corp.quarantine()), [(5, "cannot_decrypt")]);
    corp.run(&["archive"]).exits_with(0);
    // It is not tried again in this process, which it would end.
    corp.run(&["replay"]).exits_with(0);
}
