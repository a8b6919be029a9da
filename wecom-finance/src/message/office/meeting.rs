//! Meetings.

#[cfg(feature = "schema")]
use schemars::JsonSchema;
use serde::{Serialize, Serializer};

use crate::message::content::Content;
use crate::message::lenient::Fields;
use crate::message::newtype::{open_enumeration, string_newtype};
#[cfg(feature = "schema")]
use crate::message::schema::as_written;
use crate::message::units::{CivilTime, EpochSeconds};

/// An invitation to a meeting.
///
/// Source: the table of message types in the vendor's documentation, page 91774, `meeting`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(JsonSchema), schemars(transform = as_written))]
#[non_exhaustive]
pub struct Meeting {
    /// What it is about.
    pub topic: Content,
    /// When it begins.
    #[serde(rename = "starttime", skip_serializing_if = "Option::is_none")]
    pub start: Option<EpochSeconds>,
    /// When it ends; `None` for quick meetings.
    #[serde(rename = "endtime", skip_serializing_if = "Option::is_none")]
    pub end: Option<EpochSeconds>,
    /// Where. May be empty.
    pub address: Content,
    /// Remarks. May be empty.
    pub remarks: Content,
    /// Which meeting.
    #[serde(rename = "meetingid", skip_serializing_if = "Option::is_none")]
    pub meeting_id: Option<MeetingId>,
    /// What was done. Absent from messages since about November 2023.
    #[serde(rename = "meetingtype", skip_serializing_if = "Option::is_none")]
    pub meeting_type: Option<MeetingType>,
    /// How an invitation was answered, with [`MeetingType::ANSWER`] only. Absent since about November 2023.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<MeetingStatus>,
}

impl Meeting {
    pub(in crate::message) fn read(body: &Fields<'_>) -> Self {
        Self {
            topic: body.text_or_empty("topic"),
            start: body.time_in_seconds("starttime"),
            end: body.time_in_seconds("endtime"),
            address: body.text_or_empty("address"),
            remarks: body.text_or_empty("remarks"),
            meeting_id: body.optional_text("meetingid"),
            meeting_type: body.number("meetingtype").map(MeetingType),
            status: body.number("status").map(MeetingStatus),
        }
    }
}

/// Something happened in a meeting (会议控制).
///
/// Source: the table of message types in the vendor's documentation, page 91774, `meeting_notification`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(JsonSchema), schemars(transform = as_written))]
#[non_exhaustive]
pub struct MeetingNotification {
    /// Which meeting.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub meeting_id: Option<MeetingId>,
    /// What happened.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub notification_type: Option<MeetingNotificationType>,
    /// The same in words.
    pub content: Content,
    /// When, as the text `YYYY-MM-DD HH:MM:SS:mmm`. Stands beside the body, under `time`.
    #[serde(skip)]
    pub time: Option<CivilTime>,
}

impl MeetingNotification {
    pub(in crate::message) fn read(body: &Fields<'_>, beside: &Fields<'_>) -> Self {
        Self {
            // The sample has the one spelling, the table of fields the other.
            meeting_id: body.optional_text("meeting_id").or_else(|| body.optional_text("meetingid")),
            notification_type: body.number("notification_type").map(MeetingNotificationType),
            content: body.text_or_empty("content"),
            time: beside.optional_text("time"),
        }
    }
}

string_newtype! {
    @unserialized
    /// The id of a meeting: a number, kept as text. Serializes as a number if it is one.
    shown MeetingId
}

impl MeetingId {
    /// The number, or `None` if the id is none, or beyond 64 bits.
    #[must_use]
    pub fn as_u64(&self) -> Option<u64> {
        // Only what would be written the same way again.
        let number = self.as_str().parse().ok()?;
        (format!("{number}") == self.as_str()).then_some(number)
    }
}

impl Serialize for MeetingId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.as_u64() {
            Some(number) => serializer.serialize_u64(number),
            None => serializer.serialize_str(self.as_str()),
        }
    }
}

#[cfg(feature = "schema")]
impl JsonSchema for MeetingId {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "MeetingId".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({ "type": ["integer", "string"], "minimum": 0, "description": "The id of a meeting." })
    }
}

open_enumeration! {
    /// What was done to an invitation.
    MeetingType {
        /// Somebody was invited.
        INVITE = 101,
        /// An invitation was answered: see [`Meeting::status`].
        ANSWER = 102,
    }
}

open_enumeration! {
    /// How an invitation was answered.
    MeetingStatus {
        /// Will take part.
        JOIN = 1,
        /// Will not take part.
        REFUSE = 2,
        /// Not decided yet.
        UNDECIDED = 3,
        /// Was not invited.
        NOT_INVITED = 4,
        /// The meeting was cancelled.
        CANCELLED = 5,
        /// The meeting is over.
        EXPIRED = 6,
        /// Is not in the room.
        NOT_IN_ROOM = 7,
    }
}

open_enumeration! {
    /// What happened in a meeting.
    MeetingNotificationType {
        /// Somebody joined.
        JOINED = 1,
        /// It ended.
        ENDED = 2,
    }
}
