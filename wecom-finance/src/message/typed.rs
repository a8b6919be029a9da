//! A message as its typed values have it.

use serde::ser::{Serialize, SerializeMap, Serializer};

use super::body::Body;
use super::id::Action;
use super::{ChatMessage, Message, SwitchLog, body_key};

/// Serializes what the typed values of a message say, with WeCom's own names for the fields: what was changed in
/// them is in it, and what the model does not have is not. Made by [`Message::typed`].
///
/// The form is that of WeCom's samples: numbers as numbers, the body under its usual key. Fields that mean the
/// same whether they are empty or absent are left out if they are empty.
#[derive(Debug, Clone, Copy)]
pub struct Typed<'a>(&'a Message);

impl Message {
    /// The typed values, for serializing them. Read again, they give an equal message.
    ///
    /// ```
    /// use wecom_finance::Message;
    ///
    /// let json = br#"{"msgtype":"image","image":{"filesize":"17","sdkfileid":"C","mood":"new"}}"#;
    /// let message = Message::from_json(json)?;
    /// let image = &serde_json::to_value(message.typed()).unwrap()["image"];
    /// assert_eq!(*image, serde_json::json!({"filesize": 17, "sdkfileid": "C"}));
    /// # Ok::<(), wecom_finance::InvalidJson>(())
    /// ```
    #[must_use]
    pub fn typed(&self) -> Typed<'_> {
        Typed(self)
    }
}

impl Serialize for Typed<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0 {
            // An unknown body is its whole message already.
            Message::Chat(ChatMessage { body: Body::Unknown(unknown), .. }) => {
                unknown.raw.serialize(serializer)
            }
            Message::Chat(chat) => chat_message(chat, serializer),
            Message::Switch(log) => switch_log(log, serializer),
        }
    }
}

fn chat_message<S: Serializer>(chat: &ChatMessage, serializer: S) -> Result<S::Ok, S::Error> {
    let ChatMessage { msgid, action, from, to, room, time, msgtype, body, source: _ } = chat;
    let mut map = serializer.serialize_map(None)?;
    map.serialize_entry("msgid", msgid)?;
    map.serialize_entry("action", action)?;
    map.serialize_entry("from", from)?;
    map.serialize_entry("tolist", to)?;
    match (room, body) {
        // These two do not have the key at all.
        (None, Body::MeetingVoiceCall(_) | Body::VoipDocShare(_)) => {}
        (None, _) => map.serialize_entry("roomid", "")?,
        (Some(room), _) => map.serialize_entry("roomid", room)?,
    }
    let (key, value) = match body {
        Body::MeetingNotification(notification) => ("time", notification.time.as_ref().map(AsRef::as_ref)),
        Body::MeetingVoiceCall(call) => ("voiceid", call.voice_id.as_ref().map(AsRef::as_ref)),
        Body::VoipDocShare(document) => ("voipid", document.voip_id.as_ref().map(AsRef::as_ref)),
        _ => ("", None::<&str>),
    };
    if let Some(value) = value {
        map.serialize_entry(key, value)?;
    }
    map.serialize_entry("msgtime", time)?;
    map.serialize_entry("msgtype", msgtype)?;
    map.serialize_entry(body_key::usual(msgtype.as_str()), body)?;
    map.end()
}

fn switch_log<S: Serializer>(log: &SwitchLog, serializer: S) -> Result<S::Ok, S::Error> {
    let SwitchLog { msgid, time, user, source: _ } = log;
    let mut map = serializer.serialize_map(None)?;
    map.serialize_entry("msgid", msgid)?;
    map.serialize_entry("action", Action::SWITCH)?;
    map.serialize_entry("time", time)?;
    map.serialize_entry("user", user)?;
    map.end()
}
