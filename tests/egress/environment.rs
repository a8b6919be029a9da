//! What the environment says about proxies, each case in a process of its own.

use std::process::Command;
use std::time::Duration;

use wecom_finance::{Egress, Error};
use wecom_finance_simulator::Scenario;

use super::Place;

const CHILD: &str = "WECOM_FINANCE_TEST_CHILD";

/// Runs the test of that name again, with this environment, and with the mark that it is the child.
fn in_a_child(test: &str, variable: (&str, &str)) {
    let output = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "--nocapture", &format!("environment::{test}")])
        .env(CHILD, "1")
        .env(variable.0, variable.1)
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success() && text.contains("1 passed"), "{variable:?}: {text}");
}

fn is_child() -> bool {
    std::env::var_os(CHILD).is_some()
}

#[test]
fn an_environment_that_leads_the_sdk_past_the_egress_is_refused() {
    if !is_child() {
        let exceptions =
            [("no_proxy", "*"), ("NO_PROXY", "localhost,.qq.com"), ("no_proxy", "qyapi.weixin.qq.com")];
        for variable in exceptions {
            in_a_child("an_environment_that_leads_the_sdk_past_the_egress_is_refused", variable);
        }
        return;
    }
    let egress = Egress::builder("ww1").start().unwrap();
    for error in [egress.proxy().unwrap_err(), egress.session(Duration::from_secs(1)).unwrap_err()] {
        assert!(matches!(error, Error::InvalidArgument { argument: "no_proxy", .. }), "{error}");
    }

    // Not for nothing: the genuine SDK does go past the proxy that it is given.
    let Some(library) = super::genuine() else { return };
    let verified = wecom_finance::Sdk::builder(library, "ww1", "secret").egress(egress).build();
    assert!(matches!(verified, Err(Error::InvalidArgument { argument: "no_proxy", .. })));
    let place = Place::new(Scenario::new().texts(1));
    let sdk = wecom_finance::Sdk::builder(library, place.world.corp_id(), "not a secret: it contains spaces")
        .proxy(place.proxy())
        .retry(wecom_finance::RetryPolicy::never())
        .build()
        .unwrap();
    assert!(sdk.page(0).is_err());
    assert_eq!(place.server.connections(), 0);
}

#[test]
fn proxies_in_the_environment_divert_nobody() {
    if !is_child() {
        for name in ["https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"] {
            in_a_child("proxies_in_the_environment_divert_nobody", (name, "http://127.0.0.1:9"));
        }
        return;
    }
    let Some(library) = super::genuine() else { return };
    let place = Place::new(Scenario::new().texts(1));
    let egress = place.egress();
    assert!(place.sdk(library, &egress).page(0).unwrap().is_some());
    assert_eq!(egress.stats().chat_requests, 1);
}
