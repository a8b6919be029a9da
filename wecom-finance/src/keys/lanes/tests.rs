//! The lanes against two implementations that know nothing of them: big integers, and the ordinary backend.
#![expect(unsafe_code, reason = "functions for a processor that has to be known to be this one are called")]

use std::sync::Arc;

use proptest::prelude::*;
use rsa::pkcs8::DecodePrivateKey as _;
use rsa::traits::{PrivateKeyParts as _, PublicKeyParts as _};
use rsa::{BigUint, RsaPrivateKey};

use super::kernel::{Modulus, multiply, multiply_half, reduce_once, square_half, subtract};
use super::limbs::{
    HALF, Lanes, Limb, Number, from_bytes, negative_inverse, of_lane, side_by_side, to_bytes,
};
use super::ring::{decrypt_if_at_least, operate};
use super::{BLOCK, LANES, LaneKey, is_available};
use crate::keys::pem::rsa_private_key;
use crate::keys::{CannotDecrypt, Key, KeyRing, RandomKeyDecryptor, RandomKeyError, Sealed};
use crate::secret::Secret;

const KEYS: [&str; 2] =
    [include_str!("../testdata/rsa2048-pkcs8.pem"), include_str!("../testdata/rsa2048-other-pkcs8.pem")];

/// Both keys, as they are here and as others know them, or nothing where the processor cannot.
fn keys() -> Option<[(LaneKey, RsaPrivateKey); 2]> {
    if !is_available() {
        eprintln!("skipped: this processor has no AVX-512 IFMA");
        return None;
    }
    Some(KEYS.map(|pem| {
        let pkcs8 = rsa_private_key(pem.as_bytes(), None).unwrap();
        (LaneKey::from_pkcs8(&pkcs8).unwrap(), RsaPrivateKey::from_pkcs8_der(&pkcs8).unwrap())
    }))
}

fn block(number: &BigUint) -> [u8; BLOCK] {
    let bytes = number.to_bytes_be();
    let mut block = [0; BLOCK];
    block[BLOCK - bytes.len()..].copy_from_slice(&bytes);
    block
}

/// The plain private operation on each of these numbers, in lanes whose keys alternate, is that of big integers.
fn compare(keys: &[(LaneKey, RsaPrivateKey); 2], numbers: &[[u8; BLOCK]; LANES]) {
    let key = |lane: usize| &keys[lane % 2];
    let ciphertexts: [_; LANES] =
        std::array::from_fn(|lane| BigUint::from_bytes_be(&numbers[lane]) % key(lane).1.n());
    let blocks = ciphertexts.each_ref().map(block);
    let outcomes = operate(std::array::from_fn(|lane| &key(lane).0), blocks.each_ref());
    for lane in 0..LANES {
        let (_, oracle) = key(lane);
        let expected = ciphertexts[lane].modpow(oracle.d(), oracle.n());
        assert_eq!(outcomes[lane].as_deref(), Some(&block(&expected)), "{lane}: {}", ciphertexts[lane]);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(16))]

    #[test]
    fn random_numbers(numbers in prop::array::uniform8(prop::collection::vec(any::<u8>(), BLOCK))) {
        let Some(keys) = keys() else { return Ok(()) };
        compare(&keys, &numbers.map(|number| number.try_into().unwrap()));
    }

    #[test]
    fn random_keys_come_back_as_from_the_ordinary_way(
        messages in prop::collection::vec((0_u32..4, prop::collection::vec(1_u8.., 0..60), any::<bool>()), 0..30)
    ) {
        let mut ring = KeyRing::new();
        for (version, pem) in (1..).zip(KEYS) {
            ring.insert_pem(version, pem.as_bytes(), None).unwrap();
        }
        let sealed: Vec<(u32, String)> = messages
            .iter()
            .map(|(version, message, is_damaged)| {
                let pem = KEYS[usize::from(*version == 2)];
                let pkcs8 = rsa_private_key(pem.as_bytes(), None).unwrap();
                let key = RsaPrivateKey::from_pkcs8_der(&pkcs8).unwrap();
                let separator = u8::from(*is_damaged);
                let padding = vec![0xa5; BLOCK - 3 - message.len()];
                let padded = [&[0, 2][..], &padding, &[separator], message].concat();
                let ciphertext = block(&BigUint::from_bytes_be(&padded).modpow(key.e(), key.n()));
                (*version, base64::Engine::encode(&base64::prelude::BASE64_STANDARD, ciphertext))
            })
            .collect();
        let sealed: Vec<_> = sealed.iter().map(|(version, text)| (*version, text.as_str())).collect();
        let one_by_one = sealed.iter().map(|(version, text)| ring.decrypt_random_key(*version, text));
        let together = ring.decrypt_random_keys(&sealed);
        prop_assert_eq!(together.len(), sealed.len());
        for (((together, alone), (version, message, is_damaged)), at) in
            together.into_iter().zip(one_by_one).zip(&messages).zip(0..)
        {
            let bytes = |key: Result<crate::RandomKey, _>| key.map(|key| key.as_bytes().to_vec());
            let (together, alone) = (bytes(together), bytes(alone));
            prop_assert_eq!(&together, &alone, "{}", at);
            let is_good = (1..=2).contains(version) && !is_damaged && !message.is_empty();
            prop_assert_eq!(together.ok(), is_good.then(|| message.clone()));
        }
    }
}

#[test]
fn numbers_at_the_edges() {
    let Some(keys) = keys() else { return };
    let n = BigUint::from_bytes_be(&keys[0].0.modulus);
    let [p, q] = keys[0].1.primes() else { panic!("two primes") };
    let one = BigUint::from(1_u8);
    let limbs = |limb: u64| BigUint::from_bytes_be(&to_bytes::<HALF, 130>(&[limb; HALF]));
    let ones = limbs((1 << 52) - 1);
    let edges = [
        BigUint::from(0_u8),
        one.clone(),
        &n - &one,
        &n - BigUint::from(2_u8),
        // What is nothing for one of the primes.
        p.clone(),
        q.clone(),
        p * (q - &one),
        q * (p - &one),
        p + &one,
        q - &one,
        // A carry through all limbs, and none at all.
        ones.clone(),
        &ones + &one,
        (&ones + &one) * BigUint::from(0xffff_u32),
        limbs(1 << 51),
        limbs(1),
        BigUint::from(1_u8) << 2047,
    ];
    for numbers in edges.map(|edge| block(&edge)).chunks_exact(LANES) {
        compare(&keys, numbers.try_into().unwrap());
        // With the other key each.
        let mut turned: [_; LANES] = numbers.try_into().unwrap();
        turned.rotate_left(1);
        compare(&keys, &turned);
    }
}

#[test]
fn what_a_fault_spoils_does_not_come_out() {
    let Some(keys) = keys() else { return };
    let ciphertexts = [block(&(BigUint::from(3_u8) << 2000)); LANES];
    let spoil: [fn(&mut LaneKey); 7] = [
        |key| key.p.exponent[200] ^= 1,
        |key| key.q.exponent[3] ^= 8,
        |key| key.p.r_cubed[7] ^= 1,
        |key| key.q.modulus.number[2] ^= 2,
        |key| key.p.modulus.r_squared[19] ^= 1,
        |key| key.coefficient[0] ^= 1,
        |key| key.q.modulus.inverse ^= 4,
    ];
    for (at, spoil) in spoil.iter().enumerate() {
        let [(mut spoilt, _), (good, _)] = self::keys().unwrap();
        spoil(&mut spoilt);
        let outcomes = operate(
            std::array::from_fn(|lane| if lane == 5 { &spoilt } else { &good }),
            ciphertexts.each_ref(),
        );
        for (lane, outcome) in outcomes.iter().enumerate() {
            assert_eq!(outcome.is_none(), lane == 5, "fault {at}, lane {lane}");
        }
    }
    // Nobody misses it: the ordinary way remains.
    let mut ring = KeyRing::new();
    ring.insert_pem(1, KEYS[0].as_bytes(), None).unwrap();
    let ciphertext = include_str!("../testdata/encrypt-random-key.b64");
    let expected = ring.decrypt_random_key(1, ciphertext).unwrap();
    let [(mut spoilt, _), _] = keys;
    spoilt.p.exponent[100] ^= 1;
    let key = ring.keys[&1].clone();
    ring.insert_key(1, Key { lanes: Some(Arc::new(spoilt)), ..key });
    for outcome in ring.decrypt_random_keys(&[(1, ciphertext); 9]) {
        assert_eq!(outcome.unwrap().as_bytes(), expected.as_bytes());
    }
}

#[test]
fn only_what_is_below_its_modulus_goes_into_a_lane() {
    let Some([(key, _), _]) = keys() else { return };
    let n = BigUint::from_bytes_be(&key.modulus);
    let (ones, zeros) = ([0xff; BLOCK], [0; BLOCK]);
    let (below, at) = (block(&(&n - BigUint::from(1_u8))), key.modulus);
    let (with_lanes, without) = (Key { lanes: Some(Arc::new(key)), ..Key::new(Never) }, Key::new(Never));
    let texts: [(bool, &[u8]); 8] = [
        (true, &zeros),
        (true, &below),
        (true, &at),
        (true, &ones),
        (true, &zeros[1..]),
        (true, &[]),
        (false, &zeros),
        (true, &zeros),
    ];
    let sealed = texts.map(|(has_key, ciphertext)| {
        let key = if has_key { &with_lanes } else { &without };
        Ok(Sealed { key, ciphertext: ciphertext.to_owned().into() })
    });
    let tried = |least: usize| decrypt_if_at_least(&sealed, |_| least).iter().map(Option::is_some).collect();
    let (some, none): (Vec<bool>, Vec<bool>) = (tried(3), tried(4));
    assert_eq!(some, [true, true, false, false, false, false, false, true]);
    assert_eq!(none, [false; 8], "too few to be worth it");
}

/// The ordinary way of a test in which nothing may go it.
struct Never;

impl RandomKeyDecryptor for Never {
    fn decrypt(&self, _: &[u8]) -> Result<Secret, CannotDecrypt> {
        panic!("it went the ordinary way")
    }
}

#[test]
fn eleven_go_in_two_turns() {
    let Some([(key, _), _]) = keys() else { return };
    let key = Key { lanes: Some(Arc::new(key)), ..Key::new(Never) };
    let ciphertext = crate::keys::base64::decode(include_str!("../testdata/encrypt-random-key.b64")).unwrap();
    let sealed = |_| Ok(Sealed { key: &key, ciphertext: ciphertext.clone() });
    let missing = Err(RandomKeyError::MissingKey { version: 7 });
    let sealed: Vec<_> = (0..11).map(sealed).chain([missing]).collect();
    for (least, done) in [(2, 11), (3, 11), (4, 8), (8, 8), (9, 0)] {
        let outcomes = decrypt_if_at_least(&sealed, |_| least);
        let good = |outcome: &Option<Result<Secret, CannotDecrypt>>| {
            outcome.as_ref().is_some_and(|key| key.as_ref().unwrap().expose().starts_with(b"c2FtcGxl"))
        };
        assert_eq!(outcomes.iter().filter(|outcome| good(outcome)).count(), done, "{least}");
        assert_eq!((outcomes.len(), outcomes.iter().flatten().count()), (12, done), "{least}");
    }
}

#[test]
fn a_key_that_is_not_made_for_it_takes_the_ordinary_way() {
    use rsa::pkcs8::EncodePrivateKey as _;

    let Some([(_, usual), _]) = keys() else { return };
    let [p, q] = usual.primes() else { panic!("two primes") };
    let with_exponent = |e: u32| RsaPrivateKey::from_p_q(p.clone(), q.clone(), BigUint::from(e));
    let unusual = [3, 17, 257].into_iter().find_map(|e| with_exponent(e).ok()).unwrap();
    let is_taken =
        |key: &RsaPrivateKey| LaneKey::from_pkcs8(key.to_pkcs8_der().unwrap().as_bytes()).is_some();
    assert!(is_taken(&with_exponent(65_537).unwrap()) && !is_taken(&unusual));
    assert!(LaneKey::from_pkcs8(b"no key").is_none());
}

/// Operands up to what the arithmetic is said to take.
fn operand(modulus: &Number<HALF>, bytes: &[u8], multiple: u8) -> Number<HALF> {
    let modulus = BigUint::from_bytes_be(&to_bytes::<HALF, 130>(modulus));
    let number = BigUint::from_bytes_be(bytes) % (modulus * BigUint::from(multiple));
    from_bytes(&number.to_bytes_be())
}

fn number(limbs: &Number<HALF>) -> BigUint {
    BigUint::from_bytes_be(&to_bytes::<HALF, 130>(limbs))
}

proptest! {
    #[test]
    fn products_and_squares(
        moduli in prop::array::uniform8(prop::array::uniform32(any::<u8>())),
        a in prop::array::uniform8(prop::collection::vec(any::<u8>(), 129)),
        b in prop::array::uniform8(prop::collection::vec(any::<u8>(), 129)),
    ) {
        if !is_available() {
            return Ok(());
        }
        // Hostile ones among them: long runs of ones and zeros.
        let moduli = moduli.map(|seed| {
            let mut bytes = [if seed[0] < 128 { 0xff } else { seed[2] }; 128];
            bytes[64..96].copy_from_slice(&seed);
            bytes[0] |= 0x80;
            bytes[127] |= 1;
            from_bytes::<HALF>(&bytes)
        });
        let modulus = Modulus {
            limbs: side_by_side(moduli.each_ref()),
            inverse: Limb(moduli.map(|modulus| negative_inverse(modulus[0]))),
        };
        let operands = |numbers: &[Vec<u8>; LANES]| -> [Number<HALF>; LANES] {
            std::array::from_fn(|lane| operand(&moduli[lane], &numbers[lane], 4))
        };
        let (a, b) = (operands(&a), operands(&b));
        let (in_a, in_b) = (side_by_side(a.each_ref()), side_by_side(b.each_ref()));
        // SAFETY: the processor was asked.
        let product = unsafe { multiply_half(&in_a, &in_b, &modulus) };
        // SAFETY: the processor was asked.
        let any_length = unsafe { multiply(&in_a, &in_b, &modulus) };
        let mut square = in_a;
        // SAFETY: the processor was asked.
        unsafe { square_half(&mut square, &modulus) };
        // SAFETY: the processor was asked.
        let same_square = unsafe { multiply_half(&in_a, &in_a, &modulus) };
        // SAFETY: the processor was asked.
        let reduced = unsafe { reduce_once(&product, &modulus) };
        // SAFETY: the processor was asked.
        let difference = unsafe { subtract(&product, &square, &modulus) };
        prop_assert_eq!(product, any_length);
        prop_assert_eq!(square, same_square);
        for lane in 0..LANES {
            let m = number(&moduli[lane]);
            let of = |lanes: &Lanes<HALF>| number(&of_lane(lanes, lane));
            let times_r = |number: &BigUint| (number << (HALF * 52)) % &m;
            prop_assert!(of(&product) < &m * BigUint::from(2_u8));
            prop_assert_eq!(times_r(&of(&product)), number(&a[lane]) * number(&b[lane]) % &m);
            prop_assert_eq!(times_r(&of(&square)), number(&a[lane]) * number(&a[lane]) % &m);
            prop_assert_eq!(of(&reduced), of(&product) % &m);
            let expected = of(&product) + &m + &m - of(&square);
            prop_assert_eq!(of(&difference), expected);
        }
    }
}
