//! RSA in pure Rust, by the RustCrypto project.

use std::fmt;

use rsa::pkcs8::DecodePrivateKey;
use rsa::rand_core::OsRng;
use rsa::traits::PublicKeyParts;
use rsa::{Pkcs1v15Encrypt, RsaPrivateKey};
use zeroize::Zeroizing;

use super::key_error::{KeyError, KeyErrorKind, KeyOrigin};
use super::pem;
use super::random_key::{CannotDecrypt, RandomKeyDecryptor};
use crate::secret::Secret;

/// A private key that the crate `rsa` computes with: no C compiler needed, on any platform.
///
/// Not the default, because that crate carries [RUSTSEC-2023-0071] (Marvin) without a fixed release: the time
/// that a decryption takes depends on the key. Decryptions are blinded here, which makes it harder to use but
/// is no cure. It matters where somebody can have many ciphertexts of their own choice decrypted and measure
/// how long each takes; the archive's messages come from WeCom, so an ordinary archiver is not such a place,
/// a service that opens messages for others may be.
///
/// [RUSTSEC-2023-0071]: https://rustsec.org/advisories/RUSTSEC-2023-0071
pub struct RustCryptoKey(RsaPrivateKey);

impl RustCryptoKey {
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
        RsaPrivateKey::from_pkcs8_der(pkcs8).map(Self).map_err(|_| KeyErrorKind::Malformed)
    }
}

impl RandomKeyDecryptor for RustCryptoKey {
    fn decrypt(&self, ciphertext: &[u8]) -> Result<Secret, CannotDecrypt> {
        // The crate takes shorter ciphertexts for numbers with leading zeros. RFC 8017 and the other backend
        // do not.
        if ciphertext.len() != self.0.size() {
            return Err(CannotDecrypt);
        }
        let plaintext =
            self.0.decrypt_blinded(&mut OsRng, Pkcs1v15Encrypt, ciphertext).map_err(|_| CannotDecrypt)?;
        Ok(Secret::from_zeroizing(Zeroizing::new(plaintext)))
    }
}

impl fmt::Debug for RustCryptoKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RustCryptoKey").finish_non_exhaustive()
    }
}
