//! `wecom-finance`.
fn main() {}
