//! Everything on the genuine SDK, which talks to a WeCom on loopback.

wecom_finance_tests::tests_on! { wecom_finance_tests::genuine() }

mod proxies {
    use wecom_finance::{Error, Library, Proxy, RetryPolicy, Sdk, SdkCode};
    use wecom_finance_simulator::{Loopback, Scenario, World};
    use wecom_finance_tests::Ground;

    fn messages(library: Library, world: &World, proxy: Proxy) -> Result<usize, Error> {
        let builder = Sdk::builder(library, world.corp_id(), world.secret()).proxy(proxy);
        let page = builder.retry(RetryPolicy::never()).build()?.page(0)?;
        Ok(page.map_or(0, |page| page.messages().len()))
    }

    #[test]
    fn http_and_socks_with_credentials() -> Result<(), Box<dyn std::error::Error>> {
        let Some(Ground::Genuine(library)) = wecom_finance_tests::genuine() else { return Ok(()) };
        let world = Scenario::new().texts(7).build();
        let server = Loopback::builder().world(&world).credentials("user", "pass:word").serve()?;
        for url in [server.proxy_url(), server.socks_url()] {
            let proxy = || Proxy::parse(&url);
            assert_eq!(messages(library, &world, proxy()?.credentials("user", "pass:word")?)?, 7, "{url}");
            for refused in [proxy()?, proxy()?.credentials("user", "wrong")?] {
                let error = messages(library, &world, refused).err().and_then(|error| error.sdk_code());
                assert_eq!(error, Some(SdkCode::Network), "{url}");
            }
        }
        Ok(())
    }
}
