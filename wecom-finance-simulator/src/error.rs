//! What can be wrong with a scenario.

/// Why a scenario could not be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A private key cannot be used.
    #[error("unusable key: {reason}")]
    Key {
        /// What is wrong with it.
        reason: &'static str,
    },
    /// The description is no scenario.
    #[error("not a scenario: {reason}")]
    Scenario {
        /// What is wrong, and where.
        reason: String,
    },
}
