//! Values that must not be printed or left behind in memory.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

use zeroize::Zeroizing;

/// A secret: the archive's secret, a proxy password, a passphrase, a decrypted random key.
///
/// It is a type of its own so that redaction is decided here, once. A struct with a `Secret` in it can derive
/// `Debug` without a second thought: there is no `Display`, no `Serialize` and no `Deref` through which the
/// value could slip into a log line, and the only way to the bytes is [`expose`](Self::expose), which is easy
/// to search for. The memory is overwritten with zeros when the value is dropped.
///
/// ```
/// use wecom_finance::Secret;
///
/// let secret = Secret::new("correct horse");
/// assert_eq!(secret.expose(), b"correct horse");
/// assert_eq!(format!("{secret:?}"), "Secret([redacted])");
/// ```
#[derive(Clone)]
pub struct Secret(Zeroizing<Vec<u8>>);

impl Secret {
    /// Takes the value over. A caller that keeps its own copy is responsible for wiping that one.
    pub fn new(value: impl Into<Vec<u8>>) -> Self {
        Self(Zeroizing::new(value.into()))
    }

    /// Takes over a buffer that already wipes itself, without a copy.
    #[cfg(any(feature = "aws-lc-rs", feature = "rsa"))]
    pub(crate) fn from_zeroizing(value: Zeroizing<Vec<u8>>) -> Self {
        Self(value)
    }

    /// Reads a secret from a file. Line ends at the end of the file are not part of it: every editor and
    /// `echo` add one.
    ///
    /// # Errors
    ///
    /// If the file cannot be read, or holds nothing but line ends: an empty secret is never what was meant.
    pub fn from_file(path: impl AsRef<Path>) -> Result<Self, SecretFileError> {
        let path = path.as_ref();
        let fail = |source| SecretFileError { path: path.to_owned(), source };
        let mut value = Zeroizing::new(std::fs::read(path).map_err(fail)?);
        while let Some(b'\n' | b'\r') = value.last() {
            value.pop();
        }
        if value.is_empty() {
            return Err(fail(io::Error::new(io::ErrorKind::InvalidData, "the file is empty")));
        }
        Ok(Self(value))
    }

    /// The bytes, for the call that needs them.
    #[must_use]
    pub fn expose(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Not even the length: it narrows down a password.
        f.write_str("Secret([redacted])")
    }
}

impl From<&str> for Secret {
    fn from(value: &str) -> Self {
        Self::new(value)
    }
}

impl From<String> for Secret {
    fn from(value: String) -> Self {
        Self::new(value)
    }
}

/// A secret could not be read from its file. Carries the path; the reason is the
/// [`source`](std::error::Error::source).
#[derive(Debug, thiserror::Error)]
#[error("cannot read a secret from {}", path.display())]
pub struct SecretFileError {
    path: PathBuf,
    source: io::Error,
}

impl SecretFileError {
    /// The file that was to be read.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// What went wrong, in the standard library's terms.
    #[must_use]
    pub fn io_error(&self) -> &io::Error {
        &self.source
    }
}

#[cfg(test)]
mod tests {
    use std::error::Error;

    use super::*;

    #[test]
    fn debug_shows_neither_value_nor_length() {
        let secret = Secret::from("canary-7f3a");
        assert_eq!(format!("{secret:?} {secret:#?}"), "Secret([redacted]) Secret([redacted])");
    }

    #[test]
    fn a_file_loses_its_line_end_and_nothing_else() {
        let dir = tempfile::tempdir().unwrap();
        for (content, expected) in [
            (&b"s3cret\n"[..], &b"s3cret"[..]),
            (b"s3cret\r\n", b"s3cret"),
            (b" s3 cret ", b" s3 cret "),
            (b"two\nlines\n\n", b"two\nlines"),
        ] {
            let path = dir.path().join("secret");
            std::fs::write(&path, content).unwrap();
            assert_eq!(Secret::from_file(&path).unwrap().expose(), expected);
        }
    }

    #[test]
    fn errors_name_the_file() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("missing");
        let error = Secret::from_file(&path).unwrap_err();
        assert_eq!(error.path(), path);
        assert!(error.to_string().ends_with("missing"));
        assert_eq!(error.io_error().kind(), io::ErrorKind::NotFound);
        assert!(error.source().is_some());

        std::fs::write(&path, "\n").unwrap();
        assert_eq!(Secret::from_file(&path).unwrap_err().io_error().kind(), io::ErrorKind::InvalidData);
    }
}
