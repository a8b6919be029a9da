use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use super::listener::{Listener, Settings};
use super::quota::Quota;
use super::stats::Counters;
use super::upstream::Upstream;
use super::{Egress, Tls, tls};
use crate::{Error, Proxy, Result};

const TIMEOUT: Duration = Duration::from_secs(30);
/// WeCom's own limit for each corp.
const CHAT_CALLS: NonZeroU32 = NonZeroU32::new(600).unwrap();
/// WeCom counts these, too, without saying where it stops. A token lives for two hours.
const TOKEN_CALLS: NonZeroU32 = NonZeroU32::new(60).unwrap();

/// Puts an [`Egress`] together. Made by [`Egress::builder`].
#[derive(Debug)]
#[must_use]
pub struct EgressBuilder {
    corp_id: String,
    tls: Tls,
    proxy: Option<Proxy>,
    timeout: Duration,
    chat_calls: NonZeroU32,
    token_calls: NonZeroU32,
    read_ahead: bool,
}

impl EgressBuilder {
    pub(super) fn new(corp_id: String) -> Self {
        Self {
            corp_id,
            tls: Tls::default(),
            proxy: None,
            timeout: TIMEOUT,
            chat_calls: CHAT_CALLS,
            token_calls: TOKEN_CALLS,
            read_ahead: true,
        }
    }

    /// Whose word counts for WeCom's certificate. The authorities that this machine trusts unless set.
    pub fn tls(mut self, tls: Tls) -> Self {
        self.tls = tls;
        self
    }

    /// Reaches WeCom through a proxy, which looks up WeCom's address itself, with `socks5` as well as with `socks5h`. Without one
    /// the connection is direct, whatever the environment says.
    pub fn proxy(mut self, proxy: Proxy) -> Self {
        self.proxy = Some(proxy);
        self
    }

    /// The longest a call may take, for [`Egress::proxy`] and for the making of connections: 30 seconds unless set. Sessions
    /// have limits of their own.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// How many chat calls to let through in a minute: 600 unless set, which is what WeCom allows each corp. Less, if others
    /// read the same archive. Calls beyond that wait, for half of what they may take, and are then refused with 45009, as
    /// WeCom would.
    pub fn chat_calls_per_minute(mut self, calls: NonZeroU32) -> Self {
        self.chat_calls = calls;
        self
    }

    /// How many access tokens to ask for in a minute: 60 unless set.
    pub fn token_calls_per_minute(mut self, calls: NonZeroU32) -> Self {
        self.token_calls = calls;
        self
    }

    /// Whether the next piece of a file that is read in sequence is fetched before the SDK asks for it: it is, unless set. Who
    /// stops in the middle of a file has then fetched up to 512 KiB in vain.
    pub fn read_ahead(mut self, read_ahead: bool) -> Self {
        self.read_ahead = read_ahead;
        self
    }

    /// Opens the port. Nothing is sent yet.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidArgument`] for a corp id that cannot be one, a timeout of zero, and a proxy whose credentials cannot be
    /// sent; [`Error::EgressSetup`] if the port or a thread cannot be had.
    pub fn start(self) -> Result<Egress> {
        let corp_id = self.corp_id;
        if corp_id.is_empty() || !corp_id.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'&') {
            return Err(Error::InvalidArgument { argument: "corp id", problem: "is not one" });
        }
        if self.timeout.is_zero() {
            return Err(Error::InvalidArgument { argument: "timeout", problem: "is zero" });
        }
        let counters = Arc::new(Counters::default());
        let listener = Listener::start(Settings {
            corp_id,
            upstream: Upstream::new(&self.tls, self.proxy.as_ref(), self.timeout, &counters)?,
            upstream_proxy: self.proxy.as_ref().map(|proxy| proxy.url().to_owned()),
            chat_quota: Quota::new(self.chat_calls),
            token_quota: Quota::new(self.token_calls),
            read_ahead: self.read_ahead,
            tls: tls::server()?,
            counters,
        })?;
        Ok(Egress::new(listener, self.timeout))
    }
}
