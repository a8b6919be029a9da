//! The messages of a page, put into lanes.
#![expect(unsafe_code, reason = "a function for a processor that has to be known to be this one is called")]

use std::num::NonZero;
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use super::key::LaneKey;
use super::operation::{self, Block};
use super::{BLOCK, LANES, padding};
use crate::keys::{CannotDecrypt, Key, RandomKeyError, Sealed};
use crate::secret::Secret;

/// The first one may find everything cold, and another may be interrupted.
const RUNS: usize = 3;

/// Eight at once that take so many times as long as one are not worth another look.
const TOO_LONG: u32 = 32;

type Outcome = Option<Result<Secret, CannotDecrypt>>;

/// Decrypts what can go into lanes, where that is faster, and leaves the rest alone: `None`. One outcome for each, in their order.
pub(in crate::keys) fn decrypt_in_lanes(sealed: &[Result<Sealed<'_>, RandomKeyError>]) -> Vec<Outcome> {
    decrypt_if_at_least(sealed, worth_it)
}

pub(super) fn decrypt_if_at_least(
    sealed: &[Result<Sealed<'_>, RandomKeyError>],
    worth_it: impl FnOnce(&Candidate<'_>) -> usize,
) -> Vec<Outcome> {
    let mut outcomes: Vec<_> = sealed.iter().map(|_| None).collect();
    let candidates: Vec<Candidate<'_>> = outcomes
        .iter_mut()
        .zip(sealed)
        .filter_map(|(outcome, sealed)| Candidate::new(outcome, sealed.as_ref().ok()?))
        .collect();
    // One alone is not worth it anywhere.
    let Some(first) = candidates.first().filter(|_| candidates.len() > 1) else { return outcomes };
    let worth_it = worth_it(first);
    let mut rest = candidates.into_iter();
    while rest.len().min(LANES) >= worth_it {
        let mut eight: Vec<_> = rest.by_ref().take(LANES).collect();
        decrypt_eight(&mut eight);
    }
    outcomes
}

/// With how many lanes in use this is faster than the ordinary way, more than there are if with none.
///
/// That depends on the processor, and on how this crate was compiled: without optimisation it takes a hundred times as long, and the
/// ordinary way does not. So it is measured, once.
fn worth_it(candidate: &Candidate<'_>) -> usize {
    static WORTH_IT: OnceLock<usize> = OnceLock::new();
    *WORTH_IT.get_or_init(|| {
        let alone =
            shortest(Duration::MAX, || drop(candidate.ordinary.decryptor.decrypt(candidate.ciphertext)));
        let limit = alone.saturating_mul(TOO_LONG);
        let together =
            shortest(limit, || drop(operate([candidate.key; LANES], [candidate.ciphertext; LANES])));
        let alone = NonZero::new(alone.as_nanos()).unwrap_or(NonZero::<u128>::MIN);
        usize::try_from(together.as_nanos() / alone).unwrap_or(usize::MAX).saturating_add(1).max(2)
    })
}

/// How long it takes if nothing else is in the way, or at least `limit`.
fn shortest(limit: Duration, mut work: impl FnMut()) -> Duration {
    let mut shortest = Duration::MAX;
    for _ in 0..RUNS {
        let begin = Instant::now();
        work();
        shortest = shortest.min(begin.elapsed());
        if shortest >= limit {
            break;
        }
    }
    shortest
}

pub(super) struct Candidate<'a> {
    outcome: &'a mut Outcome,
    /// Exists only where the processor can do this.
    key: &'a LaneKey,
    /// The same key for the ordinary way.
    ordinary: &'a Key,
    ciphertext: &'a [u8; BLOCK],
}

impl<'a> Candidate<'a> {
    fn new(outcome: &'a mut Outcome, sealed: &'a Sealed<'_>) -> Option<Self> {
        let ciphertext: &[u8; BLOCK] = sealed.ciphertext.as_slice().try_into().ok()?;
        let key = sealed.key.lanes.as_deref()?;
        (*ciphertext < key.modulus).then_some(Self { outcome, key, ordinary: sealed.key, ciphertext })
    }
}

fn decrypt_eight(candidates: &mut [Candidate<'_>]) {
    let Some(first) = candidates.first() else { return };
    // Lanes that are left over do the first one's work again.
    let lane = |lane: usize| candidates.get(lane).unwrap_or(first);
    let blocks =
        operate(std::array::from_fn(|at| lane(at).key), std::array::from_fn(|at| lane(at).ciphertext));
    for (candidate, block) in candidates.iter_mut().zip(blocks) {
        *candidate.outcome = block.map(|block| padding::message(&block));
    }
}

pub(super) fn operate(keys: [&LaneKey; LANES], ciphertexts: [&[u8; BLOCK]; LANES]) -> [Option<Block>; LANES] {
    // SAFETY: there are no `LaneKey`s but where the processor was seen to have AVX-512 F and IFMA.
    unsafe { operation::decrypt(keys, ciphertexts) }
}
