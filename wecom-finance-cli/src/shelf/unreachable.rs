use std::fmt;

/// A shelf that is not on this machine does not do its part.
#[derive(Debug)]
pub(crate) struct Unreachable {
    pub(crate) address: String,
    /// What it said, with nothing secret in it.
    pub(crate) detail: String,
}

impl fmt::Display for Unreachable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} cannot be used: {}", self.address, self.detail)
    }
}

impl std::error::Error for Unreachable {}
