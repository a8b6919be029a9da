//! Messages in messages: broken, nested, hostile.

use std::fmt::Write;

use super::*;

fn record(items: &str) -> String {
    format!(r#"{{"msgtype":"chatrecord","chatrecord":{{"title":"t","item":{items}}}}}"#)
}

fn items(json: &str) -> Vec<ForwardedItem> {
    let Body::ChatRecord(forwarded) = chat(json).body else { panic!("{json}") };
    forwarded.items
}

/// This JSON as the content of an item of this type.
fn item(item_type: &str, content: &str) -> String {
    format!(r#"{{"type":"{item_type}","content":{}}}"#, serde_json::to_string(content).unwrap())
}

fn paths(json: &str) -> Vec<String> {
    Message::from_json(json.as_bytes()).unwrap().media().map(|media| media.path).collect()
}

#[test]
fn times_of_items_are_told_by_their_size() {
    let json =
        record(r#"[{"msgtime":1711346400},{"msgtime":"1711346400000"},{"msgtime":0},{"msgtime":"soon"},{}]"#);
    let times: Vec<_> = items(&json).iter().map(|item| item.time().map(Timestamp::as_millis)).collect();
    assert_eq!(times, [Some(1_711_346_400_000), Some(1_711_346_400_000), Some(0), None, None]);
    assert_eq!(items(&json)[0].msgtime, Some(1_711_346_400));
}

#[test]
fn a_lone_item_is_a_list_of_one() {
    let json = record(&item("ChatRecordImage", r#"{"sdkfileid":"C"}"#));
    assert!(matches!(items(&json)[0].body(), Body::Image(_)));
    assert_eq!(paths(&json), ["/chatrecord/item/content"]);
}

#[test]
fn a_broken_item_costs_nobody_else() {
    let image = item("ChatRecordImage", r#"{"sdkfileid":"C"}"#);
    let json = record(&format!(
        r#"[7,{{"type":"ChatRecordText","content":"{{oops"}},null,{{"type":["x"],"content":9}},{},{image}]"#,
        item("ChatRecordHologram", r#"{"depth":3}"#),
    ));
    let items = items(&json);
    assert_eq!(items.len(), 6);
    assert!(items[..5].iter().all(|item| matches!(item.body(), Body::Unknown(_))));
    let Body::Unknown(unknown) = items[4].body() else { panic!() };
    assert_eq!((unknown.msgtype.as_str(), unknown.raw.as_str()), ("ChatRecordHologram", r#"{"depth":3}"#));
    assert_eq!(items[0].content, "7");
    assert!(matches!(items[5].body(), Body::Image(_)));
    assert_eq!(paths(&json), ["/chatrecord/item/5/content"]);
}

#[test]
fn a_record_without_items_is_one() {
    for json in [
        record("[]"),
        record("null"),
        record(r#""none""#),
        r#"{"msgtype":"chatrecord","chatrecord":{}}"#.into(),
    ] {
        assert!(items(&json).is_empty(), "{json}");
    }
}

#[test]
fn content_may_stand_in_the_open_or_have_defects() {
    let json = record(r#"[{"type":"ChatRecordVoice","content":{"voice_size":3,"sdkfileid":"C"}}]"#);
    assert!(matches!(items(&json)[0].body(), Body::Voice(voice) if voice.size == Some(3)));
    assert_eq!(paths(&json), ["/chatrecord/item/0/content"]);
    let json = record(&format!("[{}]", item("image", "{\"x\":\"a\u{11}\\ud800\",\"sdkfileid\":\"C\"}")));
    assert!(matches!(items(&json)[0].body(), Body::Image(_)));
    assert_eq!(paths(&json).len(), 1);
}

/// Forwarded conversations in each other, `depth` of them, with a picture in the innermost.
fn nested(depth: usize) -> String {
    let mut content = r#"{"sdkfileid":"C"}"#.to_owned();
    let mut item_type = "ChatRecordImage";
    for _ in 0..depth {
        content = format!(r#"{{"title":"t","item":[{}]}}"#, item(item_type, &content));
        item_type = "chatrecord";
    }
    format!(r#"{{"msgtype":"chatrecord","chatrecord":{content}}}"#)
}

#[test]
fn eight_levels_are_read_and_not_nine() {
    for depth in [1, 2, 4, 8] {
        let json = nested(depth);
        assert_eq!(paths(&json), [format!("/chatrecord{}", "/item/0/content".repeat(depth))]);
        let mut item = items(&json).remove(0);
        for _ in 1..depth {
            let Body::ChatRecord(mut inner) = item.body() else { panic!("{depth}") };
            item = inner.items.remove(0);
        }
        assert!(matches!(item.body(), Body::Image(_)));
    }
    let json = nested(9);
    let media = Message::from_json(json.as_bytes()).unwrap().media();
    assert!(!media.is_complete());
    assert_eq!(media.count(), 0);
    let mut item = items(&json).remove(0);
    for _ in 1..9 {
        let Body::ChatRecord(mut inner) = item.body() else { panic!() };
        item = inner.items.remove(0);
    }
    assert!(matches!(item.body(), Body::Unknown(unknown) if unknown.raw == r#"{"sdkfileid":"C"}"#));
}

#[test]
fn files_in_unknown_places_are_found() {
    for (json, expected) in [
        (r#"{"msgtype":"hologram","hologram":{"sdkfileid":"C","filename":"a.obj"}}"#, "/hologram other obj"),
        (r#"{"msgtype":"hologram","a/b":[{},{"~":{"sdkfileid":"C"}}]}"#, "/a~1b/1/~0 other -"),
        (r#"{"msgtype":"image","info":{"sdkfileid":"C"}}"#, "/info image jpg"),
        (r#"{"msgtype":"link","link":{"title":"t","sdkfileid":"C"}}"#, "/link other -"),
        (r#"{"msgtype":"hologram","image":{"sdkfileid":"C"}}"#, "/image image jpg"),
        (r#"{"sdkfileid":"C"}"#, " other -"),
        (r#"{"msgtype":"image","image":{"\u0073dkfileid":"C"}}"#, "/image image jpg"),
        (r#"{"msgtype":"image","image":{"sdkfileid":"A"},"image":{"sdkfileid":"C"}}"#, "/image image jpg"),
        (
            r#"{"msgtype":"album","info":{"items":[{"msg_type":"video","content":"{\"sdkfileid\":\"C\"}"}]}}"#,
            "/info/items/0/content video mp4",
        ),
    ] {
        let message = Message::from_json(json.as_bytes()).unwrap();
        let [media] =
            message.media().collect::<Vec<_>>().try_into().unwrap_or_else(|media| panic!("{media:?}"));
        assert_eq!(media.file_id(), "C");
        assert_eq!(format!("{} {} {}", media.path, media.kind, media.extension().unwrap_or("-")), expected);
    }
}

#[test]
fn what_people_write_is_no_file() {
    for (msgtype, body) in [
        ("text", r#"{"content":"{\"sdkfileid\":\"C\"}"}"#),
        ("markdown", r#"{"content":"{\"type\":\"image\",\"content\":\"{\\\"sdkfileid\\\":\\\"C\\\"}\"}"}"#),
        ("todo", r#"{"title":"sdkfileid","content":"{\"sdkfileid\":\"C\"}"}"#),
        (
            "chatrecord",
            r#"{"item":[{"type":"text","content":"{\"content\":\"{\\\"sdkfileid\\\":\\\"C\\\"}\"}"}]}"#,
        ),
    ] {
        assert!(paths(&message(msgtype, body)).is_empty(), "{msgtype}");
    }
}

#[test]
fn hostile_nesting_is_soon_over() {
    let deep =
        |open: &str, close: &str, n| format!("{}{{\"sdkfileid\":\"C\"}}{}", open.repeat(n), close.repeat(n));
    let cases = [
        nested(14),
        record(&deep("[", "]", 100_000)),
        record(&deep(r#"[{"type":"mixed","content":{"item":"#, "}}]", 20_000)),
        record(&deep(r#"{"content":"#, "}", 50_000)),
        record(&format!(
            "[{}]",
            vec![r#"{"type":"image","content":"{\"sdkfileid\":\"C\"}"}"#; 20_000].join(",")
        )),
        record(&format!(
            "[{}]",
            item("image", &format!(r#"{{"x":"{}","sdkfileid":"C"}}"#, "y".repeat(5_000_000)))
        )),
    ];
    for json in cases {
        let message = Message::from_json(json.as_bytes()).unwrap();
        let media = message.media();
        let found = media.len();
        assert!(found == 20_000 || !media.is_complete(), "{found}");
    }
}

#[test]
fn many_fields_are_soon_over() {
    let fields: Vec<_> = (0..200_000).map(|n| format!(r#""k{n}":{{"sdkfileid":"C"}}"#)).collect();
    let json = format!("{{{}}}", fields.join(","));
    // If each were compared with each, this would take minutes.
    assert_eq!(Message::from_json(json.as_bytes()).unwrap().media().count(), 200_000);
}

#[test]
fn many_levels_of_typed_values_and_of_the_walk_agree() {
    let mut json = String::from("[");
    for (n, kind) in ["image", "voice", "video", "file", "emotion", "voip_doc_share", "meeting_voice_call"]
        .iter()
        .enumerate()
    {
        let comma = if n == 0 { "" } else { "," };
        write!(
            json,
            "{comma}{}",
            item(&format!("ChatRecord{}", kind.to_uppercase()), r#"{"sdkfileid":"C"}"#)
        )
        .unwrap();
    }
    json.push(']');
    let json = record(&json);
    let kinds: Vec<_> =
        Message::from_json(json.as_bytes()).unwrap().media().map(|media| media.kind.as_str()).collect();
    let types: Vec<_> = items(&json)
        .iter()
        .map(|item| match item.body() {
            Body::Image(_) => "image",
            Body::Voice(_) => "voice",
            Body::Video(_) => "video",
            Body::File(_) => "file",
            Body::Emotion(_) => "emotion",
            Body::VoipDocShare(_) => "voip_doc_share",
            Body::MeetingVoiceCall(_) => "meeting_voice_call",
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(kinds, types);
}
