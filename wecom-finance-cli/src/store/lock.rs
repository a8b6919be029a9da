use std::fs::{File, TryLockError};
use std::path::{Path, PathBuf};

use super::StoreError;
use crate::download::with_suffix;

/// One run at a time writes to a database. The system takes the lock back however the run ends.
#[derive(Debug)]
pub(crate) struct Lock {
    _file: File,
}

impl Lock {
    /// Takes the lock of the database at `path`, which need not exist yet.
    pub(crate) fn take(path: &Path) -> Result<Self, StoreError> {
        if path.is_dir() {
            return Err(StoreError::IsADirectory);
        }
        let file = File::options()
            .write(true)
            .create(true)
            .truncate(false)
            .open(lock_path(path))
            .map_err(StoreError::Lock)?;
        match file.try_lock() {
            // The file stays: removing it would let two runs lock two different files.
            Ok(()) => Ok(Self { _file: file }),
            Err(TryLockError::WouldBlock) => Err(StoreError::InUse),
            Err(TryLockError::Error(error)) => Err(StoreError::Lock(error)),
        }
    }

    /// Takes the lock only if some run took it before: looking leaves nothing behind.
    pub(crate) fn take_if_there(path: &Path) -> Result<Option<Self>, StoreError> {
        if lock_path(path).exists() { Self::take(path).map(Some) } else { Ok(None) }
    }
}

fn lock_path(path: &Path) -> PathBuf {
    with_suffix(path, ".lock")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_at_a_time() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("archive.db");
        let lock = Lock::take(&path).unwrap();
        assert!(matches!(Lock::take(&path), Err(StoreError::InUse)));
        drop(lock);
        Lock::take(&path).unwrap();
        assert!(matches!(Lock::take(&dir.path().join("no/such")), Err(StoreError::Lock(_))));
    }
}
