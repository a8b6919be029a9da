//! The only module of this crate with `unsafe`: guards for what the SDK allocates, over its function table.
//!
//! Everything below [`Handle`] and [`open`] takes arguments that the SDK survives and reads as meant: NUL-terminated
//! strings, limits within C10, timeouts within C9, messages within C7. Callers make them; the types here keep them.
//! The numbers are those of [`wecom_finance_sys::contracts`].

mod handle;
mod media_buffer;
mod slice;
mod strings;

#[cfg(feature = "egress")]
pub(crate) use handle::whole_seconds;
pub(crate) use handle::{Connection, Handle, open};
pub(crate) use strings::{CText, SecretText};
