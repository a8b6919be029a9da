//! The messages of a page, put into lanes.
#![expect(unsafe_code, reason = "a function for a processor that has to be known to be this one is called")]

use super::key::LaneKey;
use super::{BLOCK, LANES, WORTH_IT, operation, padding};
use crate::keys::CannotDecrypt;
use crate::secret::Secret;

/// Decrypts what can go into lanes, and leaves the rest alone: `None`.
///
/// The order of the outcomes is that of the ciphertexts. A key exists only where the processor can do this.
pub(in crate::keys) fn decrypt_in_lanes(
    ciphertexts: &[(Option<&LaneKey>, &[u8])],
) -> Vec<Option<Result<Secret, CannotDecrypt>>> {
    let mut outcomes: Vec<_> = ciphertexts.iter().map(|_| None).collect();
    let candidates: Vec<Candidate<'_>> = outcomes
        .iter_mut()
        .zip(ciphertexts)
        .filter_map(|(outcome, (key, ciphertext))| Candidate::new(outcome, (*key)?, ciphertext))
        .collect();
    let mut rest = candidates.into_iter();
    while rest.len() >= WORTH_IT {
        let mut eight: Vec<_> = rest.by_ref().take(LANES).collect();
        decrypt_eight(&mut eight);
    }
    outcomes
}

struct Candidate<'a> {
    outcome: &'a mut Option<Result<Secret, CannotDecrypt>>,
    key: &'a LaneKey,
    ciphertext: &'a [u8; BLOCK],
}

impl<'a> Candidate<'a> {
    fn new(
        outcome: &'a mut Option<Result<Secret, CannotDecrypt>>,
        key: &'a LaneKey,
        ciphertext: &'a [u8],
    ) -> Option<Self> {
        let ciphertext: &[u8; BLOCK] = ciphertext.try_into().ok()?;
        (*ciphertext < key.modulus).then_some(Self { outcome, key, ciphertext })
    }
}

fn decrypt_eight(candidates: &mut [Candidate<'_>]) {
    let Some(first) = candidates.first() else { return };
    // Lanes that are left over do the first one's work again.
    let lane = |lane: usize| candidates.get(lane).unwrap_or(first);
    let keys = std::array::from_fn(|at| lane(at).key);
    let ciphertexts = std::array::from_fn(|at| lane(at).ciphertext);
    // SAFETY: there are no `LaneKey`s but where the processor was seen to have AVX-512 F and IFMA.
    let blocks = unsafe { operation::decrypt(keys, ciphertexts) };
    for (candidate, block) in candidates.iter_mut().zip(blocks) {
        *candidate.outcome = block.map(|block| padding::message(&block));
    }
}
