//! The genuine SDK through the verified egress: what holds without it holds with it.

use wecom_finance_tests::Ground;

fn verified() -> Option<Ground> {
    match wecom_finance_tests::genuine()? {
        Ground::Genuine(library) => Some(Ground::Verified(library)),
        other => Some(other),
    }
}

wecom_finance_tests::verified_tests_on! { crate::verified() }
