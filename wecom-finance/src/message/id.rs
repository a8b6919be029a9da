//! Identifiers, and the two words that say what a message is.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::newtype::string_newtype;

mod user_kind;

pub use self::user_kind::UserKind;

string_newtype! {
    /// The id of a message: unique in a corp, the same sealed and opened, the key to deduplicate by.
    ///
    /// Its form changed over the years (`CAQQ…=`, `<digits>_<seconds>`, `<digits>_<milliseconds>`, bare
    /// digits beyond 64 bits), so treat it as opaque but for the two suffixes below.
    shown MsgId
}

impl MsgId {
    /// Whether it is a message of an external conversation, one with people outside of the corp.
    ///
    /// `false` proves nothing about messages from before about April 2021, when the suffix `_external`
    /// appeared.
    #[must_use]
    pub fn is_external(&self) -> bool {
        self.as_str().ends_with("_external")
    }

    /// Whether it is a message of an upstream/downstream (上下游) conversation: suffix `_updown_stream`.
    #[must_use]
    pub fn is_updown_stream(&self) -> bool {
        self.as_str().ends_with("_updown_stream")
    }
}

string_newtype! {
    /// A person or a robot: the `userid` of a member of the own corp, the `external_userid` of everybody
    /// else.
    ///
    /// External ids begin with `wm` (WeChat), `wo` (another corp) or `wb` (robot), but a corp chooses its own
    /// members' ids freely, so a prefix is a hint and no proof.
    shown UserId
}

string_newtype! {
    /// A room (group chat), internal or external.
    shown RoomId
}

string_newtype! {
    /// What was done, as WeCom names it. The known words are associated constants, for comparing and for
    /// `match`:
    ///
    /// ```
    /// use wecom_finance::message::Action;
    ///
    /// let action = Action::from("recall");
    /// assert!(action == Action::RECALL);
    /// ```
    shown Action
}

impl Action {
    /// An ordinary message.
    pub const SEND: &'static str = "send";
    /// A message was taken back.
    pub const RECALL: &'static str = "recall";
    /// A member changed to another corp in the client: not a message between people.
    pub const SWITCH: &'static str = "switch";
}

string_newtype! {
    /// The type of a message, as WeCom names it. WeCom adds types about once a year, hence a string; the
    /// types with a [`Body`](crate::Body) of their own are associated constants.
    shown MsgType
}

impl MsgType {
    /// [`Body::Text`](crate::Body::Text).
    pub const TEXT: &'static str = "text";
    /// [`Body::Image`](crate::Body::Image).
    pub const IMAGE: &'static str = "image";
    /// [`Body::Revoke`](crate::Body::Revoke).
    pub const REVOKE: &'static str = "revoke";
    /// [`Body::Agree`](crate::Body::Agree).
    pub const AGREE: &'static str = "agree";
    /// [`Body::Disagree`](crate::Body::Disagree).
    pub const DISAGREE: &'static str = "disagree";
    /// [`Body::Voice`](crate::Body::Voice).
    pub const VOICE: &'static str = "voice";
    /// [`Body::Video`](crate::Body::Video).
    pub const VIDEO: &'static str = "video";
    /// [`Body::Card`](crate::Body::Card).
    pub const CARD: &'static str = "card";
    /// [`Body::Location`](crate::Body::Location).
    pub const LOCATION: &'static str = "location";
    /// [`Body::Emotion`](crate::Body::Emotion).
    pub const EMOTION: &'static str = "emotion";
    /// [`Body::File`](crate::Body::File).
    pub const FILE: &'static str = "file";
    /// [`Body::Link`](crate::Body::Link).
    pub const LINK: &'static str = "link";
    /// [`Body::Weapp`](crate::Body::Weapp).
    pub const WEAPP: &'static str = "weapp";
    /// [`Body::ChatRecord`](crate::Body::ChatRecord).
    pub const CHATRECORD: &'static str = "chatrecord";
    /// [`Body::Todo`](crate::Body::Todo).
    pub const TODO: &'static str = "todo";
    /// [`Body::Vote`](crate::Body::Vote).
    pub const VOTE: &'static str = "vote";
    /// [`Body::Collect`](crate::Body::Collect).
    pub const COLLECT: &'static str = "collect";
    /// [`Body::RedPacket`](crate::Body::RedPacket).
    pub const REDPACKET: &'static str = "redpacket";
    /// [`Body::Meeting`](crate::Body::Meeting).
    pub const MEETING: &'static str = "meeting";
    /// [`Body::MeetingNotification`](crate::Body::MeetingNotification).
    pub const MEETING_NOTIFICATION: &'static str = "meeting_notification";
    /// [`Body::DocMsg`](crate::Body::DocMsg).
    pub const DOCMSG: &'static str = "docmsg";
    /// [`Body::Markdown`](crate::Body::Markdown).
    pub const MARKDOWN: &'static str = "markdown";
    /// [`Body::News`](crate::Body::News).
    pub const NEWS: &'static str = "news";
    /// [`Body::Calendar`](crate::Body::Calendar).
    pub const CALENDAR: &'static str = "calendar";
    /// [`Body::Mixed`](crate::Body::Mixed).
    pub const MIXED: &'static str = "mixed";
    /// [`Body::MeetingVoiceCall`](crate::Body::MeetingVoiceCall).
    pub const MEETING_VOICE_CALL: &'static str = "meeting_voice_call";
    /// [`Body::VoipDocShare`](crate::Body::VoipDocShare).
    pub const VOIP_DOC_SHARE: &'static str = "voip_doc_share";
    /// [`Body::ExternalRedPacket`](crate::Body::ExternalRedPacket).
    pub const EXTERNAL_REDPACKET: &'static str = "external_redpacket";
    /// [`Body::SphFeed`](crate::Body::SphFeed).
    pub const SPHFEED: &'static str = "sphfeed";
    /// [`Body::VoipText`](crate::Body::VoipText).
    pub const VOIPTEXT: &'static str = "voiptext";
    /// [`Body::QyDiskFile`](crate::Body::QyDiskFile).
    pub const QYDISKFILE: &'static str = "qydiskfile";
    /// [`Body::Solitaire`](crate::Body::Solitaire).
    pub const SOLITAIRE: &'static str = "solitaire";
    /// [`Body::Note`](crate::Body::Note).
    pub const NOTE: &'static str = "note";
}

/// Who a message went to: one user in a single chat, the other members in a room. Displays as a list with
/// commas.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(transparent)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(transparent))]
pub struct Recipients(Vec<UserId>);

impl Recipients {
    /// As a slice, in the archive's order.
    #[must_use]
    pub fn as_slice(&self) -> &[UserId] {
        &self.0
    }

    /// In the archive's order.
    pub fn iter(&self) -> std::slice::Iter<'_, UserId> {
        self.0.iter()
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether the archive names nobody.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl fmt::Display for Recipients {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, user) in self.0.iter().enumerate() {
            if i > 0 {
                f.write_str(", ")?;
            }
            f.write_str(user.as_str())?;
        }
        Ok(())
    }
}

impl FromIterator<UserId> for Recipients {
    fn from_iter<I: IntoIterator<Item = UserId>>(users: I) -> Self {
        Self(users.into_iter().collect())
    }
}

impl<'a> IntoIterator for &'a Recipients {
    type Item = &'a UserId;
    type IntoIter = std::slice::Iter<'a, UserId>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

impl IntoIterator for Recipients {
    type Item = UserId;
    type IntoIter = std::vec::IntoIter<UserId>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn suffixes_of_a_msgid() {
        let cases = [
            ("7203344556677889901_1711432802001", false, false),
            ("7203344556677889902_1711432810417_external", true, false),
            ("7203344556677889902_1711432810417_updown_stream", false, true),
            ("314159265358979323846", false, false),
            ("", false, false),
        ];
        for (id, external, updown) in cases {
            let id = MsgId::from(id);
            assert_eq!((id.is_external(), id.is_updown_stream()), (external, updown), "{id}");
        }
    }

    #[test]
    fn recipients_print_as_a_list() {
        let to = |ids: &[&str]| ids.iter().map(|id| UserId::from(*id)).collect::<Recipients>().to_string();
        assert_eq!(to(&[]), "");
        assert_eq!(to(&["chen.bo"]), "chen.bo");
        assert_eq!(to(&["chen.bo", "lin.yu"]), "chen.bo, lin.yu");
    }

    #[test]
    fn ids_pad_like_strings() {
        assert_eq!(format!("{:>8}|", UserId::from("lin")), "     lin|");
    }
}
