//! What a message says.

use serde::{Serialize, Serializer};

use super::body_key;
use super::call::{MeetingVoiceCall, VoipDocShare, VoipText};
use super::composite::{ForwardedChat, Mixed, Note};
use super::id::MsgType;
use super::lenient::{Fields, Misfit};
use super::office::{
    Calendar, Collect, DocMsg, Meeting, MeetingNotification, QyDiskFile, Solitaire, Todo, Vote,
};
use super::other::{Markdown, News, RedPacket, SphFeed};
use super::plain::{
    Agree, Card, Disagree, Emotion, File, Image, Link, Location, Revoke, Text, Video, Voice, Weapp,
};
use super::raw_json::RawJson;

/// What a message says, by its type.
///
/// Serializes as the JSON object that WeCom has for it, with the fields that are known: to pass on a message as
/// it is, serialize the [`Message`](super::Message).
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Body {
    /// `text`
    Text(Text),
    /// `image`
    Image(Image),
    /// `revoke`: a message was taken back.
    Revoke(Revoke),
    /// `agree`: to be archived.
    Agree(Agree),
    /// `disagree`: refused to be archived.
    Disagree(Disagree),
    /// `voice`
    Voice(Voice),
    /// `video`
    Video(Video),
    /// `card`: a contact.
    Card(Card),
    /// `location`
    Location(Location),
    /// `emotion`: a sticker.
    Emotion(Emotion),
    /// `file`
    File(File),
    /// `link`
    Link(Link),
    /// `weapp`: a mini program.
    Weapp(Weapp),
    /// `chatrecord`: forwarded messages.
    ChatRecord(ForwardedChat),
    /// `todo`: a task.
    Todo(Todo),
    /// `vote`
    Vote(Vote),
    /// `collect`: a form to fill in.
    Collect(Collect),
    /// `redpacket`
    RedPacket(RedPacket),
    /// `meeting`: an invitation.
    Meeting(Meeting),
    /// `meeting_notification`: something happened in a meeting.
    MeetingNotification(MeetingNotification),
    /// `docmsg`: an online document.
    DocMsg(DocMsg),
    /// `markdown`
    Markdown(Markdown),
    /// `news`: articles.
    News(News),
    /// `calendar`: an event.
    Calendar(Calendar),
    /// `mixed`: several parts in one message.
    Mixed(Mixed),
    /// `meeting_voice_call`: the recording of a call.
    MeetingVoiceCall(MeetingVoiceCall),
    /// `voip_doc_share`: a document that was shared during a call.
    VoipDocShare(VoipDocShare),
    /// `external_redpacket`: a red packet with people outside of the corp.
    ExternalRedPacket(RedPacket),
    /// `sphfeed`: a post of a channel.
    SphFeed(SphFeed),
    /// `voiptext`: that a call took place.
    VoipText(VoipText),
    /// `qydiskfile`: a file in WeDrive.
    QyDiskFile(QyDiskFile),
    /// `solitaire`: a sign-up list.
    Solitaire(Solitaire),
    /// `note`
    Note(Note),
    /// A type without a variant here, or a body that does not have the shape of its type.
    Unknown(UnknownBody),
}

/// A body that this version of the library cannot read. Nothing of it is lost: the raw JSON is all there.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct UnknownBody {
    /// The type as the message states it; empty if it states none.
    pub msgtype: MsgType,
    /// The whole message as JSON text, since nobody knows under which keys the body stands. Of a part of a
    /// composite message, its content.
    pub raw: RawJson,
}

impl Body {
    /// Of a message that is not read to the end.
    pub(super) fn unread() -> Self {
        Self::Unknown(UnknownBody { msgtype: MsgType::default(), raw: RawJson::default() })
    }

    /// Reads the body of a message of this type out of the message's fields; `json` is the text of the whole
    /// message.
    pub(super) fn read(msgtype: &MsgType, message: &Fields<'_>, json: &RawJson) -> Self {
        let body = match body_key::find(msgtype.as_str(), message) {
            Some((_, body)) => Self::read_typed(msgtype.as_str(), &body, message, 0),
            None if body_key::in_the_open(msgtype.as_str(), message) => {
                Self::read_typed(msgtype.as_str(), message, message, 0)
            }
            None => None,
        };
        body.unwrap_or_else(|| Self::Unknown(UnknownBody { msgtype: msgtype.clone(), raw: json.clone() }))
    }

    /// Reads the body of a part that stands `depth` levels below its message.
    pub(super) fn read_part(item_type: &str, content: &Fields<'_>, depth: u8) -> Option<Self> {
        Self::read_typed(item_type, content, &Fields::default(), depth)
    }

    /// `beside` are the fields of the message: some types have one or two outside of their body.
    fn read_typed(msgtype: &str, body: &Fields<'_>, beside: &Fields<'_>, depth: u8) -> Option<Self> {
        let read: Result<Self, Misfit> = match msgtype {
            MsgType::TEXT => Text::read(body).map(Self::Text),
            MsgType::IMAGE => Image::read(body).map(Self::Image),
            MsgType::REVOKE => Revoke::read(body).map(Self::Revoke),
            MsgType::VOICE => Voice::read(body).map(Self::Voice),
            MsgType::VIDEO => Video::read(body).map(Self::Video),
            MsgType::EMOTION => Emotion::read(body).map(Self::Emotion),
            MsgType::FILE => File::read(body).map(Self::File),
            MsgType::MARKDOWN => Markdown::read(body).map(Self::Markdown),
            MsgType::MEETING_VOICE_CALL => MeetingVoiceCall::read(body, beside).map(Self::MeetingVoiceCall),
            MsgType::VOIP_DOC_SHARE => VoipDocShare::read(body, beside).map(Self::VoipDocShare),
            // Of these, no single field is worth losing the others for.
            _ => return Self::read_tolerant(msgtype, body, beside, depth),
        };
        read.ok()
    }

    fn read_tolerant(msgtype: &str, body: &Fields<'_>, beside: &Fields<'_>, depth: u8) -> Option<Self> {
        Some(match msgtype {
            MsgType::AGREE => Self::Agree(Agree::read(body)),
            MsgType::DISAGREE => Self::Disagree(Disagree::read(body)),
            MsgType::CARD => Self::Card(Card::read(body)),
            MsgType::LOCATION => Self::Location(Location::read(body)),
            MsgType::LINK => Self::Link(Link::read(body)),
            MsgType::WEAPP => Self::Weapp(Weapp::read(body)),
            MsgType::CHATRECORD => Self::ChatRecord(ForwardedChat::read(body, depth)),
            MsgType::TODO => Self::Todo(Todo::read(body)),
            MsgType::VOTE => Self::Vote(Vote::read(body)),
            MsgType::COLLECT => Self::Collect(Collect::read(body)),
            MsgType::REDPACKET => Self::RedPacket(RedPacket::read(body)),
            MsgType::MEETING => Self::Meeting(Meeting::read(body)),
            MsgType::MEETING_NOTIFICATION => {
                Self::MeetingNotification(MeetingNotification::read(body, beside))
            }
            MsgType::DOCMSG => Self::DocMsg(DocMsg::read(body)),
            MsgType::NEWS => Self::News(News::read(body)),
            MsgType::CALENDAR => Self::Calendar(Calendar::read(body)),
            MsgType::MIXED => Self::Mixed(Mixed::read(body, depth)),
            MsgType::EXTERNAL_REDPACKET => Self::ExternalRedPacket(RedPacket::read(body)),
            MsgType::SPHFEED => Self::SphFeed(SphFeed::read(body)),
            MsgType::VOIPTEXT => Self::VoipText(VoipText::read(body)),
            MsgType::QYDISKFILE => Self::QyDiskFile(QyDiskFile::read(body)),
            MsgType::SOLITAIRE => Self::Solitaire(Solitaire::read(body)),
            MsgType::NOTE => Self::Note(Note::read(body, depth)),
            _ => return None,
        })
    }
}

impl Serialize for Body {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Text(body) => body.serialize(serializer),
            Self::Image(body) => body.serialize(serializer),
            Self::Revoke(body) => body.serialize(serializer),
            Self::Agree(body) => body.serialize(serializer),
            Self::Disagree(body) => body.serialize(serializer),
            Self::Voice(body) => body.serialize(serializer),
            Self::Video(body) => body.serialize(serializer),
            Self::Card(body) => body.serialize(serializer),
            Self::Location(body) => body.serialize(serializer),
            Self::Emotion(body) => body.serialize(serializer),
            Self::File(body) => body.serialize(serializer),
            Self::Link(body) => body.serialize(serializer),
            Self::Weapp(body) => body.serialize(serializer),
            Self::ChatRecord(body) => body.serialize(serializer),
            Self::Todo(body) => body.serialize(serializer),
            Self::Vote(body) => body.serialize(serializer),
            Self::Collect(body) => body.serialize(serializer),
            Self::RedPacket(body) | Self::ExternalRedPacket(body) => body.serialize(serializer),
            Self::Meeting(body) => body.serialize(serializer),
            Self::MeetingNotification(body) => body.serialize(serializer),
            Self::DocMsg(body) => body.serialize(serializer),
            Self::Markdown(body) => body.serialize(serializer),
            Self::News(body) => body.serialize(serializer),
            Self::Calendar(body) => body.serialize(serializer),
            Self::Mixed(body) => body.serialize(serializer),
            Self::MeetingVoiceCall(body) => body.serialize(serializer),
            Self::VoipDocShare(body) => body.serialize(serializer),
            Self::SphFeed(body) => body.serialize(serializer),
            Self::VoipText(body) => body.serialize(serializer),
            Self::QyDiskFile(body) => body.serialize(serializer),
            Self::Solitaire(body) => body.serialize(serializer),
            Self::Note(body) => body.serialize(serializer),
            Self::Unknown(body) => body.raw.serialize(serializer),
        }
    }
}
