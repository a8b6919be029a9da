//! What the vendor's library and WeCom's servers answer when something is wrong, and what to do about it.

#[cfg(feature = "native")]
mod certificate;
#[cfg(feature = "native")]
mod chinese;
mod code_enum;
#[cfg(feature = "native")]
mod kinds;
mod remedy;
mod sdk_code;
mod server_code;
#[cfg(feature = "native")]
mod unreachable;

#[cfg(feature = "native")]
pub use self::certificate::{CertificateProblem, RejectedCertificate};
#[cfg(feature = "native")]
pub use self::kinds::{Error, Operation, UnopenedMessage, UnopenedReason};
pub use self::remedy::Language;
pub use self::sdk_code::SdkCode;
pub use self::server_code::ServerCode;
#[cfg(feature = "native")]
pub use self::unreachable::UnreachableKind;

/// What this crate's functions give back.
#[cfg(feature = "native")]
pub type Result<T, E = Error> = std::result::Result<T, E>;
