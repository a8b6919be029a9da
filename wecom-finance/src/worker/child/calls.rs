//! From a request to its answer.

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::Mutex;

use bytes::Bytes;
use wecom_finance_sys::Library;

use crate::native::child::flush_c_streams;
use crate::native::{self, CText, Connection, Handle, SecretText};
use crate::worker::lock;
use crate::worker::protocol::{self, Batch, Blob, Failure, Malformed, ProxyText, Reply, Request, SealedText};
use crate::{Error, IndexToken, MediaChunk, PageSize, SdkFileId};

/// What an answer takes up beside the bytes in it, and beside each message.
const REPLY_OVERHEAD: usize = 64;
const MESSAGE_OVERHEAD: usize = 16;

/// The SDK, with a handle for each session that no call is using.
pub(super) struct Sdk {
    library: Library,
    connection: Connection,
    handles: Mutex<HashMap<u64, Handle>>,
}

impl Sdk {
    pub(super) fn new(library: Library, connection: Connection) -> Self {
        Self { library, connection, handles: Mutex::default() }
    }

    /// Does what is asked for. The frame that answers; `None` for what has no answer.
    pub(super) fn answer(&self, id: u64, request: &Request<'_>) -> Result<Option<Vec<u8>>, Malformed> {
        match request {
            Request::ChatPage { session, proxy, after, limit } => {
                let page = self.chat_page(*session, *proxy, *after, *limit);
                encode(id, &as_reply(&page, |page| Reply::Page(Blob(page))))
            }
            Request::MediaChunk { session, proxy, file_id, token } => {
                let chunk = self.media_chunk(*session, *proxy, file_id, *token);
                let next = chunk.as_ref().ok().and_then(|chunk| chunk.next).map(|next| next.to_string());
                let next = next.as_deref().unwrap_or_default();
                encode(
                    id,
                    &as_reply(&chunk, |MediaChunk { data, is_last, .. }| Reply::Chunk {
                        data: Blob(data),
                        next,
                        is_last: *is_last,
                    }),
                )
            }
            Request::Open(Batch(messages)) => {
                let opened: Vec<_> = messages.iter().map(|sealed| self.open(sealed)).collect();
                let texts = opened.iter().map(|text| match text {
                    Ok(text) => Ok(Blob(text)),
                    Err(failure) => Err(*failure),
                });
                encode(id, &Reply::Opened(Batch(texts.collect())))
            }
            Request::Forget(Batch(sessions)) => {
                let mut handles = lock(&self.handles);
                for session in sessions {
                    handles.remove(session);
                }
                Ok(None)
            }
            Request::Start(_) => Err(Malformed),
        }
    }

    fn chat_page(
        &self,
        session: u64,
        proxy: Option<ProxyText<'_>>,
        after: u64,
        limit: u32,
    ) -> Result<Bytes, Failure> {
        let limit = PageSize::new(limit).map_err(|_| Failure::Refused)?;
        let connection = self.connection(proxy)?;
        self.with_session(session, |handle| handle.chat_page(&connection, after, limit))
    }

    fn media_chunk(
        &self,
        session: u64,
        proxy: Option<ProxyText<'_>>,
        file_id: &str,
        token: Option<&str>,
    ) -> Result<MediaChunk, Failure> {
        let file_id = SdkFileId::new(file_id).map_err(|_| Failure::Refused)?;
        let token: Option<IndexToken> =
            token.map(str::parse).transpose().map_err(|_: Error| Failure::Refused)?;
        let connection = self.connection(proxy)?;
        self.with_session(session, |handle| handle.media_chunk(&connection, &file_id, token.as_ref()))
    }

    /// What the calls of a session are made with.
    fn connection(&self, proxy: Option<ProxyText<'_>>) -> Result<Cow<'_, Connection>, Failure> {
        let Some(ProxyText { url, login }) = proxy else { return Ok(Cow::Borrowed(&self.connection)) };
        let url = CText::new("proxy", url).map_err(|_| Failure::Refused)?;
        let login = login.map(|login| SecretText::new("proxy password", login.0)).transpose();
        Ok(Cow::Owned(self.connection.through((url, login.map_err(|_| Failure::Refused)?))))
    }

    fn with_session<T>(
        &self,
        session: u64,
        call: impl FnOnce(&mut Handle) -> Result<T, Error>,
    ) -> Result<T, Failure> {
        // Taken out: no two calls can ever share it (C2).
        let known = lock(&self.handles).remove(&session);
        let handle = known.map_or_else(|| Handle::new(self.library.table(), &self.connection), Ok);
        let outcome = handle.and_then(|mut handle| {
            let outcome = call(&mut handle);
            lock(&self.handles).insert(session, handle);
            outcome
        });
        outcome.map_err(|error| {
            // The reason of a refused token is printed, and must be on its way before the answer is.
            flush_c_streams();
            failure_of(&error)
        })
    }

    fn open(&self, sealed: &SealedText<'_>) -> Result<Bytes, Failure> {
        native::open(self.library.table(), sealed.random_key.0, sealed.encrypt_chat_msg)
            .map_err(|error| failure_of(&error))
    }
}

fn failure_of(error: &Error) -> Failure {
    match error {
        Error::Sdk { code, .. } => Failure::Sdk(code.raw()),
        Error::OutOfMemory { .. } => Failure::OutOfMemory,
        Error::BrokenReply { .. } => Failure::BrokenReply,
        _ => Failure::Refused,
    }
}

fn as_reply<'a, T>(outcome: &'a Result<T, Failure>, reply: impl FnOnce(&'a T) -> Reply<'a>) -> Reply<'a> {
    match outcome {
        Ok(value) => reply(value),
        Err(failure) => Reply::Failed(*failure),
    }
}

fn encode(id: u64, reply: &Reply<'_>) -> Result<Option<Vec<u8>>, Malformed> {
    let bytes = match reply {
        Reply::Page(bytes) | Reply::Chunk { data: bytes, .. } => bytes.0.len(),
        Reply::Opened(Batch(texts)) => texts.iter().fold(0_usize, |sum, text| {
            sum.saturating_add(MESSAGE_OVERHEAD).saturating_add(text.map_or(0, |text| text.0.len()))
        }),
        Reply::Started | Reply::NotStarted(_) | Reply::Failed(_) => 0,
    };
    protocol::encode(id, reply, bytes.saturating_add(REPLY_OVERHEAD))
        .or_else(|_too_large| protocol::encode(id, &Reply::Failed(Failure::TooLarge), REPLY_OVERHEAD))
        .map(Some)
}
