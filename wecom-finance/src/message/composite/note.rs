//! Notes.

#[cfg(feature = "schema")]
use schemars::JsonSchema;
use serde::Serialize;

use super::part::part_body;
use crate::message::body::Body;
use crate::message::content::Content;
use crate::message::id::MsgType;
use crate::message::lenient::Fields;
#[cfg(feature = "schema")]
use crate::message::schema::as_written;

/// A note (笔记), of several parts. In the archive since about January 2026.
///
/// Source: the table of message types in the vendor's documentation, page 91774, `note`. Its sample and its table
/// of fields disagree about the name of the list, so either is read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(JsonSchema), schemars(transform = as_written))]
#[non_exhaustive]
pub struct Note {
    /// The parts, in order.
    pub items: Vec<NoteItem>,
}

/// One part of a [`Note`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(JsonSchema), schemars(transform = as_written))]
#[non_exhaustive]
pub struct NoteItem {
    /// The type, by the name that a message of its own has.
    #[serde(rename = "msg_type")]
    pub item_type: MsgType,
    /// The JSON text of the body. For an item that is no object, the JSON of that.
    #[cfg_attr(feature = "schema", schemars(extend("contentMediaType" = "application/json")))]
    pub content: Content,
    #[serde(skip)]
    depth: u8,
}

impl NoteItem {
    /// What it says. Read anew with every call; [`Body::Unknown`] if it cannot be read, or stands deeper than
    /// eight levels below its message.
    #[must_use]
    pub fn body(&self) -> Body {
        part_body(&self.item_type, &self.content, self.depth)
    }
}

impl Note {
    pub(in crate::message) fn read(body: &Fields<'_>, depth: u8) -> Self {
        let depth = depth.saturating_add(1);
        let item = |fields: &Fields<'_>| NoteItem {
            item_type: fields.optional_text("msg_type").unwrap_or_else(|| fields.text_or_empty("type")),
            content: fields.nested_json("content"),
            depth,
        };
        let broken = |json: &str| NoteItem { item_type: MsgType::default(), content: json.into(), depth };
        let list = if body.has("items") { "items" } else { "item" };
        Self { items: body.read_each(list, item, broken) }
    }
}
