//! From a message to all the media files in it, whatever its type.
//!
//! The walk goes over the JSON and not over the model: a file in a type that this version does not know is found as
//! well, and can be fetched before it expires.

use std::iter::FusedIterator;
use std::vec;

use super::body::Body;
use super::composite::{ForwardedChat, MAX_DEPTH, part_fields, part_type};
use super::lenient::{Fields, push_step, split_array, text};
use super::media_reference::{MediaKind, MediaReference};

/// How much text the parts of one message may have, all levels counted, for the walk to go through all of it: no
/// message that people make comes near.
const MAX_NESTED: usize = 4 << 20;

/// How deep objects and arrays may be nested inside one level of text.
const MAX_STRUCTURE: u8 = 16;

/// The media files that a message refers to, in the order of its text: see [`Message::media`](super::Message::media).
#[derive(Debug, Clone, Default)]
pub struct MediaReferences {
    found: vec::IntoIter<MediaReference>,
    complete: bool,
}

impl MediaReferences {
    /// Whether the whole message was searched. `false` for a message that is nested deeper than eight levels, or
    /// has more than 4 MiB of text in its parts; what lies beyond was not looked at.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        self.complete
    }

    pub(super) fn none() -> Self {
        Self { found: Vec::new().into_iter(), complete: true }
    }

    /// `message` is the JSON text of a whole message.
    pub(super) fn of(message: &str, body: &Body) -> Self {
        if !may_hold_media(message) {
            return Self::none();
        }
        if let Body::ChatRecord(forwarded) = body
            && let Some(found) = Self::of_parts(message, forwarded)
        {
            return found;
        }
        let Some(fields) = Fields::split(message) else { return Self::none() };
        let msgtype: String = fields.text_or_empty("msgtype");
        let mut walk = Walk::begin("");
        walk.object(&fields, Place { kind: MediaKind::of_type(&msgtype), depth: 0, structure: 0 });
        walk.end()
    }

    /// The same, only faster, since the contents of the items have been unpacked already. `None` unless that is
    /// where all files are.
    fn of_parts(message: &str, forwarded: &ForwardedChat) -> Option<Self> {
        // A lone item may stand there without a list around it.
        if forwarded.items.len() < 2 {
            return None;
        }
        let mentions = |text: &str| memchr::memmem::find_iter(text.as_bytes(), "sdkfileid").count();
        let mut elsewhere = mentions(message);
        let place = Place { kind: None, depth: 0, structure: 0 };
        let mut walk = Walk::begin("/chatrecord/item");
        let base = walk.path.len();
        for (index, item) in forwarded.items.iter().enumerate() {
            let content = item.content.as_str();
            let mentioned = mentions(content);
            if content.contains("\\u") || (mentioned > 0 && item.item_type.is_empty()) {
                return None;
            }
            elsewhere = elsewhere.checked_sub(mentioned)?;
            if mentioned > 0 {
                push_step(&mut walk.path, &index.to_string());
                push_step(&mut walk.path, "content");
                walk.part(content, MediaKind::of_type(&part_type(item.item_type.as_str())), place);
                walk.path.truncate(base);
            }
        }
        (elsewhere == 0 && !message.contains("\\u")).then(|| walk.end())
    }
}

impl Iterator for MediaReferences {
    type Item = MediaReference;

    fn next(&mut self) -> Option<MediaReference> {
        self.found.next()
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.found.size_hint()
    }
}

impl ExactSizeIterator for MediaReferences {}
impl FusedIterator for MediaReferences {}

/// Spares nearly all messages the walk. An escape may stand for any letter, so it may hide the key.
fn may_hold_media(json: &str) -> bool {
    json.contains("sdkfileid") || json.contains("\\u")
}

struct Walk {
    found: Vec<MediaReference>,
    path: String,
    left: usize,
    complete: bool,
}

/// Where an object stands.
#[derive(Clone, Copy)]
struct Place {
    /// The kind of the message or the part around it.
    kind: Option<MediaKind>,
    /// Levels of text in text.
    depth: u8,
    /// Levels of objects and arrays in this text.
    structure: u8,
}

impl Walk {
    fn begin(path: &str) -> Self {
        Self { found: Vec::new(), path: path.to_owned(), left: MAX_NESTED, complete: true }
    }

    fn end(self) -> MediaReferences {
        MediaReferences { found: self.found.into_iter(), complete: self.complete }
    }

    fn object(&mut self, fields: &Fields<'_>, place: Place) {
        let part = fields.optional_text::<String>("type").or_else(|| fields.optional_text("msg_type"));
        let kind = part.as_deref().and_then(|part| MediaKind::of_type(&part_type(part))).or(place.kind);
        if let Some(reference) = MediaReference::read(fields, kind, &self.path) {
            self.found.push(reference);
        }
        for (key, value) in fields.iter() {
            let len = self.path.len();
            match (&part, key) {
                // Only a part has its content in a string. What people write may look the same.
                (Some(_), "content") => {
                    push_step(&mut self.path, key);
                    self.content(value, kind, place);
                }
                _ if matches!(value.as_bytes().first(), Some(b'{' | b'[')) => {
                    push_step(&mut self.path, key);
                    // Nothing but its key tells the kind of a file that stands beside the body of its message.
                    self.structure(value, Place { kind: place.kind.or(MediaKind::of_type(key)), ..place });
                }
                _ => {}
            }
            self.path.truncate(len);
        }
    }

    fn structure(&mut self, value: &str, place: Place) {
        if !may_hold_media(value) {
            return;
        }
        if place.structure == MAX_STRUCTURE {
            self.complete = false;
            return;
        }
        let place = Place { structure: place.structure.saturating_add(1), ..place };
        if value.starts_with('{') {
            if let Some(fields) = Fields::split(value) {
                self.object(&fields, place);
            }
        } else if let Some(items) = split_array(value) {
            for (index, item) in items.into_iter().enumerate() {
                let len = self.path.len();
                push_step(&mut self.path, &index.to_string());
                self.structure(item, place);
                self.path.truncate(len);
            }
        }
    }

    /// The content of a part: JSON in a string.
    fn content(&mut self, value: &str, kind: Option<MediaKind>, place: Place) {
        if !may_hold_media(value) {
            return;
        }
        let json = match value.as_bytes().first() {
            Some(b'{') => value.into(),
            _ => text(value).unwrap_or_default(),
        };
        self.part(&json, kind, place);
    }

    fn part(&mut self, json: &str, kind: Option<MediaKind>, place: Place) {
        if !json.trim_start().starts_with('{') {
            return;
        }
        let Some(left) = self.left.checked_sub(json.len()).filter(|_| place.depth < MAX_DEPTH) else {
            self.complete = false;
            return;
        };
        self.left = left;
        let place = Place { kind, depth: place.depth.saturating_add(1), structure: 0 };
        part_fields(json, |fields| self.object(fields, place));
    }
}
