//! The messages of office work: tasks, votes, forms, meetings, events, documents.

mod ballot;
mod form;
mod meeting;

#[cfg(feature = "schema")]
use schemars::JsonSchema;
use serde::Serialize;

use super::content::Content;
use super::id::UserId;
use super::lenient::Fields;
use super::newtype::open_enumeration;
use super::units::EpochSeconds;
#[cfg(feature = "schema")]
use crate::message::schema::as_written;

pub use self::ballot::{Vote, VoteId, VoteType};
pub use self::form::{Collect, Question, QuestionType};
pub use self::meeting::{
    Meeting, MeetingId, MeetingNotification, MeetingNotificationType, MeetingStatus, MeetingType,
};

/// A task.
///
/// Source: the table of message types in the vendor's documentation, page 91774, `todo`. No sample of it is
/// published; where it has no body of its own, the fields are taken from the message itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(JsonSchema), schemars(transform = as_written))]
#[non_exhaustive]
pub struct Todo {
    /// Where the task comes from.
    pub title: Content,
    /// What there is to do.
    pub content: Content,
}

impl Todo {
    pub(in crate::message) fn read(body: &Fields<'_>) -> Self {
        Self { title: body.text_or_empty("title"), content: body.text_or_empty("content") }
    }
}

/// A sign-up list in a group (接龙).
///
/// Source: the table of message types in the vendor's documentation, page 91774, `solitaire`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(JsonSchema), schemars(transform = as_written))]
#[non_exhaustive]
pub struct Solitaire {
    /// What was done.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub solitaire_type: Option<SolitaireType>,
    /// The list, as text.
    #[serde(rename = "solitaire_content")]
    pub content: Content,
}

impl Solitaire {
    pub(in crate::message) fn read(body: &Fields<'_>) -> Self {
        Self {
            solitaire_type: body.number("solitaire_type").map(SolitaireType),
            content: body.text_or_empty("solitaire_content"),
        }
    }
}

open_enumeration! {
    /// What was done to a sign-up list. Inferred from the numbers of a vote: the vendor does not say.
    SolitaireType {
        /// It was started.
        START = 101,
        /// Somebody signed up.
        JOIN = 102,
    }
}

/// An online document. Its content is not archived.
///
/// Source: the table of message types in the vendor's documentation, page 91774, `docmsg`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(JsonSchema), schemars(transform = as_written))]
#[non_exhaustive]
pub struct DocMsg {
    /// The title of the document.
    pub title: Content,
    /// Where it is.
    #[serde(rename = "link_url")]
    pub url: Content,
    /// Who made it.
    #[serde(rename = "doc_creator")]
    pub creator: UserId,
}

impl DocMsg {
    pub(in crate::message) fn read(body: &Fields<'_>) -> Self {
        Self {
            title: body.text_or_empty("title"),
            url: body.text_or_empty("link_url"),
            creator: body.text_or_empty("doc_creator"),
        }
    }
}

/// A file in WeDrive (微盘). It cannot be fetched from the archive.
///
/// Source: the table of message types in the vendor's documentation, page 91774, `qydiskfile`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(JsonSchema), schemars(transform = as_written))]
#[non_exhaustive]
pub struct QyDiskFile {
    /// The file's name. Untrusted, like every file name.
    #[serde(rename = "filename")]
    pub name: Content,
    /// Where it is. Newer messages only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub url: Option<Content>,
}

impl QyDiskFile {
    pub(in crate::message) fn read(body: &Fields<'_>) -> Self {
        Self { name: body.text_or_empty("filename"), url: body.optional_text("url") }
    }
}

/// An event in a calendar.
///
/// Source: the table of message types in the vendor's documentation, page 91774, `calendar`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(JsonSchema), schemars(transform = as_written))]
#[non_exhaustive]
pub struct Calendar {
    /// What happens.
    pub title: Content,
    /// Who made the event: a name, not an id.
    #[serde(rename = "creatorname")]
    pub creator_name: Content,
    /// Who takes part: names, not ids.
    #[serde(rename = "attendeename")]
    pub attendee_names: Vec<Content>,
    /// When it begins.
    #[serde(rename = "starttime", skip_serializing_if = "Option::is_none")]
    pub start: Option<EpochSeconds>,
    /// When it ends.
    #[serde(rename = "endtime", skip_serializing_if = "Option::is_none")]
    pub end: Option<EpochSeconds>,
    /// Where. May be empty.
    pub place: Content,
    /// Remarks. May be empty.
    pub remarks: Content,
}

impl Calendar {
    pub(in crate::message) fn read(body: &Fields<'_>) -> Self {
        Self {
            title: body.text_or_empty("title"),
            creator_name: body.text_or_empty("creatorname"),
            attendee_names: body.texts("attendeename"),
            start: body.time_in_seconds("starttime"),
            end: body.time_in_seconds("endtime"),
            place: body.text_or_empty("place"),
            remarks: body.text_or_empty("remarks"),
        }
    }
}
