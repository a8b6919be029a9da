//! Connections to WeCom: kept, and made through the user's proxy.

use std::io::Read as _;
use std::num::NonZero;
use std::time::Duration;

use wecom_finance::{Egress, Proxy, RetryPolicy, Tls};
use wecom_finance_simulator::{Loopback, MediaFile, MediaKind, Scenario, ServerCertificate};

use super::Place;

#[test]
fn one_connection_serves_them_all() {
    let Some(library) = super::genuine() else { return };
    let scenario =
        Scenario::new().texts(20).media_file(MediaFile::generated("file", MediaKind::File, 5_000_000));
    let place = Place::new(scenario);
    let egress = place.egress();
    let file = place.world.media("file").unwrap();
    // Three `Sdk`s one after the other, as three handles.
    for _ in 0..3 {
        let sdk = place.sdk(library, &egress);
        let mut bytes = Vec::new();
        sdk.media(file.sdk_file_id()).unwrap().read_to_end(&mut bytes).unwrap();
        assert!(bytes == file.bytes());
        assert_eq!(sdk.chat(&place.world.keys().unwrap()).filter_map(Result::ok).count(), 21);
    }
    let stats = egress.stats();
    assert_eq!(place.server.connections(), 1);
    assert_eq!((stats.connections, stats.upstream_requests), (1, 1 + 3 * (10 + 2)));
    assert_eq!(stats.reused_connections(), 36);
    assert_eq!((stats.tokens_fetched, stats.token_requests), (1, 3));
    assert_eq!((stats.chat_requests, stats.media_requests), (6, 30));
    assert_eq!(stats.read_ahead, 27, "all pieces of a file but the first");
    assert_eq!(place.world.media_calls(), 30, "and none in vain");
    assert!(stats.bytes_received > 3 * 5_000_000 * 4 / 3, "base64 of three times the file: {stats:?}");
    assert_eq!((stats.refused_requests, stats.unusable_replies, stats.rejected_certificates), (0, 0, 0));
}

#[test]
fn the_way_leads_through_http_and_socks_proxies_with_credentials() {
    let Some(library) = super::genuine() else { return };
    let world = Scenario::new().texts(7).build();
    let server = Loopback::builder()
        .world(&world)
        .credentials("user", "pass:word")
        .certificate(ServerCertificate::Signed)
        .serve()
        .unwrap();
    // With `socks5`, too, it is the proxy that looks up the name: there need be no DNS here.
    let socks5 = server.socks_url().replace("socks5h", "socks5");
    for url in [server.proxy_url(), server.socks_url(), socks5] {
        let proxy = Proxy::parse(&url).unwrap().credentials("user", "pass:word").unwrap();
        let sdk = wecom_finance::Sdk::builder(library, world.corp_id(), world.secret())
            .proxy(proxy)
            .verified_tls(Tls::with_roots_pem(server.root_pem()).unwrap())
            .build()
            .unwrap();
        assert_eq!(sdk.page(0).unwrap().unwrap().messages().len(), 7, "{url}");
    }
}

#[test]
fn a_connection_that_the_server_closed_is_replaced() {
    let Some(library) = super::genuine() else { return };
    let world = Scenario::new().texts(3).build();
    let serve = || Loopback::builder().world(&world).certificate(ServerCertificate::Signed).serve().unwrap();
    let (first, second) = (serve(), serve());
    let relay = super::relay::Relay::to(first.address());
    let both = format!("{}{}", first.root_pem(), second.root_pem());
    let egress = Egress::builder(world.corp_id())
        .tls(Tls::with_roots_pem(both).unwrap())
        .proxy(Proxy::parse(&relay.url()).unwrap())
        .start()
        .unwrap();
    let sdk = wecom_finance::Sdk::builder(library, world.corp_id(), world.secret())
        .egress(egress.clone())
        .retry(RetryPolicy::never())
        .build()
        .unwrap();
    assert!(sdk.page(0).unwrap().is_some());
    // The server goes, its connections with it, and another one takes its place.
    relay.turn_to(second.address());
    drop(first);
    assert!(sdk.page(0).unwrap().is_some());
    assert_eq!(egress.stats().connections, 2);
}

#[test]
fn on_a_slow_line_pages_are_as_large_as_comes_in_time() {
    let Some(library) = super::genuine() else { return };
    let place = Place::new(Scenario::new().texts(1_000));
    // A page of a thousand is a megabyte.
    place.server.set_speed(NonZero::new(200_000));
    let pause = Duration::from_millis(1);
    let retry = RetryPolicy::default().pauses(pause, pause);
    let egress = place.egress();
    let sdk = place.builder(library, &egress).timeout(Duration::from_secs(1)).retry(retry).build().unwrap();
    let page = sdk.page(0).unwrap().unwrap();
    assert!((10..=500).contains(&page.messages().len()), "{}", page.messages().len());
    place.server.set_speed(None);
    assert_eq!(sdk.chat(&place.world.keys().unwrap()).filter_map(Result::ok).count(), 1_000);
}
