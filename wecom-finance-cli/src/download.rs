//! From WeCom to a file: under a temporary name until it is whole and on the disk.

use std::ffi::OsString;
use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use wecom_finance::{Error, MediaReader};

use crate::failure::Failure;
use crate::language::say;
use crate::stop::Stop;

/// Why a download did not come to its end.
#[derive(Debug)]
pub(crate) enum Interrupted {
    /// The file cannot be had, or not now.
    Unavailable(Error),
    /// It cannot be written.
    Disk(io::Error),
    /// Somebody asked to stop.
    Stopped,
}

/// Writes what the reader still has, piece by piece; `each` sees every piece.
pub(crate) fn copy(
    reader: &mut MediaReader,
    file: &mut File,
    stop: &Stop,
    mut each: impl FnMut(&[u8]),
) -> Result<(), Interrupted> {
    while !stop.is_requested() {
        let Some(piece) = reader.next_chunk().map_err(Interrupted::Unavailable)? else {
            return file.sync_all().map_err(Interrupted::Disk);
        };
        file.write_all(&piece).map_err(Interrupted::Disk)?;
        each(&piece);
    }
    Err(Interrupted::Stopped)
}

/// Gives a whole and synced file its name, so that it stays.
pub(crate) fn settle(part: &Path, target: &Path) -> io::Result<()> {
    fs::rename(part, target)?;
    sync_directory_of(target)
}

/// Makes sure that what was made or renamed in the file's directory is on the disk.
pub(crate) fn sync_directory_of(path: &Path) -> io::Result<()> {
    if cfg!(windows) {
        // Windows opens no directories, and orders these changes itself.
        return Ok(());
    }
    let directory = path.parent().filter(|directory| !directory.as_os_str().is_empty());
    File::open(directory.unwrap_or(Path::new(".")))?.sync_all()
}

/// The path with something at its end.
pub(crate) fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut name = OsString::from(path);
    name.push(suffix);
    name.into()
}

/// What a disk that does not do its part means for a run.
pub(crate) fn disk_failure(path: &Path, error: &io::Error) -> Failure {
    let remedy = match error.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
            say("make room on its disk, then run the command again", "请清理磁盘空间后重新运行")
        }
        io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => {
            say("give this user the right to write there", "请授予当前用户写入权限")
        }
        io::ErrorKind::NotFound => say(
            "check that the directory is still there (a disk that is not mounted?), then run the command again",
            "请检查目录是否存在（磁盘是否已挂载），然后重新运行",
        ),
        _ => say("check the disk, then run the command again", "请检查磁盘后重新运行"),
    };
    Failure::stop(format!("{} cannot be written: {error}", path.display()), remedy)
}
