//! Scenarios and worlds, without a caller or through the stand-in.

use std::{collections::HashSet, time::Duration};

use serde_json::Value;
use wecom_finance_simulator::{
    Control, Effect, Error, Fault, MediaFile, MediaKind, MessageSpec, Operation, Scenario, Sealing, World,
};

use crate::caller::{Caller, Keys, Page, SealedMessage, pull};

fn errcode(caller: &Caller, world: &World, limit: u32) -> i64 {
    let (code, body) = caller.handle(world).chat(0, limit);
    assert_eq!(code, 0);
    serde_json::from_slice::<Page>(&body).unwrap().errcode
}

/// All types, by msgtype; `switch` by its action.
#[rustfmt::skip]
const KINDS: [&str; 34] = [
    "text", "image", "revoke", "agree", "disagree", "voice", "video", "card", "location", "emotion", "file", "link",
    "weapp", "chatrecord", "todo", "vote", "collect", "redpacket", "meeting", "meeting_notification", "switch",
    "docmsg", "markdown", "news", "calendar", "mixed", "meeting_voice_call", "voip_doc_share", "external_redpacket",
    "sphfeed", "voiptext", "qydiskfile", "solitaire", "note",
];

/// Every object with a `sdkfileid` in it, also in JSON that is quoted.
fn find_carriers(value: &Value, carriers: &mut Vec<Value>) {
    match value {
        Value::Object(fields) => {
            if fields.get("sdkfileid").and_then(Value::as_str).is_some_and(|id| !id.is_empty()) {
                carriers.push(value.clone());
            }
            for (key, field) in fields {
                match field.as_str().map(serde_json::from_str) {
                    Some(Ok(quoted)) if key == "content" => find_carriers(&quoted, carriers),
                    _ => find_carriers(field, carriers),
                }
            }
        }
        Value::Array(items) => items.iter().for_each(|item| find_carriers(item, carriers)),
        _ => {}
    }
}

#[test]
fn the_hostile_corpus_is_there_for_tests() {
    let world = Scenario::new().corpus().hostile_corpus().build();
    let messages: Vec<_> = world.messages().map(|(_, plaintext)| plaintext).collect();
    assert!(messages.iter().any(|message| message.starts_with(b"\xef\xbb\xbf")));
    assert!(messages.iter().any(|message| message.contains(&b'\0')));
    let honest = Scenario::new().corpus().build().messages().count();
    assert!(messages.len() > honest + 60);
}

#[test]
fn the_demo_is_what_it_promises() {
    let world = Scenario::demo().build();
    let messages: Vec<Value> =
        world.messages().map(|(_, plaintext)| serde_json::from_slice(&plaintext).unwrap()).collect();
    assert_eq!(messages.len(), 5_400);
    let text = |message: &Value, key: &str| message[key].as_str().unwrap_or_default().to_owned();
    let kind = |message: &Value| {
        let kind = text(message, "msgtype");
        if kind.is_empty() { text(message, "action") } else { kind }
    };
    let kinds: HashSet<_> = messages.iter().map(kind).collect();
    for known in KINDS {
        assert!(kinds.contains(known), "{known}");
    }
    assert!(kinds.len() > KINDS.len(), "and some of tomorrow");
    let msgids: HashSet<_> = messages.iter().map(|message| message["msgid"].to_string()).collect();
    assert_eq!(msgids.len(), messages.len());
    let revoked = |message: &&Value| msgids.contains(&message["revoke"]["pre_msgid"].to_string());
    assert!(messages.iter().filter(revoked).count() >= 14);

    let files = world.media_files();
    assert_eq!(files.len(), 92);
    assert!(files.iter().map(|media| media.len()).sum::<u64>() < 40 << 20);
    let mut carriers = Vec::new();
    // What somebody typed may look like anything.
    let untyped = messages.iter().filter(|message| message["msgtype"] != "text");
    untyped.for_each(|message| find_carriers(message, &mut carriers));
    for body in &carriers {
        let media = world.media(body["sdkfileid"].as_str().unwrap()).unwrap();
        if body.get("md5sum").is_some_and(|md5| md5 != "") {
            assert_eq!(body["md5sum"], media.md5());
        }
        for size in ["filesize", "voice_size", "imagesize"].into_iter().filter_map(|key| body.get(key)) {
            let voice_with_another_number = body.get("voice_size").is_some() && *size == 7;
            assert!(
                voice_with_another_number || size.to_string().trim_matches('"') == media.len().to_string()
            );
        }
    }
    let carried: HashSet<_> = carriers.iter().map(|body| body["sdkfileid"].to_string()).collect();
    assert_eq!(carried.len(), files.len());
    assert_eq!(carriers.len(), 169, "fetched one by one, they take their time");
    assert_eq!(world.key_versions(), [1, 2, 3]);
}

#[test]
fn the_stand_in_gives_all_of_the_demo() {
    let world = Scenario::demo().corp_id("demo-of-this-test").build();
    let caller = Caller::stand_in(&world);
    let sealed = pull(&mut caller.handle(&world), 1_000);
    let versions: HashSet<_> = sealed.iter().map(|message| message.publickey_ver).collect();
    assert_eq!(versions, [1, 2, 3].into());
    let expected: Vec<_> = world.msgids().collect();
    let given: Vec<_> = sealed.into_iter().map(|message| (message.seq, message.msgid)).collect();
    assert_eq!(given, expected);
}

#[test]
fn a_scenario_survives_json() {
    let scenario = Scenario::new()
        .corp_id("ww-json")
        .secret("s")
        .seed(7)
        .key_version(1)
        .key_version(4)
        .texts(3)
        .gap(2)
        .media(2)
        .message(MessageSpec::new(vec![0xff, 0, 1]).sealing(Sealing::CutTo { bytes: 3 }).key_version(9))
        .media_file(MediaFile::given("given", MediaKind::File, vec![0xfe]).announce_md5(""))
        .fault(Fault::chat(Effect::Delay(Duration::from_millis(5))).every(3).times(2).probability(0.5))
        .fault(Fault::media(Effect::Body(b"\xff".into())).file("given").offset(0))
        .fault(Fault::new(Operation::Init, Effect::Return(10000)).nth(9))
        .token_lifetime(Duration::from_secs(9))
        .revoke_token_after(3);
    let json = scenario.to_json().unwrap();
    assert_eq!(Scenario::from_json(&json).unwrap(), scenario);

    // With the generated key fixed, two processes are the same world.
    let world = scenario.build();
    let other = Scenario::from_json(&world.scenario().to_json().unwrap()).unwrap().build();
    assert!(world.messages().eq(other.messages()));
    assert_eq!(world.key_pem(4), other.key_pem(4));
}

#[test]
fn a_scenario_by_hand_needs_little() {
    let world = Scenario::from_json(r#"{"corp_id":"ww-hand","secret":"s","blocks":[{"texts":{"count":5}}]}"#);
    assert_eq!(world.unwrap().build().messages().count(), 5);
    assert!(matches!(Scenario::from_json("{}"), Err(Error::Scenario { .. })));
    let key = r#"{"corp_id":"w","secret":"s","keys":{"1":"no key"}}"#;
    assert!(matches!(Scenario::from_json(key), Err(Error::Key { .. })));
    assert!(matches!(Scenario::new().key(1, "no key"), Err(Error::Key { .. })));
}

#[test]
fn seqs_have_gaps_and_pages_their_order() {
    let world =
        Scenario::new().first_seq(10).texts(2).gap(3).texts(2).message("{}").retained_from(11).build();
    let caller = Caller::stand_in(&world);
    let mut handle = caller.handle(&world);
    let seqs =
        |messages: Vec<SealedMessage>| messages.into_iter().map(|message| message.seq).collect::<Vec<_>>();
    assert_eq!(seqs(pull(&mut handle, 2)), [11, 15, 16, 17]);
    assert_eq!(world.add_messages(["a", "b"]), [18, 19]);
    world.add_texts(1);
    assert_eq!(seqs(pull(&mut handle, 1_000)), [11, 15, 16, 17, 18, 19, 20]);

    // WeCom forgets what is old, and remembers nothing.
    world.forget_before(16);
    assert_eq!(seqs(pull(&mut handle, 1_000)), [16, 17, 18, 19, 20]);
    let order = Control::from_json(r#"{"forget_before":19}"#).unwrap();
    assert_eq!(world.control(order), 0);
    world.forget_before(1);
    assert_eq!(seqs(pull(&mut handle, 2)), [19, 20]);
    assert_eq!(world.msgids().map(|(seq, _)| seq).collect::<Vec<_>>(), [19, 20]);
    world.forget_before(21);
    assert!(pull(&mut handle, 2).is_empty());
    world.add_texts(1);
    assert_eq!(seqs(pull(&mut handle, 2)), [21]);

    world.control(Control::AddGap(4));
    world.add_texts(1);
    assert_eq!(seqs(pull(&mut handle, 1_000)), [21, 26]);
}

#[test]
fn a_world_tells_how_often_its_faults_struck() {
    let world = Scenario::new().texts(1).build();
    let fault = Fault::chat(Effect::ErrCode(301_058)).every(2);
    world.set_fault(fault.clone());
    let mut handle = Caller::stand_in(&world).handle(&world);
    for _ in 0..5 {
        handle.chat(0, 1);
    }
    assert_eq!(world.faults(), [(fault, 2)]);
    world.clear_faults();
    assert_eq!(world.faults(), []);
}

#[test]
fn odd_plaintexts_and_sealings() {
    let world = Scenario::new()
        .key_version(1)
        .key_version(2)
        .message("")
        .message(b"a\0b".to_vec())
        .message("x".repeat(1_000_000))
        .message(MessageSpec::new("wrong key").sealing(Sealing::ForVersion { version: 1 }))
        .message(MessageSpec::new("no key").key_version(9))
        .message(MessageSpec::new("twin").msgid("twin"))
        .message(MessageSpec::new("twin").msgid("twin"))
        .build();
    let caller = Caller::stand_in(&world);
    let sealed = pull(&mut caller.handle(&world), 1_000);
    let keys = Keys::of(&world);
    let open = |index: usize| {
        let message: &SealedMessage = &sealed[index];
        keys.unlock(message).map(|key| caller.decrypt(Some(&key), Some(message.encrypt_chat_msg.as_bytes())))
    };
    assert_eq!(open(0), Some((0, Vec::new())));
    assert_eq!(open(1), Some((0, b"a\0b".to_vec())));
    assert_eq!(open(2).unwrap().1.len(), 1_000_000);
    assert!(open(3).is_none_or(|(code, _)| code == 10008), "bad padding, or garbage that opens nothing");
    assert_eq!((sealed[4].publickey_ver, open(4)), (9, None));
    assert_eq!(sealed[5].msgid, sealed[6].msgid);
    assert_eq!(world.decrypt_calls(), 3 + u64::from(open(3).is_some()));
}

#[test]
fn faults_strike_when_told() {
    let world = Scenario::new().texts(10).build();
    let caller = Caller::stand_in(&world);
    let code = |limit| caller.handle(&world).chat(0, limit).0;

    world.set_fault(Fault::chat(Effect::ErrCode(301_058)).when_limit_above(4));
    assert_eq!([4, 5].map(|limit| errcode(&caller, &world, limit)), [0, 301_058]);
    world.clear_faults();
    world.set_fault(Fault::chat(Effect::Return(7)).nth(2));
    assert_eq!([1, 1, 1].map(code), [0, 7, 0]);
    world.clear_faults();
    world.set_fault(Fault::chat(Effect::Status(502)).every(2).times(2));
    assert_eq!([1; 7].map(code), [0, 10001, 0, 10001, 0, 0, 0]);
    world.clear_faults();
    world.set_fault(Fault::chat(Effect::Return(8)).seq(5));
    assert_eq!([4, 5, 6].map(code), [0, 8, 8]);
    world.clear_faults();
    world.set_fault(Fault::chat(Effect::Return(9)).probability(0.5));
    let struck = (0..200).filter(|_| code(1) == 9).count();
    assert!((60..140).contains(&struck), "{struck}");
    world.clear_faults();

    let sealed = pull(&mut caller.handle(&world), 1_000);
    let keys = Keys::of(&world);
    world.set_fault(Fault::decrypt(Effect::Return(10003)).seq(4));
    for message in &sealed {
        let key = keys.unlock(message).unwrap();
        let (code, _) = caller.decrypt(Some(&key), Some(message.encrypt_chat_msg.as_bytes()));
        assert_eq!(code, if message.seq == 4 { 10003 } else { 0 });
    }
    world.set_fault(Fault::new(Operation::Init, Effect::Return(10000)));
    assert_eq!(caller.init(Some(world.corp_id()), Some(world.secret())), 10000);
}

#[test]
fn media_faults_find_their_chunk() {
    let file = |id: &str| MediaFile::generated(id, MediaKind::Video, 1_200_000);
    let fault = Fault::media(Effect::Return(10003)).file("b").offset(524_288);
    let world = Scenario::new().media_file(file("a")).media_file(file("b")).fault(fault.times(1)).build();
    let mut handle = Caller::stand_in(&world).handle(&world);
    let [a, b] = ["a", "b"].map(|id| world.media(id).unwrap());
    assert_eq!(handle.file(a.sdk_file_id()).1, 3);
    let first = handle.chunk(None, Some(b.sdk_file_id()));
    assert_eq!(handle.chunk(Some(&first.token), Some(b.sdk_file_id())).code, 10003);
    assert_eq!(handle.chunk(Some(&first.token), Some(b.sdk_file_id())).code, 0);
}

#[test]
fn tokens_are_shared_revoked_and_counted() {
    let world = Scenario::new().texts(1).revoke_token_after(2).build();
    let caller = Caller::stand_in(&world);
    let mut handle = caller.handle(&world);
    let mut errcode = || serde_json::from_slice::<Page>(&handle.chat(0, 1).1).unwrap().errcode;
    assert_eq!([errcode(), errcode(), errcode()], [0, 0, 40_014]);
    assert_eq!((world.token_calls(), world.chat_calls()), (1, 3));

    let limited = Scenario::new().texts(1).calls_per_minute(2).build();
    let caller = Caller::stand_in(&limited);
    assert_eq!([1; 3].map(|limit| self::errcode(&caller, &limited, limit)), [0, 0, 45_009]);
}

#[test]
fn millions_of_messages_cost_nothing() {
    let world = Scenario::new().texts(5_000_000_000).build();
    let (code, body) = Caller::stand_in(&world).handle(&world).chat(4_999_999_998, 1_000);
    let page: Page = serde_json::from_slice(&body).unwrap();
    assert_eq!((code, page.chatdata.len()), (0, 2));
}

#[test]
fn files_may_be_carried_twice_and_have_twins() {
    let world = Scenario::new()
        .media_file(MediaFile::given("one", MediaKind::File, b"same bytes"))
        .media_file(MediaFile::given("twin", MediaKind::File, b"same bytes"))
        .carrying("one")
        .build();
    let carried: Vec<(String, String)> = world
        .messages()
        .map(|(_, plaintext)| {
            let message: Value = serde_json::from_slice(&plaintext).unwrap();
            let text = |field: &str| message["file"][field].as_str().unwrap().to_owned();
            (text("sdkfileid"), text("md5sum"))
        })
        .collect();
    assert_eq!(carried[0], carried[2]);
    assert_eq!(carried[0].1, carried[1].1);
    assert_ne!(carried[0].0, carried[1].0);
    let mut handle = Caller::stand_in(&world).handle(&world);
    assert_eq!(handle.file(&carried[1].0).0, b"same bytes");
}
