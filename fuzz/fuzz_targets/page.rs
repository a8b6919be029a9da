//! Bytes → a page of sealed messages.
#![no_main]

use libfuzzer_sys::fuzz_target;

#[path = "../page.rs"]
mod page;

fuzz_target!(|bytes: &[u8]| page::page(bytes));
