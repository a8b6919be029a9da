use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use super::staging::make_directories;
use super::{Shelf, below};
use crate::download::settle;

/// A directory of this machine.
#[derive(Debug)]
pub(crate) struct Directory {
    root: PathBuf,
}

impl Directory {
    pub(crate) fn new(root: PathBuf) -> Self {
        Self { root }
    }
}

impl Shelf for Directory {
    fn length_of(&self, file: &str) -> io::Result<Option<u64>> {
        match fs::metadata(below(&self.root, file)) {
            Ok(metadata) => Ok(metadata.is_file().then_some(metadata.len())),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    fn holds(&self, file: &str, staged: &Path) -> io::Result<bool> {
        match File::open(below(&self.root, file)) {
            Ok(kept) => same(kept, File::open(staged)?),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
            Err(error) => Err(error),
        }
    }

    fn take(&self, staged: &Path, file: &str) -> io::Result<()> {
        let target = below(&self.root, file);
        make_directories(&self.root, &target)?;
        settle(staged, &target)
    }
}

fn same(one: File, other: File) -> io::Result<bool> {
    if one.metadata()?.len() != other.metadata()?.len() {
        return Ok(false);
    }
    let (mut one, mut other) = (io::BufReader::new(one), io::BufReader::new(other));
    let mut buffers = (vec![0; 64 << 10], vec![0; 64 << 10]);
    loop {
        let count = read_full(&mut one, &mut buffers.0)?;
        if count != read_full(&mut other, &mut buffers.1)? || buffers.0.get(..count) != buffers.1.get(..count)
        {
            return Ok(false);
        }
        if count == 0 {
            return Ok(true);
        }
    }
}

/// Fills the buffer, unless the end comes before.
fn read_full(file: &mut impl Read, buffer: &mut [u8]) -> io::Result<usize> {
    let mut filled = 0;
    while let Some(rest) = buffer.get_mut(filled..).filter(|rest| !rest.is_empty()) {
        match file.read(rest) {
            Ok(0) => break,
            Ok(count) => filled += count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(filled)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_the_same_byte_for_byte_or_not() {
        let dir = tempfile::tempdir().unwrap();
        let shelf = Directory::new(dir.path().to_owned());
        let mut content = vec![7; 200_001];
        let staged = dir.path().join("staged.part");
        fs::write(&staged, &content).unwrap();
        assert!(!shelf.holds("ww1/0/1-0.bin", &staged).unwrap());
        fs::create_dir_all(dir.path().join("ww1/0")).unwrap();
        fs::write(dir.path().join("ww1/0/1-0.bin"), &content).unwrap();
        assert!(shelf.holds("ww1/0/1-0.bin", &staged).unwrap());
        assert_eq!(shelf.length_of("ww1/0/1-0.bin").unwrap(), Some(200_001));
        content[200_000] = 8;
        fs::write(&staged, &content).unwrap();
        assert!(!shelf.holds("ww1/0/1-0.bin", &staged).unwrap());
        content.pop();
        fs::write(&staged, &content).unwrap();
        assert!(!shelf.holds("ww1/0/1-0.bin", &staged).unwrap());
    }

    #[test]
    fn a_taken_file_is_there_under_its_name_only() {
        let dir = tempfile::tempdir().unwrap();
        let shelf = Directory::new(dir.path().to_owned());
        let staged = dir.path().join("staged.part");
        fs::write(&staged, "content").unwrap();
        assert_eq!(shelf.length_of("ww1/0/1-0.txt").unwrap(), None);
        shelf.take(&staged, "ww1/0/1-0.txt").unwrap();
        assert_eq!(fs::read(dir.path().join("ww1/0/1-0.txt")).unwrap(), b"content");
        assert!(!staged.exists());
        assert_eq!(shelf.length_of("ww1/0").unwrap(), None, "a directory is no file");
    }

    #[test]
    fn a_directory_that_vanished_is_not_made_again() {
        let dir = tempfile::tempdir().unwrap();
        let staged = dir.path().join("staged.part");
        fs::write(&staged, "content").unwrap();
        let shelf = Directory::new(dir.path().join("unmounted"));
        assert_eq!(shelf.take(&staged, "ww1/0/1-0.txt").unwrap_err().kind(), io::ErrorKind::NotFound);
        assert!(staged.exists());
    }
}
