//! Strings as C wants them: one NUL, at the end.

use std::ffi::{CStr, CString};
use std::fmt;

use zeroize::Zeroizing;

use crate::{Error, Secret};

/// A string argument without NUL inside.
#[derive(Clone, Debug)]
pub(crate) struct CText(CString);

impl CText {
    pub(crate) fn new(argument: &'static str, text: &str) -> Result<Self, Error> {
        CString::new(text)
            .map(Self)
            .map_err(|_| Error::InvalidArgument { argument, problem: "contains a NUL character" })
    }

    pub(crate) fn as_c_str(&self) -> &CStr {
        &self.0
    }
}

/// A secret argument without NUL inside, wiped when dropped.
#[derive(Clone)]
pub(crate) struct SecretText(Zeroizing<Vec<u8>>);

impl SecretText {
    pub(crate) fn new(argument: &'static str, secret: &[u8]) -> Result<Self, Error> {
        // The capacity is right at once: growing would leave a copy behind.
        let mut bytes = Zeroizing::new(Vec::with_capacity(secret.len().saturating_add(1)));
        bytes.extend_from_slice(secret);
        bytes.push(0);
        CStr::from_bytes_with_nul(&bytes)
            .map_err(|_| Error::InvalidArgument { argument, problem: "contains a NUL character" })?;
        Ok(Self(bytes))
    }

    pub(crate) fn of(argument: &'static str, secret: &Secret) -> Result<Self, Error> {
        Self::new(argument, secret.expose())
    }

    pub(crate) fn as_c_str(&self) -> &CStr {
        CStr::from_bytes_with_nul(&self.0).unwrap_or_default()
    }
}

impl fmt::Debug for SecretText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SecretText([redacted])")
    }
}
