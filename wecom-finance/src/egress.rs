//! The verified egress: a proxy on loopback between the SDK and WeCom, which checks what the SDK does not.

mod builder;
mod certificate;
mod clock;
mod connection;
mod connector;
mod environment;
mod failure;
mod http;
mod listener;
mod quota;
mod read_ahead;
mod replies;
mod scope;
mod session;
mod stats;
mod tls;
mod token;
mod tunnel;
mod upstream;

use std::fmt;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

pub use builder::EgressBuilder;
pub use certificate::AcceptedCertificate;
pub use clock::ClockSkew;
use listener::{Listener, Shared};
pub use session::EgressSession;
use session::SessionState;
pub use stats::EgressStats;
pub use tls::Tls;

use crate::{Proxy, Result};

/// The only host that the SDK talks to, and the only one that the egress lets it talk to.
pub(crate) const HOST: &str = "qyapi.weixin.qq.com";

/// A proxy inside this process, on a port of 127.0.0.1, through which one corp's SDK reaches WeCom, and nobody else.
///
/// The SDK by itself does not check WeCom's certificate, connects anew for every call, and hides why a call failed. The egress
/// ends the SDK's connection and makes its own: verified, kept, and shared by all sessions. On the way it
///
/// * lets through the three requests that the SDK makes and nothing else, and only with credentials that are made anew at
///   every start;
/// * asks WeCom for one access token and shares it between the sessions, until it expires or WeCom refuses it;
/// * reads WeCom's replies to token and media requests before the SDK does, which does not survive all of them (C12);
/// * fetches the next piece of a file while the SDK works on the one before;
/// * keeps to WeCom's quota of 600 chat calls a minute;
/// * remembers why a call failed: wrong secret, IP not allowed, another certificate, no network;
/// * compares WeCom's clock with this machine's ([`Egress::clock_skew`]);
/// * counts ([`Egress::stats`]).
///
/// Most programs turn it on with [`SdkBuilder::verified_tls`](crate::SdkBuilder::verified_tls). Several [`Sdk`](crate::Sdk)s of one corp share
/// one, with its token and quota, by [`SdkBuilder::egress`](crate::SdkBuilder::egress):
///
/// ```no_run
/// use wecom_finance::{Egress, Library, Sdk, Secret, Tls};
///
/// let egress = Egress::builder("ww0123456789abcdef")
///     .tls(Tls::default().add_root_file("/etc/pki/company-proxy.pem")?)
///     .start()?;
/// // SAFETY: the vendor's library.
/// let library = unsafe { Library::open("/opt/wecom/libWeWorkFinanceSdk_C.so") }?;
/// let sdk = Sdk::builder(library, "ww0123456789abcdef", Secret::from_file("secret")?)
///     .egress(egress.clone())
///     .build()?;
/// println!("{} connections", egress.stats().connections);
/// # Ok::<(), wecom_finance::Error>(())
/// ```
///
/// Clones are the same egress. When the last one is dropped, with the `Sdk`s and sessions that use it, it stops: the port is closed,
/// calls under way are ended, and all threads but a name lookup that hangs are gone, which takes a second at most.
#[derive(Clone)]
pub struct Egress {
    listener: Arc<Listener>,
    default_session: Arc<SessionState>,
}

impl Egress {
    /// An egress for this corp, to be configured.
    pub fn builder(corp_id: impl Into<String>) -> EgressBuilder {
        EgressBuilder::new(corp_id.into())
    }

    fn new(listener: Listener, timeout: Duration) -> Self {
        let default_session = listener.shared().sessions.add(timeout);
        Self { listener: Arc::new(listener), default_session }
    }

    /// The corp whose SDK it serves.
    #[must_use]
    pub fn corp_id(&self) -> &str {
        &self.shared().corp_id
    }

    /// What an SDK has to be given as its proxy, credentials included, where it is in other hands than this library's.
    /// [`EgressBuilder::timeout`] has to be no longer than the SDK's own.
    ///
    /// An SDK in another process must not have a `no_proxy` in its environment that names WeCom's host.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidArgument`](crate::Error::InvalidArgument) if there is one in the environment of this process: the SDK would go past the egress.
    pub fn proxy(&self) -> Result<Proxy> {
        environment::check_no_proxy()?;
        self.proxy_for(&self.default_session)
    }

    /// A way through it for one session of the SDK, whose calls may take so long.
    ///
    /// # Errors
    ///
    /// As for [`Egress::proxy`].
    pub fn session(&self, timeout: Duration) -> Result<EgressSession> {
        environment::check_no_proxy()?;
        EgressSession::new(self.clone(), timeout)
    }

    /// What it has done so far.
    #[must_use]
    pub fn stats(&self) -> EgressStats {
        self.shared().counters.read()
    }

    /// The certificate of the latest connection to WeCom; `None` before there was one.
    #[must_use]
    pub fn certificate(&self) -> Option<AcceptedCertificate> {
        self.shared().upstream.certificate()
    }

    /// How this machine's clock differs from WeCom's, by the latest reply that named a date; `None` before that. The first time that
    /// it [is wrong](ClockSkew::is_wrong), the log is told, too.
    #[must_use]
    pub fn clock_skew(&self) -> Option<ClockSkew> {
        self.shared().upstream.clock_skew()
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.listener.address()
    }

    fn proxy_for(&self, session: &SessionState) -> Result<Proxy> {
        let url = format!("http://{}", self.address());
        Proxy::parse(&url)?.credentials(session.user(), self.shared().sessions.password())
    }

    fn upstream_proxy(&self) -> Option<&str> {
        self.shared().upstream_proxy.as_deref()
    }

    fn shared(&self) -> &Arc<Shared> {
        self.listener.shared()
    }
}

impl fmt::Debug for Egress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Egress")
            .field("corp_id", &self.corp_id())
            .field("address", &self.address())
            .field("proxy", &self.upstream_proxy())
            .field("stats", &self.stats())
            .finish_non_exhaustive()
    }
}
