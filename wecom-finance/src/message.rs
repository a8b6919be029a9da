//! The model of an opened message: typed where the type is known, lossless where it is not.
//!
//! Needs no SDK: it reads the JSON that the SDK has decrypted, wherever that comes from.

mod body;
mod body_key;
mod content;
mod id;
mod invalid_json;
mod lenient;
mod media_reference;
mod newtype;
mod plain;
mod repair;

use crate::timestamp::Timestamp;

use self::lenient::Fields;
use self::repair::repair;

pub use self::body::{Body, UnknownBody};
pub use self::content::{Content, FileId};
pub use self::id::{Action, MsgId, MsgType, Recipients, RoomId, UserId};
pub use self::invalid_json::{InvalidJson, InvalidJsonKind};
pub use self::media_reference::{MediaKind, MediaReference};
pub use self::plain::{Emotion, EmotionType, File, Image, Revoke, Text, Video, Voice};

/// One entry of the archive, opened.
///
/// `Debug` shows the structure of a message and the ids in it, never what people wrote.
///
/// ```
/// use wecom_finance::{Body, Message};
///
/// let json = r#"{"msgid":"7203344556677889901_1711432802001","action":"send","from":"lin.yu","tolist":["chen.bo"],
///     "roomid":"","msgtime":1711432801950,"msgtype":"text","text":{"content":"See you at ten"}}"#;
///
/// let Message::Chat(m) = Message::from_json(json.as_bytes())? else { unreachable!() };
/// assert_eq!(format!("{} {} → {}", m.time, m.from, m.to), "2024-03-26T06:00:01.950Z lin.yu → chen.bo");
/// let Body::Text(text) = &m.body else { unreachable!() };
/// assert_eq!(text.content, "See you at ten");
/// # Ok::<(), wecom_finance::InvalidJson>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Message {
    /// A message between people, or from a robot.
    Chat(ChatMessage),
    /// A member changed to another corp in the client (切换企业日志).
    Switch(SwitchLog),
}

/// A message between people, or from a robot. Fields that the archive leaves out are empty.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct ChatMessage {
    /// The id of the message.
    pub msgid: MsgId,
    /// What was done. To tell a recall from other messages, look at the body instead: it is a
    /// [`Body::Revoke`].
    pub action: Action,
    /// Who sent it.
    pub from: UserId,
    /// Who received it. Without the sender, and as long as the room is large.
    pub to: Recipients,
    /// The room; `None` in a single chat, and for some types always.
    pub room: Option<RoomId>,
    /// When it was sent (`msgtime`). The epoch, 1970-01-01, where the archive states no time or 0, which does
    /// occur. The order of the archive is not always that of these times.
    pub time: Timestamp,
    /// The type as the archive names it.
    pub msgtype: MsgType,
    /// What the message says.
    pub body: Body,
}

/// A member changed to another corp in the client (切换企业日志). Not a message: nobody wrote or received anything.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct SwitchLog {
    /// The id of the entry.
    pub msgid: MsgId,
    /// When.
    pub time: Timestamp,
    /// Who.
    pub user: UserId,
}

impl Message {
    /// Reads an opened message, as the SDK decrypts it.
    ///
    /// Every JSON object is a message. What does not fit the model goes into [`Body::Unknown`] with its JSON,
    /// unknown fields are skipped, numbers may be written as strings. Three defects of the text itself are
    /// repaired: raw control characters in strings, which archives are known to contain, half surrogate pairs
    /// and bytes that are not UTF-8 (these two become U+FFFD). A caller that needs the text as it was received
    /// keeps the bytes.
    ///
    /// # Errors
    ///
    /// [`InvalidJson`] if `json` is not a JSON object.
    pub fn from_json(json: &[u8]) -> Result<Self, InvalidJson> {
        let json = json.strip_prefix(b"\xef\xbb\xbf").unwrap_or(json);
        let text = String::from_utf8_lossy(json);
        match Fields::parse(&text) {
            Ok(fields) => Ok(Self::read(&fields, &text)),
            Err(strict) => {
                let repaired = repair(&text);
                let fields = Fields::parse(&repaired).map_err(|_| InvalidJson::new(&strict))?;
                Ok(Self::read(&fields, &repaired))
            }
        }
    }

    fn read(fields: &Fields<'_>, json: &str) -> Self {
        let msgid = fields.text_or_empty("msgid");
        let action: Action = fields.text_or_empty("action");
        // The action comes first: a switch has neither type nor sender.
        if action == Action::SWITCH {
            return Self::Switch(SwitchLog {
                msgid,
                time: timestamp(fields, "time"),
                user: fields.text_or_empty("user"),
            });
        }
        let msgtype = fields.text_or_empty("msgtype");
        Self::Chat(ChatMessage {
            msgid,
            action,
            from: fields.text_or_empty("from"),
            to: fields.texts("tolist").into_iter().map(UserId::from).collect(),
            room: fields.optional_text("roomid"),
            time: timestamp(fields, "msgtime"),
            body: Body::read(&msgtype, fields, json),
            msgtype,
        })
    }

    /// The id, whatever kind of entry it is.
    #[must_use]
    pub fn msgid(&self) -> &MsgId {
        match self {
            Self::Chat(chat) => &chat.msgid,
            Self::Switch(switch) => &switch.msgid,
        }
    }

    /// The time, whatever kind of entry it is.
    #[must_use]
    pub fn time(&self) -> Timestamp {
        match self {
            Self::Chat(chat) => chat.time,
            Self::Switch(switch) => switch.time,
        }
    }

    /// The media files that it refers to; see [`Body::media`].
    pub fn media(&self) -> impl Iterator<Item = MediaReference> {
        let body = match self {
            Self::Chat(chat) => Some(&chat.body),
            Self::Switch(_) => None,
        };
        body.into_iter().flat_map(Body::media)
    }
}

fn timestamp(fields: &Fields<'_>, key: &str) -> Timestamp {
    Timestamp::from_millis(fields.number(key).unwrap_or(0))
}

#[cfg(test)]
mod tests;
