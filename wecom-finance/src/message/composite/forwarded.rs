//! Forwarded conversations.

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
use crate::timestamp::Timestamp;

/// Messages that were forwarded as one (会话记录).
///
/// Source: the table of message types in the vendor's documentation, page 91774, `chatrecord`.
///
/// ```
/// use wecom_finance::{Body, Message};
///
/// let json = r#"{"msgtype":"chatrecord","chatrecord":{"title":"Chat history","item":[
///     {"type":"ChatRecordText","msgtime":1711346400,"content":"{\"content\":\"See you at ten\"}","from_chatroom":true}]}}"#;
///
/// let Message::Chat(m) = Message::from_json(json.as_bytes())? else { unreachable!() };
/// let Body::ChatRecord(forwarded) = &m.body else { unreachable!() };
/// let [item] = forwarded.items.as_slice() else { unreachable!() };
/// assert_eq!(item.time().unwrap().to_string(), "2024-03-25T06:00:00.000Z");
/// let Body::Text(text) = item.body() else { unreachable!() };
/// assert_eq!(text.content, "See you at ten");
/// # Ok::<(), wecom_finance::InvalidJson>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(JsonSchema), schemars(transform = as_written))]
#[non_exhaustive]
pub struct ForwardedChat {
    /// The heading, such as "Chat history of …".
    pub title: Content,
    /// The messages, oldest first as far as is known.
    #[serde(rename = "item")]
    pub items: Vec<ForwardedItem>,
}

/// One message of a [`ForwardedChat`]. Who wrote it is not in the archive.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(JsonSchema), schemars(transform = as_written))]
#[non_exhaustive]
pub struct ForwardedItem {
    /// The type as the archive states it, such as `ChatRecordText`.
    #[serde(rename = "type")]
    pub item_type: MsgType,
    /// When it was written, as the archive states it: seconds in the vendor's sample, milliseconds in the
    /// vendor's table. See [`time`](Self::time).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub msgtime: Option<i64>,
    /// The JSON text of the body. For an item that is no object, the JSON of that.
    #[cfg_attr(feature = "schema", schemars(extend("contentMediaType" = "application/json")))]
    pub content: Content,
    /// Whether it was written in a group.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub from_chatroom: Option<bool>,
    #[serde(skip)]
    depth: u8,
}

impl ForwardedItem {
    /// When it was written. Whether the number is one of seconds or of milliseconds is told by its size: from
    /// 10¹¹ on, which would be seconds in the year 5138, it is milliseconds.
    #[must_use]
    pub fn time(&self) -> Option<Timestamp> {
        let from_seconds = |number: i64| number.unsigned_abs() < 100_000_000_000;
        self.msgtime.map(|number| {
            if from_seconds(number) {
                Timestamp::from_seconds(number)
            } else {
                Timestamp::from_millis(number)
            }
        })
    }

    /// What it says. Read anew with every call; [`Body::Unknown`] if it cannot be read, or stands deeper than
    /// eight levels below its message.
    #[must_use]
    pub fn body(&self) -> Body {
        part_body(&self.item_type, &self.content, self.depth)
    }
}

impl ForwardedChat {
    pub(in crate::message) fn read(body: &Fields<'_>, depth: u8) -> Self {
        let item = |fields: &Fields<'_>| ForwardedItem {
            item_type: fields.text_or_empty("type"),
            msgtime: fields.number("msgtime"),
            content: fields.nested_json("content"),
            from_chatroom: fields.flag("from_chatroom"),
            depth: depth.saturating_add(1),
        };
        let broken = |json: &str| ForwardedItem {
            item_type: MsgType::default(),
            msgtime: None,
            content: json.into(),
            from_chatroom: None,
            depth: depth.saturating_add(1),
        };
        Self { title: body.text_or_empty("title"), items: body.read_each("item", item, broken) }
    }
}
