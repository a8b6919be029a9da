//! What the parts of all composite messages have in common.

use std::borrow::Cow;

use crate::message::body::{Body, UnknownBody};
use crate::message::content::Content;
use crate::message::id::MsgType;
use crate::message::lenient::Fields;
use crate::message::repair::repair;

/// How many levels of messages in messages are read. The deepest that is known to occur is three: a mixed
/// message in a forwarded conversation in a forwarded conversation.
pub(in crate::message) const MAX_DEPTH: u8 = 8;

/// The type of a part, as a message of its own would have it: `ChatRecordText` is `text`, and a `chatrecord`
/// remains one.
pub(in crate::message) fn part_type(stated: &str) -> Cow<'_, str> {
    const PREFIX: &str = "chatrecord";
    let bare = match (stated.get(..PREFIX.len()), stated.get(PREFIX.len()..)) {
        (Some(prefix), Some(rest)) if prefix.eq_ignore_ascii_case(PREFIX) && !rest.is_empty() => rest,
        _ => stated,
    };
    if bare.bytes().any(|b| b.is_ascii_uppercase()) {
        Cow::Owned(bare.to_ascii_lowercase())
    } else {
        Cow::Borrowed(bare)
    }
}

/// Calls `read` with the fields of a part's content, unless it is not an object.
pub(in crate::message) fn part_fields<T>(content: &str, read: impl FnOnce(&Fields<'_>) -> T) -> Option<T> {
    match Fields::parse(content) {
        Ok(fields) => Some(read(&fields)),
        Err(_) => Fields::parse(&repair(content)).ok().map(|fields| read(&fields)),
    }
}

/// The body of a part that stands `depth` levels below its message.
pub(super) fn part_body(item_type: &MsgType, content: &Content, depth: u8) -> Body {
    let read = |fields: &Fields<'_>| Body::read_part(&part_type(item_type.as_str()), fields, depth);
    let body = if depth > MAX_DEPTH { None } else { part_fields(content.as_str(), read).flatten() };
    body.unwrap_or_else(|| {
        Body::Unknown(UnknownBody { msgtype: item_type.clone(), raw: content.as_str().into() })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_of_parts() {
        for (stated, expected) in [
            ("ChatRecordText", "text"),
            ("chatrecordTEXT", "text"),
            ("text", "text"),
            ("Image", "image"),
            ("chatrecord", "chatrecord"),
            ("ChatRecord", "chatrecord"),
            ("ChatRecordChatRecord", "chatrecord"),
            ("ChatRecordHologram", "hologram"),
            ("会话记录会话记录", "会话记录会话记录"),
            ("", ""),
        ] {
            assert_eq!(part_type(stated), expected);
        }
    }
}
