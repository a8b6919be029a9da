//! Where a message was read from.

use bytes::Bytes;

use super::raw_json::RawJson;

/// The text of a message, as it was received and as it was read.
#[derive(Debug, Clone)]
pub(super) struct Source {
    json: RawJson,
    /// Only where it differs: a byte order mark, space, or a defect that had to be repaired.
    received: Option<RawJson>,
}

impl Source {
    pub(super) fn new(json: RawJson, received: Bytes) -> Self {
        let same = *json.as_bytes() == received;
        Self { json, received: (!same).then(|| RawJson::new(received)) }
    }

    /// The text that was read.
    pub(super) fn json(&self) -> &RawJson {
        &self.json
    }

    pub(super) fn received(&self) -> &Bytes {
        self.received.as_ref().unwrap_or(&self.json).as_bytes()
    }
}

/// How a message is written is no part of what it says.
impl PartialEq for Source {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl Eq for Source {}
