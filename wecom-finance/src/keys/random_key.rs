//! From `encrypt_random_key` to what opens a message.

use std::fmt;
use std::sync::Arc;

use crate::secret::Secret;

/// Decrypts the random keys of messages: RSA PKCS#1 v1.5 with one private key.
///
/// Implement it where the private key does not leave its home: a KMS, an HSM, another process. For keys in
/// files there is `KeyRing::from_dir`.
///
/// ```
/// use wecom_finance::{CannotDecrypt, KeyRing, RandomKeyDecryptor, Secret};
/// # struct KmsClient;
/// # impl KmsClient {
/// #     fn decrypt(&self, _key: &str, _ciphertext: &[u8]) -> Result<Vec<u8>, std::io::Error> { Ok(vec![1]) }
/// # }
///
/// struct Kms { client: KmsClient, key: String }
///
/// impl RandomKeyDecryptor for Kms {
///     fn decrypt(&self, ciphertext: &[u8]) -> Result<Secret, CannotDecrypt> {
///         self.client.decrypt(&self.key, ciphertext).map(Secret::new).map_err(|_| CannotDecrypt)
///     }
/// }
///
/// let mut keys = KeyRing::new();
/// keys.insert_decryptor(2, Kms { client: KmsClient, key: "archive-v2".into() });
/// ```
pub trait RandomKeyDecryptor: Send + Sync {
    /// Decrypts `ciphertext`, the base64-decoded `encrypt_random_key` of a message: 256 bytes from WeCom, but
    /// anything may come.
    ///
    /// To bad padding an implementation may answer with an error, or with `Ok` and bytes that mean nothing
    /// (implicit rejection): callers cannot and must not tell these apart, and a wrong key is found out at
    /// the latest when the message does not open.
    ///
    /// # Errors
    ///
    /// [`CannotDecrypt`], whatever the reason.
    fn decrypt(&self, ciphertext: &[u8]) -> Result<Secret, CannotDecrypt>;
}

impl<T: RandomKeyDecryptor + ?Sized> RandomKeyDecryptor for Arc<T> {
    fn decrypt(&self, ciphertext: &[u8]) -> Result<Secret, CannotDecrypt> {
        (**self).decrypt(ciphertext)
    }
}

/// A random key does not decrypt. Says nothing more on purpose: a reason that tells bad padding from other
/// failures is what attacks on PKCS#1 v1.5 feed on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the random key does not decrypt with this private key")]
pub struct CannotDecrypt;

/// Why there is no [`RandomKey`] for a message.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RandomKeyError {
    /// The key ring has no private key of this version. Adding it makes the message readable.
    #[error("no private key for publickey_ver {version}")]
    MissingKey {
        /// The message's `publickey_ver`.
        version: u32,
    },
    /// The private key of the message's `publickey_ver` does not decrypt it: most often the wrong key under
    /// this version.
    #[error("the random key does not decrypt with the private key of its publickey_ver")]
    CannotDecrypt,
}

impl From<CannotDecrypt> for RandomKeyError {
    fn from(CannotDecrypt: CannotDecrypt) -> Self {
        Self::CannotDecrypt
    }
}

/// The decrypted random key of one message: what the SDK opens it with. Wiped from memory when dropped.
///
/// Never empty and free of NUL bytes, so it can go through a C string without being cut. That does not prove
/// it right.
#[derive(Clone)]
pub struct RandomKey(Secret);

impl RandomKey {
    pub(super) fn new(key: Secret) -> Result<Self, CannotDecrypt> {
        if key.expose().is_empty() || key.expose().contains(&0) {
            return Err(CannotDecrypt);
        }
        Ok(Self(key))
    }

    /// The bytes, without a NUL at the end.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        self.0.expose()
    }
}

impl fmt::Debug for RandomKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RandomKey([redacted])")
    }
}
