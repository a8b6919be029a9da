//! Reads WeCom's (企业微信) conversation archive.

mod error;
mod secret;
mod timestamp;

pub use crate::error::{Language, SdkCode, ServerCode};
pub use crate::secret::{Secret, SecretFileError};
pub use crate::timestamp::Timestamp;
