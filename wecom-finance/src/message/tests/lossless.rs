//! Nothing is lost between the text and the message.

use proptest::prelude::*;

use super::properties::{any_json, any_key, any_msgtype};
use super::*;

fn extra(json: &str) -> Vec<(String, String)> {
    let message = Message::from_json(json.as_bytes()).unwrap();
    message.extra().into_iter().map(|(at, value)| (at, value.get().to_owned())).collect()
}

fn pair(at: &str, json: &str) -> (String, String) {
    (at.to_owned(), json.to_owned())
}

#[test]
fn unknown_fields_are_reachable() {
    let json = r#"{"msgtype":"collect","new":{"x":1},"collect":{"title":"t","mood":"y","details":[{"id":1},{"id":2,"hint":null,"must":true}]}}"#;
    assert_eq!(
        extra(json),
        [
            pair("/collect/details/1/hint", "null"),
            pair("/collect/details/1/must", "true"),
            pair("/collect/mood", "\"y\""),
            pair("/new", r#"{"x":1}"#)
        ]
    );
    let message = Message::from_json(json.as_bytes()).unwrap();
    assert_eq!(message.field("new").unwrap().get(), r#"{"x":1}"#);
    assert!(message.field("old").is_none());
    assert_eq!(chat(json).field("msgtype").unwrap().get(), "\"collect\"");
}

#[test]
fn what_did_not_fit_is_reachable() {
    let json = r#"{"msgtype":"image","msgtime":"soon","tolist":["a",{}],"image":{"sdkfileid":"C","filesize":-1,"md5sum":""}}"#;
    assert_eq!(
        extra(json),
        [pair("/image/filesize", "-1"), pair("/msgtime", "\"soon\""), pair("/tolist", r#"["a",{}]"#)]
    );
    let doubled = r#"{"msgtype":"text","text":{"content":"a","content":"b"}}"#;
    assert_eq!(extra(doubled), [pair("/text/content", "\"a\"")]);
}

#[test]
fn of_an_unknown_type_the_body_is_extra() {
    let json = r#"{"msgid":"1","msgtype":"hologram","hologram":{"depth":3}}"#;
    assert_eq!(extra(json), [pair("/hologram", r#"{"depth":3}"#)]);
    let misfit = r#"{"msgid":"1","msgtype":"text","text":{"content":[]}}"#;
    assert_eq!(extra(misfit), [pair("/text", r#"{"content":[]}"#)]);
    let switch = r#"{"msgid":"1","action":"switch","time":1,"user":"u","corp":"ww1"}"#;
    assert_eq!(extra(switch), [pair("/corp", "\"ww1\"")]);
}

#[test]
fn fields_under_either_name_are_no_extra() {
    assert_eq!(extra(r#"{"msgtype":"card","card":{"Userid":"u"}}"#), []);
    assert_eq!(
        extra(r#"{"msgtype":"card","card":{"userid":"u","Userid":"v"}}"#),
        [pair("/card/Userid", "\"v\"")]
    );
    assert_eq!(extra(r#"{"msgtype":"agree","agree":{"openid":"u"}}"#), []);
    assert_eq!(
        extra(r#"{"msgtype":"voip_doc_share","voip_doc_share":{"md5sum":"0","md5":"1","sdkfileid":"C"}}"#),
        [pair("/voip_doc_share/md5", "\"1\"")]
    );
    assert_eq!(
        extra(r#"{"msgtype":"vote","votetitle":"t","voteitem":"x","other":1}"#),
        [pair("/other", "1")]
    );
}

#[test]
fn repaired_text_is_kept_beside_the_original() {
    let original = b"\xef\xbb\xbf{\"msgtype\":\"text\",\"text\":{\"content\":\"a\x11b\xff\"}}";
    let message = Message::from_json(original).unwrap();
    assert_eq!(message.raw(), &original[..]);
    assert_eq!(
        message.json().as_str(),
        "{\"msgtype\":\"text\",\"text\":{\"content\":\"a\\u0011b\u{fffd}\"}}"
    );
    assert_eq!(serde_json::to_string(&message).unwrap(), message.json().as_str());
    assert_eq!(Message::from_json(message.json().as_bytes()).unwrap(), message);
    let spaced = Message::from_json(b" \n{\"msgtype\":\"new\"}\r\n").unwrap();
    assert_eq!((spaced.raw().len(), spaced.json().as_str()), (21, r#"{"msgtype":"new"}"#));
    let marked = Message::from_json(b"\xef\xbb\xbf{}").unwrap();
    assert_eq!((marked.raw().len(), marked.json().as_str()), (5, "{}"));
}

#[test]
fn half_pairs_are_not_passed_on() {
    let message = Message::from_json(br#"{"msgtype":"text","text":{"content":"x \ud83d"}}"#).unwrap();
    let written = serde_json::to_value(&message).unwrap();
    assert_eq!(written["text"]["content"], "x \u{fffd}");
    let whole = Message::from_json(br#"{"x":"\uD83D\uDE00"}"#).unwrap();
    assert_eq!(serde_json::to_string(&whole).unwrap(), r#"{"x":"\uD83D\uDE00"}"#);
}

#[test]
fn messages_share_their_text() {
    let json = bytes::Bytes::from_static(br#"{"msgtype":"hologram"}"#);
    let message = Message::from_bytes(json.clone()).unwrap();
    assert_eq!(message.raw().as_ptr(), json.as_ptr());
    let Message::Chat(ChatMessage { body: Body::Unknown(unknown), .. }) = &message else { panic!() };
    assert_eq!(unknown.raw.as_bytes().as_ptr(), json.as_ptr());
}

#[test]
fn conversations() {
    let of = |json: &str| chat(json);
    let room = of(r#"{"from":"a","tolist":["b","c"],"roomid":"wr1"}"#);
    assert_eq!(room.conversation(), Some(Conversation::Room(&"wr1".into())));
    let single = of(r#"{"from":"b","tolist":["a"],"roomid":"","msgid":"1_2_external"}"#);
    assert_eq!(single.conversation(), Some(Conversation::Single(&"a".into(), &"b".into())));
    assert!(single.is_external() && !room.is_external());
    assert_eq!(of(r#"{"from":"b","tolist":["a","c"]}"#).conversation(), None);
    assert_eq!(of(r#"{"from":"b","tolist":[]}"#).conversation(), None);
}

#[test]
fn what_was_changed_is_in_the_typed_form_only() {
    let mut message = Message::from_json(message("text", r#"{"content":"secret"}"#).as_bytes()).unwrap();
    let Message::Chat(chat) = &mut message else { panic!() };
    let Body::Text(text) = &mut chat.body else { panic!() };
    text.content = "***".into();
    assert!(serde_json::to_string(&message).unwrap().contains("secret"));
    let typed = serde_json::to_value(message.typed()).unwrap();
    assert_eq!(typed["text"]["content"], "***");
}

proptest! {
    #[test]
    fn the_text_comes_back_unchanged(
        mut fields in prop::collection::btree_map(any_key(), any_json(), 0..8),
        msgtype in any_msgtype(),
    ) {
        fields.insert("msgtype".into(), msgtype.into());
        let json = serde_json::to_string(&fields).unwrap();
        let message = Message::from_json(json.as_bytes()).unwrap();
        prop_assert_eq!(message.raw(), json.as_bytes());
        let written = serde_json::to_string(&message).unwrap();
        prop_assert_eq!(&written, &json);
        prop_assert_eq!(Message::from_json(written.as_bytes()).unwrap(), message.clone());
        // What the typed values hold can be read again, and says the same.
        let typed = serde_json::to_string(&message.typed()).unwrap();
        let again = Message::from_json(typed.as_bytes()).unwrap();
        prop_assert_eq!(again, message);
    }

    #[test]
    fn typed_media_are_media(file_id in "[A-Za-z0-9]{1,9}", kind in 0..7_usize) {
        let msgtype = ["image", "voice", "video", "file", "emotion", "meeting_voice_call", "voip_doc_share"][kind];
        let json = message(msgtype, &format!(r#"{{"sdkfileid":"{file_id}"}}"#));
        let media: Vec<_> = Message::from_json(json.as_bytes()).unwrap().media().collect();
        prop_assert_eq!(media.len(), 1);
        prop_assert_eq!(media[0].kind.as_str(), msgtype);
        prop_assert_eq!(media[0].file_id(), file_id.as_str());
    }
}
