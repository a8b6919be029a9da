//! What holds for any JSON, and for what is nearly JSON.

use proptest::prelude::*;

use super::*;

/// Any JSON at all, a few levels deep.
pub(super) fn any_json() -> impl Strategy<Value = serde_json::Value> {
    let leaf = prop_oneof![
        Just(serde_json::Value::Null),
        any::<bool>().prop_map(Into::into),
        any::<i64>().prop_map(Into::into),
        any::<f64>().prop_map(Into::into),
        ".*".prop_map(Into::into),
        "[0-9]{1,20}".prop_map(Into::into),
        prop::sample::select(
            &[r#"{"sdkfileid":"C"}"#, r#"{"item":[{"type":"image","content":{"sdkfileid":"C"}}]}"#][..]
        )
        .prop_map(Into::into),
    ];
    leaf.prop_recursive(3, 24, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Into::into),
            prop::collection::vec((any_key(), inner), 0..6).prop_map(|fields| fields.into_iter().collect()),
        ]
    })
}

/// All types, and others.
const TYPES: &[&str] = &[
    "",
    "new",
    "text",
    "image",
    "revoke",
    "agree",
    "disagree",
    "voice",
    "video",
    "card",
    "location",
    "emotion",
    "file",
    "link",
    "weapp",
    "chatrecord",
    "todo",
    "vote",
    "collect",
    "redpacket",
    "meeting",
    "meeting_notification",
    "docmsg",
    "markdown",
    "news",
    "calendar",
    "mixed",
    "meeting_voice_call",
    "voip_doc_share",
    "external_redpacket",
    "sphfeed",
    "voiptext",
    "qydiskfile",
    "solitaire",
    "note",
];

/// The other keys that the model looks for.
const KEYS: &[&str] = &[
    "msgid",
    "action",
    "from",
    "tolist",
    "roomid",
    "msgtime",
    "time",
    "user",
    "msgtype",
    "info",
    "doc",
    "item",
    "items",
    "content",
    "type",
    "msg_type",
    "md5sum",
    "filesize",
    "voice_size",
    "sdkfileid",
    "play_length",
    "title",
    "description",
    "url",
    "details",
    "voteitem",
    "votetitle",
    "userid",
    "Userid",
    "openid",
    "md5",
    "endtime",
    "starttime",
    "meetingid",
    "longitude",
    "demofiledata",
    "totalamount",
    "create_time",
];

pub(super) fn any_msgtype() -> impl Strategy<Value = &'static str> {
    prop::sample::select(TYPES)
}

pub(super) fn any_key() -> impl Strategy<Value = String> {
    prop_oneof![
        any_msgtype().prop_map(String::from),
        prop::sample::select(KEYS).prop_map(String::from),
        ".{0,6}",
    ]
}

proptest! {
    #[test]
    fn any_json_object_is_a_message(
        mut fields in prop::collection::btree_map(any_key(), any_json(), 0..8),
        msgtype in any_msgtype(),
    ) {
        fields.insert("msgtype".into(), msgtype.into());
        let json = serde_json::to_string(&fields).unwrap();
        let message = Message::from_json(json.as_bytes()).unwrap();
        for reference in message.media() {
            prop_assert!(!reference.file_id().is_empty());
        }
        if let Message::Chat(ChatMessage { body: Body::Unknown(unknown), .. }) = message {
            prop_assert_eq!(unknown.raw, json.as_str());
        }
    }

    #[test]
    fn no_bytes_do_harm(bytes: Vec<u8>) {
        let has_brace = bytes.contains(&b'{');
        prop_assert!(has_brace || Message::from_json(&bytes).is_err());
    }

    /// Text that a parser finds interesting, so that the repair sees every kind of cut.
    #[test]
    fn no_near_json_does_harm(text in "[{}\\[\\]\":,0-9a-du\\\\\u{1}\n]{0,60}") {
        if let Err(error) = Message::from_json(text.as_bytes()) {
            prop_assert!(error.line() <= text.len() + 1);
        }
        let wrapped = format!("{{\"msgtype\":\"text\",\"text\":{{\"content\":\"{text}\"}}}}");
        drop(Message::from_json(wrapped.as_bytes()));
    }

    #[test]
    fn numbers_may_be_strings(size: u64, time: i64) {
        let plain = format!(r#"{{"msgtype":"image","msgtime":{time},"image":{{"filesize":{size},"sdkfileid":"C"}}}}"#);
        let quoted = format!(r#"{{"msgtype":"image","msgtime":"{time}","image":{{"filesize":"{size}","sdkfileid":"C"}}}}"#);
        prop_assert_eq!(chat(&plain).time.as_millis(), time);
        prop_assert_eq!(chat(&plain), chat(&quoted));
    }
}
