use std::fmt;

use bytes::Bytes;

/// A message as WeCom hands it out: still encrypted, and safe to store as it is.
///
/// Its texts are borrowed from the page it came with: keeping one message keeps the page's buffer (up to a few MB).
/// [`detached`](Self::detached) makes it independent.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct SealedMessage {
    /// Its place in the corp's stream: grows strictly, with gaps.
    pub seq: u64,
    /// The version of the public key that its random key is encrypted with.
    pub publickey_ver: u32,
    msgid: Text,
    encrypt_random_key: Text,
    encrypt_chat_msg: Text,
}

impl SealedMessage {
    /// Puts a message together again that was stored in its parts.
    #[must_use]
    pub fn new(
        seq: u64,
        msgid: impl Into<String>,
        publickey_ver: u32,
        encrypt_random_key: impl Into<String>,
        encrypt_chat_msg: impl Into<String>,
    ) -> Self {
        Self {
            seq,
            publickey_ver,
            msgid: Text::from(msgid.into()),
            encrypt_random_key: Text::from(encrypt_random_key.into()),
            encrypt_chat_msg: Text::from(encrypt_chat_msg.into()),
        }
    }

    pub(super) fn from_texts(
        seq: u64,
        publickey_ver: u32,
        msgid: Text,
        encrypt_random_key: Text,
        encrypt_chat_msg: Text,
    ) -> Self {
        Self { seq, publickey_ver, msgid, encrypt_random_key, encrypt_chat_msg }
    }

    /// The message's id, the same as inside its opened text. Empty if WeCom sent none.
    #[must_use]
    pub fn msgid(&self) -> &str {
        self.msgid.as_str()
    }

    /// The random key: encrypted with the corp's public key, in base64.
    #[must_use]
    pub fn encrypt_random_key(&self) -> &str {
        self.encrypt_random_key.as_str()
    }

    /// The ciphertext, which only the SDK can open.
    #[must_use]
    pub fn encrypt_chat_msg(&self) -> &str {
        self.encrypt_chat_msg.as_str()
    }

    /// The same message with memory of its own, independent of its page.
    #[must_use]
    pub fn detached(&self) -> Self {
        Self {
            seq: self.seq,
            publickey_ver: self.publickey_ver,
            msgid: self.msgid.detached(),
            encrypt_random_key: self.encrypt_random_key.detached(),
            encrypt_chat_msg: self.encrypt_chat_msg.detached(),
        }
    }
}

impl fmt::Debug for SealedMessage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SealedMessage")
            .field("seq", &self.seq)
            .field("msgid", &self.msgid())
            .field("publickey_ver", &self.publickey_ver)
            .field("encrypt_random_key", &format_args!("[{} bytes]", self.encrypt_random_key().len()))
            .field("encrypt_chat_msg", &format_args!("[{} bytes]", self.encrypt_chat_msg().len()))
            .finish()
    }
}

/// UTF-8 text in shared memory.
#[derive(Clone, Default, PartialEq, Eq)]
pub(super) struct Text(Bytes);

impl Text {
    /// Text that lies inside `page`, without a copy.
    pub(super) fn inside(page: &Bytes, text: &str) -> Self {
        Self(page.slice_ref(text.as_bytes()))
    }

    fn as_str(&self) -> &str {
        // Always valid: both ways to make one take a string.
        std::str::from_utf8(&self.0).unwrap_or_default()
    }

    fn detached(&self) -> Self {
        Self(Bytes::copy_from_slice(&self.0))
    }
}

impl From<String> for Text {
    fn from(text: String) -> Self {
        Self(Bytes::from(text))
    }
}
