//! Read WeCom's (企业微信) conversation archive.
//!
//! WeCom hands the archive out through one door: a closed C library, `libWeWorkFinanceSdk_C.so`. This crate is the way to
//! use it from Rust without a handle in sight: one `unsafe` line to load it, then iterators that resume, readers that
//! check what they read, messages that are typed and lose nothing, and errors that say what to do.
//!
#![cfg_attr(all(feature = "native", any(feature = "aws-lc-rs", feature = "rsa")), doc = "```no_run")]
#![cfg_attr(not(all(feature = "native", any(feature = "aws-lc-rs", feature = "rsa"))), doc = "```ignore")]
//! use std::time::Duration;
//! use wecom_finance::{Body, KeyRing, Library, Message, Sdk, Secret};
//!
//! // SAFETY: the vendor's library, which is trusted to run its initialisers.
//! let library = unsafe { Library::open("/opt/wecom/libWeWorkFinanceSdk_C.so") }?;
//! let keys = KeyRing::from_dir("keys")?; // keys/1.pem, keys/2.pem, …
//! let sdk = Sdk::builder(library, "ww0123456789abcdef", Secret::from_file("secret")?)
//!     .timeout(Duration::from_secs(30))
//!     .build()?;
//!
//! let mut chat = sdk.chat(&keys).after(0);
//! for record in &mut chat {
//!     match record {
//!         Ok(record) => match record.message() {
//!             Message::Chat(m) => match &m.body {
//!                 Body::Text(text) => println!("{} {} → {}: {}", m.time, m.from, m.to, text.content),
//!                 Body::Unknown(other) => println!("new type {}: {}", other.msgtype, record.raw()),
//!                 _ => {}
//!             },
//!             Message::Switch(log) => println!("{} switched corp at {}", log.user, log.time),
//!             _ => {}
//!         },
//!         // One bad message: its ciphertext is in the error, the stream goes on.
//!         Err(error) if error.sealed().is_some() => eprintln!("{error}"),
//!         // The page could not be had, retries included: resume from `chat.cursor()` later.
//!         Err(error) => return Err(error),
//!     }
//! }
//! # Ok::<(), wecom_finance::Error>(())
//! ```
//!
//! # The pieces
//!
//! | | |
//! |---|---|
//! | [`Library`] | the vendor's library, loaded once per process |
//! | [`Sdk`] | a connection to one corp's archive: shared by threads, retries, fresh tokens, page sizes |
//! | [`KeyRing`] | the corp's private keys by `publickey_ver`, from PEM files or a KMS |
//! | [`ChatIterator`] | messages in order, opened and read, from a cursor to the head of the stream |
//! | [`Sdk::page`], [`KeyRing::open`] | the same in two steps, for those who store the ciphertext first |
//! | [`Gap`] | what WeCom did not hand out: it forgets messages after some days, and does not say so |
//! | [`MediaReader`] | a file of a message: `Read`, `BufRead` and `Seek`, resumable, checked at the end |
//! | [`Downloader`], [`Download`] | the same over several sessions at once, for many files or large ones |
//! | [`Message`] | what a message says; needs no SDK and builds anywhere |
//! | [`Worker`] | the SDK in a process of its own, see [`worker`]: no crash of it reaches this one, and there is no `unsafe` |
//! | [`Error`], [`SdkCode`], [`ServerCode`] | what went wrong, and the remedy in English and Chinese |
//!
//! # Crate features
//!
//! | feature | default | |
//! |---|---|---|
//! | `native` | yes | loads the SDK. Without it the message model and the keys remain, on any platform |
//! | `aws-lc-rs` | yes | RSA by AWS-LC: fast, blinded; building needs a C compiler |
//! | `rsa` | no | RSA in pure Rust, see [`RustCryptoKey`] for its known weakness |
//! | `egress` | no | WeCom's certificate is checked, the true reasons of failures are told, connections are kept |
//! | `schema` | no | JSON Schema of the message model, by `schemars` |
//!
//! With neither RSA feature, [`KeyRing::insert_decryptor`] takes your own.
//!
//! # What it does not do
//!
//! * The SDK does not check TLS certificates: whoever sits between this machine and WeCom can read the secret and forge
//!   replies. `SdkBuilder::verified_tls` (feature `egress`) checks them.
//! * Some forged messages and media replies end the process inside the SDK (contracts C8 and C12); nothing in the same
//!   process can prevent that, and [`SdkBuilder::isolated`] makes it another process.
//! * The SDK prints the server's replies to token requests on the C stdout. Without a worker, a program whose stdout is
//!   read by others must move descriptor 1 out of its reach before the first call.

#![allow(clippy::unnecessary_safety_comment, reason = "the example above has one, where it belongs")]

mod error;
mod keys;
pub mod message;
mod secret;
mod timestamp;

#[cfg(feature = "native")]
mod backend;
#[cfg(feature = "native")]
mod chat;
#[cfg(feature = "egress")]
mod egress;
#[cfg(feature = "native")]
mod media;
#[cfg(feature = "native")]
#[allow(unsafe_code, reason = "the calls into the SDK: every block argues from a numbered contract")]
mod native;
#[cfg(feature = "native")]
mod proxy;
#[cfg(feature = "native")]
mod sdk;
#[cfg(feature = "native")]
pub mod worker;

#[cfg(feature = "native")]
pub use wecom_finance_sys::{Clash, Library, LibraryFile, LoadError, OpenOptions, SdkBuild};

#[cfg(feature = "native")]
pub use crate::backend::{Backend, Session};
#[cfg(feature = "native")]
pub use crate::chat::{
    ChatIterator, ChatPage, ChatRecord, Gap, MalformedItem, OpenedMessage, RETENTION, SealedMessage,
};
#[cfg(feature = "egress")]
pub use crate::egress::{
    AcceptedCertificate, ClockSkew, Egress, EgressBuilder, EgressSession, EgressStats, Tls,
};
#[cfg(feature = "native")]
pub use crate::error::{
    CertificateProblem, Error, Operation, RejectedCertificate, Result, UnopenedMessage, UnopenedReason,
    UnreachableKind,
};
pub use crate::error::{Language, SdkCode, ServerCode};
#[cfg(feature = "aws-lc-rs")]
pub use crate::keys::AwsLcRsKey;
#[cfg(feature = "rsa")]
pub use crate::keys::RustCryptoKey;
pub use crate::keys::{
    CannotDecrypt, KeyError, KeyErrorKind, KeyOrigin, KeyRing, RandomKey, RandomKeyDecryptor, RandomKeyError,
};
#[cfg(feature = "native")]
pub use crate::media::{
    Download, Downloader, DownloaderBuilder, IndexToken, MediaChunk, MediaReader, SdkFileId, Verdict,
};
pub use crate::message::{
    Body, ChatMessage, InvalidJson, MediaKind, MediaReference, MediaReferences, Message, MsgId, MsgType,
    RoomId, SwitchLog, UserId,
};
#[cfg(feature = "native")]
pub use crate::native::return_freed_memory;
#[cfg(feature = "native")]
pub use crate::proxy::Proxy;
#[cfg(feature = "native")]
pub use crate::sdk::{LibrarySource, PageSize, RetryPolicy, Sdk, SdkBuilder};
pub use crate::secret::{Secret, SecretFileError};
pub use crate::timestamp::Timestamp;
#[cfg(feature = "native")]
pub use crate::worker::{Worker, WorkerEnd, WorkerStartError, WorkerStats};
