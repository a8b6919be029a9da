//! The verified egress, with the genuine SDK behind it wherever it says "genuine".
#![allow(
    clippy::similar_names,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "these are tests"
)]

mod certificates;
mod clock;
mod connections;
mod door;
mod environment;
mod files;
mod hostile;
mod reasons;
mod relay;
mod tokens;

use std::time::Duration;

use wecom_finance::{Egress, EgressBuilder, Error, Library, Proxy, RetryPolicy, Sdk, SdkBuilder, Tls};
use wecom_finance_simulator::{Loopback, Scenario, ServerCertificate, World};
use wecom_finance_tests::Ground;

/// The genuine SDK, or a skipped test.
fn genuine() -> Option<Library> {
    match wecom_finance_tests::genuine()? {
        Ground::Genuine(library) => Some(library),
        _ => None,
    }
}

/// A corp whose server can prove to be WeCom, to whoever trusts its root.
struct Place {
    world: World,
    server: Loopback,
}

impl Place {
    fn new(scenario: Scenario) -> Self {
        let world = scenario.build();
        let server =
            Loopback::builder().world(&world).certificate(ServerCertificate::Signed).serve().unwrap();
        Self { world, server }
    }

    fn proxy(&self) -> Proxy {
        Proxy::parse(&self.server.proxy_url()).unwrap()
    }

    fn tls(&self) -> Tls {
        Tls::with_roots_pem(self.server.root_pem()).unwrap()
    }

    fn egress_builder(&self) -> EgressBuilder {
        Egress::builder(self.world.corp_id()).tls(self.tls()).proxy(self.proxy())
    }

    fn egress(&self) -> Egress {
        self.egress_builder().start().unwrap()
    }

    /// An `Sdk` that never tries again, so that the first error is seen.
    fn builder(&self, library: Library, egress: &Egress) -> SdkBuilder {
        Sdk::builder(library, self.world.corp_id(), self.world.secret())
            .egress(egress.clone())
            .timeout(Duration::from_secs(20))
            .retry(RetryPolicy::never())
    }

    fn sdk(&self, library: Library, egress: &Egress) -> Sdk {
        self.builder(library, egress).build().unwrap()
    }
}

/// The library's own error out of a reader's.
fn error_of(error: std::io::Error) -> Error {
    error.downcast().expect("the library's own error")
}
