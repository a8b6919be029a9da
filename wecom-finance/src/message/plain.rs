//! The plain messages: one body, nothing nested.

use std::time::Duration;

use super::content::{Content, FileId};
use super::id::MsgId;
use super::lenient::{Fields, Misfit};

/// A text message.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Text {
    /// The text as it was typed. Built-in emoji are words in brackets (`[微笑]`), mentions and quotes are plain
    /// text.
    pub content: Content,
}

/// A picture. WeCom delivers JPEG.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Image {
    /// MD5 of the file, in hexadecimal.
    pub md5: Option<String>,
    /// Bytes.
    pub size: Option<u64>,
    /// What to fetch the file by.
    pub file_id: FileId,
}

/// A voice message. WeCom delivers AMR.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Voice {
    /// MD5 of the file, in hexadecimal.
    pub md5: Option<String>,
    /// Bytes.
    pub size: Option<u64>,
    /// How long it plays, in whole seconds.
    pub play_length: Option<Duration>,
    /// What to fetch the file by.
    pub file_id: FileId,
}

/// A video. WeCom delivers MP4.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Video {
    /// MD5 of the file, in hexadecimal.
    pub md5: Option<String>,
    /// Bytes.
    pub size: Option<u64>,
    /// How long it plays, in whole seconds.
    pub play_length: Option<Duration>,
    /// What to fetch the file by.
    pub file_id: FileId,
}

/// A file of any kind.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct File {
    /// MD5 of the file, in hexadecimal. Sometimes missing.
    pub md5: Option<String>,
    /// Bytes; files above 2 GiB occur.
    pub size: Option<u64>,
    /// The sender's name of the file. Anything may be in it, path separators included: never use it as a path
    /// unchecked.
    pub name: Content,
    /// The file's extension without a dot, as the archive states it.
    pub extension: Option<Content>,
    /// What to fetch the file by.
    pub file_id: FileId,
}

/// A sticker.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Emotion {
    /// The format of the picture.
    pub emotion_type: Option<EmotionType>,
    /// Pixels.
    pub width: Option<u32>,
    /// Pixels.
    pub height: Option<u32>,
    /// MD5 of the file, in hexadecimal. WeCom's value is wrong for some files.
    pub md5: Option<String>,
    /// Bytes.
    pub size: Option<u64>,
    /// What to fetch the file by.
    pub file_id: FileId,
}

/// The format of a sticker: WeCom's number, two of which have a documented meaning.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EmotionType(pub u32);

impl EmotionType {
    /// A GIF, most often animated.
    pub const GIF: Self = Self(1);
    /// A PNG.
    pub const PNG: Self = Self(2);

    /// The file extension that goes with it, without a dot.
    #[must_use]
    pub fn extension(self) -> Option<&'static str> {
        match self {
            Self::GIF => Some("gif"),
            Self::PNG => Some("png"),
            Self(_) => None,
        }
    }
}

/// A message was taken back. The message itself stays in the archive, unchanged.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Revoke {
    /// The message that was taken back. It may be older than what the archive still hands out.
    pub pre_msgid: MsgId,
}

impl Text {
    pub(super) fn read(body: &Fields<'_>) -> Result<Self, Misfit> {
        Ok(Self { content: body.text("content")? })
    }
}

impl Image {
    pub(super) fn read(body: &Fields<'_>) -> Result<Self, Misfit> {
        Ok(Self {
            md5: body.optional_text("md5sum"),
            size: body.number("filesize"),
            file_id: body.text("sdkfileid")?,
        })
    }
}

impl Voice {
    pub(super) fn read(body: &Fields<'_>) -> Result<Self, Misfit> {
        Ok(Self {
            md5: body.optional_text("md5sum"),
            size: body.number("voice_size"),
            play_length: seconds(body, "play_length"),
            file_id: body.text("sdkfileid")?,
        })
    }
}

impl Video {
    pub(super) fn read(body: &Fields<'_>) -> Result<Self, Misfit> {
        Ok(Self {
            md5: body.optional_text("md5sum"),
            size: body.number("filesize"),
            play_length: seconds(body, "play_length"),
            file_id: body.text("sdkfileid")?,
        })
    }
}

impl File {
    pub(super) fn read(body: &Fields<'_>) -> Result<Self, Misfit> {
        Ok(Self {
            md5: body.optional_text("md5sum"),
            size: body.number("filesize"),
            name: body.text_or_empty("filename"),
            extension: body.optional_text("fileext"),
            file_id: body.text("sdkfileid")?,
        })
    }
}

impl Emotion {
    pub(super) fn read(body: &Fields<'_>) -> Result<Self, Misfit> {
        Ok(Self {
            emotion_type: body.number("type").map(EmotionType),
            width: body.number("width"),
            height: body.number("height"),
            md5: body.optional_text("md5sum"),
            size: body.number("imagesize"),
            file_id: body.text("sdkfileid")?,
        })
    }
}

impl Revoke {
    pub(super) fn read(body: &Fields<'_>) -> Result<Self, Misfit> {
        Ok(Self { pre_msgid: body.text("pre_msgid")? })
    }
}

fn seconds(body: &Fields<'_>, key: &str) -> Option<Duration> {
    body.number(key).map(Duration::from_secs)
}
