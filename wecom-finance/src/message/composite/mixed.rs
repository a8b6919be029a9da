//! Messages of several parts.

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

/// Text, pictures and other things in one message (混合消息).
///
/// Source: the table of message types in the vendor's documentation, page 91774, `mixed`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(JsonSchema), schemars(transform = as_written))]
#[non_exhaustive]
pub struct Mixed {
    /// The parts, in order.
    #[serde(rename = "item")]
    pub items: Vec<MixedItem>,
}

/// One part of a [`Mixed`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(JsonSchema), schemars(transform = as_written))]
#[non_exhaustive]
pub struct MixedItem {
    /// The type, by the name that a message of its own has.
    #[serde(rename = "type")]
    pub item_type: MsgType,
    /// The JSON text of the body. For an item that is no object, the JSON of that.
    #[cfg_attr(feature = "schema", schemars(extend("contentMediaType" = "application/json")))]
    pub content: Content,
    #[serde(skip)]
    depth: u8,
}

impl MixedItem {
    /// What it says. Read anew with every call; [`Body::Unknown`] if it cannot be read, or stands deeper than
    /// eight levels below its message.
    #[must_use]
    pub fn body(&self) -> Body {
        part_body(&self.item_type, &self.content, self.depth)
    }
}

impl Mixed {
    pub(in crate::message) fn read(body: &Fields<'_>, depth: u8) -> Self {
        let depth = depth.saturating_add(1);
        let item = |fields: &Fields<'_>| MixedItem {
            item_type: fields.text_or_empty("type"),
            content: fields.nested_json("content"),
            depth,
        };
        let broken = |json: &str| MixedItem { item_type: MsgType::default(), content: json.into(), depth };
        Self { items: body.read_each("item", item, broken) }
    }
}
