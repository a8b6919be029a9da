//! The model as a whole: real shapes, odd shapes, any shape.

use std::time::Duration;

use super::*;

mod composite;
mod lossless;
mod properties;
mod samples;

fn chat(json: &str) -> ChatMessage {
    match Message::from_json(json.as_bytes()).unwrap() {
        Message::Chat(chat) => chat,
        other @ Message::Switch(_) => panic!("{other:?}"),
    }
}

/// A message of this type with this body, in a room.
fn message(msgtype: &str, body: &str) -> String {
    format!(
        r#"{{"msgid":"7203344556677889900_1711432801123_external","action":"send","from":"lin.yu",
            "tolist":["chen.bo","wmFAKE0001"],"roomid":"wrFAKE0001","msgtime":1711432801950,
            "msgtype":"{msgtype}","{msgtype}":{body}}}"#
    )
}

fn body(msgtype: &str, body: &str) -> Body {
    chat(&message(msgtype, body)).body
}

#[test]
fn the_envelope() {
    let m = chat(&message("text", r#"{"content":"hello"}"#));
    assert_eq!(m.msgid, "7203344556677889900_1711432801123_external");
    assert!(m.msgid.is_external());
    assert_eq!(m.action, Action::SEND);
    assert_eq!(m.from, "lin.yu");
    assert_eq!(m.to.to_string(), "chen.bo, wmFAKE0001");
    assert_eq!(m.room, Some("wrFAKE0001".into()));
    assert_eq!(m.time, Timestamp::from_millis(1_711_432_801_950));
    assert_eq!(m.msgtype, MsgType::TEXT);
}

#[test]
fn what_the_archive_leaves_out_is_empty() {
    for json in [
        "{}",
        r#"{"msgid":null,"roomid":"","tolist":[]}"#,
        r#"{"msgid":[1],"from":{},"tolist":{},"msgtime":[]}"#,
    ] {
        let m = chat(json);
        assert!(m.msgid.is_empty() && m.from.is_empty() && m.to.is_empty());
        assert_eq!((m.room, m.time), (None, Timestamp::from_millis(0)));
        assert!(
            matches!(m.body, Body::Unknown(unknown) if unknown.msgtype.is_empty() && unknown.raw == json)
        );
    }
}

#[test]
fn a_switch_is_told_by_its_action_before_anything_else() {
    let json = r#"{"msgid":"314159265358979323846","action":"switch","time":1711433052310,"user":"lin.yu"}"#;
    let Message::Switch(log) = Message::from_json(json.as_bytes()).unwrap() else { panic!() };
    assert_eq!(log.msgid, "314159265358979323846");
    assert_eq!(log.time.as_millis(), 1_711_433_052_310);
    assert_eq!(log.user, "lin.yu");
    let typed = r#"{"action":"switch","msgtype":"text","text":{"content":"x"}}"#;
    assert!(matches!(Message::from_json(typed.as_bytes()), Ok(Message::Switch(_))));
}

#[test]
fn text() {
    let Body::Text(text) = body("text", r#"{"content":"明天[微笑]\n收到请回复"}"#) else { panic!() };
    assert_eq!(text.content, "明天[微笑]\n收到请回复");
}

#[test]
fn revoke() {
    let Body::Revoke(revoke) = body("revoke", r#"{"pre_msgid":"72_17_external"}"#) else { panic!() };
    assert_eq!(revoke.pre_msgid, "72_17_external");
}

#[test]
fn media_bodies_and_their_references() {
    let cases = [
        (
            "image",
            r#"{"md5sum":"0f1e","filesize":70961,"sdkfileid":"CtYB"}"#,
            Some(70_961),
            Some("0f1e"),
            Some("jpg"),
        ),
        (
            "voice",
            r#"{"md5sum":"a1b2","voice_size":8230,"filesize":1,"play_length":5,"sdkfileid":"CtYB"}"#,
            Some(8_230),
            Some("a1b2"),
            Some("amr"),
        ),
        (
            "video",
            r#"{"md5sum":"","filesize":"1250331","play_length":"12","sdkfileid":"CtYB"}"#,
            Some(1_250_331),
            None,
            Some("mp4"),
        ),
        (
            "emotion",
            r#"{"type":1,"width":240,"height":240,"imagesize":183204,"md5sum":"1122","sdkfileid":"CtYB"}"#,
            Some(183_204),
            Some("1122"),
            Some("gif"),
        ),
        ("emotion", r#"{"type":9,"sdkfileid":"CtYB"}"#, None, None, None),
        (
            "file",
            r#"{"md5sum":"","filename":"report.xlsx","fileext":"xlsx","filesize":2287375645,"sdkfileid":"CtYB"}"#,
            Some(2_287_375_645),
            None,
            Some("xlsx"),
        ),
        (
            "file",
            r#"{"filename":"a.tar.gz","fileext":"","filesize":"many","sdkfileid":"CtYB"}"#,
            None,
            None,
            Some("gz"),
        ),
        ("file", r#"{"filename":".profile","sdkfileid":"CtYB"}"#, None, None, None),
    ];
    for (msgtype, json, size, md5, extension) in cases {
        let json = message(msgtype, json);
        let message = Message::from_json(json.as_bytes()).unwrap();
        let media: Vec<_> = message.media().collect();
        let [reference] = media.as_slice() else { panic!("{json}: {media:?}") };
        assert_eq!(reference.kind.as_str(), msgtype);
        assert_eq!(reference.path, format!("/{msgtype}"));
        assert_eq!(reference.file_id(), "CtYB");
        assert_eq!(
            (reference.size(), reference.md5(), reference.extension()),
            (size, md5, extension),
            "{json}"
        );
        // The path leads to the object with the sdkfileid.
        let value: serde_json::Value = serde_json::from_str(&json).unwrap();
        assert_eq!(value.pointer(&reference.path).unwrap()["sdkfileid"], "CtYB");
    }
}

#[test]
fn play_length_is_in_seconds() {
    let Body::Voice(voice) = body("voice", r#"{"play_length":5,"sdkfileid":"C"}"#) else { panic!() };
    assert_eq!(voice.play_length, Some(Duration::from_secs(5)));
}

#[test]
fn the_file_name_is_handed_on_unchanged() {
    let json = message("file", r#"{"filename":"../../etc/报价单.xlsx","sdkfileid":"C"}"#);
    let reference = Message::from_json(json.as_bytes()).unwrap().media().next().unwrap();
    assert_eq!(reference.file_name(), Some("../../etc/报价单.xlsx"));
}

#[test]
fn media_without_a_file_id_is_no_reference() {
    for body in [r#"{"filesize":1}"#, r#"{"sdkfileid":""}"#, r#"{"sdkfileid":null}"#] {
        let json = message("image", body);
        let message = Message::from_json(json.as_bytes()).unwrap();
        assert_eq!(message.media().count(), 0, "{json}");
    }
}

#[test]
fn unknown_types_and_misfits_keep_their_json() {
    for (msgtype, body) in [
        ("hologram", r#"{"depth":3}"#),
        ("text", r#""just a string""#),
        ("text", r#"{"content":{"rich":true}}"#),
        ("image", r#"{"sdkfileid":["a","b"]}"#),
        ("image", "null"),
    ] {
        let json = message(msgtype, body);
        let Body::Unknown(unknown) = chat(&json).body else { panic!("{json}") };
        assert_eq!(unknown.msgtype, msgtype);
        assert_eq!(unknown.raw, json.as_str());
    }
}

#[test]
fn defects_of_the_text_are_repaired() {
    let control = message("text", "{\"content\":\"a\u{11}b\u{0}c\"}");
    let Body::Text(text) = chat(&control).body else { panic!() };
    assert_eq!(text.content, "a\u{11}b\u{0}c");

    let half = message("text", r#"{"content":"smile \ud83d"}"#);
    let Body::Text(text) = chat(&half).body else { panic!() };
    assert_eq!(text.content, "smile \u{fffd}");

    let mut bytes = b"\xef\xbb\xbf".to_vec();
    bytes.extend(message("text", r#"{"content":"a?b"}"#).into_bytes());
    let at = bytes.iter().position(|b| *b == b'?').unwrap();
    bytes[at] = 0xff;
    let Ok(Message::Chat(ChatMessage { body: Body::Text(text), .. })) = Message::from_json(&bytes) else {
        panic!()
    };
    assert_eq!(text.content, "a\u{fffd}b");

    let key = r#"{"msgtype":"text","text":{"content":"x"},"\ud800":1}"#;
    assert!(matches!(chat(key).body, Body::Text(_)));
}

#[test]
fn depth_does_not_matter() {
    let deep = format!("{}{}", "[".repeat(200_000), "]".repeat(200_000));
    assert!(matches!(body("hologram", &deep), Body::Unknown(_)));
    assert!(matches!(body("text", &format!(r#"{{"content":{deep}}}"#)), Body::Unknown(_)));
    assert!(matches!(body("text", &format!(r#"{{"content":"x","new":{deep}}}"#)), Body::Text(_)));
}

#[test]
fn what_is_not_an_object_is_an_error_without_content() {
    use InvalidJsonKind::{NotAnObject, Syntax, Truncated};
    for (json, kind) in [
        ("", Truncated),
        (r#"{"canary":"#, Truncated),
        (r#"{"canary":"canary"#, Truncated),
        (r#"{"canary":canary}"#, Syntax),
        (r#"{"canary":1}canary"#, Syntax),
        ("canary", Syntax),
        (r#"["canary"]"#, NotAnObject),
        (r#""canary""#, NotAnObject),
        ("null", NotAnObject),
        ("7", NotAnObject),
    ] {
        let error = Message::from_json(json.as_bytes()).unwrap_err();
        assert_eq!(error.kind(), kind, "{json}: {error}");
        assert!(!format!("{error} {error:?}").contains("canary"));
    }
    let error = Message::from_json(b"{\"a\":1,\n  oops}").unwrap_err();
    assert_eq!((error.line(), error.column()), (2, 3));
    assert_eq!(error.to_string(), "invalid JSON at line 2 column 3");
}

#[test]
fn debug_never_shows_what_people_wrote() {
    for (msgtype, body) in [
        ("text", r#"{"content":"canary"}"#),
        ("text", r#"{"content":["canary"]}"#),
        ("hologram", r#"{"canary":"canary"}"#),
        ("file", r#"{"filename":"canary.canary","fileext":"canary","sdkfileid":"canary"}"#),
        ("image", r#"{"sdkfileid":"canary"}"#),
    ] {
        let message = Message::from_json(message(msgtype, body).as_bytes()).unwrap();
        let media: Vec<_> = message.media().collect();
        let debug = format!("{message:?} {message:#?} {media:?} {media:#?}");
        assert!(!debug.contains("canary"), "{debug}");
        assert!(debug.contains("lin.yu") && debug.contains(" bytes)"), "{debug}");
    }
}
