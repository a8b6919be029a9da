//! What a program and its worker say to each other, and how it is framed.
//!
//! ```text
//! frame    length u32 | id u64 | body          little-endian; the length counts id and body
//! hello    frame 0: magic, version u32          the one body whose form never changes
//! request  frame n: postcard of `Request`       from the program
//! reply    frame n: postcard of `Reply`         from the worker, to the request of this id, in any order
//! ```
//!
//! Neither side trusts the other to be well: a frame has a longest length, a batch a largest size, and memory is taken
//! as bytes arrive, not as they are announced. The module depends on nothing else here, so that the fuzzer can have it
//! by itself.

mod frame;
mod message;

#[cfg(test)]
mod tests;

pub(crate) use frame::{Frame, MAX_BODY_BYTES, Malformed, decode, encode, hello, read_frame, read_hello};
pub(crate) use message::{
    Batch, Blob, Failure, MAX_BATCH, NotStarted, ProxyText, Reply, Request, SealedText, Start,
};

/// The version of the protocol: program and worker must have the same.
pub(crate) const VERSION: u32 = 1;
