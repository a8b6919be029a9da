//! Private keys in PEM, in all the shapes in which people keep them.
//!
//! The kind of a key is told by its content and not by the header, as headers are edited by hand more often
//! than one would think. Whatever it was, what comes out is PKCS#8 in DER.

use pkcs1::{RsaPrivateKeyRef, RsaPublicKeyRef};
use pkcs8::der::asn1::OctetStringRef;
use pkcs8::der::{Decode, Encode, Reader, SliceReader};
use pkcs8::{
    AlgorithmIdentifierRef, EncryptedPrivateKeyInfoRef, ObjectIdentifier, PrivateKeyInfoRef,
    SubjectPublicKeyInfoRef,
};
use zeroize::Zeroizing;

use super::base64;
use super::key_error::KeyErrorKind;
use crate::secret::Secret;

/// The size that WeCom's admin console takes, and no other.
const MODULUS_BITS: usize = 2048;

/// Finds the RSA private key in `pem` and returns it as PKCS#8 in DER. Where there are several blocks, the
/// first RSA private key counts.
pub(super) fn rsa_private_key(
    pem: &[u8],
    passphrase: Option<&Secret>,
) -> Result<Zeroizing<Vec<u8>>, KeyErrorKind> {
    let text = str::from_utf8(pem).map_err(|_| KeyErrorKind::NotPem)?;
    let mut problem: Option<KeyErrorKind> = None;
    let mut rest = text;
    while let Some((block, behind)) = next_block(rest) {
        rest = behind;
        match block.rsa_private_key(passphrase) {
            Ok(key) => return Ok(key),
            // Of several problems tell the one with the private key: a certificate beside it is no news.
            Err(found) => match problem {
                Some(old) if is_beside_the_point(found) || !is_beside_the_point(old) => {}
                _ => problem = Some(found),
            },
        }
    }
    Err(problem.unwrap_or(KeyErrorKind::NotPem))
}

fn is_beside_the_point(kind: KeyErrorKind) -> bool {
    matches!(kind, KeyErrorKind::PublicKey | KeyErrorKind::Certificate | KeyErrorKind::NoPrivateKey)
}

/// What stands between `-----BEGIN label-----` and the matching end, or the next dashes if there is no end.
struct Block<'a> {
    label: &'a str,
    body: &'a str,
    complete: bool,
}

fn next_block(text: &str) -> Option<(Block<'_>, &str)> {
    let (_, rest) = text.split_once("-----BEGIN ")?;
    let (label, rest) = rest.split_once("-----")?;
    let (body, behind) = rest.split_once("-----").unwrap_or((rest, ""));
    let end = behind.strip_prefix("END ").and_then(|end| end.split_once("-----"));
    let (complete, behind) = match end {
        Some((end_label, behind)) => (end_label == label, behind),
        // Cut short: what follows may be a block of its own, whose dashes were just consumed.
        None => (false, rest.get(body.len()..).unwrap_or_default()),
    };
    Some((Block { label, body, complete }, behind))
}

impl Block<'_> {
    fn rsa_private_key(&self, passphrase: Option<&Secret>) -> Result<Zeroizing<Vec<u8>>, KeyErrorKind> {
        match self.label {
            "CERTIFICATE" | "TRUSTED CERTIFICATE" | "X509 CERTIFICATE" => {
                return Err(KeyErrorKind::Certificate);
            }
            "OPENSSH PRIVATE KEY" => return Err(KeyErrorKind::OpenSsh),
            "EC PRIVATE KEY" => {
                return Err(KeyErrorKind::NotRsa { algorithm: "elliptic curves (EC)" });
            }
            "DSA PRIVATE KEY" => return Err(KeyErrorKind::NotRsa { algorithm: "DSA" }),
            label if !label.ends_with("PRIVATE KEY") && !label.ends_with("PUBLIC KEY") => {
                return Err(KeyErrorKind::NoPrivateKey);
            }
            _ => {}
        }
        if self.body.contains("Proc-Type:") && self.body.contains("ENCRYPTED") {
            return Err(KeyErrorKind::TraditionalEncryption);
        }
        if !self.complete {
            return Err(KeyErrorKind::Malformed);
        }
        let der = base64::decode(&unescape(self.body)).ok_or(KeyErrorKind::Malformed)?;
        from_der(&der, passphrase)
    }
}

/// Takes out the `\n` and `\r` of a PEM that was pasted as a JSON or environment string. A backslash means
/// nothing in base64.
fn unescape(body: &str) -> Zeroizing<String> {
    let mut plain = Zeroizing::new(String::with_capacity(body.len()));
    let mut escaped = false;
    for c in body.chars() {
        match c {
            '\\' => escaped = true,
            'n' | 'r' if escaped => escaped = false,
            _ => {
                escaped = false;
                plain.push(c);
            }
        }
    }
    plain
}

fn from_der(der: &[u8], passphrase: Option<&Secret>) -> Result<Zeroizing<Vec<u8>>, KeyErrorKind> {
    if let Ok(key) = PrivateKeyInfoRef::try_from(der) {
        return from_pkcs8(&key);
    }
    if let Ok(key) = EncryptedPrivateKeyInfoRef::try_from(der) {
        return from_encrypted(&key, passphrase);
    }
    if RsaPrivateKeyRef::try_from(der).is_ok() {
        return from_pkcs1(der);
    }
    if SubjectPublicKeyInfoRef::try_from(der).is_ok() || RsaPublicKeyRef::try_from(der).is_ok() {
        return Err(KeyErrorKind::PublicKey);
    }
    if is_encrypted(der) {
        return Err(KeyErrorKind::UnsupportedEncryption);
    }
    Err(KeyErrorKind::Malformed)
}

/// Whether it has the outer shape of an encrypted key. The parser refuses those whose algorithm it does not
/// know.
fn is_encrypted(der: &[u8]) -> bool {
    let shape = SliceReader::new(der).and_then(|mut reader| {
        reader.sequence(|inner| {
            AlgorithmIdentifierRef::decode(inner)?;
            <&OctetStringRef>::decode(inner)?;
            Ok::<_, pkcs8::der::Error>(())
        })
    });
    shape.is_ok()
}

fn from_encrypted(
    key: &EncryptedPrivateKeyInfoRef<'_>,
    passphrase: Option<&Secret>,
) -> Result<Zeroizing<Vec<u8>>, KeyErrorKind> {
    let passphrase = passphrase.ok_or(KeyErrorKind::PassphraseMissing)?;
    let decrypted = key.decrypt(passphrase.expose()).map_err(|error| match error {
        // A wrong passphrase can by chance leave valid padding, and then garbage in place of DER.
        pkcs8::Error::EncryptedPrivateKey(pkcs8::pkcs5::Error::DecryptFailed) | pkcs8::Error::Asn1(_) => {
            KeyErrorKind::PassphraseWrong
        }
        _ => KeyErrorKind::UnsupportedEncryption,
    })?;
    let key = PrivateKeyInfoRef::try_from(decrypted.as_bytes()).map_err(|_| KeyErrorKind::PassphraseWrong)?;
    from_pkcs8(&key)
}

fn from_pkcs8(key: &PrivateKeyInfoRef<'_>) -> Result<Zeroizing<Vec<u8>>, KeyErrorKind> {
    if key.algorithm.oid == pkcs1::ALGORITHM_OID {
        from_pkcs1(key.private_key.as_bytes())
    } else {
        Err(KeyErrorKind::NotRsa { algorithm: algorithm_name(key.algorithm.oid) })
    }
}

fn from_pkcs1(der: &[u8]) -> Result<Zeroizing<Vec<u8>>, KeyErrorKind> {
    let key = RsaPrivateKeyRef::from_der(der).map_err(|_| KeyErrorKind::Malformed)?;
    let bits = bit_length(key.modulus.as_bytes());
    if bits != MODULUS_BITS {
        return Err(KeyErrorKind::KeySize { bits });
    }
    let private_key = OctetStringRef::new(der).map_err(|_| KeyErrorKind::Malformed)?;
    let algorithm = AlgorithmIdentifierRef {
        oid: pkcs1::ALGORITHM_OID,
        parameters: Some(pkcs8::der::asn1::AnyRef::NULL),
    };
    let pkcs8 = PrivateKeyInfoRef::new(algorithm, private_key);
    pkcs8.to_der().map(Zeroizing::new).map_err(|_| KeyErrorKind::Malformed)
}

/// Of a big-endian number.
fn bit_length(bytes: &[u8]) -> usize {
    let mut significant = bytes.iter().skip_while(|byte| **byte == 0);
    match significant.next() {
        // At most 8 leading zeros, so the number of bits in use is 0 to 8.
        Some(first) => {
            significant.count() * 8 + usize::from(8 - u8::try_from(first.leading_zeros()).unwrap_or(8))
        }
        None => 0,
    }
}

fn algorithm_name(oid: ObjectIdentifier) -> &'static str {
    const NAMES: &[(&str, &str)] = &[
        ("1.2.840.10045.2.1", "elliptic curves (EC)"),
        ("1.2.840.10040.4.1", "DSA"),
        ("1.2.840.113549.1.1.10", "RSA-PSS signatures only"),
        ("1.2.840.113549.1.3.1", "Diffie-Hellman"),
        ("1.3.101.110", "X25519"),
        ("1.3.101.111", "X448"),
        ("1.3.101.112", "Ed25519"),
        ("1.3.101.113", "Ed448"),
    ];
    let known = NAMES.iter().find(|(number, _)| ObjectIdentifier::new(number) == Ok(oid));
    known.map_or("another algorithm", |(_, name)| name)
}

#[cfg(test)]
mod tests;
