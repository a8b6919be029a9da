//! The stand-in against the genuine SDK, and beside it.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::unreachable,
    clippy::indexing_slicing,
    clippy::as_conversions,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::print_stdout,
    reason = "helpers of tests are tests, which clippy does not see"
)]
// The calls of one C function with its buffers belong together.
#![allow(clippy::multiple_unsafe_ops_per_block, reason = "the tests are a C caller")]

mod caller;
mod cdylib;
mod conformance;
mod deadly;
mod http;
mod loopback;
mod sealing;
mod transcript;
mod world;
