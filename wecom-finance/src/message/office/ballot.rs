//! Votes.

#[cfg(feature = "schema")]
use schemars::JsonSchema;
use serde::Serialize;

use crate::message::content::Content;
use crate::message::lenient::Fields;
use crate::message::newtype::{open_enumeration, string_newtype};
#[cfg(feature = "schema")]
use crate::message::schema::as_written;

/// A vote in a group.
///
/// Source: the table of message types in the vendor's documentation, page 91774, `vote`. No sample of it is
/// published; where it has no body of its own, the fields are taken from the message itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(JsonSchema), schemars(transform = as_written))]
#[non_exhaustive]
pub struct Vote {
    /// The question.
    #[serde(rename = "votetitle")]
    pub title: Content,
    /// The options to choose from; in a [`VoteType::JOIN`] those that were chosen (inferred).
    #[serde(rename = "voteitem")]
    pub items: Vec<Content>,
    /// What was done.
    #[serde(rename = "votetype", skip_serializing_if = "Option::is_none")]
    pub vote_type: Option<VoteType>,
    /// Which vote: the same for its start and for everybody who takes part.
    #[serde(rename = "voteid")]
    pub vote_id: VoteId,
}

impl Vote {
    pub(in crate::message) fn read(body: &Fields<'_>) -> Self {
        Self {
            title: body.text_or_empty("votetitle"),
            items: body.texts("voteitem"),
            vote_type: body.number("votetype").map(VoteType),
            vote_id: body.text_or_empty("voteid"),
        }
    }
}

string_newtype! {
    /// The id of a vote.
    shown VoteId
}

open_enumeration! {
    /// What was done in a vote.
    VoteType {
        /// It was started.
        START = 101,
        /// Somebody voted.
        JOIN = 102,
    }
}
