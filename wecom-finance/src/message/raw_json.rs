//! The text that a message was read from.

use std::fmt;

use bytes::Bytes;
use serde::ser::{Serialize, Serializer};
use serde_json::value::RawValue;

/// JSON text, kept as it was received. Cloning shares it.
///
/// Private like [`Content`](super::Content): `Debug` shows its length only, `Display` prints it.
/// It serializes, with `serde_json`, as the JSON that it is; as a string where it is none.
#[derive(Clone, PartialEq, Eq, Hash, Default)]
pub struct RawJson(Bytes);

impl RawJson {
    /// `text` has to be UTF-8; what is not becomes an empty text.
    pub(super) fn new(text: Bytes) -> Self {
        Self(text)
    }

    /// The text. Costs a check that it is UTF-8, since the bytes are shared with their source.
    #[must_use]
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).unwrap_or_default()
    }

    /// The text as bytes.
    #[must_use]
    pub fn as_bytes(&self) -> &Bytes {
        &self.0
    }
}

impl From<&str> for RawJson {
    fn from(text: &str) -> Self {
        Self(Bytes::copy_from_slice(text.as_bytes()))
    }
}

impl From<String> for RawJson {
    fn from(text: String) -> Self {
        Self(Bytes::from(text))
    }
}

impl fmt::Debug for RawJson {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RawJson({} bytes)", self.0.len())
    }
}

impl fmt::Display for RawJson {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl PartialEq<str> for RawJson {
    fn eq(&self, other: &str) -> bool {
        self.0 == other.as_bytes()
    }
}

impl PartialEq<&str> for RawJson {
    fn eq(&self, other: &&str) -> bool {
        self.0 == other.as_bytes()
    }
}

impl Serialize for RawJson {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let text = self.as_str();
        let valid: Result<&RawValue, _> = serde_json::from_str(text);
        match valid {
            Ok(raw) => raw.serialize(serializer),
            // The content of a part need not be JSON, whatever it should be.
            Err(_) => serializer.serialize_str(text),
        }
    }
}
