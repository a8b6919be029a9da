//! What a message says.

use super::body_key;
use super::content::Content;
use super::id::MsgType;
use super::lenient::{Fields, Misfit};
use super::plain::{Emotion, File, Image, Revoke, Text, Video, Voice};

/// What a message says, by its type.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Body {
    /// `text`
    Text(Text),
    /// `image`
    Image(Image),
    /// `voice`
    Voice(Voice),
    /// `video`
    Video(Video),
    /// `file`
    File(File),
    /// `emotion`
    Emotion(Emotion),
    /// `revoke`
    Revoke(Revoke),
    /// A type without a variant here, or a body that does not have the shape of its type.
    Unknown(UnknownBody),
}

/// A body that this version of the library cannot read. Nothing of it is lost: the raw JSON is all there.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct UnknownBody {
    /// The type as the message states it; empty if it states none.
    pub msgtype: MsgType,
    /// The whole message as JSON text, since nobody knows under which keys the body stands.
    pub raw: Content,
}

impl Body {
    /// Reads the body of a message of this type out of the message's fields; `json` is the text of the whole
    /// message.
    pub(super) fn read(msgtype: &MsgType, message: &Fields<'_>, json: &str) -> Self {
        body_key::find(msgtype.as_str(), message)
            .and_then(|body| Self::read_typed(msgtype.as_str(), &body))
            .unwrap_or_else(|| Self::Unknown(UnknownBody { msgtype: msgtype.clone(), raw: json.into() }))
    }

    fn read_typed(msgtype: &str, body: &Fields<'_>) -> Option<Self> {
        let read: Result<Self, Misfit> = match msgtype {
            MsgType::TEXT => Text::read(body).map(Self::Text),
            MsgType::IMAGE => Image::read(body).map(Self::Image),
            MsgType::VOICE => Voice::read(body).map(Self::Voice),
            MsgType::VIDEO => Video::read(body).map(Self::Video),
            MsgType::FILE => File::read(body).map(Self::File),
            MsgType::EMOTION => Emotion::read(body).map(Self::Emotion),
            MsgType::REVOKE => Revoke::read(body).map(Self::Revoke),
            _ => return None,
        };
        read.ok()
    }
}
