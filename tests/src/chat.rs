//! Pages and the iterator over them.

use std::thread;

use wecom_finance::{Error, Gap, KeyRing, PageSize, SealedMessage, UnopenedReason};
use wecom_finance_simulator::{Effect, Fault, MessageSpec, Scenario, Sealing};

use crate::Ground;

pub fn ten_thousand_messages_under_three_keys_arrive_as_they_were_sealed(ground: Ground) {
    let place =
        ground.place(Scenario::new().key_version(1).key_version(2).key_version(3).conversation(10_000));
    let mut sealed = place.world.messages();
    let mut versions = std::collections::BTreeSet::new();
    let sdk = place.sdk();
    let mut chat = sdk.chat(&place.keys());
    for record in &mut chat {
        let record = record.unwrap();
        let (seq, plaintext) = sealed.next().unwrap();
        assert_eq!(record.seq, seq);
        assert_eq!(record.raw_bytes(), &plaintext, "seq {seq}");
        assert_eq!(record.message().msgid().as_str(), record.msgid);
        versions.insert(record.publickey_ver);
    }
    assert_eq!(sealed.next(), None);
    assert_eq!(chat.cursor(), 10_000);
    assert_eq!(versions, [1, 2, 3].into());
    assert_eq!(place.world.chat_calls(), 11, "ten pages of a thousand and the head");
}

pub fn a_run_resumes_where_another_stopped(ground: Ground) {
    let place = ground.place(Scenario::new().texts(250));
    let sdk = place.builder().page_size(PageSize::new(100).unwrap()).build().unwrap();
    let keys = place.keys();
    let mut first = sdk.chat(&keys);
    let mut seqs: Vec<u64> = first.by_ref().take(137).map(|record| record.unwrap().seq).collect();
    assert_eq!(first.cursor(), 137);
    assert_eq!(first.size_hint(), (63, None));
    let mut second = sdk.chat(&keys).after(first.cursor());
    seqs.extend(second.by_ref().map(|record| record.unwrap().seq));
    assert_eq!(seqs, (1..=250).collect::<Vec<_>>());
    assert_eq!(second.cursor(), 250);
    assert!(second.next().is_none(), "it stays at its end");
}

pub fn the_head_of_the_stream_ends_the_iterator(ground: Ground) {
    for scenario in [Scenario::new().texts(3), Scenario::new().texts(3).empty_array_at_head()] {
        let place = ground.place(scenario);
        let sdk = place.sdk();
        assert_eq!(sdk.chat(&place.keys()).filter_map(Result::ok).count(), 3);
        assert!(sdk.page(3).unwrap().is_none());
        assert!(sdk.page(u64::MAX).unwrap().is_none());
        place.world.add_texts(2);
        assert_eq!(
            sdk.chat(&place.keys()).after(3).filter_map(Result::ok).count(),
            2,
            "what came in the meantime"
        );
    }
}

pub fn holes_in_the_sequence_are_passed_over(ground: Ground) {
    let place = ground.place(Scenario::new().first_seq(1 << 53).texts(2).gap(5_000).texts(2));
    let sdk = place.builder().page_size(PageSize::new(1).unwrap()).build().unwrap();
    let seqs: Vec<u64> = sdk.chat(&place.keys()).map(|record| record.unwrap().seq - (1 << 53)).collect();
    assert_eq!(seqs, [0, 1, 5_002, 5_003]);
}

pub fn what_wecom_forgot_shows_as_a_gap(ground: Ground) {
    let place = ground.place(Scenario::new().first_seq(101).texts(30).gap(7).texts(20));
    let sdk = place.builder().page_size(PageSize::new(25).unwrap()).build().unwrap();
    let keys = place.keys();
    let mut chat = sdk.chat(&keys);
    assert_eq!(chat.by_ref().filter_map(Result::ok).count(), 50);
    let left_out = Gap { first: 131, last: 137, at_cursor: false };
    assert_eq!(chat.gaps(), [left_out], "nothing is missing before the first message of all");

    place.world.forget_before(121);
    let page = sdk.page(110).unwrap().unwrap();
    assert_eq!(page.messages()[0].seq, 121);
    let forgotten = Gap { first: 111, last: 120, at_cursor: true };
    assert_eq!(page.gaps(), [forgotten, left_out]);
    let mut chat = sdk.chat(&keys).after(110);
    assert!(chat.gaps().is_empty());
    assert_eq!(chat.next().unwrap().unwrap().seq, 121);
    assert_eq!(chat.gaps(), [forgotten], "the cursor has not passed the other one");
    assert_eq!(chat.by_ref().filter_map(Result::ok).count(), 29);
    assert_eq!(chat.gaps(), [forgotten, left_out]);

    place.world.forget_before(1_000);
    assert!(sdk.page(0).unwrap().is_none(), "all is forgotten");
    assert_eq!(place.world.messages().count(), 0);
}

pub fn a_run_that_fails_keeps_the_gaps_that_it_passed(ground: Ground) {
    let refused = Fault::chat(Effect::ErrCode(301_053)).nth(2).times(1);
    let place = ground.place(Scenario::new().texts(3).gap(2).texts(3).gap(4).texts(3).fault(refused));
    let sdk = place.builder().page_size(PageSize::new(6).unwrap()).build().unwrap();
    let mut chat = sdk.chat(&place.keys());
    assert_eq!(chat.by_ref().filter_map(Result::ok).count(), 6);
    assert_eq!(chat.gaps(), [Gap { first: 4, last: 5, at_cursor: false }]);
    let mut chat = sdk.chat(&place.keys()).after(chat.cursor());
    assert_eq!(chat.by_ref().filter_map(Result::ok).count(), 3);
    assert_eq!(chat.gaps(), [Gap { first: 9, last: 12, at_cursor: true }]);
}

pub fn messages_that_cannot_be_opened_come_out_sealed(ground: Ground) {
    let text = r#"{"msgid":"good","action":"send","msgtype":"text","text":{"content":"你好"}}"#;
    let spec = |id: &str| MessageSpec::new(text.replace("good", id)).key_version(1);
    let mut scenario = Scenario::new().key_version(1).key_version(2);
    for bytes in 0..13 {
        scenario = scenario.message(spec(&format!("short-{bytes}")).sealing(Sealing::CutTo { bytes }));
    }
    let given = |encrypt_random_key: &str, encrypt_chat_msg: &str| Sealing::Given {
        encrypt_random_key: encrypt_random_key.to_owned(),
        encrypt_chat_msg: encrypt_chat_msg.to_owned(),
    };
    let long = "A".repeat(400);
    let scenario = scenario
        .message(spec("wrong key").sealing(Sealing::ForVersion { version: 2 }))
        .message(spec("no key").key_version(9))
        .message(MessageSpec::new("not JSON").msgid("junk").key_version(1))
        .message(MessageSpec::new("[1,2]").msgid("array").key_version(1))
        .message(MessageSpec::new("").msgid("nothing").key_version(1))
        .message(spec("not base64").sealing(given("!!!", &long)))
        .message(spec("no random key").sealing(given("", &long)))
        .message(spec("short random key").sealing(given("AAAA", &long)))
        .message(spec("nul inside").sealing(given("AAAA", "AAAAAA\0AAAAAAAAAAAAAAAAAAA")))
        .message(spec("good"));
    let place = ground.place(scenario);
    let sdk = place.sdk();
    let mut reasons = Vec::new();
    let mut good = 0;
    for record in sdk.chat(&place.keys()) {
        match record {
            Ok(record) => {
                good += 1;
                assert_eq!(record.raw(), text);
            }
            Err(error) => {
                let unopened = error.unopened().unwrap();
                assert_eq!(error.sealed(), Some(&unopened.sealed));
                assert!(!error.is_retryable());
                assert!(!error.to_string().contains("你好"));
                reasons.push((unopened.sealed.msgid().to_owned(), unopened.reason.as_str()));
            }
        }
    }
    assert_eq!(good, 1);
    let mut expected: Vec<(String, &str)> =
        (0..13).map(|bytes| (format!("short-{bytes}"), "too_short")).collect();
    for (msgid, reason) in [
        ("wrong key", "cannot_decrypt"),
        ("no key", "missing_key"),
        ("junk", "invalid_json"),
        ("array", "invalid_json"),
        ("nothing", "invalid_json"),
        ("not base64", "cannot_decrypt"),
        ("no random key", "cannot_decrypt"),
        ("short random key", "cannot_decrypt"),
        ("nul inside", "too_short"),
    ] {
        expected.push((msgid.to_owned(), reason));
    }
    assert_eq!(reasons, expected);

    // What came out sealed is enough to try again, elsewhere and later.
    let page = sdk.page(0).unwrap().unwrap();
    let sealed = page.messages().iter().find(|sealed| sealed.msgid() == "junk").unwrap();
    let stored = SealedMessage::new(
        sealed.seq,
        sealed.msgid(),
        sealed.publickey_ver,
        sealed.encrypt_random_key(),
        sealed.encrypt_chat_msg(),
    );
    assert_eq!(&stored, sealed);
    let opened = place.keys().open(&sdk, &stored).unwrap();
    assert_eq!(opened.raw, "not JSON");
    let error = opened.parse(&stored).unwrap_err();
    assert_eq!(error.unopened().and_then(|unopened| unopened.content.clone()).unwrap(), "not JSON");
    let none = KeyRing::new().open(&sdk, &stored).unwrap_err();
    assert!(matches!(none.unopened().unwrap().reason, UnopenedReason::MissingKey { .. }));
}

pub fn content_may_hold_nul_and_be_empty(ground: Ground) {
    let with_nul = b"{\"msgid\":\"1\",\"action\":\"send\",\"msgtype\":\"new\",\"new\":\"a\0b\"}".to_vec();
    let place = ground.place(Scenario::new().message(MessageSpec::new(with_nul.clone())).message(""));
    let sdk = place.sdk();
    let page = sdk.page(0).unwrap().unwrap();
    let opened: Vec<_> =
        page.messages().iter().map(|sealed| place.keys().open(&sdk, sealed).unwrap().raw).collect();
    assert_eq!(opened, [&with_nul[..], b""]);
}

pub fn a_page_that_fails_ends_the_iterator_and_the_cursor_resumes(ground: Ground) {
    let place =
        ground.place(Scenario::new().texts(30).fault(Fault::chat(Effect::ErrCode(301_053)).nth(3).times(1)));
    let sdk = place.builder().page_size(PageSize::new(10).unwrap()).build().unwrap();
    let mut chat = sdk.chat(&place.keys());
    let mut seqs = Vec::new();
    let error = loop {
        match chat.next().unwrap() {
            Ok(record) => seqs.push(record.seq),
            Err(error) => break error,
        }
    };
    assert!(error.sealed().is_none());
    assert!(chat.next().is_none(), "the iterator has ended");
    assert_eq!(chat.cursor(), 20);
    seqs.extend(sdk.chat(&place.keys()).after(chat.cursor()).map(|record| record.unwrap().seq));
    assert_eq!(seqs, (1..=30).collect::<Vec<_>>());
}

pub fn what_stands_in_for_a_page_is_retried_then_named(ground: Ground) {
    for (effect, words) in [
        (Effect::Body("<html><body>502 Bad Gateway</body></html>".into()), "HTML"),
        (Effect::Body("".into()), "empty"),
        (Effect::Truncate { bytes: 200 }, "too early"),
        (Effect::Nested { depth: 100_000 }, ""),
        (Effect::Body(r#"{"errcode":"zero"}"#.into()), "neither"),
        (Effect::Status(502), "10001"),
        (Effect::Cut { bytes: 60 }, ""),
    ] {
        let once = Scenario::new().texts(5).fault(Fault::chat(effect.clone()).times(2));
        let place = ground.place(once);
        assert_eq!(place.sdk().chat(&place.keys()).filter_map(Result::ok).count(), 5, "{effect:?} passes");

        let always = ground.place(Scenario::new().texts(5).fault(Fault::chat(effect.clone())));
        let error = always.sdk().page(0).unwrap_err();
        assert!(matches!(error, Error::UnreadablePage { .. } | Error::Sdk { .. }), "{error:?}");
        assert!(error.to_string().contains(words), "{effect:?}: {error}");
        assert!(error.is_retryable());
        assert_eq!(always.world.chat_calls(), 6, "one attempt and five retries of {effect:?}");
    }
}

pub fn pages_outlive_their_sdk_and_may_be_dropped_anywhere(ground: Ground) {
    let place = ground.place(Scenario::new().texts(40));
    let sdk = place.sdk();
    let pages: Vec<_> = (0..8).map(|after| sdk.page(after).unwrap().unwrap()).collect();
    let expected: Vec<Vec<u64>> =
        pages.iter().map(|page| page.messages().iter().map(|message| message.seq).collect()).collect();
    drop(sdk);
    let threads: Vec<_> = pages
        .into_iter()
        .map(|page| {
            thread::spawn(move || page.messages().iter().map(|message| message.seq).collect::<Vec<_>>())
        })
        .collect();
    let seen: Vec<_> = threads.into_iter().map(|thread| thread.join().unwrap()).collect();
    assert_eq!(seen, expected);
}
