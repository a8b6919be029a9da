//! What cannot be opened waits with its reason, and comes in when the key does.

use std::collections::BTreeMap;

use wecom_finance_simulator::{MediaFile, MediaKind, MessageSpec, Scenario, Sealing};

use crate::office::{Office, result, run};

/// Messages that no key opens.
const UNREADABLE: u64 = 16;

/// Messages whose key is added after the first run.
const LATE: u64 = 200;

fn text(id: &str) -> String {
    format!(
        r#"{{"msgid":"{id}","action":"send","from":"lin.yu","tolist":["chen.bo"],"roomid":"","msgtime":1711432801950,"msgtype":"text","text":{{"content":"{id} 你好"}}}}"#
    )
}

#[test]
fn every_reason_and_the_way_back() {
    let spec = |id: &str| MessageSpec::new(text(id)).key_version(1);
    let mut scenario = Scenario::new().key_version(1).key_version(2).key_version(3);
    scenario = scenario.message(spec("first"));
    for bytes in 0..13 {
        scenario = scenario.message(spec(&format!("short {bytes}")).sealing(Sealing::CutTo { bytes }));
    }
    let scenario = scenario
        .message(spec("sealed for another key").sealing(Sealing::ForVersion { version: 2 }))
        .message(spec("a key that never comes").key_version(9))
        .message(MessageSpec::new("{\"msgid\": junk").msgid("junk").key_version(1))
        .message(spec("last"))
        .media_file(MediaFile::generated("photo", MediaKind::Image, 70_961));
    let scenario = (0..LATE).fold(scenario, |scenario, number| {
        scenario.message(spec(&format!("for a key that is added later {number}")).key_version(3))
    });
    let Some(office) = Office::open(scenario) else { return };
    office.remove_key(3);

    let first = result(&run(&mut office.archive(), 3));
    let all = office.world.messages().count() as u64;
    assert_eq!(first["pulled"], all);
    let quarantined = first["quarantined"].as_u64().unwrap();
    assert_eq!(first["stored"], all - quarantined);
    assert!(quarantined >= LATE + UNREADABLE, "{quarantined}");
    assert_eq!(office.export().len() as u64, all - quarantined);
    let waiting = office.export_quarantine();
    assert_eq!(
        waiting.iter().filter(|line| line["publickey_ver"] == 3).count() as u64,
        quarantined - UNREADABLE
    );

    office.add_key(3);
    let mut replay = office.online("replay");
    replay.args(["--db", "archive.db", "--media", "media", "--json"]);
    let second = result(&run(&mut replay, 3));
    assert_eq!(second["stored"], quarantined - UNREADABLE);
    assert_eq!(first["media_fetched"].as_u64().unwrap() + second["media_fetched"].as_u64().unwrap(), 1);

    let mut reasons: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for line in office.export_quarantine() {
        let text = |field: &str| line[field].as_str().unwrap().to_owned();
        assert!(!text("detail").contains("你好"));
        reasons.entry(text("reason")).or_default().push(text("msgid"));
    }
    let short: Vec<String> = (0..13).map(|bytes| format!("short {bytes}")).collect();
    let expected = [
        ("cannot_decrypt", vec!["sealed for another key".to_owned()]),
        ("invalid_json", vec!["junk".to_owned()]),
        ("missing_key", vec!["a key that never comes".to_owned()]),
        ("too_short", short),
    ];
    assert_eq!(reasons, expected.map(|(reason, msgids)| (reason.to_owned(), msgids)).into());

    let exported = office.export();
    let opened: BTreeMap<u64, &str> =
        exported.iter().map(|line| (line["seq"].as_u64().unwrap(), line["raw"].as_str().unwrap())).collect();
    assert_eq!(opened.len() as u64 + UNREADABLE, all);
    for (seq, plaintext) in office.world.messages() {
        if let Some(raw) = opened.get(&seq) {
            assert_eq!(raw.as_bytes(), plaintext);
        }
    }
    assert_eq!(exported.iter().filter(|line| !line["media"].as_array().unwrap().is_empty()).count(), 1);
}
