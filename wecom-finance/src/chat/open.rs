use std::borrow::Cow;
use std::fmt;

use bytes::Bytes;
use wecom_finance_sys::contracts::SHORTEST_ENCRYPT_MSG;

use super::SealedMessage;
use super::cores::on_all_cores;
use crate::error::{UnopenedMessage, UnopenedReason};
use crate::keys::RandomKeyError;
use crate::message::MediaReferences;
use crate::{Error, KeyRing, Message, Operation, RandomKey, Result, Sdk};

impl KeyRing {
    /// Opens a sealed message: RSA with the key of its version here, then the SDK's own decryption.
    ///
    /// # Errors
    ///
    /// [`Error::Unopened`] with the message in it: no key of this version, a key that does not fit, a ciphertext that
    /// the SDK would not survive or that no worker process survived. Any other error is no matter of this message: there
    /// is no worker process to open it.
    pub fn open(&self, sdk: &Sdk, sealed: &SealedMessage) -> Result<OpenedMessage> {
        self.open_share(sdk, std::slice::from_ref(sealed))?.pop().ok_or(TOO_FEW)?
    }

    /// Opens many messages, on all cores: one outcome for each, in their order.
    ///
    /// # Errors
    ///
    /// What is no matter of single messages: there is no worker process to open them. The outcome of a message is as for
    /// [`KeyRing::open`].
    ///
    /// # Examples
    ///
    /// ```no_run
    /// # fn example(sdk: wecom_finance::Sdk, keys: wecom_finance::KeyRing) -> wecom_finance::Result<()> {
    /// if let Some(page) = sdk.page(0)? {
    ///     for (sealed, opened) in page.messages().iter().zip(keys.open_all(&sdk, page.messages())?) {
    ///         println!("{}: {}", sealed.seq, opened.and_then(|opened| opened.parse(sealed))?.raw());
    ///     }
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn open_all(&self, sdk: &Sdk, sealed: &[SealedMessage]) -> Result<Vec<Result<OpenedMessage>>> {
        // Who opens several at once does so elsewhere.
        let waiting = usize::from(sdk.messages_at_once() > 1);
        on_all_cores(sealed, waiting, |share| self.open_share(sdk, share))
    }

    /// RSA for each, then all of them to the SDK in one go.
    fn open_share(&self, sdk: &Sdk, share: &[SealedMessage]) -> Result<Vec<Result<OpenedMessage>>> {
        open_with(sdk, share, self.unseal_share(share))
    }

    /// The RSA part of opening many messages, on all cores.
    pub(super) fn unseal_all(&self, sealed: &[SealedMessage]) -> Result<Vec<Unsealed>> {
        on_all_cores(sealed, 0, |share| Ok(self.unseal_share(share)))
    }

    fn unseal_share(&self, share: &[SealedMessage]) -> Vec<Unsealed> {
        let unusable: Vec<_> = share.iter().map(too_short).collect();
        let usable: Vec<_> = share
            .iter()
            .zip(&unusable)
            .filter(|(_, unusable)| unusable.is_none())
            .map(|(sealed, _)| (sealed.publickey_ver, sealed.encrypt_random_key()))
            .collect();
        let mut random_keys = self.decrypt_random_keys(&usable).into_iter();
        let decrypted =
            unusable.into_iter().map(|unusable| match unusable {
                Some(reason) => Err(reason),
                None => random_keys.next().unwrap_or(Err(RandomKeyError::CannotDecrypt)).map_err(|error| {
                    match error {
                        RandomKeyError::MissingKey { version } => {
                            UnopenedReason::MissingKey { publickey_ver: version }
                        }
                        _ => UnopenedReason::CannotDecrypt,
                    }
                }),
            });
        decrypted.collect()
    }
}

/// A message's random key, decrypted.
pub(super) type Unsealed = std::result::Result<RandomKey, UnopenedReason>;

/// What no key opens (C7), and no key has to be used for.
fn too_short(sealed: &SealedMessage) -> Option<UnopenedReason> {
    let len = sealed.encrypt_chat_msg().split('\0').next().unwrap_or_default().len();
    (len < SHORTEST_ENCRYPT_MSG).then_some(UnopenedReason::TooShort { len })
}

/// The SDK's part of opening messages.
pub(super) fn open_with(
    sdk: &Sdk,
    share: &[SealedMessage],
    unsealed: Vec<Unsealed>,
) -> Result<Vec<Result<OpenedMessage>>> {
    let mut openable = Vec::with_capacity(share.len());
    let mut refused = Vec::with_capacity(share.len());
    for (sealed, unsealed) in share.iter().zip(unsealed) {
        refused.push(match unsealed {
            Ok(random_key) => {
                openable.push((random_key, sealed.encrypt_chat_msg()));
                None
            }
            Err(reason) => Some(reason),
        });
    }
    let mut opened = sdk.open_many(&openable)?.into_iter();
    let mut outcomes = Vec::with_capacity(share.len());
    for (sealed, refused) in share.iter().zip(refused) {
        let outcome = match refused {
            Some(reason) => Err(reason),
            None => opened.next().ok_or(TOO_FEW)?.map_err(|error| reason_of(&error)),
        };
        outcomes.push(match outcome {
            Ok(raw) => Ok(OpenedMessage {
                seq: sealed.seq,
                msgid: sealed.msgid().to_owned(),
                publickey_ver: sealed.publickey_ver,
                raw,
            }),
            Err(reason) => Err(UnopenedMessage { sealed: sealed.clone(), reason, content: None }.into()),
        });
    }
    Ok(outcomes)
}

const TOO_FEW: Error =
    Error::BrokenReply { operation: Operation::Open, detail: "fewer outcomes than there were messages" };

/// Whatever the SDK says, the caller learns no more than that: see [`UnopenedReason::CannotDecrypt`].
fn reason_of(error: &Error) -> UnopenedReason {
    match error {
        Error::WorkerDied { end, .. } => UnopenedReason::KilledWorker { end: *end },
        _opaque => UnopenedReason::CannotDecrypt,
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
