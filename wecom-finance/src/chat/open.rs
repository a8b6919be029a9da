use std::borrow::Cow;
use std::fmt;

use bytes::Bytes;
use wecom_finance_sys::contracts::SHORTEST_ENCRYPT_MSG;

use super::SealedMessage;
use crate::error::{UnopenedMessage, UnopenedReason};
use crate::keys::RandomKeyError;
use crate::message::MediaReferences;
use crate::{Error, KeyRing, Message, Result, Sdk};

impl KeyRing {
    /// Opens a sealed message: RSA with the key of its version here, then the SDK's own decryption.
    ///
    /// # Errors
    ///
    /// [`Error::Unopened`] with the message in it: no key of this version, a key that does not fit, a ciphertext that
    /// the SDK would not survive.
    pub fn open(&self, sdk: &Sdk, sealed: &SealedMessage) -> Result<OpenedMessage> {
        self.open_raw(sdk, sealed)
            .map_err(|reason| Error::from(UnopenedMessage { sealed: sealed.clone(), reason, content: None }))
    }

    fn open_raw(&self, sdk: &Sdk, sealed: &SealedMessage) -> Result<OpenedMessage, UnopenedReason> {
        // Before the key is used: this one nobody's key opens (C7).
        let len = sealed.encrypt_chat_msg().split('\0').next().unwrap_or_default().len();
        if len < SHORTEST_ENCRYPT_MSG {
            return Err(UnopenedReason::TooShort { len });
        }
        let random_key =
            self.decrypt_random_key(sealed.publickey_ver, sealed.encrypt_random_key()).map_err(|error| {
                match error {
                    RandomKeyError::MissingKey { version } => {
                        UnopenedReason::MissingKey { publickey_ver: version }
                    }
                    _ => UnopenedReason::CannotDecrypt,
                }
            })?;
        // Whatever the SDK says, the caller learns no more than that: see `UnopenedReason::CannotDecrypt`.
        let raw = sdk
            .open(&random_key, sealed.encrypt_chat_msg())
            .map_err(|_opaque| UnopenedReason::CannotDecrypt)?;
        Ok(OpenedMessage {
            seq: sealed.seq,
            msgid: sealed.msgid().to_owned(),
            publickey_ver: sealed.publickey_ver,
            raw,
        })
    }
}

/// A message's opened text, not yet read.
#[derive(Clone)]
#[non_exhaustive]
pub struct OpenedMessage {
    /// Its place in the corp's stream.
    pub seq: u64,
    /// Its id, from the page.
    pub msgid: String,
    /// The version of the key that opened it.
    pub publickey_ver: u32,
    /// The text exactly as the SDK returned it: JSON in UTF-8, with rare exceptions.
    pub raw: Bytes,
}

impl OpenedMessage {
    /// Reads the text.
    ///
    /// # Errors
    ///
    /// [`Error::Unopened`] with the text in it if it is not JSON. `sealed` goes into that error.
    pub fn parse(self, sealed: &SealedMessage) -> Result<ChatRecord> {
        match Message::from_bytes(self.raw.clone()) {
            Ok(message) => Ok(ChatRecord {
                seq: self.seq,
                msgid: self.msgid,
                publickey_ver: self.publickey_ver,
                raw: RawText(self.raw),
                message,
            }),
            Err(invalid) => Err(UnopenedMessage {
                sealed: sealed.clone(),
                reason: UnopenedReason::InvalidJson(invalid),
                content: Some(self.raw),
            }
            .into()),
        }
    }
}

impl fmt::Debug for OpenedMessage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OpenedMessage")
            .field("seq", &self.seq)
            .field("msgid", &self.msgid)
            .field("publickey_ver", &self.publickey_ver)
            .field("raw", &format_args!("[{} bytes]", self.raw.len()))
            .finish()
    }
}

/// A message, opened and read, with the text it was read from.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ChatRecord {
    /// Its place in the corp's stream.
    pub seq: u64,
    /// Its id, from the page.
    pub msgid: String,
    /// The version of the key that opened it.
    pub publickey_ver: u32,
    raw: RawText,
    message: Message,
}

impl ChatRecord {
    /// What it says.
    #[must_use]
    pub fn message(&self) -> &Message {
        &self.message
    }

    /// What it says, for keeping.
    #[must_use]
    pub fn into_message(self) -> Message {
        self.message
    }

    /// The opened JSON text. Bytes that are not UTF-8, which should not occur, are replaced; see
    /// [`ChatRecord::raw_bytes`].
    #[must_use]
    pub fn raw(&self) -> Cow<'_, str> {
        String::from_utf8_lossy(&self.raw.0)
    }

    /// The opened text exactly as the SDK returned it.
    #[must_use]
    pub fn raw_bytes(&self) -> &Bytes {
        &self.raw.0
    }

    /// The files that the message refers to: see [`Message::media`].
    #[must_use]
    pub fn media(&self) -> MediaReferences {
        self.message.media()
    }
}

#[derive(Clone)]
struct RawText(Bytes);

impl fmt::Debug for RawText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "[{} bytes]", self.0.len())
    }
}
