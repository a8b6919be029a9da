//! From text to message, and back to the text.

use bytes::Bytes;
use serde::de::{Deserialize, Deserializer, Error};
use serde::ser::{Serialize, Serializer};
use serde_json::value::RawValue;

use super::body::Body;
use super::id::{Action, UserId};
use super::invalid_json::InvalidJson;
use super::lenient::{Fields, Leftovers};
use super::raw_json::RawJson;
use super::repair::repair;
use super::source::Source;
use super::{ChatMessage, Message, SwitchLog};
use crate::timestamp::Timestamp;

impl Message {
    /// Reads an opened message, as the SDK decrypts it.
    ///
    /// Every JSON object is a message. What does not fit the model goes into [`Body::Unknown`] with its JSON,
    /// unknown fields are left alone, numbers may be written as strings. Three defects of the text itself are
    /// repaired: raw control characters in strings, which archives are known to contain, half surrogate pairs
    /// and bytes that are not UTF-8 (these two become U+FFFD). [`raw`](Self::raw) is the text as it was.
    ///
    /// # Errors
    ///
    /// [`InvalidJson`] if `json` is not a JSON object.
    pub fn from_json(json: &[u8]) -> Result<Self, InvalidJson> {
        Self::from_bytes(Bytes::copy_from_slice(json))
    }

    /// The same, sharing the text instead of copying it.
    ///
    /// # Errors
    ///
    /// [`InvalidJson`] if `json` is not a JSON object.
    pub fn from_bytes(json: Bytes) -> Result<Self, InvalidJson> {
        let unmarked = if json.starts_with(b"\xef\xbb\xbf") { json.slice(3..) } else { json.clone() };
        let repairable = match std::str::from_utf8(&unmarked) {
            // Half a surrogate pair passes our grammar, but few other parsers would have it.
            Ok(text) if text.contains("\\ud") || text.contains("\\uD") => text.into(),
            Ok(text) => match Fields::parse(text) {
                Ok(fields) => {
                    let source = Source::new(RawJson::new(unmarked.slice_ref(unmarked.trim_ascii())), json);
                    return Ok(Self::read(&fields, source));
                }
                Err(_) => text.into(),
            },
            Err(_) => String::from_utf8_lossy(&unmarked),
        };
        let repaired = repair(&repairable);
        match Fields::parse(&repaired) {
            Ok(fields) => Ok(Self::read(&fields, Source::new(repaired.trim_ascii().into(), json))),
            // Where it went wrong, in the text as it came.
            Err(error) => Err(InvalidJson::new(&Fields::parse(&repairable).err().unwrap_or(error))),
        }
    }

    fn read(fields: &Fields<'_>, source: Source) -> Self {
        match Self::read_envelope(fields, source) {
            Self::Chat(mut chat) => {
                chat.body = Body::read(&chat.msgtype, fields, chat.source.json());
                Self::Chat(chat)
            }
            switch @ Self::Switch(_) => switch,
        }
    }

    /// Everything but the body.
    fn read_envelope(fields: &Fields<'_>, source: Source) -> Self {
        let msgid = fields.text_or_empty("msgid");
        let action: Action = fields.text_or_empty("action");
        // The action comes first: a switch has neither type nor sender.
        if action == Action::SWITCH {
            return Self::Switch(SwitchLog {
                msgid,
                time: timestamp(fields, "time"),
                user: fields.text_or_empty("user"),
                source,
            });
        }
        Self::Chat(ChatMessage {
            msgid,
            action,
            from: fields.text_or_empty("from"),
            to: fields.texts::<UserId>("tolist").into_iter().collect(),
            room: fields.optional_text("roomid"),
            time: timestamp(fields, "msgtime"),
            msgtype: fields.text_or_empty("msgtype"),
            body: Body::unread(),
            source,
        })
    }

    fn source(&self) -> &Source {
        match self {
            Self::Chat(chat) => &chat.source,
            Self::Switch(switch) => &switch.source,
        }
    }

    /// The text as it was received, every byte of it.
    #[must_use]
    pub fn raw(&self) -> &Bytes {
        self.source().received()
    }

    /// The text as it was read: that of [`raw`](Self::raw) without space around it, and with its defects repaired
    /// if it had any. JSON in any case.
    #[must_use]
    pub fn json(&self) -> &RawJson {
        self.source().json()
    }

    /// A field of the message itself, known or not, as it stands in the text. Looks it up in the text every time.
    ///
    /// ```
    /// let json = br#"{"msgtype":"text","text":{"content":"hi"},"brand_new":[1,2]}"#;
    /// let message = wecom_finance::Message::from_json(json)?;
    /// assert_eq!(message.field("brand_new").unwrap().get(), "[1,2]");
    /// # Ok::<(), wecom_finance::InvalidJson>(())
    /// ```
    #[must_use]
    pub fn field(&self, name: &str) -> Option<&RawValue> {
        raw_value(Fields::split(self.json().as_str())?.raw(name)?)
    }

    /// Every field of which the typed values say nothing, with its JSON pointer: what WeCom has added since this
    /// version of the library, and what did not fit the type that it should have. Of an unknown type, that is
    /// the whole body. Reads the text once more, every time.
    ///
    /// The contents of parts, which are JSON in strings, are not searched.
    ///
    /// ```
    /// let json = br#"{"msgtype":"text","text":{"content":"hi","mood":"new"},"msgtime":"soon"}"#;
    /// let message = wecom_finance::Message::from_json(json)?;
    /// let extra: Vec<_> = message.extra().into_iter().map(|(at, value)| (at, value.get())).collect();
    /// assert_eq!(extra, [("/text/mood".to_owned(), "\"new\""), ("/msgtime".to_owned(), "\"soon\"")]);
    /// # Ok::<(), wecom_finance::InvalidJson>(())
    /// ```
    #[must_use]
    pub fn extra(&self) -> Vec<(String, &RawValue)> {
        let leftovers = Leftovers::default();
        let source = self.source();
        if let Some(fields) = Fields::traced(source.json().as_str(), &leftovers) {
            match self {
                // A body that could be read in part only was not read at all.
                Self::Chat(ChatMessage { body: Body::Unknown(_), .. }) | Self::Switch(_) => {
                    Self::read_envelope(&fields, source.clone())
                }
                Self::Chat(_) => Self::read(&fields, source.clone()),
            };
        }
        leftovers.take().into_iter().filter_map(|(at, json)| Some((at, raw_value(json)?))).collect()
    }
}

fn raw_value(json: &str) -> Option<&RawValue> {
    serde_json::from_str(json).ok()
}

impl ChatMessage {
    /// A field of the message itself: see [`Message::field`].
    #[must_use]
    pub fn field(&self, name: &str) -> Option<&RawValue> {
        raw_value(Fields::split(self.source.json().as_str())?.raw(name)?)
    }

    /// The text as it was read: see [`Message::json`].
    #[must_use]
    pub fn json(&self) -> &RawJson {
        self.source.json()
    }
}

fn timestamp(fields: &Fields<'_>, key: &str) -> Timestamp {
    fields.time_in_millis(key).unwrap_or_default()
}

/// As the JSON that it was read from. The type for that is `serde_json`'s, so it is for `serde_json` only.
impl Serialize for Message {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.json().serialize(serializer)
    }
}

/// From any JSON object, with `serde_json` only. Defects of the text are the parser's to judge here:
/// [`Message::from_json`] repairs them.
impl<'de> Deserialize<'de> for Message {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let raw = Box::<RawValue>::deserialize(deserializer)?;
        Self::from_bytes(Bytes::from(String::from(Box::<str>::from(raw)))).map_err(D::Error::custom)
    }
}
