//! One sample of every type, in the form of the vendor's own: read, understood, written again.

use std::collections::BTreeMap;

use serde_json::Value;

use super::*;

/// A line each, all 34.
const SAMPLES: &str = include_str!("samples.jsonl");

fn samples() -> BTreeMap<String, &'static str> {
    let typed = |json: &'static str| match Message::from_json(json.as_bytes()).unwrap() {
        Message::Chat(chat) => (chat.msgtype.to_string(), json),
        Message::Switch(_) => ("switch".to_owned(), json),
    };
    SAMPLES.lines().map(typed).collect()
}

fn sample(msgtype: &str) -> ChatMessage {
    chat(samples()[msgtype])
}

fn value(json: &str) -> Value {
    serde_json::from_str(json).unwrap()
}

/// Reads the sample's body into a variable, or fails.
macro_rules! sample {
    ($variant:ident, $msgtype:literal) => {{
        let Body::$variant(body) = sample($msgtype).body else { panic!("{}", $msgtype) };
        body
    }};
}

fn at(text: &str) -> Timestamp {
    let time: jiff::Timestamp = text.parse().unwrap();
    Timestamp::from_millis(time.as_millisecond())
}

#[test]
fn every_type_is_known_and_understood_completely() {
    let samples = samples();
    assert_eq!(samples.len(), 34);
    for (msgtype, json) in samples {
        let message = Message::from_json(json.as_bytes()).unwrap();
        if let Message::Chat(chat) = &message {
            assert!(!matches!(chat.body, Body::Unknown(_)), "{msgtype}");
        }
        assert!(message.extra().is_empty(), "{msgtype}: {:?}", message.extra());
    }
}

#[test]
fn what_is_written_is_what_was_read() {
    for (msgtype, json) in samples() {
        let message = Message::from_json(json.as_bytes()).unwrap();
        assert_eq!(serde_json::to_string(&message).unwrap(), json);
        assert_eq!(message.raw(), json.as_bytes());
        assert_eq!(serde_json::to_value(message.typed()).unwrap(), value(json), "{msgtype}");
        let again: Message = serde_json::from_str(json).unwrap();
        assert_eq!(again, message);
    }
}

#[test]
fn consent() {
    let agree = sample!(Agree, "agree");
    assert_eq!(agree.user, "wmFAKEaQAAh3Jd81kLmNoPqRsTuVwXyZ");
    assert_eq!(agree.time.unwrap().as_millis(), 1_711_432_840_001);
    let disagree = sample!(Disagree, "disagree");
    assert_eq!(disagree.time.unwrap().as_millis(), 1_711_432_850_007);
    for other in [
        r#"{"msgtype":"disagree","agree":{"userid":"wm1","agree_time":1711432850007}}"#,
        r#"{"msgtype":"disagree","disagree":{"userid":"wm1","agree_time":"1711432850007"}}"#,
    ] {
        let Body::Disagree(other) = chat(other).body else { panic!("{other}") };
        assert_eq!((other.user.as_str(), other.time), ("wm1", disagree.time));
    }
}

#[test]
fn plain() {
    let card = sample!(Card, "card");
    assert_eq!(card.corp_name, "微信联系人");
    assert_eq!(card.user.kind(), Some(UserKind::WeChat));
    let Body::Card(old) = body("card", r#"{"corpname":"","Userid":"lin.yu"}"#) else { panic!() };
    assert_eq!(old.user, "lin.yu");

    let location = sample!(Location, "location");
    assert_eq!(location.longitude.unwrap(), "121.4737015");
    assert_eq!(location.latitude.unwrap().to_f64(), Some(31.230_392_7));
    assert_eq!(location.zoom, Some(15));
    let Body::Location(quoted) = body("location", r#"{"longitude":"121.4737015","latitude":""}"#) else {
        panic!()
    };
    assert_eq!((quoted.longitude.unwrap().to_f64(), quoted.latitude), (Some(121.473_701_5), None));

    let link = sample!(Link, "link");
    assert_eq!(link.url, "https://example.com/a?id=1");
    let weapp = sample!(Weapp, "weapp");
    assert_eq!(
        (weapp.username.as_str(), weapp.app_id),
        ("gh_sample000001@app", Some("wx0000sample0000".into()))
    );
    let Body::Weapp(older) = body("weapp", r#"{"title":"t","username":"gh@app"}"#) else { panic!() };
    assert_eq!((older.app_id, older.page_path), (None, None));
    assert_eq!(sample!(Revoke, "revoke").revoked(), "7203344556677889902_1711432810417_external");
}

#[test]
fn office() {
    let todo = sample!(Todo, "todo");
    assert_eq!((todo.title.as_str(), todo.content.as_str()), ("来自项目群", "周四前提交测试报告"));
    let Body::Todo(open) = chat(r#"{"msgtype":"todo","title":"t","content":"c"}"#).body else { panic!() };
    assert_eq!((open.title.as_str(), open.content.as_str()), ("t", "c"));
    assert!(matches!(chat(r#"{"msgtype":"todo","task":{"title":"t"}}"#).body, Body::Unknown(_)));

    let vote = sample!(Vote, "vote");
    assert_eq!((vote.vote_type, vote.items.len()), (Some(VoteType::START), 2));
    let json = r#"{"msgtype":"vote","votetitle":"t","voteitem":"爬山","votetype":"102","voteid":7}"#;
    let Body::Vote(open) = chat(json).body else { panic!() };
    assert_eq!((open.vote_type, open.items), (Some(VoteType::JOIN), vec!["爬山".into()]));
    assert_eq!(open.vote_id, "7");

    let collect = sample!(Collect, "collect");
    assert_eq!(collect.create_time.unwrap().to_timestamp(), Some(at("2024-03-26T06:03:21Z")));
    let types: Vec<_> = collect.questions.iter().map(|question| question.question_type.as_str()).collect();
    assert_eq!(types, [QuestionType::TEXT, QuestionType::NUMBER, QuestionType::DATE, QuestionType::TIME]);

    let meeting = sample!(Meeting, "meeting");
    assert_eq!(meeting.start.unwrap().to_timestamp(), Some(at("2024-03-26T07:00:00Z")));
    assert_eq!(meeting.meeting_id.unwrap().as_u64(), Some(1_357_924_680));
    for quick in [
        r#"{"starttime":1711436400,"endtime":"","meetingid":"9"}"#,
        r#"{"starttime":1711436400,"endtime":0,"meetingid":9}"#,
        r#"{"starttime":"1711436400","meetingid":9}"#,
    ] {
        let Body::Meeting(quick) = body("meeting", quick) else { panic!("{quick}") };
        assert_eq!(
            (quick.start, quick.end, quick.meeting_type, quick.status),
            (meeting.start, None, None, None)
        );
        assert_eq!(quick.meeting_id.unwrap().as_u64(), Some(9));
    }

    let notification = sample!(MeetingNotification, "meeting_notification");
    assert_eq!(notification.notification_type, Some(MeetingNotificationType::JOINED));
    assert_eq!(notification.time.unwrap().to_timestamp(), Some(at("2024-03-26T06:04:02.2Z")));
    let json = r#"{"msgtype":"meeting_notification","info":{"meetingid":"007"}}"#;
    let Body::MeetingNotification(other) = chat(json).body else { panic!() };
    let id = other.meeting_id.unwrap();
    assert_eq!((id.as_str(), id.as_u64()), ("007", None));

    let calendar = sample!(Calendar, "calendar");
    assert_eq!(calendar.start.unwrap().to_timestamp(), Some(at("2024-03-26T08:00:00Z")));
    assert_eq!(calendar.attendee_names.len(), 2);
    assert_eq!(sample!(DocMsg, "docmsg").creator, "lin.yu");
    assert_eq!(sample!(QyDiskFile, "qydiskfile").name, "年度预算.xlsx");
    assert_eq!(sample!(Solitaire, "solitaire").solitaire_type, Some(SolitaireType::START));
}

#[test]
fn money_articles_channels() {
    let packet = sample!(RedPacket, "redpacket");
    assert_eq!((packet.count, packet.amount), (Some(1), Some(8_800)));
    let packet = sample!(ExternalRedPacket, "external_redpacket");
    assert_eq!(packet.packet_type, Some(RedPacketType::RANDOM_SHARES));
    let json = r#"{"msgtype":"external_redpacket","external_redpacket":{"type":9}}"#;
    let Body::ExternalRedPacket(other) = chat(json).body else { panic!() };
    assert_eq!(other.packet_type, Some(RedPacketType(9)));

    assert_eq!(sample!(Markdown, "markdown").content, "构建 **通过**\n> 用时 3 分钟");
    let news = sample!(News, "news");
    assert_eq!(news.articles.len(), 1);
    let json = r#"{"msgtype":"news","info":{"title":"上线公告","description":"今晚 22 点",
        "url":"https://example.com/n/1","picurl":"https://example.com/n/1.jpg"}}"#;
    let Body::News(flat) = chat(json).body else { panic!() };
    assert_eq!(flat, news);
    assert_eq!(sample!(SphFeed, "sphfeed").feed_type, Some(FeedType::VIDEO));
}

#[test]
fn calls() {
    let call = sample!(MeetingVoiceCall, "meeting_voice_call");
    assert_eq!(call.voice_id.unwrap(), "gr0a1b2c3d4e5f60718293a4b5c6d7e8f9");
    assert_eq!(call.end.unwrap().to_timestamp(), Some(at("2024-03-26T06:05:02Z")));
    assert_eq!(call.shown_files[0].start.unwrap().to_timestamp(), Some(at("2024-03-26T06:04:20Z")));
    assert_eq!(call.shared_screens[0].user, "lin.yu");
    let document = sample!(VoipDocShare, "voip_doc_share");
    assert_eq!(document.voip_id.unwrap(), "gr1b2c3d4e5f60718293a4b5c6d7e8f90a");
    let call = sample!(VoipText, "voiptext");
    assert_eq!((call.duration, call.invite_type), (Some(Duration::from_secs(95)), Some(InviteType::VOICE)));
}

#[test]
fn composites() {
    let forwarded = sample!(ChatRecord, "chatrecord");
    let [text, image, mixed] = forwarded.items.as_slice() else { panic!() };
    assert_eq!(text.time(), Some(at("2024-03-25T06:00:00Z")));
    assert!(matches!(text.body(), Body::Text(text) if text.content == "昨天的结论如下"));
    assert!(matches!(image.body(), Body::Image(image) if image.size == Some(40_960)));
    let Body::Mixed(mixed) = mixed.body() else { panic!() };
    assert!(matches!(mixed.items[1].body(), Body::Image(image) if image.file_id.as_str() == "CtwBSAMPLE"));

    let Body::Text(text) = sample!(Mixed, "mixed").items[0].body() else { panic!() };
    assert_eq!(text.content, "请看附图[微笑]\n");
    let note = sample!(Note, "note");
    assert_eq!((note.items.len(), note.items[0].item_type.as_str()), (2, "text"));
    for other in [
        r#"{"msgtype":"note","note":{"items":[{"msg_type":"text","content":"{\"content\":\"x\"}"}]}}"#,
        r#"{"msgtype":"note","info":{"item":[{"type":"text","content":"{\"content\":\"x\"}"}]}}"#,
    ] {
        let Body::Note(note) = chat(other).body else { panic!("{other}") };
        assert!(matches!(note.items[0].body(), Body::Text(text) if text.content == "x"));
    }
}

#[test]
fn media_of_all_samples() {
    let media: Vec<String> = samples()
        .values()
        .flat_map(|json| Message::from_json(json.as_bytes()).unwrap().media())
        .map(|media| {
            let extension = media.extension().unwrap_or("-");
            format!("{} {} {extension} {:?}", media.path, media.kind, media.size())
        })
        .collect();
    assert_eq!(
        media,
        [
            "/chatrecord/item/1/content image jpg Some(40960)",
            "/chatrecord/item/2/content/item/1/content image jpg Some(1)",
            "/emotion emotion gif Some(183204)",
            "/file file xlsx Some(2287375645)",
            "/image image jpg Some(70961)",
            "/meeting_voice_call meeting_voice_call - None",
            "/mixed/item/1/content image jpg Some(13178)",
            "/info/items/1/content image jpg Some(2048)",
            "/video video mp4 Some(1250331)",
            "/voice voice amr Some(8230)",
            "/voip_doc_share voip_doc_share pdf Some(4400123)",
        ]
    );
}

/// What people write in the samples is Chinese, and nothing else of them is.
#[test]
fn debug_of_no_type_shows_what_people_wrote() {
    for (msgtype, json) in samples() {
        let message = Message::from_json(json.as_bytes()).unwrap();
        let mut debug = format!("{message:?} {message:#?} {:?}", message.media());
        if let Message::Chat(ChatMessage { body: Body::ChatRecord(forwarded), .. }) = &message {
            let bodies: Vec<Body> = forwarded.items.iter().map(ForwardedItem::body).collect();
            debug = format!("{debug} {bodies:?}");
        }
        assert!(debug.is_ascii(), "{msgtype}: {debug}");
        assert!(!debug.contains("SAMPLE") && !debug.contains("121.4"), "{msgtype}: {debug}");
    }
}
