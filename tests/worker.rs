//! The SDK in a worker process.

wecom_finance_tests::tests_on! { wecom_finance_tests::isolated(env!("CARGO_BIN_EXE_worker-host")) }
