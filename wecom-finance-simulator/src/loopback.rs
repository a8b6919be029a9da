//! A WeCom on a loopback port, for the genuine SDK.
//!
//! The SDK can be told of a proxy and does not check the server's certificate: a proxy on loopback that answers for
//! `qyapi.weixin.qq.com` itself is all it takes.

use std::{
    collections::HashMap,
    fmt, io,
    net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream},
    sync::{
        Arc, Condvar, Mutex,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    thread::JoinHandle,
    time::Duration,
};

use crate::{World, world::lock};

mod clock;
mod connection;
mod http;
mod socks;
mod tls;

pub(crate) use clock::Clock;
pub(crate) use http::head;
use tls::Identity;
pub use tls::ServerCertificate;

/// Connections served at once; more wait their turn.
const CONNECTIONS: usize = 64;

/// A loopback server that plays WeCom for one or more worlds. Dropping it stops it.
///
/// ```no_run
/// use wecom_finance_simulator::Scenario;
///
/// # fn main() -> std::io::Result<()> {
/// let world = Scenario::new().texts(100).build();
/// let server = world.serve()?;
/// // Give this to the SDK as `proxy`:
/// let proxy = server.proxy_url();
/// # Ok(())
/// # }
/// ```
pub struct Loopback {
    shared: Arc<Shared>,
    address: SocketAddr,
    certificate_pem: String,
    root_pem: String,
    acceptor: Option<JoinHandle<()>>,
}

impl fmt::Debug for Loopback {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Loopback").field("address", &self.address).finish_non_exhaustive()
    }
}

/// Settings of a [`Loopback`] before it is started.
#[derive(Debug, Default)]
#[must_use]
pub struct LoopbackBuilder {
    worlds: Vec<World>,
    credentials: Option<(String, String)>,
    round_trip: Duration,
    certificate: ServerCertificate,
    clock: Clock,
}

impl LoopbackBuilder {
    /// Adds a world. Its corp id has to differ from the others'.
    pub fn world(mut self, world: &World) -> Self {
        self.worlds.push(world.clone());
        self
    }

    /// Lets the proxy insist on this user and password: 407 to everybody else.
    pub fn credentials(mut self, user: impl Into<String>, password: impl Into<String>) -> Self {
        self.credentials = Some((user.into(), password.into()));
        self
    }

    /// Presents this certificate: one that signed itself unless set.
    pub fn certificate(mut self, certificate: ServerCertificate) -> Self {
        self.certificate = certificate;
        self
    }

    /// Puts the server at a distance: this is how long a question and its answer are under way.
    ///
    /// A new connection waits once for the tunnel (in the place of the TCP connection to a distant WeCom, which the
    /// proxy makes) and once for the TLS handshake; every request waits once for its reply. So a call on a connection
    /// of its own, as the SDK makes them all, costs three round trips, and one on a connection that was kept costs one.
    /// Nothing is taken off the speed of the transfer.
    pub fn round_trip(mut self, time: Duration) -> Self {
        self.round_trip = time;
        self
    }

    /// Lets the server's clock be ahead of this machine's, as its `Date` headers tell.
    pub fn clock_ahead(mut self, by: Duration) -> Self {
        self.clock = Clock::Ahead(by);
        self
    }

    /// Lets the server's clock be behind this machine's.
    pub fn clock_behind(mut self, by: Duration) -> Self {
        self.clock = Clock::Behind(by);
        self
    }

    /// Starts the server.
    ///
    /// # Errors
    ///
    /// When no port can be opened or no certificate made.
    pub fn serve(self) -> io::Result<Loopback> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        let address = listener.local_addr()?;
        let identity = Identity::new(self.certificate)?;
        let shared = Arc::new(Shared {
            worlds: self.worlds,
            credentials: self.credentials,
            round_trip: self.round_trip,
            clock: self.clock,
            tls: identity.config,
            stopping: AtomicBool::new(false),
            open: Mutex::new(HashMap::new()),
            closed: Condvar::new(),
            accepted: AtomicU64::new(0),
        });
        let for_acceptor = Arc::clone(&shared);
        let acceptor = std::thread::Builder::new()
            .name("simulator-accept".to_owned())
            .spawn(move || accept(&listener, &for_acceptor))?;
        Ok(Loopback {
            shared,
            address,
            certificate_pem: identity.certificate_pem,
            root_pem: identity.root_pem,
            acceptor: Some(acceptor),
        })
    }
}

impl Loopback {
    /// A server to be set up.
    pub fn builder() -> LoopbackBuilder {
        LoopbackBuilder::default()
    }

    /// Where it listens; always on 127.0.0.1.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// What to give to the SDK as `proxy`: `http://127.0.0.1:port`.
    #[must_use]
    pub fn proxy_url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The same server as a SOCKS5 proxy: `socks5h://127.0.0.1:port`.
    ///
    /// With `socks5h` the SDK leaves it to the proxy to find WeCom's address. It takes `socks5` as well, but then asks
    /// the system's resolver, and without one fails with 10001.
    #[must_use]
    pub fn socks_url(&self) -> String {
        format!("socks5h://{}", self.address)
    }

    /// The server's certificate in PEM, a new one for every server.
    #[must_use]
    pub fn certificate_pem(&self) -> &str {
        &self.certificate_pem
    }

    /// The certificate that signed the server's, in PEM, which may be the same: for clients that do check it, and are to trust it.
    #[must_use]
    pub fn root_pem(&self) -> &str {
        &self.root_pem
    }

    /// How many connections were made so far.
    #[must_use]
    pub fn connections(&self) -> u64 {
        self.shared.accepted.load(Ordering::SeqCst)
    }
}

impl Drop for Loopback {
    fn drop(&mut self) {
        self.shared.stopping.store(true, Ordering::SeqCst);
        self.shared.shut_all();
        // Wakes the acceptor, which then sees that it is over.
        drop(TcpStream::connect_timeout(&self.address, Duration::from_secs(1)));
        if let Some(acceptor) = self.acceptor.take() {
            // The acceptor's panic, if any, has been reported by the panic hook; there is nothing to add here.
            drop(acceptor.join());
        }
    }
}

/// What the connections of a server share.
pub(crate) struct Shared {
    pub(crate) worlds: Vec<World>,
    credentials: Option<(String, String)>,
    round_trip: Duration,
    clock: Clock,
    tls: Arc<rustls::ServerConfig>,
    stopping: AtomicBool,
    /// Sockets of connections in service, to be shut when the server stops.
    open: Mutex<HashMap<u64, TcpStream>>,
    closed: Condvar,
    accepted: AtomicU64,
}

impl Shared {
    fn is_stopping(&self) -> bool {
        self.stopping.load(Ordering::SeqCst)
    }

    fn shut_all(&self) {
        for stream in lock(&self.open).values() {
            // Already closed by the other side is as good.
            drop(stream.shutdown(Shutdown::Both));
        }
    }

    /// Sleeps in short naps, so that a stop is not kept waiting; `false` when stopped.
    fn sleep(&self, time: Duration) -> bool {
        let since = std::time::Instant::now();
        loop {
            let left = time.saturating_sub(since.elapsed());
            if self.is_stopping() {
                return false;
            }
            if left.is_zero() {
                return true;
            }
            std::thread::sleep(left.min(Duration::from_millis(20)));
        }
    }
}

fn accept(listener: &TcpListener, shared: &Arc<Shared>) {
    let mut threads: Vec<JoinHandle<()>> = Vec::new();
    for (id, stream) in (0_u64..).zip(listener.incoming()) {
        if shared.is_stopping() {
            break;
        }
        let Ok(stream) = stream else { continue };
        shared.accepted.fetch_add(1, Ordering::SeqCst);
        threads.retain(|thread| !thread.is_finished());
        let Ok(copy) = stream.try_clone() else { continue };
        let mut open = lock(&shared.open);
        while open.len() >= CONNECTIONS && !shared.is_stopping() {
            let waited = shared.closed.wait_timeout(open, Duration::from_millis(100));
            open = waited.unwrap_or_else(std::sync::PoisonError::into_inner).0;
        }
        open.insert(id, copy);
        drop(open);
        let for_connection = Arc::clone(shared);
        let spawned = std::thread::Builder::new().name("simulator-connection".to_owned()).spawn(move || {
            // A connection that breaks is the client's affair: it sees the same.
            drop(connection::serve(&for_connection, stream));
            lock(&for_connection.open).remove(&id);
            for_connection.closed.notify_one();
        });
        match spawned {
            Ok(thread) => threads.push(thread),
            Err(_) => _ = lock(&shared.open).remove(&id),
        }
    }
    shared.shut_all();
    for thread in threads {
        drop(thread.join());
    }
}
