//! JSON Schema of messages, as WeCom writes them.
//!
//! Numbers are numbers in it, bodies stand under their usual keys, and no field of a body is required: the
//! reading is more tolerant than the schema, and the schema more than the vendor's documentation.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde_json::{Value, json};

use super::body_key;
use super::call::{MeetingVoiceCall, VoipDocShare, VoipText};
use super::composite::{ForwardedChat, Mixed, Note};
use super::id::{Action, MsgId, MsgType, Recipients, RoomId, UserId};
use super::office::{
    Calendar, Collect, DocMsg, Meeting, MeetingNotification, QyDiskFile, Solitaire, Todo, Vote,
};
use super::other::{Markdown, News, RedPacket, SphFeed};
use super::plain::{
    Agree, Card, Disagree, Emotion, File, Image, Link, Location, Revoke, Text, Video, Voice, Weapp,
};
use super::{Body, CallId, CivilTime, Message};
use crate::timestamp::Timestamp;

/// Nobody can rely on a field being there.
pub(super) fn as_written(schema: &mut Schema) {
    schema.remove("required");
}

/// The schema of the body of every type.
fn bodies(generator: &mut SchemaGenerator) -> Vec<(&'static str, Schema)> {
    vec![
        (MsgType::TEXT, generator.subschema_for::<Text>()),
        (MsgType::IMAGE, generator.subschema_for::<Image>()),
        (MsgType::REVOKE, generator.subschema_for::<Revoke>()),
        (MsgType::AGREE, generator.subschema_for::<Agree>()),
        (MsgType::DISAGREE, generator.subschema_for::<Disagree>()),
        (MsgType::VOICE, generator.subschema_for::<Voice>()),
        (MsgType::VIDEO, generator.subschema_for::<Video>()),
        (MsgType::CARD, generator.subschema_for::<Card>()),
        (MsgType::LOCATION, generator.subschema_for::<Location>()),
        (MsgType::EMOTION, generator.subschema_for::<Emotion>()),
        (MsgType::FILE, generator.subschema_for::<File>()),
        (MsgType::LINK, generator.subschema_for::<Link>()),
        (MsgType::WEAPP, generator.subschema_for::<Weapp>()),
        (MsgType::CHATRECORD, generator.subschema_for::<ForwardedChat>()),
        (MsgType::TODO, generator.subschema_for::<Todo>()),
        (MsgType::VOTE, generator.subschema_for::<Vote>()),
        (MsgType::COLLECT, generator.subschema_for::<Collect>()),
        (MsgType::REDPACKET, generator.subschema_for::<RedPacket>()),
        (MsgType::MEETING, generator.subschema_for::<Meeting>()),
        (MsgType::MEETING_NOTIFICATION, generator.subschema_for::<MeetingNotification>()),
        (MsgType::DOCMSG, generator.subschema_for::<DocMsg>()),
        (MsgType::MARKDOWN, generator.subschema_for::<Markdown>()),
        (MsgType::NEWS, generator.subschema_for::<News>()),
        (MsgType::CALENDAR, generator.subschema_for::<Calendar>()),
        (MsgType::MIXED, generator.subschema_for::<Mixed>()),
        (MsgType::MEETING_VOICE_CALL, generator.subschema_for::<MeetingVoiceCall>()),
        (MsgType::VOIP_DOC_SHARE, generator.subschema_for::<VoipDocShare>()),
        (MsgType::EXTERNAL_REDPACKET, generator.subschema_for::<RedPacket>()),
        (MsgType::SPHFEED, generator.subschema_for::<SphFeed>()),
        (MsgType::VOIPTEXT, generator.subschema_for::<VoipText>()),
        (MsgType::QYDISKFILE, generator.subschema_for::<QyDiskFile>()),
        (MsgType::SOLITAIRE, generator.subschema_for::<Solitaire>()),
        (MsgType::NOTE, generator.subschema_for::<Note>()),
    ]
}

impl JsonSchema for Message {
    fn schema_name() -> Cow<'static, str> {
        "Message".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let bodies = bodies(generator);
        let known: Vec<&str> = bodies.iter().map(|(msgtype, _)| *msgtype).collect();
        let mut shapes: Vec<Value> = Vec::with_capacity(known.len().saturating_add(2));
        for (msgtype, body) in &bodies {
            let key = body_key::usual(msgtype);
            let mut shape = json!({
                "title": msgtype,
                "properties": { "msgtype": { "const": msgtype }, key: body },
                "required": ["msgtype", key],
            });
            // What the typed values hold of what stands beside a body.
            let beside = match *msgtype {
                MsgType::MEETING_VOICE_CALL => Some(("voiceid", generator.subschema_for::<CallId>())),
                MsgType::VOIP_DOC_SHARE => Some(("voipid", generator.subschema_for::<CallId>())),
                MsgType::MEETING_NOTIFICATION => Some(("time", generator.subschema_for::<CivilTime>())),
                _ => None,
            };
            if let (Some((name, schema)), Some(properties)) =
                (beside, shape.get_mut("properties").and_then(Value::as_object_mut))
            {
                properties.insert(name.to_owned(), schema.to_value());
            }
            shapes.push(shape);
        }
        shapes.push(json!({
            "title": "switch",
            "description": "A member changed to another corp in the client: not a message between people.",
            "properties": {
                "action": { "const": Action::SWITCH },
                "time": generator.subschema_for::<Timestamp>(),
                "user": generator.subschema_for::<UserId>(),
            },
            "required": ["action"],
        }));
        shapes.push(json!({
            "title": "unknown",
            "description": "A type that is newer than this schema.",
            "properties": { "msgtype": { "not": { "enum": known } } },
        }));
        json_schema!({
            "description": "One entry of WeCom's conversation archive, opened.",
            "type": "object",
            "properties": {
                "msgid": generator.subschema_for::<MsgId>(),
                "action": generator.subschema_for::<Action>(),
                "from": generator.subschema_for::<UserId>(),
                "tolist": generator.subschema_for::<Recipients>(),
                "roomid": generator.subschema_for::<RoomId>(),
                "msgtime": generator.subschema_for::<Timestamp>(),
                "msgtype": generator.subschema_for::<MsgType>(),
            },
            "anyOf": shapes,
        })
    }
}

impl JsonSchema for Body {
    fn schema_name() -> Cow<'static, str> {
        "Body".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let mut shapes: Vec<Schema> = Vec::new();
        for (_, shape) in bodies(generator) {
            // Two types have the same body.
            if !shapes.contains(&shape) {
                shapes.push(shape);
            }
        }
        json_schema!({
            "description": "What a message says; or of a message that is not understood, all of it.",
            "type": "object",
            "anyOf": [{ "anyOf": shapes }, { "type": "object" }],
        })
    }
}

#[cfg(test)]
mod tests;
