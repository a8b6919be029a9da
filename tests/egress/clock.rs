//! WeCom's clock against this machine's.

use std::time::Duration;

use wecom_finance::{ClockSkew, Egress, Proxy, Tls};
use wecom_finance_simulator::{Effect, Fault, Loopback, LoopbackBuilder, Scenario, ServerCertificate};

const HOUR: Duration = Duration::from_secs(3_600);

/// What the genuine SDK's calls bring to light.
fn seen(loopback: LoopbackBuilder, scenario: Scenario) -> Option<ClockSkew> {
    let library = super::genuine()?;
    let world = scenario.build();
    let server = loopback.world(&world).certificate(ServerCertificate::Signed).serve().unwrap();
    let egress = Egress::builder(world.corp_id())
        .tls(Tls::with_roots_pem(server.root_pem()).unwrap())
        .proxy(Proxy::parse(&server.proxy_url()).unwrap())
        .start()
        .unwrap();
    assert_eq!(egress.clock_skew(), None, "nobody has said anything yet");
    let sdk = wecom_finance::Sdk::builder(library, world.corp_id(), world.secret())
        .egress(egress.clone())
        .retry(wecom_finance::RetryPolicy::never())
        .build()
        .unwrap();
    drop(sdk.page(0));
    assert_eq!(sdk.egress().unwrap().address(), egress.address());
    egress.clock_skew()
}

#[test]
fn a_clock_in_step_is_right() {
    if super::genuine().is_none() {
        return;
    }
    let skew =
        seen(Loopback::builder().round_trip(Duration::from_millis(700)), Scenario::new().texts(3)).unwrap();
    assert!(!skew.is_wrong() && skew.amount() < Duration::from_secs(5), "{skew:?}");
}

#[test]
fn a_clock_that_is_wrong_is_noticed_in_both_directions() {
    if super::genuine().is_none() {
        return;
    }
    // A refusal, too, says what time it is.
    let refused = || Scenario::new().texts(3).fault(Fault::token(Effect::Status(503)));
    for scenario in [Scenario::new().texts(3), refused()] {
        let around = |by: Duration| (Duration::from_secs(3_595)..=HOUR).contains(&by);
        let skew = seen(Loopback::builder().clock_ahead(HOUR), scenario.clone());
        assert!(matches!(skew, Some(ClockSkew::Behind(by)) if around(by)), "{skew:?}");
        let skew = seen(Loopback::builder().clock_behind(HOUR), scenario);
        assert!(matches!(skew, Some(ClockSkew::Ahead(by)) if around(by)), "{skew:?}");
    }
}
