//! One suite over every RSA backend that is compiled in. With both it proves that they cannot be told apart.

use std::error::Error;

use proptest::prelude::*;
use rsa::pkcs8::DecodePrivateKey;
use rsa::traits::PublicKeyParts;
use rsa::{BigUint, RsaPrivateKey};

use super::*;

const KEY: &str = include_str!("../testdata/rsa2048-pkcs8.pem");
const SAME_KEY: &str = include_str!("../testdata/rsa2048-pkcs1.pem");
const OTHER_KEY: &str = include_str!("../testdata/rsa2048-other-pkcs8.pem");
const ENCRYPTED_KEY: &str = include_str!("../testdata/rsa2048-pkcs8-encrypted.pem");
const PUBLIC_KEY: &str = include_str!("../testdata/rsa2048-public.pem");
/// By `openssl pkeyutl`, independent of both backends.
const ENCRYPT_RANDOM_KEY: &str = include_str!("../testdata/encrypt-random-key.b64");
const RANDOM_KEY: &[u8] = b"c2FtcGxlIGtleSBvZiBhIG1lc3NhZ2U=";

fn backends(pem: &str) -> Vec<(&'static str, Box<dyn RandomKeyDecryptor>)> {
    vec![
        #[cfg(feature = "aws-lc-rs")]
        ("aws-lc-rs", Box::new(AwsLcRsKey::from_pem(pem.as_bytes(), None).unwrap())),
        #[cfg(feature = "rsa")]
        ("rsa", Box::new(RustCryptoKey::from_pem(pem.as_bytes(), None).unwrap())),
    ]
}

/// What each backend makes of this ciphertext; the same for all of them.
fn decrypt(pem: &str, ciphertext: &[u8]) -> Option<Vec<u8>> {
    let mut answers = backends(pem)
        .into_iter()
        .map(|(name, backend)| (name, backend.decrypt(ciphertext).ok().map(|key| key.expose().to_vec())));
    let (first_name, first) = answers.next().unwrap();
    for (name, answer) in answers {
        assert_eq!(answer, first, "{name} and {first_name} differ for {ciphertext:02x?}");
    }
    first
}

fn public_key() -> RsaPrivateKey {
    RsaPrivateKey::from_pkcs8_der(&pem::rsa_private_key(KEY.as_bytes(), None).unwrap()).unwrap()
}

fn to_256_bytes(number: &BigUint) -> Vec<u8> {
    let bytes = number.to_bytes_be();
    [vec![0; 256 - bytes.len()], bytes].concat()
}

/// The public operation on a block as it is, without any padding.
fn raise(block: &[u8]) -> Vec<u8> {
    let key = public_key();
    to_256_bytes(&BigUint::from_bytes_be(block).modpow(key.e(), key.n()))
}

/// `0x00 0x02 ‖ padding ‖ 0x00 ‖ message`, padded to 256 bytes with `0xa5`.
fn padded(message: &[u8]) -> Vec<u8> {
    [&[0, 2][..], &vec![0xa5; 253 - message.len()], &[0], message].concat()
}

#[test]
fn decrypts_what_openssl_encrypted() {
    let ciphertext = base64::decode(ENCRYPT_RANDOM_KEY).unwrap();
    assert_eq!(decrypt(KEY, &ciphertext).unwrap(), RANDOM_KEY);
    assert_eq!(decrypt(SAME_KEY, &ciphertext).unwrap(), RANDOM_KEY);
    assert_ne!(decrypt(OTHER_KEY, &ciphertext).as_deref(), Some(RANDOM_KEY));
}

#[test]
fn messages_of_every_length() {
    for len in [0, 1, 32, 88, 244, 245] {
        let message = vec![0x6b; len];
        assert_eq!(decrypt(KEY, &raise(&padded(&message))).unwrap(), message);
    }
}

#[test]
fn bad_padding_of_every_kind_is_one_answer() {
    let good = padded(b"key");
    let with = |changes: &[(usize, u8)]| {
        let mut block = good.clone();
        for (at, byte) in changes {
            block[*at] = *byte;
        }
        block
    };
    let no_separator = [&[0, 2][..], &[0xa5; 254]].concat();
    for block in [
        with(&[(1, 1)]),
        with(&[(1, 0)]),
        with(&[(0, 1), (1, 2)]),
        with(&[(2, 0)]),
        with(&[(9, 0)]),
        no_separator,
        vec![0; 256],
    ] {
        assert_eq!(decrypt(KEY, &raise(&block)), None, "{:02x?}", &block[..12]);
    }
    // Eight bytes of padding are the least that is allowed.
    assert!(decrypt(KEY, &raise(&with(&[(10, 0)]))).is_some());
}

#[test]
fn numbers_at_the_edges() {
    let key = public_key();
    let one = BigUint::from(1_u8);
    for ciphertext in [
        vec![0; 256],
        to_256_bytes(&one),
        to_256_bytes(&(key.n() - &one)),
        to_256_bytes(key.n()),
        to_256_bytes(&(key.n() + &one)),
        vec![0xff; 256],
    ] {
        assert_eq!(decrypt(KEY, &ciphertext), None, "{ciphertext:02x?}");
    }
}

#[test]
fn ciphertexts_of_another_length() {
    let ciphertext = raise(&padded(b"key"));
    assert!(decrypt(KEY, &ciphertext).is_some());
    for len in [0, 1, 128, 255] {
        assert_eq!(decrypt(KEY, &ciphertext[..len]), None, "{len}");
    }
    let longer = [&[0][..], &ciphertext].concat();
    assert_eq!(decrypt(KEY, &longer), None);
    assert_eq!(decrypt(KEY, &[&ciphertext[..], &[0]].concat()), None);
    assert_eq!(decrypt(KEY, &ciphertext.repeat(2)), None);
}

/// About one in 256 of the shortest: dropping a leading zero must not make a ciphertext acceptable.
#[test]
fn a_leading_zero_of_the_ciphertext_counts() {
    let ciphertext = (0..=u16::MAX)
        .map(|n| raise(&padded(&n.to_be_bytes())))
        .find(|ciphertext| ciphertext[0] == 0)
        .unwrap();
    assert!(decrypt(KEY, &ciphertext).is_some());
    assert_eq!(decrypt(KEY, &ciphertext[1..]), None);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn random_ciphertexts_have_one_answer(ciphertext in prop::collection::vec(any::<u8>(), 256)) {
        decrypt(KEY, &ciphertext);
    }

    #[test]
    fn random_messages_come_back(message in prop::collection::vec(any::<u8>(), 0..=245)) {
        prop_assert_eq!(decrypt(KEY, &raise(&padded(&message))).unwrap(), message);
    }
}

#[test]
fn a_ring_from_a_directory() {
    let dir = tempfile::tempdir().unwrap();
    let write = |name: &str, content: &str| std::fs::write(dir.path().join(name), content).unwrap();
    write("1.pem", SAME_KEY);
    write("12.pem", OTHER_KEY);
    for ignored in
        ["README.md", "public.pem", "+3.pem", "-3.pem", "3.pem.bak", "3.key", ".pem", "4294967296.pem"]
    {
        write(ignored, PUBLIC_KEY);
    }
    let ring = KeyRing::from_dir(dir.path()).unwrap();
    assert_eq!(ring.versions().collect::<Vec<_>>(), [1, 12]);
    assert_eq!(ring.decrypt_random_key(1, ENCRYPT_RANDOM_KEY).unwrap().as_bytes(), RANDOM_KEY);
    assert!(ring.decrypt_random_key(12, ENCRYPT_RANDOM_KEY).is_err());

    write("2.pem", ENCRYPTED_KEY);
    let error = KeyRing::from_dir(dir.path()).unwrap_err();
    assert_eq!(error.kind(), KeyErrorKind::PassphraseMissing);
    assert_eq!(error.origin(), &KeyOrigin::Path(dir.path().join("2.pem")));
    let ring = KeyRing::from_dir_with(dir.path(), Some(&Secret::new("open-sesame"))).unwrap();
    assert_eq!(ring.versions().collect::<Vec<_>>(), [1, 2, 12]);

    write("012.pem", KEY);
    let error = KeyRing::from_dir_with(dir.path(), Some(&Secret::new("open-sesame"))).unwrap_err();
    assert_eq!(error.kind(), KeyErrorKind::DoubleVersion { version: 12 });
}

#[test]
fn errors_say_where_and_what_to_do_but_not_the_key() {
    let dir = tempfile::tempdir().unwrap();
    let empty = KeyRing::from_dir(dir.path()).unwrap_err();
    assert_eq!(empty.kind(), KeyErrorKind::NoKeyFiles);
    assert!(empty.to_string().contains("1.pem"), "{empty}");

    let missing = KeyRing::from_dir(dir.path().join("missing")).unwrap_err();
    assert_eq!(missing.kind(), KeyErrorKind::Unreadable);
    assert!(missing.source().is_some());

    let mut ring = KeyRing::new();
    let missing = ring.insert_file(1, dir.path().join("1.pem"), None).unwrap_err();
    assert_eq!(missing.kind(), KeyErrorKind::Unreadable);
    assert!(missing.to_string().ends_with("1.pem: cannot be read"), "{missing}");

    let error = ring.insert_pem(3, PUBLIC_KEY.as_bytes(), None).unwrap_err();
    assert_eq!(error.origin(), &KeyOrigin::Version(3));
    assert!(error.to_string().starts_with("key version 3: this is a public key; "), "{error}");
    assert!(ring.is_empty());

    let (truncated, _) = KEY.split_at(KEY.len() / 2);
    for line in KEY.lines().filter(|line| !line.starts_with('-')) {
        let error = ring.insert_pem(3, truncated.as_bytes(), None).unwrap_err();
        assert!(!format!("{error} {error:?}").contains(line.split_at(16).0));
    }
}

/// A modulus that is not the product of the primes: the grammar is right, the key is not.
#[test]
fn a_key_whose_numbers_do_not_belong_together() {
    use pkcs1::RsaPrivateKeyRef;
    use pkcs8::der::{Decode, Encode};

    let pkcs1 = |pem: &str| {
        let pkcs8 = pem::rsa_private_key(pem.as_bytes(), None).unwrap();
        pkcs8::PrivateKeyInfoRef::try_from(pkcs8.as_slice()).unwrap().private_key.as_bytes().to_vec()
    };
    let (one, other) = (pkcs1(KEY), pkcs1(OTHER_KEY));
    let mut key = RsaPrivateKeyRef::from_der(&one).unwrap();
    key.modulus = RsaPrivateKeyRef::from_der(&other).unwrap().modulus;
    let body = ::base64::Engine::encode(&::base64::prelude::BASE64_STANDARD, key.to_der().unwrap());
    let pem = format!("-----BEGIN RSA PRIVATE KEY-----\n{body}\n-----END RSA PRIVATE KEY-----\n");
    let kinds: Vec<KeyErrorKind> = vec![
        #[cfg(feature = "aws-lc-rs")]
        AwsLcRsKey::from_pem(pem.as_bytes(), None).unwrap_err().kind(),
        #[cfg(feature = "rsa")]
        RustCryptoKey::from_pem(pem.as_bytes(), None).unwrap_err().kind(),
    ];
    assert!(kinds.iter().all(|kind| *kind == KeyErrorKind::Malformed), "{kinds:?}");
}

#[test]
fn debug_of_a_key_is_its_name() {
    #[cfg(feature = "aws-lc-rs")]
    assert_eq!(format!("{:?}", AwsLcRsKey::from_pem(KEY.as_bytes(), None).unwrap()), "AwsLcRsKey { .. }");
    #[cfg(feature = "rsa")]
    assert_eq!(
        format!("{:?}", RustCryptoKey::from_pem(KEY.as_bytes(), None).unwrap()),
        "RustCryptoKey { .. }"
    );
}
