//! The corp's key pairs: three embedded ones, more on demand.

use std::collections::BTreeMap;

use aws_lc_rs::{
    encoding::{AsDer, Pkcs8V1Der},
    rsa::{KeyPair, KeySize, Pkcs1PublicEncryptingKey, PrivateDecryptingKey, PublicEncryptingKey},
    signature::KeyPair as _,
};
use base64::{Engine, engine::general_purpose::STANDARD};
use rustls::pki_types::{PrivateKeyDer, pem::PemObject};

use crate::Error;

const EMBEDDED: [(u32, &str); 3] = [
    (1, include_str!("../keys/v1.pem")),
    (2, include_str!("../keys/v2.pem")),
    (3, include_str!("../keys/v3.pem")),
];

/// The public half, ready to seal for.
#[derive(Debug)]
pub(crate) struct PublicKey(Pkcs1PublicEncryptingKey);

impl PublicKey {
    /// RSA PKCS#1 v1.5 ciphertext of at most 245 bytes; empty if the cryptography refuses.
    pub(crate) fn encrypt(&self, plaintext: &[u8]) -> Vec<u8> {
        let mut out = vec![0; self.0.ciphertext_size()];
        match self.0.encrypt(plaintext, &mut out) {
            Ok(written) => written.to_vec(),
            Err(_) => Vec::new(),
        }
    }

    /// The public key belonging to a private one in PEM, PKCS#1 or PKCS#8.
    pub(crate) fn of_private_pem(pem: &str) -> Result<Self, Error> {
        let bad = || Error::Key {
            reason: "not an RSA private key in PEM (PKCS#1 or PKCS#8) of at least 2048 bits",
        };
        let pair = match PrivateKeyDer::from_pem_slice(pem.as_bytes()).map_err(|_| bad())? {
            PrivateKeyDer::Pkcs1(der) => KeyPair::from_der(der.secret_pkcs1_der()),
            PrivateKeyDer::Pkcs8(der) => KeyPair::from_pkcs8(der.secret_pkcs8_der()),
            _ => return Err(bad()),
        }
        .map_err(|_| bad())?;
        let spki = pair.public_key().as_der().map_err(|_| bad())?;
        PublicEncryptingKey::from_der(spki.as_ref())
            .map_err(|_| bad())
            .and_then(|key| Pkcs1PublicEncryptingKey::new(key).map_err(|_| bad()))
            .map(Self)
    }
}

/// The private key in PEM of a version that has a fixed one, or a new one.
pub(crate) fn private_pem(version: u32) -> Result<String, Error> {
    match EMBEDDED.iter().find(|(known, _)| *known == version) {
        Some((_, pem)) => Ok((*pem).to_owned()),
        None => generate(),
    }
}

fn generate() -> Result<String, Error> {
    let failed = |_| Error::Key { reason: "the system has no randomness for a new key" };
    let key = PrivateDecryptingKey::generate(KeySize::Rsa2048).map_err(failed)?;
    let der = AsDer::<Pkcs8V1Der<'_>>::as_der(&key).map_err(failed)?;
    let text = STANDARD.encode(der.as_ref());
    let mut pem = String::from("-----BEGIN PRIVATE KEY-----\n");
    for (index, letter) in text.chars().enumerate() {
        if index > 0 && index % 64 == 0 {
            pem.push('\n');
        }
        pem.push(letter);
    }
    pem.push_str("\n-----END PRIVATE KEY-----\n");
    Ok(pem)
}

/// The key pairs of one corp by version.
#[derive(Debug)]
pub(crate) struct Keys(BTreeMap<u32, (String, PublicKey)>);

impl Keys {
    pub(crate) fn from_pems(pems: BTreeMap<u32, String>) -> Result<Self, Error> {
        pems.into_iter()
            .map(|(version, pem)| PublicKey::of_private_pem(&pem).map(|public| (version, (pem, public))))
            .collect::<Result<_, _>>()
            .map(Self)
    }

    pub(crate) fn versions(&self) -> impl Iterator<Item = u32> {
        self.0.keys().copied()
    }

    pub(crate) fn pem(&self, version: u32) -> Option<&str> {
        self.0.get(&version).map(|(pem, _)| pem.as_str())
    }

    /// The key of `version`, or the newest one when there is none of it: a message may announce a version whose key
    /// nobody has, and has to be sealed for something.
    pub(crate) fn public(&self, version: u32) -> Option<&PublicKey> {
        self.0.get(&version).or_else(|| self.0.values().next_back()).map(|(_, public)| public)
    }
}
