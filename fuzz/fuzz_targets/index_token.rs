//! Bytes → index tokens, and a file that is read by them.
#![no_main]

use libfuzzer_sys::fuzz_target;

#[path = "../index_token.rs"]
mod index_token;

fuzz_target!(|bytes: &[u8]| index_token::index_token(bytes));
