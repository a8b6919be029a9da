//! Bytes → a private key.
#![no_main]

use libfuzzer_sys::fuzz_target;

#[path = "../pem.rs"]
mod pem;

fuzz_target!(|bytes: &[u8]| pem::pem(bytes));
