//! The plain messages that are a file.

use std::time::Duration;

#[cfg(feature = "schema")]
use schemars::JsonSchema;
use serde::Serialize;

use crate::message::content::{Content, FileId};
use crate::message::lenient::{Fields, Misfit};
use crate::message::newtype::open_enumeration;
#[cfg(feature = "schema")]
use crate::message::schema::as_written;

/// A picture. WeCom delivers JPEG.
///
/// Source: the table of message types in the vendor's documentation, page 91774, `image`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(JsonSchema), schemars(transform = as_written))]
#[non_exhaustive]
pub struct Image {
    /// MD5 of the file, in hexadecimal. Sometimes missing.
    #[serde(rename = "md5sum", skip_serializing_if = "Option::is_none")]
    pub md5: Option<String>,
    /// Bytes.
    #[serde(rename = "filesize", skip_serializing_if = "Option::is_none")]
    pub size: Option<u64>,
    /// What to fetch the file by.
    #[serde(rename = "sdkfileid")]
    pub file_id: FileId,
}

impl Image {
    pub(in crate::message) fn read(body: &Fields<'_>) -> Result<Self, Misfit> {
        Ok(Self {
            md5: body.optional_text("md5sum"),
            size: body.number("filesize"),
            file_id: body.text("sdkfileid")?,
        })
    }
}

/// A voice message. WeCom delivers AMR.
///
/// Source: the table of message types in the vendor's documentation, page 91774, `voice`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(JsonSchema), schemars(transform = as_written))]
#[non_exhaustive]
pub struct Voice {
    /// MD5 of the file, in hexadecimal. Sometimes missing.
    #[serde(rename = "md5sum", skip_serializing_if = "Option::is_none")]
    pub md5: Option<String>,
    /// Bytes. The key differs from that of other files.
    #[serde(rename = "voice_size", skip_serializing_if = "Option::is_none")]
    pub size: Option<u64>,
    /// How long it plays, in whole seconds.
    #[serde(skip_serializing_if = "Option::is_none", with = "crate::message::units::seconds")]
    #[cfg_attr(feature = "schema", schemars(with = "Option<u64>"))]
    pub play_length: Option<Duration>,
    /// What to fetch the file by.
    #[serde(rename = "sdkfileid")]
    pub file_id: FileId,
}

impl Voice {
    pub(in crate::message) fn read(body: &Fields<'_>) -> Result<Self, Misfit> {
        Ok(Self {
            md5: body.optional_text("md5sum"),
            size: body.number("voice_size"),
            play_length: body.seconds("play_length"),
            file_id: body.text("sdkfileid")?,
        })
    }
}

/// A video. WeCom delivers MP4.
///
/// Source: the table of message types in the vendor's documentation, page 91774, `video`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(JsonSchema), schemars(transform = as_written))]
#[non_exhaustive]
pub struct Video {
    /// MD5 of the file, in hexadecimal. Sometimes missing.
    #[serde(rename = "md5sum", skip_serializing_if = "Option::is_none")]
    pub md5: Option<String>,
    /// Bytes.
    #[serde(rename = "filesize", skip_serializing_if = "Option::is_none")]
    pub size: Option<u64>,
    /// How long it plays, in whole seconds.
    #[serde(skip_serializing_if = "Option::is_none", with = "crate::message::units::seconds")]
    #[cfg_attr(feature = "schema", schemars(with = "Option<u64>"))]
    pub play_length: Option<Duration>,
    /// What to fetch the file by.
    #[serde(rename = "sdkfileid")]
    pub file_id: FileId,
}

impl Video {
    pub(in crate::message) fn read(body: &Fields<'_>) -> Result<Self, Misfit> {
        Ok(Self {
            md5: body.optional_text("md5sum"),
            size: body.number("filesize"),
            play_length: body.seconds("play_length"),
            file_id: body.text("sdkfileid")?,
        })
    }
}

/// A file of any kind.
///
/// Source: the table of message types in the vendor's documentation, page 91774, `file`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(JsonSchema), schemars(transform = as_written))]
#[non_exhaustive]
pub struct File {
    /// MD5 of the file, in hexadecimal. Sometimes missing.
    #[serde(rename = "md5sum", skip_serializing_if = "Option::is_none")]
    pub md5: Option<String>,
    /// Bytes; files above 2 GiB occur.
    #[serde(rename = "filesize", skip_serializing_if = "Option::is_none")]
    pub size: Option<u64>,
    /// The sender's name of the file. Anything may be in it, path separators included: never use it as a path
    /// unchecked.
    #[serde(rename = "filename")]
    pub name: Content,
    /// The file's extension without a dot, as the archive states it.
    #[serde(rename = "fileext", skip_serializing_if = "Option::is_none")]
    pub extension: Option<Content>,
    /// What to fetch the file by.
    #[serde(rename = "sdkfileid")]
    pub file_id: FileId,
}

impl File {
    pub(in crate::message) fn read(body: &Fields<'_>) -> Result<Self, Misfit> {
        Ok(Self {
            md5: body.optional_text("md5sum"),
            size: body.number("filesize"),
            name: body.text_or_empty("filename"),
            extension: body.optional_text("fileext"),
            file_id: body.text("sdkfileid")?,
        })
    }
}

/// A sticker.
///
/// Source: the table of message types in the vendor's documentation, page 91774, `emotion`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(JsonSchema), schemars(transform = as_written))]
#[non_exhaustive]
pub struct Emotion {
    /// The format of the picture.
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    pub emotion_type: Option<EmotionType>,
    /// Pixels.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub width: Option<u32>,
    /// Pixels.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub height: Option<u32>,
    /// MD5 of the file, in hexadecimal. WeCom's value is wrong for some files.
    #[serde(rename = "md5sum", skip_serializing_if = "Option::is_none")]
    pub md5: Option<String>,
    /// Bytes. The key differs from that of other files.
    #[serde(rename = "imagesize", skip_serializing_if = "Option::is_none")]
    pub size: Option<u64>,
    /// What to fetch the file by.
    #[serde(rename = "sdkfileid")]
    pub file_id: FileId,
}

impl Emotion {
    pub(in crate::message) fn read(body: &Fields<'_>) -> Result<Self, Misfit> {
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

open_enumeration! {
    /// The format of a sticker: WeCom's number, two of which have a documented meaning.
    EmotionType {
        /// A GIF, most often animated.
        GIF = 1,
        /// A PNG.
        PNG = 2,
    }
}

impl EmotionType {
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
