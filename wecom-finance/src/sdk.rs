//! The SDK as programs use it: shared by threads, patient, and without a handle in sight.

mod builder;
mod page_size;
mod pool;
mod retry;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;

pub use builder::{LibrarySource, SdkBuilder};
pub use page_size::PageSize;
pub use retry::RetryPolicy;
pub(crate) use retry::{Decision, Patience, Retries};

use crate::backend::{Backend, Session};
use crate::chat::{ChatIterator, ChatPage};
use crate::media::{DownloaderBuilder, IndexToken, MediaChunk, MediaReader, SdkFileId};
use crate::worker::{Counters, WorkerStats};
use crate::{Error, KeyRing, Operation, RandomKey, Result, ServerCode};
use page_size::AdaptivePageSize;
use pool::SessionPool;

/// A connection to one corp's conversation archive.
///
/// Cheap to clone and free to share: every call borrows a session of its own, so threads never meet on one handle,
/// which the SDK would not survive (C2). Calls retry what is worth retrying, replace sessions whose access token was
/// revoked or has expired, and ask for less when a page is too large.
///
/// Opening messages happens inside the process that loaded the SDK. A message whose sealed lengths lie can end that
/// process (C8), as can a hostile reply to a media request (C12): both need somebody who can forge WeCom's answers. With
/// [`SdkBuilder::isolated`] that process is another one, and the calls go on.
#[derive(Clone)]
pub struct Sdk {
    inner: Arc<Inner>,
}

struct Inner {
    backend: Box<dyn Backend>,
    sessions: SessionPool,
    retry: RetryPolicy,
    page_size: AdaptivePageSize,
    corp_id: String,
    worker_counters: Option<Arc<Counters>>,
    #[cfg(feature = "egress")]
    egress: Option<crate::Egress>,
}

impl Sdk {
    /// Puts an `Sdk` together from the vendor's library, a corp id (`ww…`) and the archive's own secret.
    ///
    /// The library is a [`Library`](crate::Library), loaded into this process, or, with [`SdkBuilder::isolated`], a
    /// [`LibraryFile`](crate::LibraryFile), which is not.
    ///
    /// # Examples
    ///
    /// ```no_run
    /// use std::time::Duration;
    /// use wecom_finance::{Library, Sdk, Secret};
    ///
    /// // SAFETY: the vendor's library.
    /// let library = unsafe { Library::open("/opt/wecom/libWeWorkFinanceSdk_C.so") }?;
    /// let sdk = Sdk::builder(library, "ww0123456789abcdef", Secret::from_file("secret")?)
    ///     .timeout(Duration::from_secs(30))
    ///     .build()?;
    /// # Ok::<(), wecom_finance::Error>(())
    /// ```
    pub fn builder(
        library: impl Into<LibrarySource>,
        corp_id: impl Into<String>,
        secret: impl Into<crate::Secret>,
    ) -> SdkBuilder {
        SdkBuilder::new(
            builder::Source::Library { library: library.into(), secret: secret.into() },
            corp_id.into(),
        )
    }

    /// Puts an `Sdk` together from something that stands for the SDK.
    pub fn with_backend(corp_id: impl Into<String>, backend: impl Backend) -> SdkBuilder {
        SdkBuilder::new(builder::Source::Backend(Box::new(backend)), corp_id.into())
    }

    /// The corp whose archive this is.
    #[must_use]
    pub fn corp_id(&self) -> &str {
        &self.inner.corp_id
    }

    /// One page of sealed messages, those after `after` (a `seq`; 0 for the beginning), or `None` at the head of the
    /// stream. At most 1,000 messages, borrowed from the SDK's own buffer.
    ///
    /// # Errors
    ///
    /// What is left after the retries: [`Error::Sdk`], [`Error::Server`], [`Error::UnreadablePage`].
    #[doc(alias = "GetChatData")]
    pub fn page(&self, after: u64) -> Result<Option<ChatPage>> {
        let mut retries = self.retries(Patience::Full);
        loop {
            let limit = self.inner.page_size.current();
            let outcome = self.call(Operation::Chat, &mut retries, |session| {
                session.chat_page(after, limit).and_then(|reply| ChatPage::read(after, reply))
            });
            match outcome {
                Ok(page) => {
                    self.inner.page_size.succeeded(limit);
                    return Ok(page);
                }
                Err(error)
                    if error.server_code().is_some_and(ServerCode::needs_smaller_page)
                        && self.inner.page_size.shrink(limit) =>
                {
                    tracing::debug!(limit = limit.get(), "the page is too large, asking for less");
                }
                Err(error) => return Err(error),
            }
        }
    }

    /// The messages of the stream, opened in order. Begins at the first message that WeCom still has, see
    /// [`ChatIterator::after`].
    #[must_use]
    pub fn chat(&self, keys: &KeyRing) -> ChatIterator {
        ChatIterator::new(self.clone(), keys.clone())
    }

    /// Opens a sealed message with its decrypted random key: the SDK's part of the work.
    /// [`KeyRing::open`](crate::KeyRing::open) does both.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidArgument`], [`Error::Sdk`].
    #[doc(alias = "DecryptData")]
    pub fn open(&self, random_key: &RandomKey, encrypt_chat_msg: &str) -> Result<Bytes> {
        self.inner.backend.open(random_key, encrypt_chat_msg)
    }

    /// Opens several messages, with one outcome for each: what costs least where the SDK runs in a worker process.
    /// [`KeyRing::open_all`](crate::KeyRing::open_all) does the whole work.
    ///
    /// # Errors
    ///
    /// What is no matter of single messages: [`Error::WorkerStart`](crate::Error::WorkerStart),
    /// [`Error::Load`](crate::Error::Load). The outcome of a message is as for [`Sdk::open`], and
    /// [`Error::WorkerDied`](crate::Error::WorkerDied) for one that no worker survives.
    pub fn open_many(&self, messages: &[(RandomKey, &str)]) -> Result<Vec<Result<Bytes>>> {
        self.inner.backend.open_many(messages)
    }

    /// How many messages are best opened at once, see [`Backend::messages_at_once`].
    pub(crate) fn messages_at_once(&self) -> usize {
        self.inner.backend.messages_at_once().max(1)
    }

    /// What became of the worker processes so far; `None` without [`SdkBuilder::isolated`].
    #[must_use]
    pub fn worker_stats(&self) -> Option<WorkerStats> {
        self.inner.worker_counters.as_ref().map(|counters| counters.snapshot())
    }

    /// The egress that the calls go through: what it counts, and what it knows of the clock. `None` without
    /// [`SdkBuilder::verified_tls`] or [`SdkBuilder::egress`].
    #[cfg(feature = "egress")]
    #[must_use]
    pub fn egress(&self) -> Option<&crate::Egress> {
        self.inner.egress.as_ref()
    }

    /// Reads a file by the `sdkfileid` that a message names.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidArgument`] for an id that is empty or cannot be one. Nothing is fetched yet.
    #[doc(alias = "GetMediaData")]
    pub fn media(&self, file_id: impl AsRef<str>) -> Result<MediaReader> {
        Ok(MediaReader::new(self.clone(), SdkFileId::new(file_id.as_ref())?))
    }

    /// Fetches many files, or a large one, over several sessions at once.
    #[doc(alias = "GetMediaData")]
    pub fn downloader(&self) -> DownloaderBuilder {
        DownloaderBuilder::new(self.clone())
    }

    /// One piece of a file: 512 KiB, or what the token says. Most programs want [`Sdk::media`].
    ///
    /// # Errors
    ///
    /// What is left after the retries, [`Error::Sdk`] most of all.
    #[doc(alias = "GetMediaData")]
    pub fn media_chunk(&self, file_id: &SdkFileId, token: Option<&IndexToken>) -> Result<MediaChunk> {
        let mut retries = self.retries(Patience::Full);
        self.call(Operation::Media, &mut retries, |session| media_chunk(session, file_id, token))
    }

    /// The same with less patience.
    pub(crate) fn media_chunk_lightly(
        &self,
        file_id: &SdkFileId,
        token: Option<&IndexToken>,
    ) -> Result<MediaChunk> {
        let mut retries = self.retries(Patience::Light);
        self.call(Operation::Media, &mut retries, |session| media_chunk(session, file_id, token))
    }

    /// The same up to where it would have to wait.
    pub(crate) fn try_media_chunk(
        &self,
        file_id: &SdkFileId,
        token: Option<&IndexToken>,
        retries: &mut Retries,
        fresh: bool,
    ) -> Attempt<MediaChunk> {
        self.attempt(Operation::Media, retries, fresh, |session| media_chunk(session, file_id, token))
    }

    pub(crate) fn retry_policy(&self) -> &RetryPolicy {
        &self.inner.retry
    }

    pub(crate) fn retries(&self, patience: Patience) -> Retries {
        Retries::new(&self.inner.retry, patience)
    }

    /// Calls until it works, or until retrying makes no sense any more.
    fn call<T>(
        &self,
        operation: Operation,
        retries: &mut Retries,
        mut call: impl FnMut(&mut dyn Session) -> Result<T>,
    ) -> Result<T> {
        let mut fresh_session = false;
        loop {
            match self.attempt(operation, retries, fresh_session, &mut call) {
                Attempt::Done(value) => return Ok(value),
                Attempt::GaveUp(error) => return Err(error),
                Attempt::Later { error, pause, fresh } => {
                    tracing::warn!(%operation, %error, ?pause, "trying again");
                    std::thread::sleep(pause);
                    fresh_session = fresh;
                }
            }
        }
    }

    /// Calls until it works, or until the next attempt has to wait.
    fn attempt<T>(
        &self,
        operation: Operation,
        retries: &mut Retries,
        fresh: bool,
        mut call: impl FnMut(&mut dyn Session) -> Result<T>,
    ) -> Attempt<T> {
        let Inner { backend, sessions, .. } = &*self.inner;
        let mut session = if fresh { backend.session() } else { sessions.borrow(&**backend) };
        loop {
            let mut borrowed = match session {
                Ok(session) => session,
                Err(error) => return Attempt::GaveUp(error),
            };
            let error = match call(&mut *borrowed) {
                Ok(value) => {
                    sessions.give_back(borrowed);
                    return Attempt::Done(value);
                }
                Err(error) => error,
            };
            match retries.decide(operation, &error) {
                Decision::GiveUp => {
                    sessions.give_back(borrowed);
                    return Attempt::GaveUp(error);
                }
                Decision::FreshSession { all } => {
                    tracing::debug!(%operation, %error, "taking a fresh session");
                    if all {
                        sessions.clear();
                    }
                    session = backend.session();
                }
                Decision::Wait { pause, fresh } => {
                    if !fresh {
                        sessions.give_back(borrowed);
                    }
                    return Attempt::Later { error, pause, fresh };
                }
            }
        }
    }
}

/// How far a call came without waiting.
pub(crate) enum Attempt<T> {
    Done(T),
    GaveUp(Error),
    /// Worth another attempt after the pause, with a `fresh` session if the token may be dead.
    Later {
        error: Error,
        pause: Duration,
        fresh: bool,
    },
}

fn media_chunk(
    session: &mut dyn Session,
    file_id: &SdkFileId,
    token: Option<&IndexToken>,
) -> Result<MediaChunk> {
    session.media_chunk(file_id, token).and_then(|chunk| chunk.checked(token))
}

impl fmt::Debug for Sdk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sdk")
            .field("corp_id", &self.inner.corp_id)
            .field("retry", &self.inner.retry)
            .field("page_size", &self.inner.page_size.current())
            .finish_non_exhaustive()
    }
}

const _: fn() = || {
    fn shared<T: Send + Sync + Clone>() {}
    shared::<Sdk>();
};
