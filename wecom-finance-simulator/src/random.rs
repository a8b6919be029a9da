//! Randomness that is the same in every process.

/// The finaliser of splitmix64: a well-spread value for each input.
pub(crate) fn mix(value: u64) -> u64 {
    let mut z = value.wrapping_mul(0x9e37_79b9_7f4a_7c15).wrapping_add(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

/// A generator for item `index` of the scenario with this seed.
pub(crate) fn for_index(seed: u64, index: u64) -> fastrand::Rng {
    fastrand::Rng::with_seed(mix(seed ^ mix(index)))
}

/// A generator for the item called `name`.
pub(crate) fn for_name(seed: u64, name: &str) -> fastrand::Rng {
    fastrand::Rng::with_seed(mix(seed ^ hash(name)))
}

/// FNV-1a: unlike the standard library's hasher it promises the same value everywhere.
pub(crate) fn hash(text: &str) -> u64 {
    text.bytes()
        .fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}
