//! Reads WeCom's (企业微信) conversation archive.

mod error;
mod message;
mod secret;
mod timestamp;

pub use crate::error::{Language, SdkCode, ServerCode};
pub use crate::message::{
    Action, Body, ChatMessage, Content, Emotion, EmotionType, File, FileId, Image, InvalidJson,
    InvalidJsonKind, MediaKind, MediaReference, Message, MsgId, MsgType, Recipients, Revoke, RoomId,
    SwitchLog, Text, UnknownBody, UserId, Video, Voice,
};
pub use crate::secret::{Secret, SecretFileError};
pub use crate::timestamp::Timestamp;
