//! The binary with the genuine SDK, which talks to a WeCom on loopback: whole archives, compared byte by byte.
//! Without the genuine SDK these tests say so and pass; `tests/fetch-sdk` fetches it.
#![cfg(target_os = "linux")]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "these are tests"
)]

#[path = "../../../wecom-finance-sys/tests/compiler/mod.rs"]
mod compiler;
mod deadly;
mod doctor;
mod gaps;
mod kill;
mod media;
mod memory;
mod office;
mod processes;
mod quarantine;
mod soak;
mod whole;
