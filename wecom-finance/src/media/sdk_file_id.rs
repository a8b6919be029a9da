use std::fmt;

use crate::Error;

/// The id by which a message names a file (`sdkfileid`): opaque, some hundred characters of base64.
///
/// Store it whole: a cut one is refused with 10005. It contains the key that the file is encrypted with, so `Debug`
/// shows its length only.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct SdkFileId(Box<str>);

impl SdkFileId {
    /// Takes an id from a message.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidArgument`] if it is empty, or holds a NUL, a space or a line end, which no id has.
    pub fn new(id: &str) -> Result<Self, Error> {
        let invalid = |problem| Err(Error::InvalidArgument { argument: "sdkfileid", problem });
        if id.is_empty() {
            return invalid("is empty");
        }
        if id.contains(|character: char| character.is_control() || character.is_whitespace()) {
            return invalid(
                "contains a space, a line end or a control character: copy it whole and on one line",
            );
        }
        Ok(Self(id.into()))
    }

    /// The id as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for SdkFileId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SdkFileId([{} characters])", self.0.len())
    }
}

impl AsRef<str> for SdkFileId {
    fn as_ref(&self) -> &str {
        self.as_str()
    }
}
