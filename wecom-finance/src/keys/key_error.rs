//! Why a private key is not accepted.

use std::fmt;
use std::io;
use std::path::PathBuf;

/// A private key is not accepted: where it came from, what is wrong with it, and what to do.
///
/// No part of the key is in it.
#[derive(Debug, thiserror::Error)]
#[error("{origin}: {kind}")]
pub struct KeyError {
    origin: KeyOrigin,
    kind: KeyErrorKind,
    source: Option<io::Error>,
}

impl KeyError {
    /// Where the key came from.
    #[must_use]
    pub fn origin(&self) -> &KeyOrigin {
        &self.origin
    }

    /// What is wrong with it.
    #[must_use]
    pub fn kind(&self) -> KeyErrorKind {
        self.kind
    }
}

#[cfg(any(feature = "aws-lc-rs", feature = "rsa"))]
impl KeyError {
    pub(super) fn new(origin: KeyOrigin, kind: KeyErrorKind) -> Self {
        Self { origin, kind, source: None }
    }

    pub(super) fn unreadable(path: &std::path::Path, source: io::Error) -> Self {
        Self {
            origin: KeyOrigin::Path(path.to_owned()),
            kind: KeyErrorKind::Unreadable,
            source: Some(source),
        }
    }
}

/// Where a private key came from.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum KeyOrigin {
    /// This file or directory.
    Path(PathBuf),
    /// Given as text for this key version.
    Version(u32),
    /// Given as text.
    Text,
}

impl fmt::Display for KeyOrigin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Path(path) => path.display().fmt(f),
            Self::Version(version) => write!(f, "key version {version}"),
            Self::Text => f.write_str("private key"),
        }
    }
}

/// What is wrong with a private key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum KeyErrorKind {
    /// The file or directory cannot be read.
    #[error("cannot be read")]
    Unreadable,
    /// The directory holds no key at all.
    #[error(
        "no private key here; expected one PEM file for each key version, named after it: 1.pem, 2.pem, …"
    )]
    NoKeyFiles,
    /// Two files of the directory are for the same version, for example `1.pem` and `01.pem`.
    #[error("two files for key version {version}; keep one of them")]
    DoubleVersion {
        /// The key version.
        version: u32,
    },
    /// There is no PEM in it.
    #[error(
        "not a PEM file, nothing like -----BEGIN PRIVATE KEY----- is in it; if it is DER, \
         convert it with `openssl pkey -inform DER -in FILE -out NEW.pem`"
    )]
    NotPem,
    /// There is PEM in it, but nothing that is a key.
    #[error("no private key in this PEM file; give the file that was made with `openssl genrsa`")]
    NoPrivateKey,
    /// It is a public key.
    #[error(
        "this is a public key; give the private key that belongs to it, the public one goes to WeCom's admin console"
    )]
    PublicKey,
    /// It is a certificate.
    #[error("this is a certificate; give an RSA private key, the archive uses no certificates")]
    Certificate,
    /// It is a private key, but not of RSA.
    #[error(
        "this is a private key for {algorithm}; the archive needs RSA, make a key with `openssl genrsa 2048`"
    )]
    NotRsa {
        /// What it is for.
        algorithm: &'static str,
    },
    /// It is an RSA key of another size than 2048 bits, the only one that WeCom takes.
    #[error("this RSA key has {bits} bits; WeCom takes 2048 only, so this cannot be the archive's key")]
    KeySize {
        /// Its size.
        bits: usize,
    },
    /// It is encrypted, and no passphrase was given.
    #[error("this private key is encrypted; give its passphrase")]
    PassphraseMissing,
    /// It is encrypted, with another passphrase than the one given.
    #[error("the passphrase does not open this private key")]
    PassphraseWrong,
    /// It is encrypted in OpenSSL's own, outdated way (`Proc-Type: 4,ENCRYPTED`).
    #[error(
        "this private key is encrypted in OpenSSL's traditional format (Proc-Type: 4,ENCRYPTED); \
         convert it with `openssl pkcs8 -topk8 -in FILE -out NEW.pem`"
    )]
    TraditionalEncryption,
    /// It is encrypted with an outdated or unknown algorithm.
    #[error(
        "this private key is encrypted with an algorithm that is not supported; \
         convert it with `openssl pkcs8 -topk8 -v2 aes-256-cbc -in FILE -out NEW.pem`"
    )]
    UnsupportedEncryption,
    /// It is in the format of OpenSSH.
    #[error("this private key is in OpenSSH's format; convert a copy with `ssh-keygen -p -m PEM -f COPY`")]
    OpenSsh,
    /// The PEM is incomplete, or what is in it is no key of any known kind.
    #[error("the private key is damaged or cut short; copy it again, from -----BEGIN to -----END")]
    Malformed,
}
