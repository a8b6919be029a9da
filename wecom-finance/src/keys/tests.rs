//! The ring over its decryptors; without a backend, over stand-ins for them.

use super::*;
use crate::secret::Secret;

/// Answers every ciphertext with the same bytes.
struct Constant(&'static [u8]);

impl RandomKeyDecryptor for Constant {
    fn decrypt(&self, _ciphertext: &[u8]) -> Result<Secret, CannotDecrypt> {
        Ok(Secret::new(self.0))
    }
}

/// Answers with the ciphertext, and refuses an empty one.
struct Echo;

impl RandomKeyDecryptor for Echo {
    fn decrypt(&self, ciphertext: &[u8]) -> Result<Secret, CannotDecrypt> {
        if ciphertext.is_empty() { Err(CannotDecrypt) } else { Ok(Secret::new(ciphertext)) }
    }
}

fn ring(version: u32, decryptor: impl RandomKeyDecryptor + 'static) -> KeyRing {
    let mut ring = KeyRing::new();
    ring.insert_decryptor(version, decryptor);
    ring
}

#[test]
fn a_missing_key_is_a_different_error_from_one_that_does_not_fit() {
    let ring = ring(2, Echo);
    assert_eq!(ring.decrypt_random_key(2, "aGVs\r\nbG8").unwrap().as_bytes(), b"hello");
    assert_eq!(
        ring.decrypt_random_key(1, "aGVsbG8=").unwrap_err(),
        RandomKeyError::MissingKey { version: 1 }
    );
    for unusable in ["", "*", "AGVsbG8="] {
        assert_eq!(
            ring.decrypt_random_key(2, unusable).unwrap_err(),
            RandomKeyError::CannotDecrypt,
            "{unusable}"
        );
    }
}

#[test]
fn garbage_that_would_be_cut_in_a_c_string_does_not_pass() {
    for (bytes, passes) in
        [(&b"key"[..], true), (b"", false), (b"\0", false), (b"k\0y", false), (b"key\0", false)]
    {
        let result = ring(1, Constant(bytes)).decrypt_random_key(1, "AAAA");
        assert_eq!(result.is_ok(), passes, "{bytes:?}");
    }
}

#[test]
fn clones_and_merges_are_independent() {
    let mut first = ring(1, Constant(b"one"));
    let clone = first.clone();
    let mut second = ring(1, Constant(b"uno"));
    second.insert_decryptor(3, Arc::new(Echo));
    first.merge(&second);
    assert_eq!(first.versions().collect::<Vec<_>>(), [1, 3]);
    assert_eq!(first.decrypt_random_key(1, "AAAA").unwrap().as_bytes(), b"uno");
    assert_eq!(clone.versions().collect::<Vec<_>>(), [1]);
    assert_eq!(clone.decrypt_random_key(1, "AAAA").unwrap().as_bytes(), b"one");
    assert!(KeyRing::new().is_empty() && !first.is_empty());
}

#[test]
fn debug_shows_versions_and_nothing_else() {
    let ring = ring(7, Constant(b"canary"));
    assert_eq!(format!("{ring:?}"), "KeyRing { versions: [7] }");
    assert_eq!(format!("{:?}", ring.decrypt_random_key(7, "AAAA").unwrap()), "RandomKey([redacted])");
}

#[test]
fn rings_and_errors_cross_threads() {
    fn check<T: Send + Sync + 'static>() {}
    check::<KeyRing>();
    check::<KeyError>();
    check::<RandomKey>();
    check::<RandomKeyError>();
}

#[cfg(any(feature = "aws-lc-rs", feature = "rsa"))]
mod backends;
