//! The SDK in a worker process, as a backend.

use std::sync::Arc;
#[cfg(feature = "egress")]
use std::time::Duration;

use bytes::Bytes;

use super::Counters;
use super::launch::Launch;
use super::process::{CallError, WorkerProcess};
use super::protocol::{self, Batch, Blob, Failure, ProxyText, Reply, Request, SealedText};
use super::supervisor::{Failed, Supervisor};
use crate::backend::{Backend, Session};
use crate::media::{IndexToken, MediaChunk, SdkFileId};
use crate::native::check_encrypt_msg;
use crate::{Error, Operation, PageSize, RandomKey, Result, SdkCode};

/// Messages in one request: enough that its way costs little beside their RSA, few enough that all cores have some.
const MESSAGES_AT_ONCE: usize = 64;

/// Ciphertext in one request, unless a single message has more.
const BYTES_AT_ONCE: usize = 1 << 20;

/// The rest of a frame is more than enough for its key.
const LONGEST_MESSAGE: usize = protocol::MAX_BODY_BYTES - (1 << 20);

/// What a request takes up beside the texts in it, and beside each message.
const REQUEST_OVERHEAD: usize = 256;
const MESSAGE_OVERHEAD: usize = 24;

pub(super) struct Isolated {
    supervisor: Arc<Supervisor>,
    #[cfg(feature = "egress")]
    egress: Option<(crate::Egress, Duration)>,
}

impl Isolated {
    pub(super) fn start(launch: Launch) -> Result<Self> {
        Ok(Self {
            #[cfg(feature = "egress")]
            egress: launch.egress(),
            supervisor: Arc::new(Supervisor::start(launch)?),
        })
    }

    pub(super) fn counters(&self) -> Arc<Counters> {
        Arc::clone(self.supervisor.counters())
    }

    fn open_batch(&self, batch: &[&(RandomKey, &str)]) -> Result<Vec<Result<Bytes>>> {
        let together = self.supervisor.attempt_once(|worker| open_in(worker, batch))?;
        let Err(end) = together else { return Ok(together.unwrap_or_default()) };
        tracing::debug!(messages = batch.len(), %end, "opening them one by one in a worker of their own");
        let mut confined = self.supervisor.confine();
        let one_by_one = batch.iter().map(|message| {
            let alone = std::slice::from_ref(message);
            match confined.attempt(Operation::Open, |worker| open_in(worker, alone)) {
                Ok(mut opened) => Ok(opened.pop().unwrap_or_else(|| Err(unusable(Operation::Open)))),
                Err(error @ Error::WorkerDied { .. }) => Ok(Err(error)),
                Err(error) => Err(error),
            }
        });
        one_by_one.collect()
    }
}

impl Backend for Isolated {
    fn session(&self) -> Result<Box<dyn Session>> {
        let number = self.supervisor.new_session();
        let supervisor = Arc::clone(&self.supervisor);
        #[cfg(feature = "egress")]
        let egress = self.egress.as_ref().map(|(egress, timeout)| egress.session(*timeout)).transpose()?;
        Ok(Box::new(IsolatedSession {
            supervisor,
            number,
            #[cfg(feature = "egress")]
            egress,
        }))
    }

    fn open(&self, random_key: &RandomKey, encrypt_chat_msg: &str) -> Result<Bytes> {
        let mut opened = self.open_many(&[(random_key.clone(), encrypt_chat_msg)])?;
        opened.pop().unwrap_or_else(|| Err(unusable(Operation::Open)))
    }

    fn open_many(&self, messages: &[(RandomKey, &str)]) -> Result<Vec<Result<Bytes>>> {
        let mut outcomes = Vec::with_capacity(messages.len());
        let mut batch: Vec<&(RandomKey, &str)> = Vec::new();
        let mut bytes = 0_usize;
        for message in messages {
            let (_, text) = message;
            let refused = check_encrypt_msg(text).and_then(|()| check_length(text)).err();
            let is_full = batch.len() >= MESSAGES_AT_ONCE || bytes.saturating_add(text.len()) > BYTES_AT_ONCE;
            if !batch.is_empty() && (is_full || refused.is_some()) {
                outcomes.extend(self.open_batch(&batch)?);
                batch.clear();
                bytes = 0;
            }
            if let Some(error) = refused {
                outcomes.push(Err(error));
            } else {
                batch.push(message);
                bytes = bytes.saturating_add(text.len());
            }
        }
        if !batch.is_empty() {
            outcomes.extend(self.open_batch(&batch)?);
        }
        Ok(outcomes)
    }

    fn messages_at_once(&self) -> usize {
        MESSAGES_AT_ONCE
    }
}

struct IsolatedSession {
    supervisor: Arc<Supervisor>,
    number: u64,
    #[cfg(feature = "egress")]
    egress: Option<crate::EgressSession>,
}

impl IsolatedSession {
    /// The session's own proxy, where it has one.
    #[cfg_attr(not(feature = "egress"), expect(clippy::unused_self, reason = "only an egress is one"))]
    fn proxy(&self) -> Option<ProxyText<'_>> {
        #[cfg(feature = "egress")]
        if let Some(egress) = &self.egress {
            let login = egress.proxy().user_and_password().map(|login| Blob(login.expose()));
            return Some(ProxyText { url: egress.proxy().url(), login });
        }
        None
    }

    /// Makes a call; where there is an egress, its errors are the true ones.
    fn call<T>(
        &self,
        operation: Operation,
        attempt: impl Fn(&WorkerProcess) -> Result<T, Failed>,
    ) -> Result<T> {
        #[cfg(feature = "egress")]
        if let Some(egress) = &self.egress {
            return egress.explained(|| self.supervisor.call(operation, attempt));
        }
        self.supervisor.call(operation, attempt)
    }
}

impl Session for IsolatedSession {
    fn chat_page(&mut self, after: u64, limit: PageSize) -> Result<Bytes> {
        let (session, proxy, limit) = (self.number, self.proxy(), limit.get());
        let request = Request::ChatPage { session, proxy, after, limit };
        self.call(Operation::Chat, |worker| {
            let body = answer_from(worker, Operation::Chat, &request, REQUEST_OVERHEAD)?;
            match protocol::decode(&body) {
                Ok(Reply::Page(page)) => Ok(body.slice_ref(page.0)),
                _ => Err(Failed::Answered(unusable(Operation::Chat))),
            }
        })
    }

    fn media_chunk(&mut self, file_id: &SdkFileId, token: Option<&IndexToken>) -> Result<MediaChunk> {
        let token = token.map(ToString::to_string);
        let (file_id, token) = (file_id.as_str(), token.as_deref());
        let request = Request::MediaChunk { session: self.number, proxy: self.proxy(), file_id, token };
        let expected_bytes = REQUEST_OVERHEAD.saturating_add(file_id.len());
        self.call(Operation::Media, |worker| {
            let body = answer_from(worker, Operation::Media, &request, expected_bytes)?;
            match protocol::decode(&body) {
                Ok(Reply::Chunk { data, next, is_last }) => {
                    Ok(MediaChunk::new(body.slice_ref(data.0), next.as_bytes(), is_last))
                }
                _ => Err(Failed::Answered(unusable(Operation::Media))),
            }
        })
    }
}

impl Drop for IsolatedSession {
    fn drop(&mut self) {
        self.supervisor.forget(self.number);
    }
}

/// The worker's answer to a call that uses the network, if it is not a failure.
fn answer_from(
    worker: &WorkerProcess,
    operation: Operation,
    request: &Request<'_>,
    expected_bytes: usize,
) -> Result<Bytes, Failed> {
    let refusals = worker.refusals();
    let body = worker.call(request, expected_bytes, 1).map_err(|error| failed(operation, error))?;
    let Ok(Reply::Failed(failure)) = protocol::decode(&body) else { return Ok(body) };
    let is_network = failure == Failure::Sdk(SdkCode::Network.raw());
    if is_network {
        worker.note_network_failure();
    }
    // It may hide a refusal.
    let error = match worker.refusal_beyond(refusals).filter(|_| is_network) {
        Some(refusal) => Error::refused(Operation::Token, refusal.code, &refusal.message),
        None => error_of(operation, failure),
    };
    Err(Failed::Answered(error))
}

/// Whether the message fits into a frame.
fn check_length(encrypt_chat_msg: &str) -> Result<()> {
    if encrypt_chat_msg.len() > LONGEST_MESSAGE {
        return Err(Error::InvalidArgument {
            argument: "encrypt_chat_msg",
            problem: "is larger than what a worker takes",
        });
    }
    Ok(())
}

/// Opens messages that the SDK reads whole. One outcome for each.
fn open_in(worker: &WorkerProcess, batch: &[&(RandomKey, &str)]) -> Result<Vec<Result<Bytes>>, Failed> {
    let mut expected_bytes = REQUEST_OVERHEAD;
    let mut sealed = Vec::with_capacity(batch.len());
    for (random_key, encrypt_chat_msg) in batch {
        let random_key = Blob(random_key.as_bytes());
        let bytes =
            encrypt_chat_msg.len().saturating_add(random_key.0.len()).saturating_add(MESSAGE_OVERHEAD);
        expected_bytes = expected_bytes.saturating_add(bytes);
        sealed.push(SealedText { random_key, encrypt_chat_msg });
    }
    let calls = u64::try_from(batch.len()).unwrap_or(u64::MAX);
    let body = worker
        .call(&Request::Open(Batch(sealed)), expected_bytes, calls)
        .map_err(|error| failed(Operation::Open, error))?;
    match protocol::decode(&body) {
        Ok(Reply::Opened(Batch(outcomes))) if outcomes.len() == batch.len() => {
            let own = |outcome: Result<Blob<'_>, Failure>| match outcome {
                Ok(text) => Ok(without_neighbours(&body, text)),
                Err(failure) => Err(error_of(Operation::Open, failure)),
            };
            Ok(outcomes.into_iter().map(own).collect())
        }
        Ok(Reply::Failed(failure)) => Err(Failed::Answered(error_of(Operation::Open, failure))),
        _ => Err(Failed::Answered(unusable(Operation::Open))),
    }
}

/// A text that does not keep the memory of a whole batch, unless it is most of it.
fn without_neighbours(body: &Bytes, text: Blob<'_>) -> Bytes {
    if text.0.len() > body.len() / 2 { body.slice_ref(text.0) } else { Bytes::copy_from_slice(text.0) }
}

fn failed(operation: Operation, error: CallError) -> Failed {
    match error {
        CallError::Died(end) => Failed::Died(end),
        CallError::TooLarge => Failed::Answered(Error::BrokenReply { operation, detail: TOO_LARGE }),
    }
}

const TOO_LARGE: &str = "more than the 64 MiB that a worker passes on";

fn error_of(operation: Operation, failure: Failure) -> Error {
    match failure {
        Failure::Sdk(code) => Error::Sdk { operation, code: SdkCode::from_raw(code) },
        Failure::OutOfMemory => Error::OutOfMemory { operation },
        Failure::BrokenReply => Error::BrokenReply { operation, detail: "a buffer that cannot be one" },
        Failure::TooLarge => Error::BrokenReply { operation, detail: TOO_LARGE },
        Failure::Refused => unusable(operation),
    }
}

fn unusable(operation: Operation) -> Error {
    Error::BrokenReply { operation, detail: "something that is no answer from a worker" }
}
