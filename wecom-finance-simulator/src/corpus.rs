//! A few hundred opened messages, written by hand: every type, what sources disagree about, and what is hostile.
//!
//! They lie in `corpus/`, where `README.md` explains how they are written. The tests of `wecom-finance` read the same
//! files.

mod notation;

use std::sync::Arc;

use crate::scenario::{Media, MediaFile, MediaKind};

/// Declares the list of files, which are compiled in: the crate works from anywhere.
macro_rules! files {
    ($($name:literal),* $(,)?) => {
        &[$(include_str!(concat!("../corpus/", $name, ".txt"))),*]
    };
}

/// By family, as a reader of the demo meets them.
const FILES: &[&str] = files![
    "text",
    "quote",
    "image",
    "voice",
    "video",
    "file",
    "emotion",
    "card",
    "location",
    "link",
    "weapp",
    "revoke",
    "agree",
    "disagree",
    "chatrecord",
    "mixed",
    "note",
    "solitaire",
    "todo",
    "vote",
    "collect",
    "redpacket",
    "external_redpacket",
    "meeting",
    "meeting_notification",
    "switch",
    "docmsg",
    "markdown",
    "news",
    "calendar",
    "meeting_voice_call",
    "voip_doc_share",
    "voiptext",
    "qydiskfile",
    "sphfeed",
    "envelope",
    "unknown",
    "hostile",
];

/// The files that the messages refer to, one a line.
const MEDIA: &str = include_str!("../corpus/media.tsv");

/// A file as the corpus writes of it.
struct Named {
    sdkfileid: &'static str,
    kind: MediaKind,
    len: u64,
    md5: &'static str,
}

fn named() -> impl Iterator<Item = Named> {
    MEDIA.lines().filter(|line| !line.starts_with('#')).filter_map(|line| {
        let mut fields = line.split('\t');
        let (sdkfileid, kind, len, md5) = (fields.next()?, fields.next()?, fields.next()?, fields.next()?);
        let kind = match kind {
            "image" => MediaKind::Image,
            "voice" => MediaKind::Voice,
            "video" => MediaKind::Video,
            "gif" => MediaKind::Gif,
            "png" => MediaKind::Png,
            _ => MediaKind::File,
        };
        Some(Named { sdkfileid, kind, len: len.parse().ok()?, md5 })
    })
}

/// The media files of a scenario with the corpus in it. Each is named by the `sdkfileid` that the corpus gives it.
pub(crate) fn media_files() -> impl Iterator<Item = MediaFile> {
    named().map(|file| MediaFile::generated(file.sdkfileid, file.kind, file.len))
}

/// The hostile messages, or the others. They refer to those of `media` that [`media_files`] made.
pub(crate) fn messages(hostile: bool, media: &[Arc<Media>]) -> Vec<Vec<u8>> {
    let replacements: Vec<(&str, &str)> = named()
        .filter_map(|file| {
            let media = media.iter().find(|media| media.id() == file.sdkfileid)?;
            Some([(file.sdkfileid, media.sdk_file_id()), (file.md5, media.md5())])
        })
        .flatten()
        .collect();
    FILES
        .iter()
        .flat_map(|file| notation::parse(file))
        .filter(|entry| entry.hostile == hostile)
        .map(|entry| match String::from_utf8(entry.text) {
            Ok(text) => replace_all(text, &replacements).into_bytes(),
            Err(error) => error.into_bytes(),
        })
        .collect()
}

/// Neither ids nor MD5s have characters that JSON escapes, so they read the same at any depth of quoting.
fn replace_all(text: String, replacements: &[(&str, &str)]) -> String {
    replacements
        .iter()
        .fold(text, |text, (from, to)| if text.contains(from) { text.replace(from, to) } else { text })
}

#[cfg(test)]
mod tests {
    use std::{collections::BTreeSet, fs, path::Path};

    use super::*;

    #[test]
    fn every_file_of_the_directory_is_in_the_list() {
        let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus");
        let there: BTreeSet<String> = fs::read_dir(directory)
            .unwrap()
            .map(|entry| entry.unwrap().path())
            .filter(|path| path.extension().is_some_and(|extension| extension == "txt"))
            .map(|path| fs::read_to_string(path).unwrap())
            .collect();
        let listed: BTreeSet<String> = FILES.iter().map(|file| (*file).to_owned()).collect();
        assert_eq!((there.len(), listed.len()), (FILES.len(), FILES.len()));
        assert!(there == listed);
    }

    #[test]
    fn names_are_told_apart_and_msgids_are_unique_among_the_honest() {
        let mut msgids = BTreeSet::new();
        for file in FILES {
            let entries = notation::parse(file);
            let names: BTreeSet<_> = entries.iter().map(|entry| &entry.name).collect();
            assert_eq!(names.len(), entries.len(), "{names:?}");
            for entry in entries.iter().filter(|entry| !entry.hostile) {
                let value: serde_json::Value = serde_json::from_slice(&entry.text).unwrap();
                assert!(msgids.insert(value["msgid"].to_string()), "{}", entry.name);
            }
        }
        assert!(msgids.len() > 350, "{}", msgids.len());
    }
}
