//! The model of an opened message: typed where the type is known, lossless where it is not.
//!
//! Needs no SDK: it reads the JSON that the SDK has decrypted, wherever that comes from.

mod body;
mod body_key;
mod call;
mod composite;
mod content;
mod conversation;
mod id;
mod invalid_json;
mod lenient;
mod media_reference;
mod media_walk;
mod newtype;
mod office;
mod other;
mod plain;
mod quote;
mod raw_json;
mod read;
mod repair;
#[cfg(feature = "schema")]
mod schema;
mod source;
mod typed;
mod units;

use crate::timestamp::Timestamp;

use self::source::Source;

pub use self::body::{Body, UnknownBody};
pub use self::call::{CallId, InviteType, MeetingVoiceCall, SharedScreen, ShownFile, VoipDocShare, VoipText};
pub use self::composite::{ForwardedChat, ForwardedItem, Mixed, MixedItem, Note, NoteItem};
pub use self::content::{Content, FileId};
pub use self::conversation::Conversation;
pub use self::id::{Action, MsgId, MsgType, Recipients, RoomId, UserId, UserKind};
pub use self::invalid_json::{InvalidJson, InvalidJsonKind};
pub use self::media_reference::{MediaKind, MediaReference};
pub use self::media_walk::MediaReferences;
pub use self::office::{
    Calendar, Collect, DocMsg, Meeting, MeetingId, MeetingNotification, MeetingNotificationType,
    MeetingStatus, MeetingType, Question, QuestionType, QyDiskFile, Solitaire, SolitaireType, Todo, Vote,
    VoteId, VoteType,
};
pub use self::other::{Article, FeedType, Markdown, News, RedPacket, RedPacketType, SphFeed};
pub use self::plain::{
    Agree, Card, Degrees, Disagree, Emotion, EmotionType, File, Image, Link, Location, Revoke, Text, Video,
    Voice, Weapp,
};
pub use self::quote::{Quote, QuoteLayout};
pub use self::raw_json::RawJson;
pub use self::typed::Typed;
pub use self::units::{CivilTime, EpochSeconds};

/// One entry of the archive, opened.
///
/// `Debug` shows the structure of a message and the ids in it, never what people wrote. Two messages are equal if
/// they are understood the same, however each is written: a number may be in quotes in one of them.
///
/// Nothing of a message is lost. It keeps the text that it was read from: [`raw`](Self::raw). Fields that the model
/// does not have are in [`extra`](Self::extra). With `serde_json` it serializes as the JSON that it was read from,
/// whatever was changed in the typed values since; see [`typed`](Self::typed) for the other way.
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
    source: Source,
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
    source: Source,
}

impl Message {
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

    /// The media files that it refers to, at whatever depth, in the order of its text.
    ///
    /// Files in types, and in places, that this version of the library does not know are found as well. A
    /// reference without a `sdkfileid` is left out: there is nothing to fetch.
    ///
    /// ```
    /// use wecom_finance::{MediaKind, Message};
    ///
    /// let json = r#"{"msgtype":"mixed","mixed":{"item":[
    ///     {"type":"text","content":"{\"content\":\"Look\"}"},
    ///     {"type":"image","content":"{\"md5sum\":\"\",\"filesize\":13178,\"sdkfileid\":\"Ct0B\"}"}]}}"#;
    ///
    /// let message = Message::from_json(json.as_bytes())?;
    /// let image = message.media().next().unwrap();
    /// assert_eq!((image.kind, image.size(), image.md5()), (MediaKind::Image, Some(13_178), None));
    /// assert_eq!(image.path, "/mixed/item/1/content");
    /// # Ok::<(), wecom_finance::InvalidJson>(())
    /// ```
    #[must_use]
    pub fn media(&self) -> MediaReferences {
        match self {
            Self::Chat(chat) => chat.media(),
            Self::Switch(_) => MediaReferences::none(),
        }
    }
}

impl ChatMessage {
    /// The media files that it refers to: see [`Message::media`].
    #[must_use]
    pub fn media(&self) -> MediaReferences {
        MediaReferences::of(self.source.json().as_str(), &self.body)
    }
}

#[cfg(test)]
mod tests;
