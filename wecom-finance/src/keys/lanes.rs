//! Eight RSA private operations at once, in the lanes of AVX-512 registers.
//!
//! Opening a message costs one RSA private operation and little else, and the messages of a page are independent. The
//! processor's 52-bit multiply-add (AVX-512 IFMA) works on eight numbers at once, so eight messages are decrypted in the time that
//! two to five take otherwise. Lanes may have different keys.
//!
//! This is an addition to a backend, not one in its place: whatever does not go this way goes the ordinary one. Nothing
//! comes out of a lane before the public operation has turned it back into its ciphertext: with the Chinese remainder
//! theorem a single wrong step would give the private key away (Boneh, DeMillo, Lipton: On the Importance of Checking
//! Cryptographic Protocols for Faults).
//!
//! All of it takes the same time and touches the same memory whatever the keys and the ciphertexts are.

mod kernel;
mod key;
mod limbs;
mod operation;
mod padding;
mod ring;

pub(super) use key::LaneKey;
pub(super) use ring::decrypt_in_lanes;

/// The numbers that are worked on at once.
const LANES: usize = 8;

/// Bytes of a modulus, a ciphertext and a padded message.
const BLOCK: usize = 256;

/// Whether this processor can do it.
fn is_available() -> bool {
    is_x86_feature_detected!("avx512f") && is_x86_feature_detected!("avx512ifma")
}

#[cfg(test)]
mod tests;
