//! Messages of a scenario and the ways of sealing them.

use serde::{Deserialize, Serialize};

use crate::bytes::Bytes;

/// How a message is sealed: properly, or in one of the ways a reader has to survive.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Sealing {
    /// As WeCom does.
    #[default]
    Proper,
    /// `encrypt_chat_msg` ends after so many bytes. Below 13 the SDK aborts the process when given it.
    CutTo {
        /// Bytes that are left.
        bytes: usize,
    },
    /// Sealed for the key of this version although the message announces another.
    ForVersion {
        /// The key version that really opens it.
        version: u32,
    },
    /// The sealed key information tells lengths that need not fit the message, in bytes. The SDK aborts the process
    /// or refuses with 10005 or 10006.
    Lengths {
        /// Junk before the body.
        pre_len: i32,
        /// Junk after the body.
        end_len: i32,
        /// Bytes of the body before the junk in its midst, and the length of that junk.
        s_len: i32,
    },
    /// These very texts, whatever they are.
    Given {
        /// Base64 of an RSA ciphertext, or not.
        encrypt_random_key: String,
        /// The sealed message, or not.
        encrypt_chat_msg: String,
    },
}

/// One message of a [`Scenario`](crate::Scenario).
///
/// ```
/// use wecom_finance_simulator::{MessageSpec, Sealing};
///
/// let message = MessageSpec::new(r#"{"msgid":"1_1","action":"send"}"#).key_version(2);
/// let deadly = MessageSpec::new("{}").msgid("2_2").sealing(Sealing::CutTo { bytes: 5 });
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MessageSpec {
    pub(crate) plaintext: Bytes,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) msgid: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) key_version: Option<u32>,
    #[serde(default, skip_serializing_if = "is_proper")]
    pub(crate) sealing: Sealing,
}

fn is_proper(sealing: &Sealing) -> bool {
    *sealing == Sealing::Proper
}

impl MessageSpec {
    /// A message with this plaintext, which may be anything: a chat message in JSON, junk, NULs, or nothing.
    #[must_use]
    pub fn new(plaintext: impl Into<Vec<u8>>) -> Self {
        Self { plaintext: Bytes(plaintext.into()), msgid: None, key_version: None, sealing: Sealing::Proper }
    }

    /// The msgid in the sealed envelope. Without it, it is the `msgid` of the plaintext, or else made up.
    #[must_use]
    pub fn msgid(mut self, msgid: impl Into<String>) -> Self {
        self.msgid = Some(msgid.into());
        self
    }

    /// The key version the message announces. Without it, the newest of the scenario. A version without a key is
    /// allowed: such a message cannot be opened.
    #[must_use]
    pub fn key_version(mut self, version: u32) -> Self {
        self.key_version = Some(version);
        self
    }

    /// How it is sealed.
    #[must_use]
    pub fn sealing(mut self, sealing: Sealing) -> Self {
        self.sealing = sealing;
        self
    }
}

impl From<&str> for MessageSpec {
    fn from(plaintext: &str) -> Self {
        Self::new(plaintext)
    }
}

impl From<String> for MessageSpec {
    fn from(plaintext: String) -> Self {
        Self::new(plaintext)
    }
}

impl From<Vec<u8>> for MessageSpec {
    fn from(plaintext: Vec<u8>) -> Self {
        Self::new(plaintext)
    }
}
