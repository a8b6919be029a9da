//! The private keys, by version, and what is done with them.

#[cfg(feature = "aws-lc-rs")]
mod aws_lc_rs;
mod base64;
mod key_error;
#[cfg(any(feature = "aws-lc-rs", feature = "rsa"))]
mod key_files;
#[cfg(all(target_arch = "x86_64", any(feature = "aws-lc-rs", feature = "rsa")))]
mod lanes;
#[cfg(any(feature = "aws-lc-rs", feature = "rsa"))]
mod pem;
mod random_key;
#[cfg(feature = "rsa")]
mod rust_crypto;

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use zeroize::Zeroizing;

#[cfg(feature = "aws-lc-rs")]
pub use self::aws_lc_rs::AwsLcRsKey;
pub use self::key_error::{KeyError, KeyErrorKind, KeyOrigin};
#[cfg(all(target_arch = "x86_64", any(feature = "aws-lc-rs", feature = "rsa")))]
use self::lanes::decrypt_in_lanes;
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
    keys: Arc<BTreeMap<u32, Key>>,
}

#[derive(Clone)]
struct Key {
    decryptor: Arc<dyn RandomKeyDecryptor>,
    /// The same key for eight messages at once, where it can be had.
    #[cfg(all(target_arch = "x86_64", any(feature = "aws-lc-rs", feature = "rsa")))]
    lanes: Option<Arc<lanes::LaneKey>>,
}

impl Key {
    fn new(decryptor: impl RandomKeyDecryptor + 'static) -> Self {
        Self {
            decryptor: Arc::new(decryptor),
            #[cfg(all(target_arch = "x86_64", any(feature = "aws-lc-rs", feature = "rsa")))]
            lanes: None,
        }
    }
}

impl KeyRing {
    /// A ring without keys.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds something that decrypts for this key version, in place of what was there before.
    pub fn insert_decryptor(&mut self, version: u32, decryptor: impl RandomKeyDecryptor + 'static) {
        self.insert_key(version, Key::new(decryptor));
    }

    /// Adds all keys of another ring. Where both have a version, the other ring's counts.
    pub fn merge(&mut self, other: &Self) {
        let others = other.keys.iter().map(|(version, key)| (*version, key.clone()));
        Arc::make_mut(&mut self.keys).extend(others);
    }

    fn insert_key(&mut self, version: u32, key: Key) {
        Arc::make_mut(&mut self.keys).insert(version, key);
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
        let sealed = self.sealed(publickey_ver, encrypt_random_key)?;
        Ok(RandomKey::new(sealed.key.decryptor.decrypt(&sealed.ciphertext)?)?)
    }

    /// Decrypts the random keys of many messages, each given as its `publickey_ver` and its `encrypt_random_key`: one outcome for
    /// each, in their order, the same as of [`decrypt_random_key`](Self::decrypt_random_key).
    ///
    /// Eight at once, where the processor has AVX-512 IFMA (Intel since Ice Lake, AMD since Zen 4) and the keys are in this ring
    /// themselves: that takes about as long as two to five otherwise do. This works on one thread, and several can do it side by
    /// side; `open_all` does. Who wants none of that inserts each key as a decryptor, an `AwsLcRsKey` for example.
    #[must_use]
    pub fn decrypt_random_keys(&self, sealed: &[(u32, &str)]) -> Vec<Result<RandomKey, RandomKeyError>> {
        let sealed: Vec<_> = sealed
            .iter()
            .map(|(publickey_ver, encrypt_random_key)| self.sealed(*publickey_ver, encrypt_random_key))
            .collect();
        let mut outcomes = decrypt_in_lanes(&sealed).into_iter();
        let decrypted = sealed.into_iter().map(|sealed| {
            let outcome = outcomes.next().flatten();
            let sealed = sealed?;
            let outcome = outcome.unwrap_or_else(|| sealed.key.decryptor.decrypt(&sealed.ciphertext));
            Ok(RandomKey::new(outcome?)?)
        });
        decrypted.collect()
    }

    fn sealed(&self, version: u32, encrypt_random_key: &str) -> Result<Sealed<'_>, RandomKeyError> {
        let key = self.keys.get(&version).ok_or(RandomKeyError::MissingKey { version })?;
        let ciphertext = base64::decode(encrypt_random_key).ok_or(CannotDecrypt)?;
        Ok(Sealed { key, ciphertext })
    }
}

/// A random key as it was sealed, and the key that decrypts it.
struct Sealed<'a> {
    key: &'a Key,
    ciphertext: Zeroizing<Vec<u8>>,
}

/// Nothing can go into lanes here.
#[cfg(not(all(target_arch = "x86_64", any(feature = "aws-lc-rs", feature = "rsa"))))]
fn decrypt_in_lanes(
    _: &[Result<Sealed<'_>, RandomKeyError>],
) -> Vec<Option<Result<crate::secret::Secret, CannotDecrypt>>> {
    Vec::new()
}

impl fmt::Debug for KeyRing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let versions: Vec<_> = self.versions().collect();
        f.debug_struct("KeyRing").field("versions", &versions).finish()
    }
}

#[cfg(test)]
mod tests;
