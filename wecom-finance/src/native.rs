//! The only module of this crate with `unsafe`: guards for what the SDK allocates, over its function table.
//!
//! Everything below [`Handle`] and [`open`] takes arguments that the SDK survives and reads as meant: NUL-terminated
//! strings, limits within C10, timeouts within C9, messages within C7. Callers make them; the types here keep them.
//! The numbers are those of [`wecom_finance_sys::contracts`].

mod allocator;
#[cfg(unix)]
pub(crate) mod child;
mod handle;
mod media_buffer;
mod slice;
mod strings;

pub use allocator::return_freed_memory;
pub(crate) use handle::{Connection, Handle, check_encrypt_msg, open, whole_seconds};
pub(crate) use strings::{CText, SecretText};
