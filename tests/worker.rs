//! The SDK in a worker process.
#![cfg(target_os = "linux")]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "these are tests"
)]

#[path = "../wecom-finance-sys/tests/compiler/mod.rs"]
mod compiler;
#[path = "worker/deadly.rs"]
mod deadly;
#[path = "worker/hosts.rs"]
mod hosts;
#[path = "worker/life.rs"]
mod life;
#[path = "worker/limits.rs"]
mod limits;
#[path = "worker/reason.rs"]
mod reason;
#[path = "worker/secrecy.rs"]
mod secrecy;
#[path = "worker/site.rs"]
mod site;
#[path = "worker/start.rs"]
mod start;

/// Everything that holds in this process holds in a worker.
mod ground {
    wecom_finance_tests::tests_on! { wecom_finance_tests::isolated(crate::site::HOST) }
}

/// And with WeCom's certificate checked, which is how the binary does it.
mod verified_ground {
    wecom_finance_tests::verified_tests_on! { wecom_finance_tests::isolated_and_verified(crate::site::HOST) }
}
