//! Media files that a message refers to.

use std::fmt;

use super::body::Body;
use super::content::{Content, FileId};
use super::plain::{Emotion, EmotionType, File, Image, Video, Voice};

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
}

impl MediaKind {
    /// The kind in one lower-case word, the same as the `msgtype` that carries it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Image => "image",
            Self::Voice => "voice",
            Self::Video => "video",
            Self::File => "file",
            Self::Emotion => "emotion",
        }
    }
}

impl fmt::Display for MediaKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl Body {
    /// The media files that this body refers to, in the order of the message.
    ///
    /// A reference without a `sdkfileid` is left out: there is nothing to fetch.
    pub fn media(&self) -> impl Iterator<Item = MediaReference> {
        let reference = match self {
            Self::Image(image) => Some(of_image(image)),
            Self::Voice(voice) => Some(of_voice(voice)),
            Self::Video(video) => Some(of_video(video)),
            Self::File(file) => Some(of_file(file)),
            Self::Emotion(emotion) => Some(of_emotion(emotion)),
            Self::Text(_) | Self::Revoke(_) | Self::Unknown(_) => None,
        };
        reference.into_iter().filter(|reference| !reference.file_id.is_empty())
    }
}

/// All five stand under the key that is also the name of their kind.
fn reference(kind: MediaKind, file_id: &FileId, size: Option<u64>, md5: Option<&String>) -> MediaReference {
    MediaReference {
        kind,
        path: format!("/{kind}"),
        file_id: file_id.clone(),
        size,
        md5: md5.cloned(),
        file_name: None,
        extension: None,
    }
}

fn of_image(Image { md5, size, file_id }: &Image) -> MediaReference {
    let extension = Some("jpg".into());
    MediaReference { extension, ..reference(MediaKind::Image, file_id, *size, md5.as_ref()) }
}

fn of_voice(Voice { md5, size, play_length: _, file_id }: &Voice) -> MediaReference {
    let extension = Some("amr".into());
    MediaReference { extension, ..reference(MediaKind::Voice, file_id, *size, md5.as_ref()) }
}

fn of_video(Video { md5, size, play_length: _, file_id }: &Video) -> MediaReference {
    let extension = Some("mp4".into());
    MediaReference { extension, ..reference(MediaKind::Video, file_id, *size, md5.as_ref()) }
}

fn of_file(File { md5, size, name, extension, file_id }: &File) -> MediaReference {
    let file_name = (!name.is_empty()).then(|| name.clone());
    let extension = extension.clone().or_else(|| {
        let (stem, extension) = name.as_str().rsplit_once('.')?;
        (!stem.is_empty() && !extension.is_empty()).then(|| extension.into())
    });
    MediaReference { file_name, extension, ..reference(MediaKind::File, file_id, *size, md5.as_ref()) }
}

fn of_emotion(Emotion { emotion_type, width: _, height: _, md5, size, file_id }: &Emotion) -> MediaReference {
    let extension = emotion_type.and_then(EmotionType::extension).map(Content::from);
    MediaReference { extension, ..reference(MediaKind::Emotion, file_id, *size, md5.as_ref()) }
}
