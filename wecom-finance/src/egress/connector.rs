//! The way to WeCom's host: directly, or through the user's proxy. Each leg fails under its own name.

use std::fmt;
use std::future::Future;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use hyper::Uri;
use hyper::header::HeaderValue;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::client::legacy::connect::dns::{GaiAddrs, GaiFuture, GaiResolver, Name};
use hyper_util::client::legacy::connect::proxy::SocksV5;
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tower_service::Service;

use super::tunnel;
use crate::error::UnreachableKind;
use crate::{Error, Proxy, Result};

/// Opens connections for the HTTP client, which puts TLS on top of them.
#[derive(Clone, Debug)]
pub(super) struct Connector {
    dial: HttpConnector<Resolver>,
    way: Arc<Way>,
}

#[derive(Debug)]
enum Way {
    Direct,
    Http {
        proxy: Uri,
        authorization: Option<HeaderValue>,
    },
    /// Names are looked up by the proxy, so that this machine needs no DNS.
    Socks {
        proxy: Uri,
        credentials: Option<(String, String)>,
    },
}

/// Where the way ended. What the HTTP client makes of it has it as a source.
#[derive(Debug)]
pub(super) struct NoWay {
    pub(super) kind: UnreachableKind,
    pub(super) detail: String,
}

impl fmt::Display for NoWay {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.kind, self.detail)
    }
}

impl std::error::Error for NoWay {}

impl Connector {
    pub(super) fn new(proxy: Option<&Proxy>, patience: Duration) -> Result<Self> {
        let mut dial = HttpConnector::new_with_resolver(Resolver(GaiResolver::new()));
        dial.enforce_http(false);
        dial.set_nodelay(true);
        dial.set_connect_timeout(Some(patience));
        // A firewall on the way forgets quiet connections without a word.
        dial.set_keepalive(Some(Duration::from_secs(30)));
        let way = proxy.map_or(Ok(Way::Direct), Way::through)?;
        Ok(Self { dial, way: Arc::new(way) })
    }
}

impl Way {
    fn through(proxy: &Proxy) -> Result<Self> {
        let invalid = |argument, problem| Error::InvalidArgument { argument, problem };
        let uri: Uri = proxy.url().parse().map_err(|_| invalid("proxy", "is not a URL"))?;
        let credentials = proxy
            .user_and_password()
            .map(|secret| {
                std::str::from_utf8(secret.expose()).map_err(|_| invalid("proxy password", "is not UTF-8"))
            })
            .transpose()?;
        if proxy.url().starts_with("http:") {
            use base64::Engine as _;
            let authorization = credentials
                .map(|both| {
                    let basic = base64::engine::general_purpose::STANDARD.encode(both);
                    HeaderValue::try_from(format!("Basic {basic}"))
                })
                .transpose()
                .map_err(|_| invalid("proxy password", "cannot be sent"))?;
            return Ok(Self::Http { proxy: uri, authorization });
        }
        let credentials = credentials
            .map(|both| match both.split_once(':').unwrap_or((both, "")) {
                (user, password) if user.len() <= 255 && password.len() <= 255 => {
                    Ok((user.to_owned(), password.to_owned()))
                }
                _ => Err(invalid("proxy password", "is longer than SOCKS allows")),
            })
            .transpose()?;
        Ok(Self::Socks { proxy: uri, credentials })
    }
}

type Connecting = Pin<Box<dyn Future<Output = Result<TokioIo<TcpStream>, NoWay>> + Send>>;

impl Service<Uri> for Connector {
    type Response = TokioIo<TcpStream>;
    type Error = NoWay;
    type Future = Connecting;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), NoWay>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, host: Uri) -> Connecting {
        let (mut dial, way) = (self.dial.clone(), Arc::clone(&self.way));
        Box::pin(async move {
            let first = match &*way {
                Way::Direct => host.clone(),
                Way::Http { proxy, .. } | Way::Socks { proxy, .. } => proxy.clone(),
            };
            let stream = dial.call(first).await.map_err(|error| no_connection(&error))?;
            match &*way {
                Way::Direct => Ok(stream),
                Way::Http { authorization, .. } => {
                    let mut stream = stream.into_inner();
                    tunnel::open(&mut stream, &host, authorization.as_ref()).await?;
                    Ok(TokioIo::new(stream))
                }
                Way::Socks { proxy, credentials } => {
                    let mut socks = SocksV5::new(proxy.clone(), Dialled(Some(stream)));
                    if let Some((user, password)) = credentials {
                        socks = socks.with_auth(user.clone(), password.clone());
                    }
                    socks.call(host).await.map_err(|error| no_socks(&error.to_string()))
                }
            }
        })
    }
}

/// What ended the SOCKS handshake: its errors have no type that can be named, only a text.
fn no_socks(text: &str) -> NoWay {
    let says = |part: &str| text.contains(part);
    let kind = if says("credentials not accepted") || says("authentication") {
        UnreachableKind::ProxyLogin
    } else if says("failed parsing") {
        UnreachableKind::NotAProxy
    } else if says("io error") {
        UnreachableKind::Interrupted
    } else {
        UnreachableKind::ProxyRefused
    };
    NoWay { kind, detail: text.to_owned() }
}

/// A connection that stands already, for the SOCKS handshake, which would hide why it could not be made.
struct Dialled(Option<TokioIo<TcpStream>>);

impl Service<Uri> for Dialled {
    type Response = TokioIo<TcpStream>;
    type Error = NoWay;
    type Future = std::future::Ready<Result<Self::Response, NoWay>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), NoWay>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _: Uri) -> Self::Future {
        let gone = || NoWay { kind: UnreachableKind::Other, detail: String::new() };
        std::future::ready(self.0.take().ok_or_else(gone))
    }
}

fn no_connection(error: &(dyn std::error::Error + 'static)) -> NoWay {
    let mut next = Some(error);
    while let Some(error) = next {
        if let Some(NameNotFound(reason)) = error.downcast_ref() {
            return NoWay { kind: UnreachableKind::NameNotFound, detail: reason.to_string() };
        }
        if let Some(error) = error.downcast_ref::<io::Error>() {
            return NoWay { kind: kind_of(error), detail: error.to_string() };
        }
        next = error.source();
    }
    NoWay { kind: UnreachableKind::Other, detail: error.to_string() }
}

pub(super) fn kind_of(error: &io::Error) -> UnreachableKind {
    match error.kind() {
        io::ErrorKind::ConnectionRefused => UnreachableKind::Refused,
        io::ErrorKind::TimedOut => UnreachableKind::TimedOut,
        io::ErrorKind::ConnectionReset
        | io::ErrorKind::ConnectionAborted
        | io::ErrorKind::BrokenPipe
        | io::ErrorKind::UnexpectedEof => UnreachableKind::Interrupted,
        _ => UnreachableKind::Other,
    }
}

/// The system's resolver, whose errors can be told from others.
#[derive(Clone, Debug)]
struct Resolver(GaiResolver);

#[derive(Debug)]
struct NameNotFound(io::Error);

impl fmt::Display for NameNotFound {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl std::error::Error for NameNotFound {}

impl Service<Name> for Resolver {
    type Response = GaiAddrs;
    type Error = NameNotFound;
    type Future = Resolving;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), NameNotFound>> {
        self.0.poll_ready(context).map_err(NameNotFound)
    }

    fn call(&mut self, name: Name) -> Resolving {
        Resolving(self.0.call(name))
    }
}

struct Resolving(GaiFuture);

impl Future for Resolving {
    type Output = Result<GaiAddrs, NameNotFound>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        Pin::new(&mut self.0).poll(context).map_err(NameNotFound)
    }
}
