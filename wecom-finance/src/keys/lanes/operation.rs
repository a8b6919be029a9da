//! The private operation: two exponentiations, put together by the Chinese remainder theorem, and checked.
#![expect(clippy::indexing_slicing, reason = "every length and index is a constant")]

use zeroize::{Zeroize, Zeroizing};

use super::kernel::{
    Modulus, add, add_product, multiply, multiply_half, reduce_once, select, square_half, subtract,
};
use super::key::{LaneKey, Odd, Prime, WINDOW_BITS, WINDOWS};
use super::limbs::{HALF, Lanes, Limb, WHOLE, ZERO, from_bytes, of_lane, side_by_side, to_bytes};
use super::{BLOCK, LANES};

/// Squarings that `65537 = 2^16 + 1` takes.
const PUBLIC_SQUARINGS: usize = 16;

const ENTRIES: usize = 1 << WINDOW_BITS;

/// A padded message.
pub(super) type Block = Zeroizing<[u8; BLOCK]>;

/// The block that each ciphertext was made of, unless it does not turn into the ciphertext again: `None`.
///
/// A ciphertext has to be below its key's modulus.
#[target_feature(enable = "avx512f,avx512ifma")]
pub(super) fn decrypt(keys: [&LaneKey; LANES], ciphertexts: [&[u8; BLOCK]; LANES]) -> [Option<Block>; LANES] {
    let ciphertexts = ciphertexts.map(|bytes| from_bytes::<WHOLE>(bytes));
    let ciphertexts = side_by_side(ciphertexts.each_ref());
    let (primes_p, primes_q) = (keys.map(|key| &key.p), keys.map(|key| &key.q));
    let p = side_by_side_odd(primes_p.map(|prime| &prime.modulus));
    let q = side_by_side_odd(primes_q.map(|prime| &prime.modulus));
    let of_p = Zeroizing::new(exponentiate(&ciphertexts, primes_p, &p));
    let of_q = Zeroizing::new(exponentiate(&ciphertexts, primes_q, &q));
    // As it is, no longer times R.
    let of_q = Zeroizing::new(multiply_half(&of_q, &one(), &q.modulus));
    let of_q = Zeroizing::new(reduce_once(&of_q, &q.modulus));
    let of_q_for_p = Zeroizing::new(multiply_half(&of_q, &p.r_squared, &p.modulus));
    let difference = Zeroizing::new(subtract(&of_p, &of_q_for_p, &p.modulus));
    let coefficient = Zeroizing::new(side_by_side(keys.map(|key| &key.coefficient)));
    let multiple = Zeroizing::new(multiply_half(&difference, &coefficient, &p.modulus));
    let multiple = Zeroizing::new(reduce_once(&multiple, &p.modulus));
    let blocks = Zeroizing::new(add_product(&of_q, &multiple, &q.modulus.limbs));

    let again = encrypt(&blocks, keys.map(|key| &key.public));
    std::array::from_fn(|lane| {
        let is_right = of_lane(&again, lane) == of_lane(&ciphertexts, lane);
        is_right.then(|| {
            let block = Zeroizing::new(of_lane(&blocks, lane));
            Zeroizing::new(to_bytes(&block))
        })
    })
}

/// `ciphertext^exponent · R` modulo the prime. `odd`: the primes, side by side.
#[target_feature(enable = "avx512f,avx512ifma")]
fn exponentiate(ciphertexts: &Lanes<WHOLE>, primes: [&Prime; LANES], odd: &Odds<HALF>) -> Lanes<HALF> {
    let modulus = &odd.modulus;
    let r_cubed = Zeroizing::new(side_by_side(primes.map(|prime| &prime.r_cubed)));
    // A ciphertext is `lower + upper·R`.
    let (lower, upper) = halves(ciphertexts);
    let lower = Zeroizing::new(multiply_half(&lower, &odd.r_squared, modulus));
    let upper = Zeroizing::new(multiply_half(&upper, &r_cubed, modulus));
    let base = Zeroizing::new(add(&lower, &upper));

    let mut table = Zeroizing::new(Vec::with_capacity(ENTRIES));
    let mut entry = Zeroizing::new(multiply_half(&odd.r_squared, &one(), modulus));
    for _ in 0..ENTRIES {
        table.push(*entry);
        *entry = multiply_half(&entry, &base, modulus);
    }
    let window = |at: usize| Limb(primes.map(|prime| u64::from(prime.exponent[at])));
    let mut power = select(&table, &window(0));
    for at in 1..WINDOWS {
        for _ in 0..WINDOW_BITS {
            square_half(&mut power, modulus);
        }
        let factor = Zeroizing::new(select(&table, &window(at)));
        power = multiply_half(&power, &factor, modulus);
    }
    power
}

/// The public operation.
#[target_feature(enable = "avx512f,avx512ifma")]
fn encrypt(blocks: &Lanes<WHOLE>, publics: [&Odd<WHOLE>; LANES]) -> Lanes<WHOLE> {
    let odd = side_by_side_odd(publics);
    let mut power = multiply(blocks, &odd.r_squared, &odd.modulus);
    for _ in 0..PUBLIC_SQUARINGS {
        power = multiply(&power, &power, &odd.modulus);
    }
    // This time without R: the factor that takes it away is the block itself.
    reduce_once(&multiply(&power, blocks, &odd.modulus), &odd.modulus)
}

/// [`Odd`] numbers, one a lane.
struct Odds<const N: usize> {
    modulus: Modulus<N>,
    r_squared: Lanes<N>,
}

fn side_by_side_odd<const N: usize>(numbers: [&Odd<N>; LANES]) -> Zeroizing<Odds<N>> {
    Zeroizing::new(Odds {
        modulus: Modulus {
            limbs: side_by_side(numbers.map(|odd| &odd.number)),
            inverse: Limb(numbers.map(|odd| odd.inverse)),
        },
        r_squared: side_by_side(numbers.map(|odd| &odd.r_squared)),
    })
}

impl<const N: usize> Zeroize for Odds<N> {
    fn zeroize(&mut self) {
        self.modulus.limbs.zeroize();
        self.modulus.inverse.zeroize();
        self.r_squared.zeroize();
    }
}

fn one() -> Lanes<HALF> {
    let mut one = [ZERO; HALF];
    one[0] = Limb([1; LANES]);
    one
}

fn halves(number: &Lanes<WHOLE>) -> (Lanes<HALF>, Lanes<HALF>) {
    (std::array::from_fn(|at| number[at]), std::array::from_fn(|at| number[HALF + at]))
}
