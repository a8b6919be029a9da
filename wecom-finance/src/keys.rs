//! The private keys, by version, and what is done with them.

#[cfg(feature = "aws-lc-rs")]
mod aws_lc_rs;
mod base64;
mod key_error;
#[cfg(any(feature = "aws-lc-rs", feature = "rsa"))]
mod key_files;
#[cfg(any(feature = "aws-lc-rs", feature = "rsa"))]
mod pem;
mod random_key;
#[cfg(feature = "rsa")]
mod rust_crypto;

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

#[cfg(feature = "aws-lc-rs")]
pub use self::aws_lc_rs::AwsLcRsKey;
pub use self::key_error::{KeyError, KeyErrorKind, KeyOrigin};
pub use self::random_key::{CannotDecrypt, RandomKey, RandomKeyDecryptor, RandomKeyError};
#[cfg(feature = "rsa")]
pub use self::rust_crypto::RustCryptoKey;

/// The archive's private keys, each under its version.
///
/// Every message says in its `publickey_ver` which public key it was sealed for, and a new public key in
/// WeCom's admin console counts for new messages only. So a ring holds all keys that were ever in use, and a
/// message whose key is missing ([`RandomKeyError::MissingKey`]) is not lost: it opens once the key is there.
///
/// Cloning is cheap. `Debug` shows the versions only.
///
/// ```no_run
/// use wecom_finance::KeyRing;
///
/// # #[cfg(any(feature = "aws-lc-rs", feature = "rsa"))] {
/// let keys = KeyRing::from_dir("keys")?; // keys/1.pem, keys/2.pem, …
/// println!("key versions: {:?}", keys.versions().collect::<Vec<_>>());
/// # }
/// # Ok::<(), wecom_finance::KeyError>(())
/// ```
#[derive(Clone, Default)]
pub struct KeyRing {
    keys: Arc<BTreeMap<u32, Arc<dyn RandomKeyDecryptor>>>,
}

impl KeyRing {
    /// A ring without keys.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds something that decrypts for this key version, in place of what was there before.
    pub fn insert_decryptor(&mut self, version: u32, decryptor: impl RandomKeyDecryptor + 'static) {
        Arc::make_mut(&mut self.keys).insert(version, Arc::new(decryptor));
    }

    /// Adds all keys of another ring. Where both have a version, the other ring's counts.
    pub fn merge(&mut self, other: &Self) {
        let others = other.keys.iter().map(|(version, key)| (*version, Arc::clone(key)));
        Arc::make_mut(&mut self.keys).extend(others);
    }

    /// The key versions, ascending.
    pub fn versions(&self) -> impl Iterator<Item = u32> {
        self.keys.keys().copied()
    }

    /// Whether there is no key at all.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.keys.is_empty()
    }

    /// Decrypts a message's `encrypt_random_key`, base64 as WeCom delivers it, with the private key of its
    /// `publickey_ver`.
    ///
    /// One RSA operation, a fraction of a millisecond; independent calls can run on any number of threads.
    ///
    /// # Errors
    ///
    /// [`RandomKeyError::MissingKey`] if the ring has no such version, [`RandomKeyError::CannotDecrypt`] for
    /// everything else. `Ok` does not prove the key right: some backends answer bad padding with garbage.
    pub fn decrypt_random_key(
        &self,
        publickey_ver: u32,
        encrypt_random_key: &str,
    ) -> Result<RandomKey, RandomKeyError> {
        let decryptor =
            self.keys.get(&publickey_ver).ok_or(RandomKeyError::MissingKey { version: publickey_ver })?;
        let ciphertext = base64::decode(encrypt_random_key).ok_or(CannotDecrypt)?;
        let key = decryptor.decrypt(&ciphertext)?;
        Ok(RandomKey::new(key)?)
    }
}

impl fmt::Debug for KeyRing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let versions: Vec<_> = self.versions().collect();
        f.debug_struct("KeyRing").field("versions", &versions).finish()
    }
}

#[cfg(test)]
mod tests;
