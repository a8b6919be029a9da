//! Reads WeCom's (企业微信) conversation archive.

mod error;
mod keys;
mod message;
mod secret;
mod timestamp;

pub use crate::error::{Language, SdkCode, ServerCode};
#[cfg(feature = "aws-lc-rs")]
pub use crate::keys::AwsLcRsKey;
#[cfg(feature = "rsa")]
pub use crate::keys::RustCryptoKey;
pub use crate::keys::{
    CannotDecrypt, KeyError, KeyErrorKind, KeyOrigin, KeyRing, RandomKey, RandomKeyDecryptor, RandomKeyError,
};
pub use crate::message::{
    Action, Body, ChatMessage, Content, Emotion, EmotionType, File, FileId, Image, InvalidJson,
    InvalidJsonKind, MediaKind, MediaReference, Message, MsgId, MsgType, Recipients, Revoke, RoomId,
    SwitchLog, Text, UnknownBody, UserId, Video, Voice,
};
pub use crate::secret::{Secret, SecretFileError};
pub use crate::timestamp::Timestamp;
