use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use super::name::directory_of;
use crate::download::sync_directory_of;

/// What the name of a file ends with until it is whole.
pub(super) const PART: &str = ".part";

/// Where files grow.
#[derive(Clone, Debug)]
pub(crate) struct Staging {
    root: PathBuf,
}

impl Staging {
    pub(crate) fn new(root: PathBuf) -> Self {
        Self { root }
    }

    /// Makes the directory, with what is missing above it. Once in a run and not again: one that vanishes later is not
    /// made anew in the mount point of a lost disk.
    pub(crate) fn make(&self) -> io::Result<()> {
        fs::create_dir_all(&self.root)
    }

    pub(crate) fn root(&self) -> &Path {
        &self.root
    }

    /// The part of a file: told by its message alone, so that another run finds it.
    pub(crate) fn part(&self, corp_id: &str, seq: u64, position: u64) -> PathBuf {
        self.root.join(corp_id).join(directory_of(seq)).join(format!("{seq}-{position}{PART}"))
    }

    /// Opens a part for reading and writing, and makes it if there is none.
    pub(crate) fn open(&self, part: &Path) -> io::Result<File> {
        make_directories(&self.root, part)?;
        File::options().read(true).write(true).create(true).truncate(false).open(part)
    }
}

/// Cuts a part to what is known to be good of it. `false` if it holds less: then nothing of it is.
pub(crate) fn resumed(part: &File, done: u64) -> io::Result<bool> {
    if part.metadata()?.len() < done {
        return Ok(false);
    }
    part.set_len(done)?;
    Ok(true)
}

/// Makes the directories of a file below the root, which itself must be there.
pub(super) fn make_directories(root: &Path, file: &Path) -> io::Result<()> {
    let below = file.strip_prefix(root).ok().and_then(Path::parent).unwrap_or(Path::new(""));
    let mut directory = root.to_owned();
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
