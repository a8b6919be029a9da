//! Numbers in limbs of 52 bits, one by one: what is computed once for a key, and the way in and out.
#![expect(clippy::indexing_slicing, reason = "every length and index is a constant")]

use subtle::{ConditionallySelectable as _, ConstantTimeLess as _};
use zeroize::Zeroize;

use super::LANES;

/// What the processor multiplies at once.
pub(super) const LIMB_BITS: u32 = 52;
const LIMB: u64 = (1 << LIMB_BITS) - 1;

/// Limbs of a prime of 1024 bits. The 16 bits that are left over make reductions between multiplications needless.
pub(super) const HALF: usize = 20;

/// Limbs of a modulus of 2048 bits.
pub(super) const WHOLE: usize = 2 * HALF;

/// A number in `N` limbs, the lowest first.
pub(super) type Number<const N: usize> = [u64; N];

/// The same limb of the numbers in all lanes.
#[derive(Clone, Copy)]
#[cfg_attr(test, derive(Debug, PartialEq, Eq))]
#[repr(C, align(64))]
pub(super) struct Limb(pub(super) [u64; LANES]);

impl Zeroize for Limb {
    fn zeroize(&mut self) {
        self.0.zeroize();
    }
}

/// A number in each lane.
pub(super) type Lanes<const N: usize> = [Limb; N];

pub(super) const ZERO: Limb = Limb([0; LANES]);

/// One number for each lane.
pub(super) fn side_by_side<const N: usize>(numbers: [&Number<N>; LANES]) -> Lanes<N> {
    std::array::from_fn(|limb| Limb(numbers.map(|number| number[limb])))
}

/// The number in one lane.
pub(super) fn of_lane<const N: usize>(lanes: &Lanes<N>, lane: usize) -> Number<N> {
    lanes.each_ref().map(|limb| limb.0[lane])
}

/// Reads a number of at most `N` limbs, the highest byte first.
pub(super) fn from_bytes<const N: usize>(bytes: &[u8]) -> Number<N> {
    let mut number = [0; N];
    let (mut limb, mut bits, mut at) = (0_u64, 0, 0);
    for byte in bytes.iter().rev() {
        limb |= u64::from(*byte) << bits;
        bits += u8::BITS;
        if bits >= LIMB_BITS {
            number[at] = limb & LIMB;
            at += 1;
            bits -= LIMB_BITS;
            // What of the byte did not fit.
            limb = u64::from(*byte) >> (u8::BITS - bits);
        }
    }
    if bits > 0 && at < N {
        number[at] = limb;
    }
    number
}

/// Writes a number into so many bytes, the highest first.
pub(super) fn to_bytes<const N: usize, const B: usize>(number: &Number<N>) -> [u8; B] {
    let mut bytes = [0; B];
    let (mut rest, mut bits, mut limbs) = (0_u64, 0, number.iter());
    for byte in bytes.iter_mut().rev() {
        if bits < u8::BITS
            && let Some(limb) = limbs.next()
        {
            rest |= limb << bits;
            bits += LIMB_BITS;
        }
        *byte = rest.to_le_bytes()[0];
        rest >>= u8::BITS;
        bits = bits.saturating_sub(u8::BITS);
    }
    rest.zeroize();
    bytes
}

/// `2^exponent` modulo an odd number greater than 1.
pub(super) fn power_of_two<const N: usize>(exponent: usize, modulus: &Number<N>) -> Number<N> {
    let mut power = [0; N];
    power[0] = 1;
    for _ in 0..exponent {
        power = doubled(&power, modulus);
    }
    power
}

/// Twice a number below `modulus`, modulo it.
fn doubled<const N: usize>(number: &Number<N>, modulus: &Number<N>) -> Number<N> {
    let (mut double, mut less) = ([0; N], [0; N]);
    let (mut carry, mut borrow) = (0, 0);
    for at in 0..N {
        let limb = (number[at] << 1) | carry;
        carry = limb >> LIMB_BITS;
        double[at] = limb & LIMB;
        let difference = double[at].wrapping_sub(modulus[at]).wrapping_sub(borrow);
        borrow = difference >> (u64::BITS - 1);
        less[at] = difference & LIMB;
    }
    // Below the modulus if it could not be taken away: what was carried out of the highest limb counts as well.
    let is_less = carry.ct_lt(&borrow);
    for (less, double) in less.iter_mut().zip(&double) {
        less.conditional_assign(double, is_less);
    }
    double.zeroize();
    less
}

/// `-1/modulus` modulo `2^52`, for an odd modulus: what makes its multiples cancel the lowest limb.
pub(super) fn negative_inverse(lowest: u64) -> u64 {
    // Right in the lowest three bits, and in twice as many after each step.
    let mut inverse = lowest;
    for _ in 0..5 {
        inverse = inverse.wrapping_mul(2_u64.wrapping_sub(lowest.wrapping_mul(inverse)));
    }
    inverse.wrapping_neg() & LIMB
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rsa::BigUint;

    use super::*;

    fn number(limbs: &Number<HALF>) -> BigUint {
        BigUint::from_bytes_be(&to_bytes::<HALF, 130>(limbs))
    }

    proptest! {
        #[test]
        fn bytes_come_back(bytes: [u8; 128]) {
            let limbs = from_bytes::<HALF>(&bytes);
            prop_assert!(limbs.iter().all(|limb| *limb <= LIMB));
            prop_assert_eq!(to_bytes::<HALF, 128>(&limbs), bytes);
            prop_assert_eq!(number(&limbs), BigUint::from_bytes_be(&bytes));
        }

        #[test]
        fn powers_of_two(mut modulus: [u8; 128], exponent in 0_usize..4_000) {
            modulus[0] |= 0x80;
            modulus[127] |= 1;
            let power = power_of_two(exponent, &from_bytes::<HALF>(&modulus));
            let expected = (BigUint::from(1_u8) << exponent) % BigUint::from_bytes_be(&modulus);
            prop_assert_eq!(number(&power), expected);
        }

        #[test]
        fn inverses(odd in any::<u64>().prop_map(|any| any | 1)) {
            prop_assert_eq!(odd.wrapping_mul(negative_inverse(odd)) & LIMB, LIMB);
        }
    }

    #[test]
    fn two_hundred_and_sixty_bytes_fill_forty_limbs() {
        let bytes = [0xff; 260];
        let limbs = from_bytes::<WHOLE>(&bytes);
        assert!(limbs.iter().all(|limb| *limb == LIMB));
        assert_eq!(to_bytes::<WHOLE, 260>(&limbs), bytes);
    }
}
