//! What can be told about a library from its bytes, before the loader runs any of them.

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use sha2::{Digest as _, Sha256};

use super::LoadError;
use crate::SdkBuild;

const ELF_MACHINE_X86_64: u16 = 62;
const ELF_MACHINE_AARCH64: u16 = 183;

/// A file that may be the SDK.
pub(super) struct Candidate {
    /// Absolute, symbolic links resolved.
    pub(super) path: PathBuf,
    pub(super) build: SdkBuild,
    head: Vec<u8>,
    len: usize,
}

/// The SDK as a file: there, and a library for this system, but not loaded.
///
/// It is what a program names that leaves the loading to another process.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LibraryFile {
    path: PathBuf,
    build: SdkBuild,
}

impl LibraryFile {
    /// Looks at a file without running any of it.
    ///
    /// # Errors
    ///
    /// [`LoadError`] for a file that is missing, that cannot be read, or that is no library for this system. What the
    /// system's loader makes of it is not known before it is loaded.
    ///
    /// # Examples
    ///
    /// ```no_run
    /// use wecom_finance_sys::LibraryFile;
    ///
    /// let file = LibraryFile::at("/opt/wecom/libWeWorkFinanceSdk_C.so")?;
    /// println!("{} is {}", file.path().display(), file.build());
    /// # Ok::<(), wecom_finance_sys::LoadError>(())
    /// ```
    pub fn at(path: impl AsRef<Path>) -> Result<Self, LoadError> {
        let candidate = Candidate::read(path.as_ref())?;
        candidate.check_format()?;
        Ok(Self { path: candidate.path, build: candidate.build })
    }

    pub(super) fn loaded(path: PathBuf, build: SdkBuild) -> Self {
        Self { path, build }
    }

    /// Where it is: absolute, symbolic links resolved.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Which build of the SDK it is.
    #[must_use]
    pub fn build(&self) -> SdkBuild {
        self.build
    }
}

impl Candidate {
    pub(super) fn read(path: &Path) -> Result<Self, LoadError> {
        let unreadable = |source: std::io::Error| match source.kind() {
            ErrorKind::NotFound => LoadError::NotFound { path: path.to_owned() },
            _ => LoadError::NotReadable { path: path.to_owned(), source },
        };
        let absolute = fs::canonicalize(path).map_err(unreadable)?;
        let content = fs::read(&absolute).map_err(unreadable)?;
        let build = SdkBuild::from_sha256(Sha256::digest(&content).into());
        let head = content.get(..64).unwrap_or(&content).to_vec();
        Ok(Self { path: absolute, build, head, len: content.len() })
    }

    /// Turns away what the loader would refuse with less helpful words.
    pub(super) fn check_format(&self) -> Result<(), LoadError> {
        const ARCHIVE: &str = "unpack it and give the path of the library inside";
        const DOWNLOAD: &str = "give the path of the library from the vendor's download";
        let wrong = |found, advice| Err(LoadError::NotALibrary { path: self.path.clone(), found, advice });
        match self.head.as_slice() {
            [] => wrong("an empty file", DOWNLOAD),
            [0x7f, b'E', b'L', b'F', ..] if cfg!(target_os = "linux") => {
                self.check_machine()?;
                // The loader maps what is not there, and the process ends by SIGBUS.
                if self.is_cut_short() { wrong("an incomplete library", "download it again") } else { Ok(()) }
            }
            [0x7f, b'E', b'L', b'F', ..] => {
                wrong("a Linux library", "the vendor builds for Linux and Windows only")
            }
            [b'M', b'Z', ..] if cfg!(windows) => Ok(()),
            [b'M', b'Z', ..] => wrong("a Windows library", "take the Linux build from the vendor's download"),
            [0x1f, 0x8b, ..] => wrong("a gzip archive", ARCHIVE),
            [b'P', b'K', 3, 4, ..] => wrong("a zip archive", ARCHIVE),
            [b'<', ..] => wrong("an HTML or XML page", DOWNLOAD),
            _ => wrong("something else", DOWNLOAD),
        }
    }

    /// Whether the table of sections, with which linkers end a library, lies beyond the end of the file.
    fn is_cut_short(&self) -> bool {
        let number = |at: usize, bytes: usize| {
            let field = self.head.get(at..at.checked_add(bytes)?)?;
            Some(field.iter().rev().fold(0_u64, |number, byte| number << 8 | u64::from(*byte)))
        };
        let (Some(table), Some(entry), Some(entries)) = (number(40, 8), number(58, 2), number(60, 2)) else {
            return true;
        };
        let end = table.saturating_add(entry.saturating_mul(entries));
        u64::try_from(self.len).is_ok_and(|len| len < end)
    }

    fn check_machine(&self) -> Result<(), LoadError> {
        let wrong = |library| {
            Err(LoadError::WrongArchitecture {
                path: self.path.clone(),
                library,
                host: std::env::consts::ARCH,
            })
        };
        let (Some([_, _, _, _, class, ..]), Some(&[low, high])) =
            (self.head.get(..20), self.head.get(18..20))
        else {
            return Err(LoadError::NotALibrary {
                path: self.path.clone(),
                found: "the first bytes of a library",
                advice: "download it again",
            });
        };
        match (class, u16::from_le_bytes([low, high])) {
            (2, ELF_MACHINE_X86_64) if cfg!(target_arch = "x86_64") => Ok(()),
            (2, ELF_MACHINE_AARCH64) if cfg!(target_arch = "aarch64") => Ok(()),
            (2, ELF_MACHINE_X86_64) => wrong("x86_64"),
            (2, ELF_MACHINE_AARCH64) => wrong("aarch64"),
            (1, _) => wrong("a 32-bit processor"),
            _ => wrong("another processor"),
        }
    }
}
