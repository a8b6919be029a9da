//! Private keys out of PEM text and files into a ring.

use std::fs;
use std::path::{Path, PathBuf};
#[cfg(target_arch = "x86_64")]
use std::sync::Arc;

use zeroize::Zeroizing;

use super::key_error::{KeyError, KeyErrorKind, KeyOrigin};
#[cfg(target_arch = "x86_64")]
use super::lanes::LaneKey;
use super::pem::rsa_private_key;
use super::{Key, KeyRing};
use crate::secret::Secret;

#[cfg(feature = "aws-lc-rs")]
use super::aws_lc_rs::AwsLcRsKey as DefaultKey;
#[cfg(not(feature = "aws-lc-rs"))]
use super::rust_crypto::RustCryptoKey as DefaultKey;

impl KeyRing {
    /// Reads every `<publickey_ver>.pem` of a directory: `1.pem`, `2.pem`, …. Other files are ignored.
    ///
    /// # Errors
    ///
    /// If the directory or one of these files cannot be read, if one holds no usable key, and if there is no
    /// such file.
    pub fn from_dir(path: impl AsRef<Path>) -> Result<Self, KeyError> {
        Self::from_dir_with(path, None)
    }

    /// The same as [`from_dir`](Self::from_dir), with a passphrase for the keys that are encrypted.
    ///
    /// # Errors
    ///
    /// As [`from_dir`](Self::from_dir), and if the passphrase does not fit every encrypted key.
    pub fn from_dir_with(path: impl AsRef<Path>, passphrase: Option<&Secret>) -> Result<Self, KeyError> {
        let path = path.as_ref();
        let mut ring = Self::new();
        for (version, file) in key_files(path)? {
            if ring.keys.contains_key(&version) {
                return Err(KeyError::new(KeyOrigin::Path(file), KeyErrorKind::DoubleVersion { version }));
            }
            ring.insert_file(version, file, passphrase)?;
        }
        if ring.is_empty() {
            return Err(KeyError::new(KeyOrigin::Path(path.to_owned()), KeyErrorKind::NoKeyFiles));
        }
        Ok(ring)
    }

    /// Adds the private key in a PEM file, in place of what was there for this version; see
    /// [`insert_pem`](Self::insert_pem).
    ///
    /// # Errors
    ///
    /// If the file cannot be read, or holds no usable key.
    pub fn insert_file(
        &mut self,
        version: u32,
        path: impl AsRef<Path>,
        passphrase: Option<&Secret>,
    ) -> Result<(), KeyError> {
        let path = path.as_ref();
        let pem = Zeroizing::new(fs::read(path).map_err(|source| KeyError::unreadable(path, source))?);
        self.insert(version, &pem, passphrase)
            .map_err(|kind| KeyError::new(KeyOrigin::Path(path.to_owned()), kind))
    }

    /// Adds a private key in PEM, in place of what was there for this version.
    ///
    /// PKCS#1 (`RSA PRIVATE KEY`) and PKCS#8 (`PRIVATE KEY`, or `ENCRYPTED PRIVATE KEY` with its passphrase)
    /// are told apart by their content, whatever the header says. Text around the key, any line ends, and a
    /// PEM pasted out of a JSON string with its `\n` are fine. A passphrase is ignored if the key is not
    /// encrypted.
    ///
    /// Only keys of 2048 bits are accepted, the one size that WeCom takes: any other is surely the wrong
    /// file, and it is better to hear that now than message by message.
    ///
    /// # Errors
    ///
    /// If there is no usable key in it; the error says what is there instead, and what to do.
    pub fn insert_pem(
        &mut self,
        version: u32,
        pem: &[u8],
        passphrase: Option<&Secret>,
    ) -> Result<(), KeyError> {
        self.insert(version, pem, passphrase).map_err(|kind| KeyError::new(KeyOrigin::Version(version), kind))
    }

    fn insert(&mut self, version: u32, pem: &[u8], passphrase: Option<&Secret>) -> Result<(), KeyErrorKind> {
        let pkcs8 = rsa_private_key(pem, passphrase)?;
        let key = Key::new(DefaultKey::from_pkcs8(&pkcs8)?);
        #[cfg(target_arch = "x86_64")]
        let key = Key { lanes: LaneKey::from_pkcs8(&pkcs8).map(Arc::new), ..key };
        self.insert_key(version, key);
        Ok(())
    }
}

/// The key files of a directory, sorted, so that errors do not depend on the file system's order.
fn key_files(dir: &Path) -> Result<Vec<(u32, PathBuf)>, KeyError> {
    let unreadable = |source| KeyError::unreadable(dir, source);
    let mut files = Vec::new();
    for entry in fs::read_dir(dir).map_err(unreadable)? {
        let path = entry.map_err(unreadable)?.path();
        if let Some(version) = version_of(&path) {
            files.push((version, path));
        }
    }
    files.sort();
    Ok(files)
}

fn version_of(path: &Path) -> Option<u32> {
    let stem = path.file_name()?.to_str()?.strip_suffix(".pem")?;
    // Digits only: the parser alone would take a sign.
    if stem.bytes().all(|b| b.is_ascii_digit()) { stem.parse().ok() } else { None }
}
