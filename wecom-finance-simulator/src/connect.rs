//! A world as programs that use `wecom-finance` see it: the same types, the stand-in behind them.

use wecom_finance::{KeyError, KeyRing, Library, RetryPolicy, Sdk, SdkBuilder};

use crate::sdk::StandIn;
use crate::{Loopback, World};

impl World {
    /// The stand-in for the vendor's library, in this process and without a file.
    #[must_use]
    pub fn library(&self) -> Library {
        // The functions find a world by its corp id, and need it for as long as they may be called.
        crate::registry::keep(self);
        Library::implemented_by::<StandIn>()
    }

    /// An [`Sdk`] for this world's corp, to be configured further.
    pub fn sdk_builder(&self) -> SdkBuilder {
        Sdk::builder(self.library(), self.corp_id(), self.secret())
    }

    /// An [`Sdk`] for this world's corp, with the stand-in behind it. It retries without waiting long.
    ///
    /// ```
    /// use wecom_finance_simulator::Scenario;
    ///
    /// let world = Scenario::new().texts(10).build();
    /// let opened = world.sdk()?.chat(&world.keys()?).filter_map(Result::ok).count();
    /// assert_eq!(opened, 10);
    /// # Ok::<(), wecom_finance::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::InvalidArgument`](wecom_finance::Error::InvalidArgument) if the scenario has an empty corp id or secret.
    pub fn sdk(&self) -> wecom_finance::Result<Sdk> {
        self.sdk_builder().retry(quick_retries()).build()
    }

    /// An [`Sdk`] for this world's corp over another library, the genuine one, which reaches the world through its
    /// loopback server.
    ///
    /// # Errors
    ///
    /// As for [`World::sdk`].
    pub fn sdk_through(&self, library: Library, server: &Loopback) -> wecom_finance::Result<Sdk> {
        Sdk::builder(library, self.corp_id(), self.secret())
            .proxy(wecom_finance::Proxy::parse(&server.proxy_url())?)
            .retry(quick_retries())
            .build()
    }

    /// The private keys of all the world's key versions.
    ///
    /// # Errors
    ///
    /// [`KeyError`], should the scenario's own key be one that the library does not accept.
    pub fn keys(&self) -> Result<KeyRing, KeyError> {
        let mut keys = KeyRing::new();
        for version in self.key_versions() {
            if let Some(pem) = self.key_pem(version) {
                keys.insert_pem(version, pem.as_bytes(), None)?;
            }
        }
        Ok(keys)
    }
}

fn quick_retries() -> RetryPolicy {
    use std::time::Duration;
    let pause = Duration::from_millis(20);
    RetryPolicy::default().pauses(Duration::from_millis(1), pause).rate_limit_pause(pause)
}
