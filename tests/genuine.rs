//! Everything on the genuine SDK, which talks to a WeCom on loopback.

wecom_finance_tests::tests_on! { wecom_finance_tests::genuine() }
