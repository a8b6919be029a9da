//! RSA by AWS-LC.

use std::fmt;

use aws_lc_rs::rsa::{Pkcs1PrivateDecryptingKey, PrivateDecryptingKey};
use zeroize::Zeroizing;

use super::key_error::{KeyError, KeyErrorKind, KeyOrigin};
use super::pem;
use super::random_key::{CannotDecrypt, RandomKeyDecryptor};
use crate::secret::Secret;

/// A private key that AWS-LC computes with: blinded, in constant-time arithmetic, and several times as fast
/// as the other backend. What [`KeyRing`](crate::KeyRing) uses by default.
///
/// AWS-LC's symbols carry a prefix of their own, so it never meets the OpenSSL inside the vendor's library.
pub struct AwsLcRsKey(Pkcs1PrivateDecryptingKey);

impl AwsLcRsKey {
    /// Reads a private key in PEM; see [`KeyRing::insert_pem`](crate::KeyRing::insert_pem) for what is
    /// accepted.
    ///
    /// # Errors
    ///
    /// [`KeyError`] if it is not an RSA private key of 2048 bits, or the passphrase does not fit.
    pub fn from_pem(pem: &[u8], passphrase: Option<&Secret>) -> Result<Self, KeyError> {
        pem::rsa_private_key(pem, passphrase)
            .and_then(|pkcs8| Self::from_pkcs8(&pkcs8))
            .map_err(|kind| KeyError::new(KeyOrigin::Text, kind))
    }

    pub(super) fn from_pkcs8(pkcs8: &[u8]) -> Result<Self, KeyErrorKind> {
        // What the parser let through and this refuses has numbers that do not belong together.
        let key = PrivateDecryptingKey::from_pkcs8(pkcs8).map_err(|_| KeyErrorKind::Malformed)?;
        Pkcs1PrivateDecryptingKey::new(key).map(Self).map_err(|_| KeyErrorKind::Malformed)
    }
}

impl RandomKeyDecryptor for AwsLcRsKey {
    fn decrypt(&self, ciphertext: &[u8]) -> Result<Secret, CannotDecrypt> {
        let mut plaintext = Zeroizing::new(vec![0; self.0.min_output_size()]);
        let len = self.0.decrypt(ciphertext, &mut plaintext).map_err(|_| CannotDecrypt)?.len();
        plaintext.truncate(len);
        Ok(Secret::from_zeroizing(plaintext))
    }
}

impl fmt::Debug for AwsLcRsKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AwsLcRsKey").finish_non_exhaustive()
    }
}
