//! Every shape of file that has been handed to an archiver as "the private key".

use super::*;

macro_rules! testdata {
    ($name:literal) => {
        include_str!(concat!("../testdata/", $name))
    };
}

const PKCS1: &str = testdata!("rsa2048-pkcs1.pem");
const PKCS8: &str = testdata!("rsa2048-pkcs8.pem");
const ENCRYPTED: &str = testdata!("rsa2048-pkcs8-encrypted.pem");
const PUBLIC: &str = testdata!("rsa2048-public.pem");
const CERTIFICATE: &str = testdata!("certificate.pem");

fn read(pem: &str) -> Result<Zeroizing<Vec<u8>>, KeyErrorKind> {
    rsa_private_key(pem.as_bytes(), None)
}

fn read_with(pem: &str, passphrase: &str) -> Result<Zeroizing<Vec<u8>>, KeyErrorKind> {
    rsa_private_key(pem.as_bytes(), Some(&Secret::new(passphrase)))
}

/// What every readable form of the test key must come to.
fn expected() -> Zeroizing<Vec<u8>> {
    let body: String = PKCS8.lines().filter(|line| !line.starts_with('-')).collect();
    base64::decode(&body).unwrap()
}

#[test]
fn both_formats_come_to_the_same_whatever_the_header_says() {
    let swap = |pem: &str, from: &str, to: &str| pem.replace(from, to);
    for pem in [
        PKCS1.to_owned(),
        PKCS8.to_owned(),
        swap(PKCS1, "RSA PRIVATE KEY", "PRIVATE KEY"),
        swap(PKCS8, "PRIVATE KEY", "RSA PRIVATE KEY"),
        swap(PKCS1, "RSA PRIVATE KEY", "PUBLIC KEY"),
        swap(PKCS8, "PRIVATE KEY", "ENCRYPTED PRIVATE KEY"),
    ] {
        assert_eq!(read(&pem), Ok(expected()), "{}", pem.lines().next().unwrap());
    }
}

#[test]
fn the_dress_of_the_text_does_not_matter() {
    for pem in [PKCS1, PKCS8] {
        for dressed in [
            pem.replace('\n', "\r\n"),
            pem.replace('\n', "\r"),
            pem.replace('\n', " "),
            pem.replace('\n', "\\n"),
            pem.replace('\n', "\\r\\n"),
            pem.replace('\n', "\\\\n"),
            serde_json::to_string(pem).unwrap(),
            format!("\u{feff}{pem}"),
            format!("Bag Attributes\n    friendlyName: archive\n\n{pem}\ntrailing words"),
            pem.replace('\n', "\n    "),
            pem.replace('=', ""),
        ] {
            assert_eq!(read(&dressed), Ok(expected()), "{dressed:.40?}");
        }
    }
}

#[test]
fn the_private_key_is_found_among_others() {
    for pem in [
        format!("{CERTIFICATE}{PKCS8}"),
        format!("{PUBLIC}{PKCS1}"),
        format!("{}{PKCS1}", testdata!("ec-sec1.pem")),
        format!("-----BEGIN PRIVATE KEY-----\nAAAA\n{PKCS8}"),
    ] {
        assert_eq!(read(&pem), Ok(expected()));
    }
    assert_eq!(read(&format!("{CERTIFICATE}{ENCRYPTED}")), Err(KeyErrorKind::PassphraseMissing));
    assert_eq!(read(&format!("{ENCRYPTED}{CERTIFICATE}")), Err(KeyErrorKind::PassphraseMissing));
}

#[test]
fn encrypted_keys() {
    for pem in [ENCRYPTED, testdata!("rsa2048-pkcs8-scrypt.pem")] {
        assert_eq!(read_with(pem, "open-sesame"), Ok(expected()));
        assert_eq!(read(pem), Err(KeyErrorKind::PassphraseMissing));
        assert_eq!(read_with(pem, "open-barley"), Err(KeyErrorKind::PassphraseWrong));
        assert_eq!(read_with(pem, ""), Err(KeyErrorKind::PassphraseWrong));
    }
    let mislabelled = ENCRYPTED.replace("ENCRYPTED PRIVATE KEY", "RSA PRIVATE KEY");
    assert_eq!(read_with(&mislabelled, "open-sesame"), Ok(expected()));
    assert_eq!(read_with(PKCS8, "not needed"), Ok(expected()));
    for pem in [testdata!("rsa2048-pkcs8-pbes1.pem"), testdata!("rsa2048-pkcs8-3des.pem")] {
        assert_eq!(read_with(pem, "open-sesame"), Err(KeyErrorKind::UnsupportedEncryption));
    }
    let traditional = testdata!("rsa2048-traditional-encrypted.pem");
    assert_eq!(read(traditional), Err(KeyErrorKind::TraditionalEncryption));
    assert_eq!(read_with(traditional, "open-sesame"), Err(KeyErrorKind::TraditionalEncryption));
}

#[test]
fn what_is_something_else_is_told_by_name() {
    let ec = KeyErrorKind::NotRsa { algorithm: "elliptic curves (EC)" };
    for (pem, kind) in [
        (PUBLIC, KeyErrorKind::PublicKey),
        (testdata!("rsa2048-public-pkcs1.pem"), KeyErrorKind::PublicKey),
        (&PUBLIC.replace("PUBLIC", "PRIVATE"), KeyErrorKind::PublicKey),
        (CERTIFICATE, KeyErrorKind::Certificate),
        (testdata!("ec-sec1.pem"), ec),
        (testdata!("ec-pkcs8.pem"), ec),
        (testdata!("ed25519-pkcs8.pem"), KeyErrorKind::NotRsa { algorithm: "Ed25519" }),
        (testdata!("rsapss-pkcs8.pem"), KeyErrorKind::NotRsa { algorithm: "RSA-PSS signatures only" }),
        (testdata!("rsa1024-pkcs8.pem"), KeyErrorKind::KeySize { bits: 1024 }),
        (testdata!("rsa4096-pkcs8.pem"), KeyErrorKind::KeySize { bits: 4096 }),
        (
            "-----BEGIN OPENSSH PRIVATE KEY-----\nAAAA\n-----END OPENSSH PRIVATE KEY-----\n",
            KeyErrorKind::OpenSsh,
        ),
        ("-----BEGIN DH PARAMETERS-----\nAAAA\n-----END DH PARAMETERS-----\n", KeyErrorKind::NoPrivateKey),
        ("", KeyErrorKind::NotPem),
        ("MIIEvQIBADANBgkqhkiG9w0BAQ", KeyErrorKind::NotPem),
        ("-----BEGIN PRIVATE KEY", KeyErrorKind::NotPem),
        ("-----BEGIN PRIVATE KEY-----\n-----END PRIVATE KEY-----", KeyErrorKind::Malformed),
        ("-----BEGIN PRIVATE KEY-----\n****\n-----END PRIVATE KEY-----", KeyErrorKind::Malformed),
        (&PKCS8.replace("-----END PRIVATE KEY-----", ""), KeyErrorKind::Malformed),
        (PKCS8.split_at(900).0, KeyErrorKind::Malformed),
    ] {
        assert_eq!(read(pem), Err(kind), "{pem:.60}");
    }
    assert_eq!(rsa_private_key(b"\x30\x82\x04\xbd\xff", None), Err(KeyErrorKind::NotPem));
}

#[test]
fn no_damage_to_a_key_makes_it_panic() {
    for pem in [PKCS1, PKCS8, ENCRYPTED, CERTIFICATE] {
        for end in (0..pem.len()).step_by(7) {
            assert!(read(pem.split_at(end).0).is_err());
            let mut without = pem.to_owned();
            without.remove(end);
            // Line ends are not missed; anything else may be.
            drop(read(&without));
        }
    }
}

#[test]
fn bit_lengths() {
    for (bytes, bits) in
        [(&[][..], 0), (&[0, 0], 0), (&[1], 1), (&[0xff], 8), (&[0, 0x80, 0], 16), (&[1, 0], 9)]
    {
        assert_eq!(bit_length(bytes), bits, "{bytes:?}");
    }
}
