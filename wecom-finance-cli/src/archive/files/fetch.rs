//! One file of a message.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use wecom_finance::{Error, MediaReader, Sdk, SdkCode, Verdict};

use crate::download::{self, Interrupted, disk_failure, settle, sync_directory_of, with_suffix};
use crate::failure::{Failure, with_causes};
use crate::stop::Stop;
use crate::store::{MediaOutcome, PendingMedia};

/// What the name of a file ends with until it is whole.
pub(super) const PART: &str = ".part";

/// A directory holds the files of so many seqs.
const SEQS_PER_DIRECTORY: u64 = 10_000;

/// Fetches files into their places.
#[derive(Clone, Copy)]
pub(super) struct Fetcher<'a> {
    pub(super) sdk: &'a Sdk,
    pub(super) corp_id: &'a str,
    pub(super) directory: &'a Path,
    pub(super) stop: &'a Stop,
}

/// What ends a pass.
#[derive(Debug)]
pub(super) enum Halt {
    Stopped,
    Disk(Failure),
}

/// What was read.
struct Whole {
    verdict: Verdict,
    bytes: u64,
}

impl Fetcher<'_> {
    /// Fetches a file, a second time if the first one was not what the message promises.
    pub(super) fn fetch(self, media: &PendingMedia) -> Result<MediaOutcome, Halt> {
        let file = file_name(self.corp_id, media);
        let target = self.directory.join(&file);
        let part = with_suffix(&target, PART);
        self.make_directories(&target).map_err(|error| Halt::Disk(disk_failure(&target, &error)))?;
        let mut outcome = self.attempt(media, &part, true)?;
        if is_worth_another(&outcome) {
            outcome = self.attempt(media, &part, false)?;
        }
        let settled = match judge(outcome) {
            Ok((bytes, md5_ok)) => {
                settle(&part, &target).map(|()| MediaOutcome::Stored { file, bytes, md5_ok })
            }
            Err(outcome) => fs::remove_file(&part).or_else(unless_missing).map(|()| outcome),
        };
        settled.map_err(|error| Halt::Disk(disk_failure(&target, &error)))
    }

    /// Reads the whole file into `part`. A part of an earlier run is gone on with where the MD5 will tell whether that
    /// was right.
    fn attempt(self, media: &PendingMedia, part: &Path, resume: bool) -> Result<Result<Whole, Error>, Halt> {
        let disk = |error: io::Error| Halt::Disk(disk_failure(part, &error));
        let mut reader = match self.sdk.media(&media.sdkfileid) {
            Ok(reader) => reader.expecting_md5(media.md5.as_deref().unwrap_or_default()),
            Err(error) => return Ok(Err(error)),
        };
        if let Some(size) = media.size {
            reader = reader.expecting_len(size);
        }
        let mut options = File::options();
        let mut file =
            options.read(true).write(true).create(true).truncate(false).open(part).map_err(disk)?;
        let done = file.metadata().map_err(disk)?.len();
        if resume && media.md5.is_some() && done > 0 {
            reader = resume_after(reader, &file, done).map_err(disk)?;
        } else {
            file.set_len(0).map_err(disk)?;
        }
        match download::copy(&mut reader, &mut file, self.stop, |_piece| ()) {
            Ok(()) => Ok(Ok(Whole { verdict: reader.verify(), bytes: reader.position() })),
            Err(Interrupted::Unavailable(error)) => Ok(Err(error)),
            Err(Interrupted::Disk(error)) => {
                // Whatever room it takes is needed now. If it cannot be removed, a later run does it.
                fs::remove_file(part).unwrap_or_default();
                Err(disk(error))
            }
            Err(Interrupted::Stopped) => Err(Halt::Stopped),
        }
    }

    /// The directories below the media directory, which itself must be there.
    fn make_directories(self, target: &Path) -> io::Result<()> {
        let below = target.strip_prefix(self.directory).ok().and_then(Path::parent).unwrap_or(Path::new(""));
        let mut directory = self.directory.to_owned();
        for part in below {
            directory.push(part);
            match fs::create_dir(&directory) {
                Ok(()) => sync_directory_of(&directory)?,
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }
}

/// Whether reading the file again from its beginning may give another one: what was read is not what the message
/// promises, or an earlier run's part does not belong to it.
fn is_worth_another(outcome: &Result<Whole, Error>) -> bool {
    match outcome {
        Ok(whole) => matches!(
            whole.verdict,
            Verdict::Md5Differs { .. } | Verdict::LengthDiffers { .. } | Verdict::Incomplete
        ),
        Err(error) => matches!(error, Error::MediaStalled { .. }),
    }
}

fn resume_after(reader: MediaReader, file: &File, done: u64) -> io::Result<MediaReader> {
    // Reading what is there also moves the file's position to where to go on writing.
    reader.resume_at(done).rehash(file)
}

/// The file's length and what its MD5 says if it is to be kept, or what becomes of it otherwise.
fn judge(outcome: Result<Whole, Error>) -> Result<(u64, Option<bool>), MediaOutcome> {
    let Whole { verdict, bytes } = outcome.map_err(|error| of_error(&error))?;
    match verdict {
        Verdict::Match => Ok((bytes, Some(true))),
        // WeCom's MD5 is wrong at times: the file is kept, and marked.
        Verdict::Md5Differs { .. } => Ok((bytes, Some(false))),
        Verdict::LengthDiffers { expected, actual } => Err(MediaOutcome::Failed {
            reason: format!("the file has {actual} bytes, its message says {expected}"),
        }),
        Verdict::Incomplete => {
            Err(MediaOutcome::Pending { reason: "the file was not read to its end".to_owned() })
        }
        // Nothing to compare with, or nothing that this program knows.
        _ => Ok((bytes, None)),
    }
}

fn of_error(error: &Error) -> MediaOutcome {
    let reason = with_causes(error);
    match (error, error.sdk_code()) {
        (_, Some(SdkCode::Expired)) => MediaOutcome::Expired { reason },
        (_, Some(SdkCode::InvalidFileId)) | (Error::InvalidArgument { .. }, _) => {
            MediaOutcome::Failed { reason }
        }
        _ => MediaOutcome::Pending { reason },
    }
}

fn unless_missing(error: io::Error) -> io::Result<()> {
    if error.kind() == io::ErrorKind::NotFound { Ok(()) } else { Err(error) }
}

/// Where a file lies below the media directory: told by its message alone, so that a second fetch finds the same place.
fn file_name(corp_id: &str, media: &PendingMedia) -> String {
    let PendingMedia { seq, position, .. } = media;
    let directory = seq / SEQS_PER_DIRECTORY;
    let extension = safe_extension(media.extension.as_deref());
    let path: PathBuf =
        [corp_id, &directory.to_string(), &format!("{seq}-{position}.{extension}")].iter().collect();
    let parts: Vec<_> = path.iter().map(|part| part.to_string_lossy()).collect();
    parts.join("/")
}

/// The sender chose it, so it may be anything.
fn safe_extension(extension: Option<&str>) -> String {
    match extension {
        Some(extension)
            if (1..=10).contains(&extension.len())
                && extension.bytes().all(|byte| byte.is_ascii_alphanumeric())
                && !extension.eq_ignore_ascii_case("part") =>
        {
            extension.to_ascii_lowercase()
        }
        _ => "bin".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_senders_extension_cannot_leave_the_directory() {
        for (given, kept) in [
            (Some("XLSX"), "xlsx"),
            (Some("7z"), "7z"),
            (Some(""), "bin"),
            (None, "bin"),
            (Some("../../etc"), "bin"),
            (Some("a/b"), "bin"),
            (Some("表格"), "bin"),
            (Some("part"), "bin"),
            (Some("averyveryverylongextension"), "bin"),
        ] {
            assert_eq!(safe_extension(given), kept, "{given:?}");
        }
    }
}
