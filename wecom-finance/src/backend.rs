//! Where the SDK runs.

mod in_process;

use bytes::Bytes;

pub(crate) use in_process::InProcess;

use crate::media::{IndexToken, MediaChunk, SdkFileId};
use crate::{Error, PageSize, RandomKey};

/// The way to WeCom.
#[derive(Debug)]
pub(crate) enum Route {
    /// The SDK's own, or through the user's proxy.
    Own(Option<crate::Proxy>),
    #[cfg(feature = "egress")]
    Verified(crate::Egress),
}

impl Route {
    /// The proxy that all sessions share.
    pub(crate) fn proxy(&self) -> Option<&crate::Proxy> {
        match self {
            Self::Own(proxy) => proxy.as_ref(),
            #[cfg(feature = "egress")]
            Self::Verified(_) => None,
        }
    }
}

/// What talks to WeCom for an [`Sdk`](crate::Sdk): the SDK in this process, or something that stands for it.
///
/// Implementations make single attempts. Retries, fresh sessions and page sizes are the business of
/// [`Sdk`](crate::Sdk).
pub trait Backend: Send + Sync + 'static {
    /// A new session, with no access token yet. Costs nothing until it is used (C1).
    ///
    /// # Errors
    ///
    /// [`Error::Sdk`] if the SDK refuses corp id or secret, [`Error::OutOfMemory`].
    #[doc(alias("NewSdk", "Init"))]
    fn session(&self) -> Result<Box<dyn Session>, Error>;

    /// Opens a sealed message with its decrypted random key. Any number of threads may.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidArgument`] for a message that the SDK would not survive (C7), [`Error::Sdk`] with its code.
    #[doc(alias = "DecryptData")]
    fn open(&self, random_key: &RandomKey, encrypt_chat_msg: &str) -> Result<Bytes, Error>;

    /// Opens several messages, with one outcome for each, in their order.
    ///
    /// # Errors
    ///
    /// What is no matter of single messages: there is nobody to open them. What a message's own outcome says is as for
    /// [`Backend::open`], and [`Error::WorkerDied`] for one that no worker process survives.
    fn open_many(&self, messages: &[(RandomKey, &str)]) -> Result<Vec<Result<Bytes, Error>>, Error> {
        Ok(messages.iter().map(|(random_key, text)| self.open(random_key, text)).collect())
    }

    /// How many messages are best opened at once: 1 where nothing is gained by more.
    fn messages_at_once(&self) -> usize {
        1
    }
}

/// One conversation with WeCom: an access token, used by one call at a time.
pub trait Session: Send {
    /// The body of the server's reply to "messages after this seq", unchecked.
    ///
    /// # Errors
    ///
    /// [`Error::Sdk`] with the SDK's code.
    #[doc(alias = "GetChatData")]
    fn chat_page(&mut self, after: u64, limit: PageSize) -> Result<Bytes, Error>;

    /// A piece of a file, the first one without a token.
    ///
    /// # Errors
    ///
    /// [`Error::Sdk`] with the SDK's code.
    #[doc(alias = "GetMediaData")]
    fn media_chunk(&mut self, file_id: &SdkFileId, token: Option<&IndexToken>) -> Result<MediaChunk, Error>;
}
