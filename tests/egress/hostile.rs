//! Replies that the SDK must not see, some of which it does not survive (C12).

use std::io::Read as _;

use wecom_finance::{Error, Operation, UnopenedReason, UnreachableKind};
use wecom_finance_simulator::{
    ContentRange, Effect, Fault, MediaFile, MediaKind, Operation as Endpoint, Scenario,
};

use super::{Place, error_of};

const LEVELS: usize = 100_000;

fn nested(field: &str) -> Effect {
    let (open, close) = ("[".repeat(LEVELS), "]".repeat(LEVELS));
    Effect::Body(format!(r#"{{"errcode":0,"errmsg":"ok","{field}":{open}{close}}}"#).into())
}

fn bodies() -> Vec<(&'static str, Effect)> {
    let body = |text: &str| Effect::Body(text.into());
    vec![
        ("HTML", body("<html><body>502</body></html>")),
        ("empty", body("")),
        ("50 MB", Effect::Huge { bytes: 50_000_000 }),
        ("brackets", Effect::Body(format!("{}{}", "[".repeat(LEVELS), "]".repeat(LEVELS)).into())),
        ("braces", Effect::Body(r#"{"a":"#.repeat(LEVELS).into())),
        ("brackets in errcode", nested("errcode")),
        ("brackets in errmsg", nested("errmsg")),
        ("brackets in content", nested("content")),
        ("brackets in access_token", nested("access_token")),
        ("NUL", body("\0")),
        (
            "NUL inside",
            body("{\"errcode\":0,\"errmsg\":\"ok\",\"content\":\"QUI\0D\",\"access_token\":\"a\0b\"}"),
        ),
        (
            "escaped NUL",
            body(r#"{"errcode":0,"content":"QU\u0000JD","access_token":"a\u0000b","expires_in":7200}"#),
        ),
        ("no UTF-8", Effect::Body(b"{\"errcode\":0,\"content\":\"\xff\",\"access_token\":\"\xff\"}".into())),
        ("cut", body(r#"{"errcode":0,"content":"QUJD"#)),
        ("an array", body(r#"[{"errcode":0,"content":"QUJD"}]"#)),
        ("null", body("null")),
        ("a number", body("17")),
        ("wrong types", body(r#"{"errcode":"0","content":5,"access_token":{},"expires_in":"soon"}"#)),
        ("beyond u64", body(r#"{"errcode":99999999999999999999999,"expires_in":99999999999999999999999}"#)),
        ("beyond i32", body(r#"{"errcode":4611686018427387904,"errmsg":"x"}"#)),
        ("missing fields", body(r#"{"errcode":0,"errmsg":"ok"}"#)),
        ("twice", body(r#"{"errcode":0,"errcode":1,"content":"QUJD"}"#)),
        (
            "no base64, no token",
            body(r#"{"errcode":0,"content":"<>","access_token":"a b","expires_in":7200}"#),
        ),
        ("a header", body(r#"{"errcode":0,"content":"*","access_token":"a\r\nX: y","expires_in":7200}"#)),
        ("a redirect", Effect::Status(302)),
        ("an error page", Effect::Status(500)),
    ]
}

#[test]
fn the_genuine_sdk_survives_every_reply() {
    let Some(library) = super::genuine() else { return };
    let scenario =
        Scenario::new().texts(2).media_file(MediaFile::generated("file", MediaKind::File, 600_000));
    let place = Place::new(scenario);
    let egress = place.egress();
    let file = place.world.media("file").unwrap();
    for (name, effect) in bodies() {
        place.world.clear_faults();
        place.world.revoke_tokens();
        place.world.set_fault(Fault::token(effect.clone()));
        // An `Sdk` of its own, so that a token is needed.
        let error = place.sdk(library, &egress).page(0).unwrap_err();
        if error.server_code().is_some() {
            // The egress still has the revoked token, and learns of it now.
            let error = place.sdk(library, &egress).page(0).unwrap_err();
            assert!(unusable(&error, Operation::Token), "token, {name}: {error}");
        } else {
            assert!(unusable(&error, Operation::Token), "token, {name}: {error}");
        }

        place.world.clear_faults();
        place.world.set_fault(Fault::media(effect));
        let sdk = place.sdk(library, &egress);
        let error = error_of(sdk.media(file.sdk_file_id()).unwrap().read(&mut [0; 10]).unwrap_err());
        assert!(unusable(&error, Operation::Media), "media, {name}: {error}");

        place.world.clear_faults();
        let mut bytes = Vec::new();
        sdk.media(file.sdk_file_id()).unwrap().read_to_end(&mut bytes).unwrap();
        assert!(bytes == file.bytes(), "{name}");
    }
    assert!(egress.stats().unusable_replies >= 2 * u64::try_from(bodies().len()).unwrap());
}

fn unusable(error: &Error, expected: Operation) -> bool {
    matches!(error, Error::UnusableReply { operation, .. } if *operation == expected)
}

#[test]
fn chat_replies_pass_unchanged_up_to_their_bound() {
    let Some(library) = super::genuine() else { return };
    let place = Place::new(Scenario::new().texts(2));
    let egress = place.egress();
    let sdk = place.sdk(library, &egress);
    for (name, effect) in bodies() {
        place.world.clear_faults();
        place.world.set_fault(Fault::chat(effect.clone()));
        let error = match sdk.page(0) {
            // What the SDK would have handed on is the library's to judge: here, that there is no message.
            Ok(page) => {
                assert!(page.is_none(), "{name}: {page:?}");
                continue;
            }
            Err(error) => error,
        };
        match effect {
            Effect::Status(_) => assert!(unusable(&error, Operation::Chat), "{name}: {error}"),
            _ => assert!(
                matches!(error, Error::UnreadablePage { .. } | Error::Server { .. }),
                "{name}: {error}"
            ),
        }
    }
    place.world.clear_faults();
    place.world.set_fault(Fault::chat(Effect::Huge { bytes: 70_000_000 }));
    let error = sdk.page(0).unwrap_err();
    assert!(unusable(&error, Operation::Chat), "{error}");
    place.world.clear_faults();
    assert_eq!(sdk.page(0).unwrap().unwrap().messages().len(), 2);
}

/// A page, and a token, that were meant for another corp. Nothing is taken for this one's, and the stream goes on.
#[test]
fn replies_to_another_corp_open_nothing_and_stop_nothing() {
    let Some(library) = super::genuine() else { return };
    let another_key = Scenario::new().key_version(2).build().key_pem(2).unwrap().to_owned();
    let other = Scenario::new().corp_id("ww-other").key(1, another_key).unwrap().texts(3).build();
    let its_page = other.sdk().unwrap().page(0).unwrap().unwrap();
    let chatdata: Vec<_> = its_page
        .messages()
        .iter()
        .map(|sealed| {
            serde_json::json!({
                "seq": sealed.seq, "msgid": sealed.msgid(), "publickey_ver": sealed.publickey_ver,
                "encrypt_random_key": sealed.encrypt_random_key(), "encrypt_chat_msg": sealed.encrypt_chat_msg(),
            })
        })
        .collect();
    let its_page = serde_json::json!({ "errcode": 0, "errmsg": "ok", "chatdata": chatdata }).to_string();
    let its_token = r#"{"errcode":0,"errmsg":"ok","access_token":"of-another-corp","expires_in":7200}"#;
    let place = Place::new(
        Scenario::new()
            .key_version(1)
            .texts(5)
            .fault(Fault::chat(Effect::Body(its_page.into())).nth(1))
            .fault(Fault::token(Effect::Body(its_token.into())).nth(1)),
    );
    let egress = place.egress();
    let sdk = place.sdk(library, &egress);
    let keys = place.world.keys().unwrap();
    let mut outcomes = Vec::new();
    for record in sdk.chat(&keys) {
        match record {
            Ok(record) => outcomes.push((record.seq, true)),
            Err(error) => {
                let unopened = error.unopened().unwrap_or_else(|| panic!("{error}"));
                assert!(matches!(unopened.reason, UnopenedReason::CannotDecrypt), "{error}");
                outcomes.push((unopened.sealed.seq, false));
            }
        }
    }
    assert_eq!(outcomes, [(1, false), (2, false), (3, false), (4, true), (5, true)]);
    assert_eq!(place.world.token_calls(), 2, "the other corp's token was refused, and another one asked for");
}

#[test]
fn a_range_that_is_none_is_refused_and_lower_case_is_put_right() {
    let Some(library) = super::genuine() else { return };
    let place =
        Place::new(Scenario::new().media_file(MediaFile::generated("file", MediaKind::File, 1_500_000)));
    let egress = place.egress();
    let file = place.world.media("file").unwrap();
    let read = |range| {
        place.world.clear_faults();
        place.world.set_fault(Fault::media(Effect::ContentRange(range)));
        let mut bytes = Vec::new();
        let sdk = place.sdk(library, &egress);
        sdk.media(file.sdk_file_id()).unwrap().read_to_end(&mut bytes).map(|_| bytes)
    };
    // Alone, the SDK takes this for the last chunk.
    assert!(read(ContentRange::Lowercase).unwrap() == file.bytes());
    for wrong in ["BYTES nonsense", "BYTES 0--1/16", "BYTES 5-4/16", "BYTES 0-524287/524287", ""] {
        let error = error_of(read(ContentRange::Value(wrong.to_owned())).unwrap_err());
        assert!(unusable(&error, Operation::Media), "{wrong}: {error}");
    }
    for range in [ContentRange::StandsStill, ContentRange::Backwards, ContentRange::Missing] {
        let error = error_of(read(range.clone()).unwrap_err());
        assert!(
            matches!(error, Error::MediaStalled { .. } | Error::UnusableReply { .. } | Error::Sdk { .. }),
            "{range:?}: {error}"
        );
    }
}

/// A reply that ends after every number of bytes: of the token, and of a short file.
#[test]
fn cuts_at_every_byte_end_in_an_error() {
    let Some(library) = super::genuine() else { return };
    let place = Place::new(Scenario::new().media_file(MediaFile::generated("file", MediaKind::File, 20)));
    let egress = place.egress_builder().token_calls_per_minute(std::num::NonZeroU32::MAX).start().unwrap();
    let file = place.world.media("file").unwrap();
    for endpoint in [Endpoint::Token, Endpoint::Media] {
        let mut cut = 0;
        loop {
            place.world.clear_faults();
            place.world.set_fault(Fault::new(endpoint, Effect::Cut { bytes: cut }));
            let sdk = place.sdk(library, &egress);
            let mut bytes = Vec::new();
            match sdk.media(file.sdk_file_id()).unwrap().read_to_end(&mut bytes).map_err(error_of) {
                // The cut lies behind the end of the reply.
                Ok(_) => break assert!(bytes == file.bytes()),
                Err(Error::Unreachable { kind: UnreachableKind::Interrupted, .. }) => {}
                Err(error) => panic!("{endpoint:?} cut after {cut} bytes: {error}"),
            }
            cut += 1;
        }
        assert!(cut > 150, "{endpoint:?}: {cut}");
    }
}
