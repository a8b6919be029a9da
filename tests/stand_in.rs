//! Everything on the stand-in.

wecom_finance_tests::tests_on! { Some(wecom_finance_tests::Ground::StandIn) }
