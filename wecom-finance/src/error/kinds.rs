use std::borrow::Cow;
use std::fmt;
use std::io;
use std::net::IpAddr;

use bytes::Bytes;

use super::{Language, RejectedCertificate, SdkCode, ServerCode, UnreachableKind};
use crate::SealedMessage;
use crate::keys::KeyError;
use crate::message::InvalidJson;
use crate::secret::SecretFileError;
use crate::worker::{WorkerEnd, WorkerStartError};

/// Everything that can go wrong between a program and WeCom.
///
/// A failure that concerns one message carries it sealed, see [`Error::sealed`]: the stream goes on after it.
/// [`Error::remedy`] says what to do, in two languages.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The SDK answered with a code of its own.
    #[error("{operation} failed: {code}")]
    #[non_exhaustive]
    Sdk {
        /// What was being done.
        operation: Operation,
        /// The SDK's code.
        code: SdkCode,
    },
    /// WeCom's server refused.
    #[error("{operation} was refused by WeCom: {code}{}", in_brackets(message))]
    #[non_exhaustive]
    Server {
        /// What was being done.
        operation: Operation,
        /// The server's `errcode`.
        code: ServerCode,
        /// The server's `errmsg`, cut to a bearable length.
        message: String,
    },
    /// An argument that the SDK would misread, refuse or not survive.
    #[error("{argument} {problem}")]
    #[non_exhaustive]
    InvalidArgument {
        /// Which argument.
        argument: &'static str,
        /// What is wrong with it.
        problem: &'static str,
    },
    /// The reply to a request for a page is not a page: an error page of a proxy, a cut reply.
    #[error("the reply is not a page of messages: {detail}")]
    #[non_exhaustive]
    UnreadablePage {
        /// What it is instead, or where reading it stopped. Never its content.
        detail: String,
    },
    /// A message could not be opened or read. The stream goes on after it.
    #[error(transparent)]
    Unopened(#[from] Box<UnopenedMessage>),
    /// A file cannot be read on: the index tokens do not move forward, or a chunk has the wrong length.
    #[error("reading the file stopped at byte {position}: {detail}")]
    #[non_exhaustive]
    MediaStalled {
        /// How many bytes had been read by then.
        position: u64,
        /// What the SDK answered.
        detail: &'static str,
    },
    /// The SDK answered with something that its interface rules out.
    #[error("{operation} answered with {detail}")]
    #[non_exhaustive]
    BrokenReply {
        /// What was being done.
        operation: Operation,
        /// What is wrong with the answer.
        detail: &'static str,
    },
    /// Whoever answers in WeCom's place could not prove to be WeCom. Nothing was sent, the secret least of all.
    #[error("{operation} failed: the certificate presented for WeCom is not accepted: {certificate}")]
    #[non_exhaustive]
    CertificateRejected {
        /// What was being done.
        operation: Operation,
        /// What was presented.
        certificate: Box<RejectedCertificate>,
    },
    /// WeCom cannot be reached.
    #[error("{operation} failed: WeCom cannot be reached{}: {kind}{}", through(proxy.as_deref()), in_brackets(detail))]
    #[non_exhaustive]
    Unreachable {
        /// What was being done.
        operation: Operation,
        /// Where the way ends.
        kind: UnreachableKind,
        /// The proxy that the way leads through, without credentials.
        proxy: Option<Box<str>>,
        /// What else is known.
        detail: Box<str>,
    },
    /// The server's reply cannot be used, and was kept from the SDK, which does not survive all of them (C12).
    #[error("{operation} failed: the server's reply cannot be used: {detail}")]
    #[non_exhaustive]
    UnusableReply {
        /// What was being done.
        operation: Operation,
        /// What is wrong with the reply. Never its content.
        detail: String,
    },
    /// The verified egress cannot be set up.
    #[error("the verified egress cannot be set up: {detail}")]
    #[non_exhaustive]
    EgressSetup {
        /// What is missing or wrong.
        detail: String,
    },
    /// The SDK could not allocate memory.
    #[error("{operation} could not allocate memory")]
    #[non_exhaustive]
    OutOfMemory {
        /// What was being done.
        operation: Operation,
    },
    /// The worker process that the SDK runs in ended over this call, and so did the next one.
    #[error("{operation} failed: the worker process {end}, twice")]
    #[non_exhaustive]
    WorkerDied {
        /// What was being done.
        operation: Operation,
        /// How it ended the second time.
        end: WorkerEnd,
    },
    /// There is no worker process.
    #[error(transparent)]
    WorkerStart(#[from] Box<WorkerStartError>),
    /// A private key cannot be used.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// A secret cannot be read.
    #[error(transparent)]
    Secret(#[from] SecretFileError),
    /// The SDK cannot be loaded.
    #[error(transparent)]
    Load(#[from] wecom_finance_sys::LoadError),
}

/// `errmsg` is quoted in errors up to this many characters.
const QUOTED_ERRMSG_CHARACTERS: usize = 300;

const _: () = assert!(size_of::<Error>() <= 96, "errors travel in every Result");

fn through(proxy: Option<&str>) -> String {
    proxy.map_or_else(String::new, |proxy| format!(" through {proxy}"))
}

fn in_brackets(text: &str) -> String {
    if text.is_empty() { String::new() } else { format!(" ({text})") }
}

/// A step of the conversation with the SDK.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Operation {
    /// `NewSdk` and `Init`.
    Init,
    /// The request for an access token, which the SDK makes on its own before others.
    Token,
    /// `GetChatData`.
    Chat,
    /// `DecryptData`.
    Open,
    /// `GetMediaData`.
    Media,
    /// The question for the members that the archive records, which is none of the SDK's.
    Scope,
}

impl fmt::Display for Operation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Init => "initialising the SDK",
            Self::Token => "getting an access token",
            Self::Chat => "pulling messages",
            Self::Open => "opening a message",
            Self::Media => "fetching a file",
            Self::Scope => "asking for the members in scope",
        })
    }
}

/// A message that could not be opened or read, with all that is needed to try again.
#[derive(Clone, thiserror::Error)]
#[error("message {} (seq {}): {reason}", sealed.msgid(), sealed.seq)]
#[non_exhaustive]
pub struct UnopenedMessage {
    /// The message as WeCom sent it.
    pub sealed: SealedMessage,
    /// Why it could not be opened.
    pub reason: UnopenedReason,
    /// What there is of its content: the opened text that is not JSON, or the page's item that is not a message.
    pub content: Option<Bytes>,
}

impl fmt::Debug for UnopenedMessage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("UnopenedMessage")
            .field("sealed", &self.sealed)
            .field("reason", &self.reason)
            .field("content", &self.content.as_ref().map(|content| format!("[{} bytes]", content.len())))
            .finish()
    }
}

/// Why a message could not be opened or read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum UnopenedReason {
    /// The key ring has no key of this version. It opens once the key is added.
    #[error("no private key of version {publickey_ver}")]
    #[non_exhaustive]
    MissingKey {
        /// The version that is asked for.
        publickey_ver: u32,
    },
    /// The key does not fit or the message is damaged. RSA and the SDK's own decryption are not told apart, so that
    /// nobody can use the difference to attack the key.
    #[error("cannot be decrypted with the private key of its version")]
    CannotDecrypt,
    /// `encrypt_chat_msg` is too short to be one: the SDK would end the process (C7).
    #[error("its ciphertext has only {len} bytes")]
    #[non_exhaustive]
    TooShort {
        /// How many bytes it has.
        len: usize,
    },
    /// It was opened, and is not JSON.
    #[error("its opened text is not a message: {0}")]
    InvalidJson(InvalidJson),
    /// Each worker process that tried to open it ended over it (C8).
    #[error("the worker process that opens it {end}")]
    #[non_exhaustive]
    KilledWorker {
        /// How it ended.
        end: WorkerEnd,
    },
    /// The page's item is not a sealed message.
    #[error("an item of the page is not a sealed message")]
    Malformed,
}

impl UnopenedReason {
    /// A short name that stays the same: for databases and for programs.
    #[must_use]
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::MissingKey { .. } => "missing_key",
            Self::CannotDecrypt => "cannot_decrypt",
            Self::TooShort { .. } => "too_short",
            Self::InvalidJson(_) => "invalid_json",
            Self::KilledWorker { .. } => "killed_worker",
            Self::Malformed => "malformed",
        }
    }

    fn remedy(&self, language: Language) -> &'static str {
        let (english, chinese) = match self {
            Self::MissingKey { .. } => (
                "add the private key of this version to the keys, then replay the quarantine",
                "将该版本的私钥加入密钥目录，然后重放隔离区",
            ),
            Self::CannotDecrypt => (
                "check that the private key belongs to the public key of this version in the admin console; the \
                 ciphertext is kept, replay the quarantine after correcting the key",
                "请检查该私钥与管理后台中该版本的公钥是否配对；密文已保留，更正密钥后可重放隔离区",
            ),
            Self::TooShort { .. } | Self::Malformed => (
                "WeCom sent it damaged; it is kept as it came, nothing else is affected",
                "企业微信下发的数据已损坏；已原样保留，不影响其他消息",
            ),
            Self::KilledWorker { .. } => (
                "the SDK does not survive it: it is kept as it came, and nothing else is affected; replay the quarantine \
                 with a newer SDK",
                "SDK 打开该消息时会崩溃；密文已原样保留，不影响其他消息；升级 SDK 后可重放隔离区",
            ),
            Self::InvalidJson(_) => (
                "its text is kept as it is; report its form, so that it can be read",
                "其明文已原样保留；请反馈其格式以便支持",
            ),
        };
        match language {
            Language::Chinese => chinese,
            _ => english,
        }
    }
}

impl Error {
    /// The SDK's answer to a call, for a [`Backend`](crate::Backend) of one's own.
    #[must_use]
    pub fn from_sdk(operation: Operation, code: SdkCode) -> Self {
        Self::Sdk { operation, code }
    }

    /// What the server refused, with its text cut to a bearable length, and nothing in it that a terminal would obey.
    pub(crate) fn refused(operation: Operation, errcode: i64, errmsg: &str) -> Self {
        Self::Server {
            operation,
            code: ServerCode::from_raw(errcode),
            message: errmsg.chars().filter(|c| !c.is_control()).take(QUOTED_ERRMSG_CHARACTERS).collect(),
        }
    }

    /// The message that this error concerns, if it concerns one only: the stream goes on after it.
    #[must_use]
    pub fn sealed(&self) -> Option<&SealedMessage> {
        self.unopened().map(|unopened| &unopened.sealed)
    }

    /// What is known about the message that could not be opened, if that is what this error is.
    #[must_use]
    pub fn unopened(&self) -> Option<&UnopenedMessage> {
        match self {
            Self::Unopened(unopened) => Some(unopened),
            _ => None,
        }
    }

    /// The SDK's code, if it answered with one.
    #[must_use]
    pub fn sdk_code(&self) -> Option<SdkCode> {
        match self {
            Self::Sdk { code, .. } => Some(*code),
            _ => None,
        }
    }

    /// The server's code, if it was the server that refused.
    #[must_use]
    pub fn server_code(&self) -> Option<ServerCode> {
        match self {
            Self::Server { code, .. } => Some(*code),
            _ => None,
        }
    }

    /// The IP address that the server saw and does not allow, where it names it: the one to allow.
    #[must_use]
    pub fn refused_address(&self) -> Option<IpAddr> {
        match self {
            Self::Server { message, .. } => refused_address(message),
            _ => None,
        }
    }

    /// The `hint` of a refusal: what the vendor's support asks for.
    #[must_use]
    pub fn server_hint(&self) -> Option<&str> {
        let Self::Server { message, .. } = self else { return None };
        let (_, rest) = message.split_once("hint: [")?;
        rest.split_once(']').map(|(hint, _)| hint)
    }

    /// Whether the reply to a request for messages did not come, or not to its end, within the time limit.
    pub(crate) fn is_page_that_timed_out(&self) -> bool {
        matches!(self, Self::Unreachable { operation: Operation::Chat, kind: UnreachableKind::TimedOut, .. })
    }

    /// Whether the same call may succeed later without any change. [`Sdk`](crate::Sdk) has retried such an error as
    /// often as its policy allows.
    #[must_use]
    pub fn is_retryable(&self) -> bool {
        match self {
            Self::Sdk { code, .. } => code.is_retryable(),
            Self::Server { code, .. } => code.is_retryable(),
            Self::UnreadablePage { .. }
            | Self::MediaStalled { .. }
            | Self::UnusableReply { .. }
            | Self::Unreachable { .. } => true,
            Self::WorkerDied { end, .. } => end.came_from_outside(),
            Self::WorkerStart(error) => error.is_retryable(),
            Self::InvalidArgument { .. }
            | Self::Unopened(_)
            | Self::BrokenReply { .. }
            | Self::CertificateRejected { .. }
            | Self::EgressSetup { .. }
            | Self::OutOfMemory { .. }
            | Self::Key(_)
            | Self::Secret(_)
            | Self::Load(_) => false,
        }
    }

    /// What is wrong, in one sentence: in English the `Display` text with those of its causes, in Chinese the same. What other
    /// systems say about it stays in their language.
    ///
    /// ```
    /// use wecom_finance::{Error, Language, Operation, SdkCode};
    ///
    /// let error = Error::from_sdk(Operation::Media, SdkCode::Expired);
    /// assert_eq!(error.describe(Language::English), "fetching a file failed: the file has expired (10010)");
    /// assert_eq!(error.describe(Language::Chinese), "下载文件失败：文件已过期（10010）");
    /// ```
    #[must_use]
    pub fn describe(&self, language: Language) -> String {
        match language {
            Language::English => with_causes(self),
            Language::Chinese => super::chinese::describe(self),
        }
    }

    /// What to do about it, in one sentence.
    #[must_use]
    pub fn remedy(&self, language: Language) -> Cow<'static, str> {
        match self {
            Self::Sdk { code, .. } => code.remedy(language).into(),
            Self::Server { code, .. } => match (self.refused_address(), code) {
                (Some(address), ServerCode::IpNotAllowed | ServerCode::ArchiveIpNotAllowed) => match language
                {
                    Language::Chinese => format!("将 {address} 加入会话内容存档的可信 IP 列表").into(),
                    _ => format!("add {address} to the trusted IPs of the conversation archive").into(),
                },
                _ => code.remedy(language).into(),
            },
            Self::Unopened(unopened) => unopened.reason.remedy(language).into(),
            Self::CertificateRejected { certificate, .. } => certificate.problem.remedy(language).into(),
            Self::Unreachable { kind, proxy, .. } => kind.remedy(proxy.is_some(), language).into(),
            Self::EgressSetup { .. } => {
                either(language, "correct what the message names", "请按提示更正相应配置")
            }
            Self::UnreadablePage { .. }
            | Self::MediaStalled { .. }
            | Self::UnusableReply { .. }
            | Self::BrokenReply { .. } => either(
                language,
                "try again; if it stays, look at what stands between this machine and qyapi.weixin.qq.com",
                "请重试；若持续出现，请检查本机与 qyapi.weixin.qq.com 之间的代理或网关",
            ),
            Self::InvalidArgument { .. } => either(language, "correct the argument", "请更正该参数"),
            Self::OutOfMemory { .. } => either(language, "free some memory", "请释放内存"),
            Self::WorkerDied { end, .. } if end.came_from_outside() => either(
                language,
                "look for what ends processes here: the system's log tells whether memory was short",
                "请检查是什么结束了该进程：系统日志会显示是否因内存不足",
            ),
            Self::WorkerDied { .. } => either(
                language,
                "the SDK does not survive this reply, and nothing else is affected; if it was not WeCom's, somebody \
                 between this machine and qyapi.weixin.qq.com forges replies",
                "SDK 处理该回复时崩溃或无响应，不影响其他数据；若该回复并非来自企业微信，则链路中可能有人伪造回复",
            ),
            Self::WorkerStart(error) => error.remedy(language).into(),
            Self::Key(_) | Self::Secret(_) | Self::Load(_) => {
                either(language, "the message above says what to do", "请按上面的提示处理")
            }
        }
    }
}

fn with_causes(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let next = error.to_string();
        if !text.ends_with(&next) {
            text = format!("{text}: {next}");
        }
        cause = error.source();
    }
    text
}

fn either(language: Language, english: &'static str, chinese: &'static str) -> Cow<'static, str> {
    match language {
        Language::Chinese => chinese.into(),
        _ => english.into(),
    }
}

/// The address that WeCom saw, which it names in the text of an IP refusal: `… from ip: 203.0.113.9, more info at …`.
fn refused_address(message: &str) -> Option<IpAddr> {
    let (_, rest) = message.split_once("from ip:")?;
    rest.trim_start().split([',', ' ']).next()?.parse().ok()
}

impl From<UnopenedMessage> for Error {
    fn from(unopened: UnopenedMessage) -> Self {
        Self::Unopened(Box::new(unopened))
    }
}

impl From<WorkerStartError> for Error {
    fn from(error: WorkerStartError) -> Self {
        Self::WorkerStart(Box::new(error))
    }
}

/// For `Read` implementations. The error itself can be had back with [`io::Error::downcast`].
impl From<Error> for io::Error {
    fn from(error: Error) -> Self {
        let kind = match &error {
            Error::Sdk { code: SdkCode::Network, .. } | Error::Unreachable { .. } => {
                io::ErrorKind::ConnectionAborted
            }
            Error::Sdk { code: SdkCode::Expired, .. } => io::ErrorKind::NotFound,
            Error::Sdk { code: SdkCode::IpNotAllowed, .. }
            | Error::Server { code: ServerCode::IpNotAllowed | ServerCode::ArchiveIpNotAllowed, .. }
            | Error::CertificateRejected { .. } => io::ErrorKind::PermissionDenied,
            Error::InvalidArgument { .. } | Error::Sdk { code: SdkCode::InvalidArgument, .. } => {
                io::ErrorKind::InvalidInput
            }
            Error::MediaStalled { .. } | Error::BrokenReply { .. } | Error::UnusableReply { .. } => {
                io::ErrorKind::InvalidData
            }
            Error::OutOfMemory { .. } => io::ErrorKind::OutOfMemory,
            _ => io::ErrorKind::Other,
        };
        Self::new(kind, error)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(message: &str) -> Error {
        Error::refused(Operation::Chat, 60020, message)
    }

    #[test]
    fn the_remedy_names_the_address_that_wecom_saw() {
        let error = refused(
            "not allow to access from your ip, hint: [1711], from ip: 203.0.113.9, more info at https",
        );
        assert!(error.remedy(Language::Chinese).contains("203.0.113.9"));
        assert!(error.remedy(Language::English).contains("203.0.113.9"));
        assert_eq!((error.server_hint(), refused("hint: [").server_hint()), (Some("1711"), None));
        assert!(!refused("no ip here").remedy(Language::English).is_empty());
    }

    #[test]
    fn what_the_server_says_cannot_move_the_cursor() {
        let error = refused("not \u{1b}[2Jallow\r\n");
        assert!(error.to_string().ends_with("(not [2Jallow)"), "{error}");
    }

    #[test]
    fn an_io_error_gives_the_error_back() {
        let io = io::Error::from(refused("from ip: 203.0.113.9"));
        let error = io.downcast::<Error>().unwrap();
        assert_eq!(error.server_code(), Some(ServerCode::IpNotAllowed));
    }

    #[test]
    fn errors_can_be_sent_and_kept() {
        fn takes<T: std::error::Error + Send + Sync + 'static>() {}
        takes::<Error>();
    }
}
