//! A private key, prepared for the lanes.

use pkcs1::RsaPrivateKeyRef;
use pkcs8::PrivateKeyInfoRef;
use pkcs8::der::Decode as _;
use zeroize::Zeroize;

use super::limbs::{HALF, LIMB_BITS, Number, WHOLE, from_bytes, negative_inverse, power_of_two};
use super::{BLOCK, is_available};

/// Bytes of a prime.
const PRIME: usize = BLOCK / 2;

/// Bits of an exponent that are worked through at once.
pub(super) const WINDOW_BITS: usize = 4;
pub(super) const WINDOWS: usize = PRIME * 8 / WINDOW_BITS;

/// The one public exponent that is in use, 65537.
const PUBLIC_EXPONENT: [u8; 3] = [1, 0, 1];

/// `log2(R)` for a prime.
const R_BITS: usize = HALF * LIMB_BITS as usize;

pub(in crate::keys) struct LaneKey {
    pub(super) p: Prime,
    pub(super) q: Prime,
    /// `1/q` modulo `p`.
    pub(super) coefficient: Number<HALF>,
    pub(super) public: Odd<WHOLE>,
    /// The modulus as ciphertexts are written.
    pub(super) modulus: [u8; BLOCK],
}

/// One of the two primes.
pub(super) struct Prime {
    pub(super) modulus: Odd<HALF>,
    /// `R³` modulo the prime.
    pub(super) r_cubed: Number<HALF>,
    /// The private exponent for this prime, in windows, the highest first.
    pub(super) exponent: [u8; WINDOWS],
}

/// An odd number, and what its multiplications need.
pub(super) struct Odd<const N: usize> {
    pub(super) number: Number<N>,
    pub(super) inverse: u64,
    /// `R²` modulo the number.
    pub(super) r_squared: Number<N>,
}

impl LaneKey {
    /// `None` if this processor or this key is not made for it: then the ordinary way remains.
    ///
    /// The key's numbers are taken to belong together. If they do not, no result will pass the check.
    pub(in crate::keys) fn from_pkcs8(der: &[u8]) -> Option<Self> {
        if !is_available() {
            return None;
        }
        let info = PrivateKeyInfoRef::try_from(der).ok()?;
        let key = RsaPrivateKeyRef::from_der(info.private_key.as_bytes()).ok()?;
        if key.public_exponent.as_bytes() != PUBLIC_EXPONENT {
            return None;
        }
        let modulus: [u8; BLOCK] = key.modulus.as_bytes().try_into().ok()?;
        Some(Self {
            p: Prime::new(key.prime1.as_bytes(), key.exponent1.as_bytes())?,
            q: Prime::new(key.prime2.as_bytes(), key.exponent2.as_bytes())?,
            coefficient: number(key.coefficient.as_bytes())?,
            public: Odd::new(from_bytes(&modulus), 2 * R_BITS)?,
            modulus,
        })
    }
}

impl Prime {
    fn new(prime: &[u8], exponent: &[u8]) -> Option<Self> {
        // Of exactly 1024 bits: what follows counts on it, and on its being above the other one's half.
        if prime.len() != PRIME || prime.first()? < &0x80 {
            return None;
        }
        let modulus = Odd::new(from_bytes(prime), R_BITS)?;
        let mut windows = [0; WINDOWS];
        let unused = windows.len().checked_sub(2 * exponent.len())?;
        let (_, used) = windows.split_at_mut_checked(unused)?;
        for (windows, byte) in used.chunks_exact_mut(2).zip(exponent) {
            windows.copy_from_slice(&[byte >> WINDOW_BITS, byte & ((1 << WINDOW_BITS) - 1)]);
        }
        Some(Self { r_cubed: power_of_two(3 * R_BITS, &modulus.number), exponent: windows, modulus })
    }
}

impl<const N: usize> Odd<N> {
    fn new(number: Number<N>, r_bits: usize) -> Option<Self> {
        let lowest = *number.first()?;
        if lowest % 2 == 0 {
            return None;
        }
        let r_squared = power_of_two(2 * r_bits, &number);
        Some(Self { inverse: negative_inverse(lowest), r_squared, number })
    }
}

/// A number no longer than a prime.
fn number(bytes: &[u8]) -> Option<Number<HALF>> {
    (bytes.len() <= PRIME).then(|| from_bytes(bytes))
}

impl Drop for LaneKey {
    fn drop(&mut self) {
        for prime in [&mut self.p, &mut self.q] {
            prime.modulus.number.zeroize();
            prime.modulus.inverse.zeroize();
            prime.modulus.r_squared.zeroize();
            prime.r_cubed.zeroize();
            prime.exponent.zeroize();
        }
        self.coefficient.zeroize();
    }
}
