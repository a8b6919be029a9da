//! Media files that a message refers to.

use std::fmt;

use super::content::{Content, FileId};
use super::id::MsgType;
use super::lenient::Fields;
use super::plain::EmotionType;

/// A media file that a message refers to: where it stands, and what is known about the file before fetching
/// it.
///
/// A message can hold several, so store files by msgid and [`path`](Self::path).
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct MediaReference {
    /// What kind of file it is.
    pub kind: MediaKind,
    /// Where in the message: JSON pointer (RFC 6901) to the object that holds the `sdkfileid`, for example
    /// `/image`.
    ///
    /// The parts of a composite message are JSON in strings. The pointer goes on inside of the parsed string, as
    /// if the object stood there itself: `/chatrecord/item/3/content/item/0/content`.
    pub path: String,
    file_id: FileId,
    size: Option<u64>,
    md5: Option<String>,
    file_name: Option<Content>,
    extension: Option<Content>,
}

impl MediaReference {
    /// What to fetch the file by.
    #[must_use]
    pub fn file_id(&self) -> &str {
        self.file_id.as_str()
    }

    /// Bytes, where the message states it.
    #[must_use]
    pub fn size(&self) -> Option<u64> {
        self.size
    }

    /// MD5 of the file in hexadecimal, where the message states it. For [`MediaKind::Emotion`] it is
    /// sometimes wrong.
    #[must_use]
    pub fn md5(&self) -> Option<&str> {
        self.md5.as_deref()
    }

    /// The sender's name of the file. Untrusted: it may contain path separators and anything else.
    #[must_use]
    pub fn file_name(&self) -> Option<&str> {
        self.file_name.as_ref().map(Content::as_str)
    }

    /// The file extension without a dot that the message states, or that goes with this kind of media.
    /// Untrusted if it is a [`MediaKind::File`]'s.
    #[must_use]
    pub fn extension(&self) -> Option<&str> {
        self.extension.as_ref().map(Content::as_str)
    }
}

/// What kind of media file it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum MediaKind {
    /// A picture.
    Image,
    /// A voice message.
    Voice,
    /// A video.
    Video,
    /// A file of any kind.
    File,
    /// A sticker.
    Emotion,
    /// The recording of a call. Nothing is stated about the file.
    MeetingVoiceCall,
    /// A document that was shared during a call.
    VoipDocShare,
    /// A file in a place that this version of the library does not know.
    Other,
}

impl MediaKind {
    /// The kind in one lower-case word, the same as the `msgtype` that carries it; `other` for
    /// [`Other`](Self::Other).
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Image => "image",
            Self::Voice => "voice",
            Self::Video => "video",
            Self::File => "file",
            Self::Emotion => "emotion",
            Self::MeetingVoiceCall => "meeting_voice_call",
            Self::VoipDocShare => "voip_doc_share",
            Self::Other => "other",
        }
    }

    /// The kind of file that a message of this type is.
    pub(super) fn of_type(msgtype: &str) -> Option<Self> {
        Some(match msgtype {
            MsgType::IMAGE => Self::Image,
            MsgType::VOICE => Self::Voice,
            MsgType::VIDEO => Self::Video,
            MsgType::FILE => Self::File,
            MsgType::EMOTION => Self::Emotion,
            MsgType::MEETING_VOICE_CALL => Self::MeetingVoiceCall,
            MsgType::VOIP_DOC_SHARE => Self::VoipDocShare,
            _ => return None,
        })
    }
}

impl fmt::Display for MediaKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl MediaReference {
    /// Reads an object that may hold a `sdkfileid`, in a message or a part of this kind.
    pub(super) fn read(fields: &Fields<'_>, kind: Option<MediaKind>, path: &str) -> Option<Self> {
        let file_id = fields.optional_text("sdkfileid")?;
        let kind = kind.unwrap_or(MediaKind::Other);
        let size = match kind {
            MediaKind::Voice => fields.number("voice_size"),
            MediaKind::Emotion => fields.number("imagesize"),
            MediaKind::Other => {
                ["filesize", "voice_size", "imagesize"].iter().find_map(|key| fields.number(key))
            }
            _ => fields.number("filesize"),
        };
        let file_name: Option<Content> = fields.optional_text("filename");
        let stated = fields.optional_text("fileext").or_else(|| extension_of(file_name.as_ref()?.as_str()));
        let extension = match kind {
            MediaKind::Image => Some("jpg".into()),
            MediaKind::Voice => Some("amr".into()),
            MediaKind::Video => Some("mp4".into()),
            MediaKind::Emotion => {
                fields.number("type").map(EmotionType).and_then(EmotionType::extension).map(Content::from)
            }
            MediaKind::File | MediaKind::VoipDocShare | MediaKind::Other => stated,
            MediaKind::MeetingVoiceCall => None,
        };
        let md5 = match kind {
            MediaKind::VoipDocShare => fields.optional_text("md5sum").or_else(|| fields.optional_text("md5")),
            _ => fields.optional_text("md5sum"),
        };
        Some(Self { kind, path: path.to_owned(), file_id, size, md5, file_name, extension })
    }
}

fn extension_of(name: &str) -> Option<Content> {
    let (stem, extension) = name.rsplit_once('.')?;
    (!stem.is_empty() && !extension.is_empty()).then(|| extension.into())
}
