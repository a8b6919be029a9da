//! Private keys that never leave their home: RSA by a KMS, an HSM, or a crate of your choice.
//!
//! A key ring does not care who decrypts. Implement [`RandomKeyDecryptor`] for whatever can do RSA PKCS#1 v1.5 with the
//! private key of one version, and insert it under that version. Here a thread stands for the KMS: the key lives in it,
//! and only ciphertexts and random keys travel.
//!
//! ```text
//! cargo run -p wecom-finance-examples --example custom_backend
//! ```

use std::error::Error;
use std::io::{self, Write};
use std::sync::mpsc;
use std::thread;

use rsa::pkcs1::DecodeRsaPrivateKey;
use rsa::{Pkcs1v15Encrypt, RsaPrivateKey};
use wecom_finance::{CannotDecrypt, KeyRing, RandomKeyDecryptor, Secret};
use wecom_finance_simulator::Scenario;

/// A ciphertext, and where to send what it decrypts to.
type Request = (Vec<u8>, mpsc::SyncSender<Option<Vec<u8>>>);

/// A client of something that holds the private key.
struct Kms {
    requests: mpsc::Sender<Request>,
}

impl Kms {
    fn start(pem: &str) -> Result<Self, Box<dyn Error>> {
        let key = RsaPrivateKey::from_pkcs1_pem(pem)?;
        let (requests, inbox) = mpsc::channel::<Request>();
        thread::spawn(move || {
            for (ciphertext, reply) in inbox {
                // Blinded: with the key alone, the time it takes would tell about the key.
                let plaintext = key.decrypt_blinded(&mut rsa::rand_core::OsRng, Pkcs1v15Encrypt, &ciphertext);
                // A caller that has gone away needs no answer.
                reply.send(plaintext.ok()).unwrap_or_default();
            }
        });
        Ok(Self { requests })
    }
}

impl RandomKeyDecryptor for Kms {
    // Called by any number of threads at once, for every message: some hundred bytes there and back. A KMS that is far
    // away decides the speed of the whole pull, so open messages on many threads with `KeyRing::open`.
    fn decrypt(&self, ciphertext: &[u8]) -> Result<Secret, CannotDecrypt> {
        let (reply, answer) = mpsc::sync_channel(1);
        // One error for everything, bad padding and a broken connection alike: telling them apart is what attacks on
        // PKCS#1 v1.5 need. Log the difference inside the KMS, never return it.
        self.requests.send((ciphertext.to_vec(), reply)).map_err(|_gone| CannotDecrypt)?;
        let plaintext = answer.recv().map_err(|_gone| CannotDecrypt)?;
        plaintext.map(Secret::new).ok_or(CannotDecrypt)
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    let opened = open_with_kms()?;
    writeln!(io::stdout(), "{opened} messages opened, and the private key was in none of the calls")?;
    Ok(())
}

fn open_with_kms() -> Result<usize, Box<dyn Error>> {
    let world = Scenario::new().key_version(1).texts(200).build();
    let pem = world.key_pem(1).ok_or("the scenario has a key of version 1")?;

    let mut keys = KeyRing::new();
    keys.insert_decryptor(1, Kms::start(pem)?);
    // Keys of other versions may come from files all the same: `keys.insert_file(2, "keys/2.pem", None)?`.

    let sdk = world.sdk()?;
    let mut opened = 0;
    for record in sdk.chat(&keys) {
        record?;
        opened += 1;
    }
    Ok(opened)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_kms_opens_every_message() {
        assert_eq!(open_with_kms().unwrap(), 200);
    }

    #[test]
    fn what_does_not_decrypt_is_one_error() {
        let world = Scenario::new().key_version(1).texts(1).build();
        let kms = Kms::start(world.key_pem(1).unwrap()).unwrap();
        assert_eq!(kms.decrypt(&[0; 256]).unwrap_err(), CannotDecrypt);
        assert_eq!(kms.decrypt(b"").unwrap_err(), CannotDecrypt);
    }
}
