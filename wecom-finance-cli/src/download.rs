//! From WeCom to a file: under a temporary name until it is whole and on the disk.

use std::ffi::OsString;
use std::fs::{self, File};
use std::io::{self, Write as _};
use std::num::NonZero;
use std::path::{Path, PathBuf};

use wecom_finance::{Download, Downloader, Error, Sdk};

use crate::failure::Failure;
use crate::language::say;
use crate::shelf::Unreachable;

/// Why a download did not come to its end.
#[derive(Debug)]
pub(crate) enum Interrupted {
    /// The file cannot be had, or not now.
    Unavailable(Error),
    /// It cannot be written.
    Disk(io::Error),
    /// Something else of this machine failed.
    Failed(Failure),
    /// Somebody asked to stop.
    Stopped,
}

/// Bytes that may be held for a connection: the piece that is on its way, and a share of those that wait to be written.
/// The SDK itself needs several times as much for every call.
const BYTES_PER_CONNECTION: u64 = 640 << 10;

/// What fetches files over so many connections at once.
pub(crate) fn downloader(sdk: &Sdk, connections: NonZero<usize>) -> Result<Downloader, Failure> {
    let memory = u64::try_from(connections.get()).unwrap_or(u64::MAX).saturating_mul(BYTES_PER_CONNECTION);
    let ranges = connections;
    Ok(sdk.downloader().connections(connections).ranges_per_file(ranges).memory(memory).build()?)
}

/// Writes what is still to come, piece by piece, and all of it to the disk. `each` is called after every piece, and says
/// whether to go on.
pub(crate) fn copy(
    download: &mut Download,
    file: &mut File,
    mut each: impl FnMut(&Download, &File) -> Result<(), Interrupted>,
) -> Result<(), Interrupted> {
    while let Some(piece) = download.next_chunk().map_err(Interrupted::Unavailable)? {
        file.write_all(&piece).map_err(Interrupted::Disk)?;
        each(download, file)?;
    }
    file.sync_all().map_err(Interrupted::Disk)
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

/// Removes a file, if there is one.
pub(crate) fn remove(path: &Path) -> io::Result<()> {
    fs::remove_file(path)
        .or_else(|error| if error.kind() == io::ErrorKind::NotFound { Ok(()) } else { Err(error) })
}

/// The path with something at its end.
pub(crate) fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut name = OsString::from(path);
    name.push(suffix);
    name.into()
}

/// What a disk that does not do its part means for a run.
pub(crate) fn disk_failure(path: &Path, error: &io::Error) -> Failure {
    if let Some(elsewhere) = error.get_ref().and_then(|inner| inner.downcast_ref::<Unreachable>()) {
        return Failure::stop(
            elsewhere.to_string(),
            say(
                "check its address, the credentials in the environment and the way to it, then run the command again: \
                 what is fetched waits beside the database",
                "请检查其地址、环境变量中的凭证以及网络，然后重新运行：已下载的内容保存在数据库旁",
            ),
        );
    }
    let remedy = match error.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
            say("make room on its disk, then run the command again", "请清理磁盘空间后重新运行")
        }
        io::ErrorKind::FileTooLarge => say(
            "raise the limit on the size of files (ulimit -f), or choose a disk that takes larger ones",
            "请提高文件大小限制（ulimit -f），或改用支持更大文件的磁盘",
        ),
        io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => {
            say("give this user the right to write there", "请授予当前用户写入权限")
        }
        io::ErrorKind::NotFound => say(
            "check that the directory is still there (a disk that is not mounted?), then run the command again",
            "请检查目录是否存在（磁盘是否已挂载），然后重新运行",
        ),
        io::ErrorKind::AlreadyExists | io::ErrorKind::NotADirectory | io::ErrorKind::IsADirectory => {
            say("something else is in its place: give another one", "该位置已被占用：请指定其他位置")
        }
        _ => say("check the disk, then run the command again", "请检查磁盘后重新运行"),
    };
    Failure::stop(format!("{} cannot be written: {error}", path.display()), remedy)
}
