use std::fmt;
use std::marker::PhantomData;

use serde::de::{Error as _, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// The most items in a list: what keeps a few bytes on the wire from becoming much memory.
pub(crate) const MAX_BATCH: usize = 256;

/// From the program to its worker.
#[derive(Serialize, Deserialize)]
#[cfg_attr(test, derive(PartialEq, Debug))]
pub(crate) enum Request<'a> {
    /// The first one: what to load, and what calls are made with.
    #[serde(borrow)]
    Start(Start<'a>),
    /// A page, on the session of this number, which is begun when it is first named.
    ChatPage { session: u64, proxy: Option<ProxyText<'a>>, after: u64, limit: u32 },
    /// A piece of a file.
    MediaChunk { session: u64, proxy: Option<ProxyText<'a>>, file_id: &'a str, token: Option<&'a str> },
    /// Messages to open, in one go.
    Open(Batch<SealedText<'a>>),
    /// Sessions that are not needed any more. Has no reply.
    Forget(Batch<u64>),
}

/// What the worker is started with.
#[derive(Serialize, Deserialize)]
#[cfg_attr(test, derive(PartialEq, Debug))]
pub(crate) struct Start<'a> {
    /// The path of the library, as the system has it.
    #[serde(borrow)]
    pub(crate) library: Blob<'a>,
    pub(crate) corp_id: &'a str,
    pub(crate) secret: Blob<'a>,
    pub(crate) proxy: Option<&'a str>,
    pub(crate) proxy_login: Option<Blob<'a>>,
    pub(crate) timeout_seconds: u64,
    /// The most memory for data, in bytes.
    pub(crate) memory_limit: Option<u64>,
}

/// The proxy of one session, in place of the one that the worker was started with.
#[derive(Clone, Copy, Serialize, Deserialize)]
#[cfg_attr(test, derive(PartialEq, Debug))]
pub(crate) struct ProxyText<'a> {
    pub(crate) url: &'a str,
    #[serde(borrow)]
    pub(crate) login: Option<Blob<'a>>,
}

/// A message on its way to be opened.
#[derive(Serialize, Deserialize)]
#[cfg_attr(test, derive(PartialEq, Debug))]
pub(crate) struct SealedText<'a> {
    #[serde(borrow)]
    pub(crate) random_key: Blob<'a>,
    pub(crate) encrypt_chat_msg: &'a str,
}

/// From the worker.
#[derive(Serialize, Deserialize)]
#[cfg_attr(test, derive(PartialEq, Debug))]
pub(crate) enum Reply<'a> {
    /// The SDK is loaded.
    Started,
    #[serde(borrow)]
    NotStarted(NotStarted<'a>),
    /// The body of the server's reply.
    Page(Blob<'a>),
    /// `next` is the index token as text, empty where there is none.
    Chunk {
        data: Blob<'a>,
        next: &'a str,
        is_last: bool,
    },
    /// One for each message of the request, in their order.
    Opened(Batch<Result<Blob<'a>, Failure>>),
    Failed(Failure),
}

/// Why the SDK is not loaded: what only the process that tried can know.
#[derive(Serialize, Deserialize)]
#[cfg_attr(test, derive(PartialEq, Debug))]
pub(crate) enum NotStarted<'a> {
    MissingDependency { library: &'a str },
    OldSystem { version: &'a str },
    MissingSymbol { symbol: &'a str },
    GlobalProtobuf { library: Option<&'a str> },
    PrivateLibstdcxx { library: Option<&'a str>, users: Batch<&'a str> },
    NotLoadable { detail: &'a str },
}

/// What became of a call that did not succeed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Failure {
    /// The SDK's return value.
    Sdk(i32),
    OutOfMemory,
    /// The SDK answered with something that its interface rules out.
    BrokenReply,
    /// The reply is larger than a frame can be.
    TooLarge,
    /// The worker would not make this call.
    Refused,
}

/// Bytes that are written and read in one piece.
#[derive(Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(transparent)]
pub(crate) struct Blob<'a>(#[serde(borrow)] pub(crate) &'a [u8]);

impl Serialize for Blob<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_bytes(self.0)
    }
}

/// The length only: it may be a secret or a message.
impl fmt::Debug for Blob<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "[{} bytes]", self.0.len())
    }
}

/// A list of no more than [`MAX_BATCH`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub(crate) struct Batch<T>(pub(crate) Vec<T>);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Batch<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct AtMost<T>(PhantomData<T>);

        impl<'de, T: Deserialize<'de>> Visitor<'de> for AtMost<T> {
            type Value = Vec<T>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "at most {MAX_BATCH} items")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Vec<T>, A::Error> {
                let mut batch = Vec::with_capacity(items.size_hint().unwrap_or(0).min(MAX_BATCH));
                while let Some(item) = items.next_element()? {
                    if batch.len() >= MAX_BATCH {
                        return Err(A::Error::invalid_length(batch.len().saturating_add(1), &self));
                    }
                    batch.push(item);
                }
                Ok(batch)
            }
        }

        deserializer.deserialize_seq(AtMost(PhantomData)).map(Self)
    }
}
