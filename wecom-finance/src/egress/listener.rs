//! The port: who is let in, how many at once, and how it ends.

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpStream};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use rustls::ServerConfig;
use tokio::net::TcpListener;
use tokio::runtime::{Builder, Handle};
use tokio::sync::watch;

use super::connection;
use super::quota::Quota;
use super::read_ahead::ReadAhead;
use super::session::Sessions;
use super::stats::Counters;
use super::tls::setup;
use super::token::TokenCache;
use super::upstream::Upstream;
use crate::Result;

/// Connections at once, each with a thread.
const CONNECTIONS: usize = 256;
/// How long the end may take for what cannot be interrupted: a name lookup.
const FAREWELL: Duration = Duration::from_millis(500);

pub(super) struct Settings {
    pub(super) corp_id: String,
    pub(super) upstream: Upstream,
    pub(super) upstream_proxy: Option<String>,
    pub(super) chat_quota: Quota,
    pub(super) token_quota: Quota,
    pub(super) read_ahead: bool,
    pub(super) tls: ServerConfig,
    pub(super) counters: Arc<Counters>,
}

/// What the connections of an egress share.
pub(super) struct Shared {
    pub(super) corp_id: String,
    pub(super) sessions: Sessions,
    pub(super) tokens: TokenCache,
    pub(super) read_ahead: ReadAhead,
    pub(super) upstream: Upstream,
    pub(super) upstream_proxy: Option<String>,
    pub(super) chat_quota: Quota,
    pub(super) token_quota: Quota,
    pub(super) tls: Arc<ServerConfig>,
    pub(super) counters: Arc<Counters>,
    pub(super) runtime: Handle,
    pub(super) stopping: watch::Receiver<bool>,
    open: Mutex<BTreeMap<u64, Open>>,
}

/// A connection in service.
struct Open {
    socket: TcpStream,
    admitted: bool,
}

/// The open port. Dropping it closes all.
pub(super) struct Listener {
    shared: Arc<Shared>,
    address: SocketAddr,
    stop: watch::Sender<bool>,
    acceptor: Option<JoinHandle<()>>,
}

impl Listener {
    pub(super) fn start(settings: Settings) -> Result<Self> {
        let no_port = |error| setup(format!("no port on 127.0.0.1: {error}"));
        let port = std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).map_err(no_port)?;
        let address = port.local_addr().map_err(no_port)?;
        port.set_nonblocking(true).map_err(no_port)?;
        let runtime = Builder::new_current_thread()
            .enable_io()
            .enable_time()
            .thread_name("egress-lookup")
            .build()
            .map_err(|error| setup(format!("no event loop: {error}")))?;
        let (stop, stopping) = watch::channel(false);
        let shared = Arc::new(Shared {
            corp_id: settings.corp_id,
            sessions: Sessions::new()?,
            tokens: TokenCache::default(),
            read_ahead: ReadAhead::new(settings.read_ahead),
            upstream: settings.upstream,
            upstream_proxy: settings.upstream_proxy,
            chat_quota: settings.chat_quota,
            token_quota: settings.token_quota,
            tls: Arc::new(settings.tls),
            counters: settings.counters,
            runtime: runtime.handle().clone(),
            stopping,
            open: Mutex::default(),
        });
        let for_acceptor = Arc::clone(&shared);
        // It drives all connections to WeCom, too, and ends what it began: an event loop must not be dropped where
        // another one runs, which the last owner of an egress may not know about.
        let acceptor = std::thread::Builder::new()
            .name("egress".to_owned())
            .spawn(move || {
                let threads = runtime.block_on(accept(port, &for_acceptor));
                for_acceptor.shut_all();
                for thread in threads {
                    // A panic in it has been reported by the panic hook.
                    drop(thread.join());
                }
                runtime.shutdown_timeout(FAREWELL);
            })
            .map_err(|error| setup(format!("no thread: {error}")))?;
        Ok(Self { shared, address, stop, acceptor: Some(acceptor) })
    }

    pub(super) fn shared(&self) -> &Arc<Shared> {
        &self.shared
    }

    pub(super) fn address(&self) -> SocketAddr {
        self.address
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        self.stop.send_replace(true);
        if let Some(acceptor) = self.acceptor.take() {
            // Its panic, if any, has been reported by the panic hook.
            drop(acceptor.join());
        }
    }
}

impl Shared {
    /// Whether the connection may go on. When all places are taken, the oldest visitor without credentials leaves.
    fn register(&self, id: u64, stream: &TcpStream) -> bool {
        let Ok(socket) = stream.try_clone() else { return false };
        let mut open = self.open();
        if open.len() >= CONNECTIONS {
            let stranger = open.iter().find(|(_, connection)| !connection.admitted).map(|(id, _)| *id);
            let Some(stranger) = stranger.and_then(|id| open.remove(&id)) else { return false };
            shut(&stranger.socket);
        }
        open.insert(id, Open { socket, admitted: false });
        true
    }

    pub(super) fn admit(&self, id: u64) {
        if let Some(connection) = self.open().get_mut(&id) {
            connection.admitted = true;
        }
    }

    fn shut_all(&self) {
        self.open().values().for_each(|connection| shut(&connection.socket));
    }

    fn open(&self) -> MutexGuard<'_, BTreeMap<u64, Open>> {
        // Entries come and go whole.
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn shut(socket: &TcpStream) {
    // It may be closed already, which is as good.
    drop(socket.shutdown(Shutdown::Both));
}

async fn accept(port: std::net::TcpListener, shared: &Arc<Shared>) -> Vec<JoinHandle<()>> {
    let mut threads: Vec<JoinHandle<()>> = Vec::new();
    let Ok(port) = TcpListener::from_std(port) else { return threads };
    let mut id = 0_u64;
    loop {
        let accepted = match until_stopped(shared, port.accept()).await {
            None => return threads,
            Some(accepted) => accepted.and_then(|(stream, _)| stream.into_std()),
        };
        let Ok(stream) = accepted else {
            // Out of descriptors, most likely: they come back when connections end.
            tokio::time::sleep(Duration::from_millis(20)).await;
            continue;
        };
        id = id.saturating_add(1);
        threads.retain(|thread| !thread.is_finished());
        if stream.set_nonblocking(false).is_err() || !shared.register(id, &stream) {
            continue;
        }
        let for_connection = Arc::clone(shared);
        let spawned = std::thread::Builder::new().name("egress-call".to_owned()).spawn(move || {
            if let Err(error) = connection::serve(&for_connection, id, stream) {
                tracing::trace!(%error, "a connection of the SDK broke");
            }
            for_connection.open().remove(&id);
        });
        match spawned {
            Ok(thread) => threads.push(thread),
            Err(_) => _ = shared.open().remove(&id),
        }
    }
}

/// The future's outcome, or `None` when the egress is stopped first.
pub(super) async fn until_stopped<T>(shared: &Shared, future: impl Future<Output = T>) -> Option<T> {
    let mut stopping = shared.stopping.clone();
    let mut stopped = std::pin::pin!(stopping.wait_for(|stopping| *stopping));
    let mut future = std::pin::pin!(future);
    std::future::poll_fn(|context| {
        if let std::task::Poll::Ready(outcome) = future.as_mut().poll(context) {
            return std::task::Poll::Ready(Some(outcome));
        }
        stopped.as_mut().poll(context).map(|_| None)
    })
    .await
}
