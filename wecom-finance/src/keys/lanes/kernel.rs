//! Multiplication modulo odd numbers, eight at once.
//!
//! Montgomery's, with `R = 2^(52·N)`: a product comes out divided by `R`. It is the "almost" kind: operands and results are
//! below some small multiple of the modulus, not below the modulus. With `R` at least 2^16 times the modulus, nothing has to be
//! subtracted in between: from `a·b < R·modulus` follows `(a·b + q·modulus) / R < 2·modulus`, and from operands below
//! `4·modulus` the former.
//!
//! Within a row no limb is moved: what is added up for one limb is written where the next row wants it. A sum has at most
//! 160 products below 2^52, doubled in a square: 64 bits hold it, and carries wait until the end.
#![expect(
    unsafe_code,
    reason = "this is the SIMD kernel: a register is read and written as the eight numbers in it"
)]
#![expect(clippy::indexing_slicing, reason = "every length and index is a constant")]

use std::arch::x86_64::{
    __m512i, _mm512_add_epi64, _mm512_and_si512, _mm512_cmpeq_epi64_mask, _mm512_madd52hi_epu64,
    _mm512_madd52lo_epu64, _mm512_mask_mov_epi64, _mm512_set1_epi64, _mm512_setzero_si512, _mm512_slli_epi64,
    _mm512_srai_epi64, _mm512_srli_epi64, _mm512_sub_epi64,
};
use std::hint::black_box;

use super::limbs::{HALF, LIMB_BITS, Lanes, Limb, WHOLE, ZERO};

const BITS: u32 = LIMB_BITS;

/// An odd number in each lane, and what makes its multiples cancel a lowest limb.
pub(super) struct Modulus<const N: usize> {
    pub(super) limbs: Lanes<N>,
    /// [`negative_inverse`](super::limbs::negative_inverse).
    pub(super) inverse: Limb,
}

/// Writes the same for each of these numbers.
macro_rules! for_each {
    ([$($number:literal)*] $step:ident) => { $($step!($number);)* };
}

/// The product of two numbers, divided by `R`, modulo the modulus. For any length.
#[target_feature(enable = "avx512f,avx512ifma")]
pub(super) fn multiply<const N: usize>(a: &Lanes<N>, b: &Lanes<N>, modulus: &Modulus<N>) -> Lanes<N> {
    let inverse = load(&modulus.inverse);
    let m = &modulus.limbs;
    let mut sum = [zero(); N];
    for b in b {
        let b = load(b);
        let lowest = low(sum[0], load(&a[0]), b);
        let q = low(zero(), lowest, inverse);
        let carry = _mm512_srli_epi64::<BITS>(low(lowest, load(&m[0]), q));
        for at in 1..N {
            let next = low(low(sum[at], load(&a[at]), b), load(&m[at]), q);
            sum[at - 1] = high(high(next, load(&a[at - 1]), b), load(&m[at - 1]), q);
        }
        sum[N - 1] = high(high(zero(), load(&a[N - 1]), b), load(&m[N - 1]), q);
        sum[0] = _mm512_add_epi64(sum[0], carry);
    }
    carried(&sum)
}

/// The same for half a modulus, where the sum has room in registers.
#[inline(never)]
#[target_feature(enable = "avx512f,avx512ifma")]
pub(super) fn multiply_half(a: &Lanes<HALF>, b: &Lanes<HALF>, modulus: &Modulus<HALF>) -> Lanes<HALF> {
    let inverse = load(&modulus.inverse);
    let mut sum = [zero(); HALF];
    for b in b {
        // Where they are is nothing that can be known: otherwise they are loaded before the loop, all forty, and spilled.
        let (a, m) = (black_box(a), black_box(&modulus.limbs));
        let b = load(b);
        let lowest = low(sum[0], load(&a[0]), b);
        let q = low(zero(), lowest, inverse);
        let carry = _mm512_srli_epi64::<BITS>(low(lowest, load(&m[0]), q));
        macro_rules! step {
            ($at:literal) => {
                let next = low(low(sum[$at], load(&a[$at]), b), load(&m[$at]), q);
                sum[$at - 1] = high(high(next, load(&a[$at - 1]), b), load(&m[$at - 1]), q);
            };
        }
        for_each!([1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19] step);
        sum[HALF - 1] = high(high(zero(), load(&a[HALF - 1]), b), load(&m[HALF - 1]), q);
        sum[0] = _mm512_add_epi64(sum[0], carry);
    }
    carried(&sum)
}

/// The limbs of a square from one on, as many as registers hold, before carries. Each product of two different limbs is taken
/// once, and doubled.
macro_rules! half_of_square {
    ($a:ident, from $from:expr, $($i:literal * [$($j:literal)*])*) => {{
        let mut sum = [zero(); HALF];
        $(
            let a = black_box($a);
            let limb = load(&a[$i]);
            $(
                let other = load(&a[$j]);
                if let Some(sum) = sum.get_mut(usize::wrapping_sub($i + $j, $from)) {
                    *sum = low(*sum, limb, other);
                }
                if let Some(sum) = sum.get_mut(usize::wrapping_sub($i + $j + 1, $from)) {
                    *sum = high(*sum, limb, other);
                }
            )*
        )*
        let a = black_box($a);
        macro_rules! double_and_add_square {
            ($k:literal) => {
                let limb = load(&a[$from / 2 + $k]);
                sum[2 * $k] = low(doubled(sum[2 * $k]), limb, limb);
                sum[2 * $k + 1] = high(doubled(sum[2 * $k + 1]), limb, limb);
            };
        }
        for_each!([0 1 2 3 4 5 6 7 8 9] double_and_add_square);
        sum
    }};
}

/// Squares a number, divides by `R`, modulo the modulus.
#[inline(never)]
#[target_feature(enable = "avx512f,avx512ifma")]
pub(super) fn square_half(number: &mut Lanes<HALF>, modulus: &Modulus<HALF>) {
    let a = &*number;
    // For later.
    let upper = half_of_square!(a, from HALF,
        19 * [0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18]
        18 * [1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17]
        17 * [2 3 4 5 6 7 8 9 10 11 12 13 14 15 16]
        16 * [3 4 5 6 7 8 9 10 11 12 13 14 15]
        15 * [4 5 6 7 8 9 10 11 12 13 14]
        14 * [5 6 7 8 9 10 11 12 13]
        13 * [6 7 8 9 10 11 12]
        12 * [7 8 9 10 11]
        11 * [8 9 10]
        10 * [9]
    );
    let upper = stored(&upper);
    // In memory: the registers are needed.
    let upper = black_box(&upper);
    let mut sum = half_of_square!(a, from 0,
        0 * [1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19]
        1 * [2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18]
        2 * [3 4 5 6 7 8 9 10 11 12 13 14 15 16 17]
        3 * [4 5 6 7 8 9 10 11 12 13 14 15 16]
        4 * [5 6 7 8 9 10 11 12 13 14 15]
        5 * [6 7 8 9 10 11 12 13 14]
        6 * [7 8 9 10 11 12 13]
        7 * [8 9 10 11 12]
        8 * [9 10 11]
        9 * [10]
    );

    // As in a multiplication, without its products.
    let inverse = load(&modulus.inverse);
    for _ in 0..HALF {
        let m = black_box(&modulus.limbs);
        let q = low(zero(), sum[0], inverse);
        let carry = _mm512_srli_epi64::<BITS>(low(sum[0], load(&m[0]), q));
        macro_rules! step {
            ($at:literal) => {
                sum[$at - 1] = high(low(sum[$at], load(&m[$at]), q), load(&m[$at - 1]), q);
            };
        }
        for_each!([1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19] step);
        sum[HALF - 1] = high(zero(), load(&m[HALF - 1]), q);
        sum[0] = _mm512_add_epi64(sum[0], carry);
    }
    for (sum, upper) in sum.iter_mut().zip(upper) {
        *sum = _mm512_add_epi64(*sum, load(upper));
    }
    *number = carried(&sum);
}

/// `addend + a·b`, as it is.
#[target_feature(enable = "avx512f,avx512ifma")]
pub(super) fn add_product(addend: &Lanes<HALF>, a: &Lanes<HALF>, b: &Lanes<HALF>) -> Lanes<WHOLE> {
    let mut sum = [zero(); WHOLE];
    for (sum, addend) in sum.iter_mut().zip(addend) {
        *sum = load(addend);
    }
    for (i, a) in a.iter().enumerate() {
        let a = load(a);
        for (j, b) in b.iter().enumerate() {
            let b = load(b);
            sum[i + j] = low(sum[i + j], a, b);
            sum[i + j + 1] = high(sum[i + j + 1], a, b);
        }
    }
    carried(&sum)
}

/// `a + b`, which the limbs hold.
#[target_feature(enable = "avx512f,avx512ifma")]
pub(super) fn add<const N: usize>(a: &Lanes<N>, b: &Lanes<N>) -> Lanes<N> {
    let mut sum = [zero(); N];
    for at in 0..N {
        sum[at] = _mm512_add_epi64(load(&a[at]), load(&b[at]));
    }
    carried(&sum)
}

/// `a - b` modulo the modulus, for numbers below twice the modulus: the result is below four times it.
#[target_feature(enable = "avx512f,avx512ifma")]
pub(super) fn subtract(a: &Lanes<HALF>, b: &Lanes<HALF>, modulus: &Modulus<HALF>) -> Lanes<HALF> {
    let mut difference = [zero(); HALF];
    for at in 0..HALF {
        let twice = doubled(load(&modulus.limbs[at]));
        difference[at] = _mm512_sub_epi64(_mm512_add_epi64(load(&a[at]), twice), load(&b[at]));
    }
    // Single limbs may be below zero, the number is not.
    carried(&difference)
}

/// A number below twice the modulus, modulo it.
#[target_feature(enable = "avx512f,avx512ifma")]
pub(super) fn reduce_once<const N: usize>(number: &Lanes<N>, modulus: &Modulus<N>) -> Lanes<N> {
    let mut difference = [zero(); N];
    for at in 0..N {
        difference[at] = _mm512_sub_epi64(load(&number[at]), load(&modulus.limbs[at]));
    }
    let (difference, borrow) = carry_through(&difference);
    let is_less = _mm512_cmpeq_epi64_mask(borrow, _mm512_set1_epi64(-1));
    let mut reduced = [ZERO; N];
    for at in 0..N {
        reduced[at] = store(_mm512_mask_mov_epi64(load(&difference[at]), is_less, load(&number[at])));
    }
    reduced
}

/// In each lane the number of the table that its index says. Every one is read.
#[inline(never)]
#[target_feature(enable = "avx512f,avx512ifma")]
pub(super) fn select(table: &[Lanes<HALF>], index: &Limb) -> Lanes<HALF> {
    let index = load(index);
    let mut selected = [zero(); HALF];
    let mut this = zero();
    for number in table {
        let is_this = _mm512_cmpeq_epi64_mask(index, this);
        macro_rules! step {
            ($at:literal) => {
                selected[$at] = _mm512_mask_mov_epi64(selected[$at], is_this, load(&number[$at]));
            };
        }
        for_each!([0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19] step);
        this = _mm512_add_epi64(this, _mm512_set1_epi64(1));
    }
    stored(&selected)
}

#[inline]
#[target_feature(enable = "avx512f")]
fn stored(registers: &[__m512i; HALF]) -> Lanes<HALF> {
    let mut number = [ZERO; HALF];
    for (limb, register) in number.iter_mut().zip(registers) {
        *limb = store(*register);
    }
    number
}

#[inline]
#[target_feature(enable = "avx512f,avx512ifma")]
fn carried<const N: usize>(sum: &[__m512i; N]) -> Lanes<N> {
    carry_through(sum).0
}

/// Leaves 52 bits in each limb. Also gives what is carried out of the highest one: -1 in the lanes whose number is below zero.
#[inline]
#[target_feature(enable = "avx512f,avx512ifma")]
fn carry_through<const N: usize>(sum: &[__m512i; N]) -> (Lanes<N>, __m512i) {
    let mask = _mm512_set1_epi64((1 << BITS) - 1);
    let mut number = [ZERO; N];
    let mut carry = zero();
    for at in 0..N {
        let limb = _mm512_add_epi64(sum[at], carry);
        // With its sign.
        carry = _mm512_srai_epi64::<BITS>(limb);
        number[at] = store(_mm512_and_si512(limb, mask));
    }
    (number, carry)
}

/// `sum` and the lower 52 bits of `a·b`, each of which counts with its lower 52 bits.
#[inline]
#[target_feature(enable = "avx512f,avx512ifma")]
fn low(sum: __m512i, a: __m512i, b: __m512i) -> __m512i {
    _mm512_madd52lo_epu64(sum, a, b)
}

/// `sum` and the upper 52 bits of `a·b`, each of which counts with its lower 52 bits.
#[inline]
#[target_feature(enable = "avx512f,avx512ifma")]
fn high(sum: __m512i, a: __m512i, b: __m512i) -> __m512i {
    _mm512_madd52hi_epu64(sum, a, b)
}

#[inline]
#[target_feature(enable = "avx512f")]
fn doubled(limb: __m512i) -> __m512i {
    _mm512_slli_epi64::<1>(limb)
}

#[inline]
#[target_feature(enable = "avx512f")]
fn zero() -> __m512i {
    _mm512_setzero_si512()
}

#[inline]
#[target_feature(enable = "avx512f")]
fn load(limb: &Limb) -> __m512i {
    // SAFETY: both are 64 bytes of numbers, every value of which is one.
    unsafe { std::mem::transmute::<[u64; 8], __m512i>(limb.0) }
}

#[inline]
#[target_feature(enable = "avx512f")]
fn store(register: __m512i) -> Limb {
    // SAFETY: both are 64 bytes of numbers, every value of which is one.
    Limb(unsafe { std::mem::transmute::<__m512i, [u64; 8]>(register) })
}
