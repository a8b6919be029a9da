//! WeCom's side: requests over verified connections that are kept.

use std::future::Future;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::{Duration, SystemTime};

use bytes::{Bytes, BytesMut};
use http_body_util::{BodyExt, Full, LengthLimitError, Limited};
use hyper::body::Body as _;
use hyper::header::{CONTENT_RANGE, CONTENT_TYPE, DATE, HeaderValue, RANGE};
use hyper::{Method, Response, Uri};
use hyper_rustls::{HttpsConnector, MaybeHttpsStream};
use hyper_util::client::legacy::{Client, Error as ClientError};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use tokio::net::TcpStream;
use tower_service::Service;

use super::certificate::{self, Accepted, AcceptedCertificate};
use super::clock::{Clock, ClockSkew};
use super::connector::{Connector, NoWay, kind_of};
use super::failure::Failure;
use super::http::Request;
use super::stats::Counters;
use super::{HOST, Tls};
use crate::error::UnreachableKind;
use crate::{Proxy, Result};

/// Idle connections are dropped after this time: servers close them after a minute or so, and a request that is on its
/// way by then is lost.
const IDLE: Duration = Duration::from_secs(45);
const IDLE_CONNECTIONS: usize = 64;
/// Room that is made for a reply before it is there: that of a piece of a file.
const PREPARED: usize = 1024 * 1024;

pub(super) struct Upstream {
    client: Client<Counted, Full<Bytes>>,
    counters: Arc<Counters>,
    accepted: Accepted,
    clock: Clock,
}

/// A reply with a status below 300.
#[derive(Debug)]
pub(super) struct UpstreamReply {
    pub(super) body: Bytes,
    pub(super) content_range: Option<String>,
}

impl Upstream {
    /// `patience` bounds the making of a connection, which may outlive the call that asked for it.
    pub(super) fn new(
        tls: &Tls,
        proxy: Option<&Proxy>,
        patience: Duration,
        counters: &Arc<Counters>,
    ) -> Result<Self> {
        let accepted = Accepted::default();
        let https = HttpsConnector::from((Connector::new(proxy, patience)?, tls.client(accepted.clone())?));
        let connector = Counted { https, counters: Arc::clone(counters) };
        let mut builder = Client::builder(TokioExecutor::new());
        builder
            .pool_timer(TokioTimer::new())
            .pool_idle_timeout(IDLE)
            .pool_max_idle_per_host(IDLE_CONNECTIONS)
            .http1_max_headers(64)
            .http1_max_buf_size(64 * 1024);
        Ok(Self {
            client: builder.build(connector),
            counters: Arc::clone(counters),
            accepted,
            clock: Clock::default(),
        })
    }

    /// The certificate of the latest connection.
    pub(super) fn certificate(&self) -> Option<AcceptedCertificate> {
        self.accepted.latest()
    }

    /// Sends the SDK's request to WeCom, and reads a reply of at most `limit` bytes.
    pub(super) async fn send(&self, request: &Request, limit: usize) -> Result<UpstreamReply, Failure> {
        let asked = SystemTime::now();
        let response = match self.attempt(request).await {
            Err(error) if is_stale(&error) => self.attempt(request).await,
            response => response,
        }
        .map_err(|error| self.unreachable(&error))?;
        if let Some(date) = response.headers().get(DATE).and_then(|date| date.to_str().ok()) {
            self.clock.compare(asked, date, SystemTime::now());
        }
        let status = response.status();
        if !status.is_success() {
            return Err(Failure::unusable(format!("HTTP status {}", status.as_u16())));
        }
        let (head, body) = response.into_parts();
        let content_range = head.headers.get(CONTENT_RANGE).map(|value| {
            // What is no text is no range either, and is found out there.
            value.to_str().unwrap_or_default().to_owned()
        });
        let body = read_whole(body, limit).await?;
        self.counters.bytes_received.add(u64::try_from(body.len()).unwrap_or(u64::MAX));
        Ok(UpstreamReply { body, content_range })
    }

    pub(super) fn clock_skew(&self) -> Option<ClockSkew> {
        self.clock.skew()
    }

    async fn attempt(&self, request: &Request) -> Result<Response<hyper::body::Incoming>, SendError> {
        let method = if request.method == "GET" { Method::GET } else { Method::POST };
        let mut upstream = hyper::Request::builder()
            .method(method)
            .uri(format!("https://{HOST}{}", request.target.as_str()))
            .body(Full::new(request.body.clone()))
            .map_err(|_| SendError::Target)?;
        for (name, value) in [(RANGE, &request.range), (CONTENT_TYPE, &request.content_type)] {
            if let Some(value) = value {
                let value = HeaderValue::from_str(value).map_err(|_| SendError::Target)?;
                upstream.headers_mut().insert(name, value);
            }
        }
        let outcome = self.client.request(upstream).await;
        if !outcome.as_ref().is_err_and(ClientError::is_connect) {
            self.counters.upstream_requests.one();
        }
        outcome.map_err(SendError::Client)
    }

    fn unreachable(&self, error: &SendError) -> Failure {
        let SendError::Client(error) = error else {
            return Failure::unusable("the request cannot be sent on");
        };
        let mut next: Option<&(dyn std::error::Error + 'static)> = Some(error);
        while let Some(error) = next {
            if let Some(NoWay { kind, detail }) = error.downcast_ref() {
                return Failure::Unreachable { kind: *kind, detail: detail.clone() };
            }
            if let Some(error) = error.downcast_ref::<io::Error>() {
                return self.broken(error);
            }
            next = error.source();
        }
        let kind = if error.is_connect() { UnreachableKind::Other } else { UnreachableKind::Interrupted };
        Failure::Unreachable { kind, detail: innermost(error) }
    }

    /// What became of a connection that stood.
    fn broken(&self, error: &io::Error) -> Failure {
        let mut inner = error;
        // The TLS layers wrap their errors once or twice.
        while let Some(wrapped) = inner.get_ref().and_then(|error| error.downcast_ref::<io::Error>()) {
            inner = wrapped;
        }
        let Some(tls) = inner.get_ref().and_then(|error| error.downcast_ref::<rustls::Error>()) else {
            return Failure::Unreachable { kind: kind_of(inner), detail: inner.to_string() };
        };
        match certificate::rejected(tls) {
            Some(certificate) => {
                self.counters.rejected_certificates.one();
                tracing::warn!(%certificate, "the certificate presented for WeCom is not accepted");
                Failure::Certificate(Arc::new(certificate))
            }
            None => Failure::Unreachable { kind: UnreachableKind::Tls, detail: tls.to_string() },
        }
    }
}

/// Counts the connections that were verified.
#[derive(Clone)]
struct Counted {
    https: HttpsConnector<Connector>,
    counters: Arc<Counters>,
}

impl Service<Uri> for Counted {
    type Response = MaybeHttpsStream<TokioIo<TcpStream>>;
    type Error = Box<dyn std::error::Error + Send + Sync>;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Self::Error>> + Send>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.https.poll_ready(context)
    }

    fn call(&mut self, host: Uri) -> Self::Future {
        let (connecting, counters) = (self.https.call(host), Arc::clone(&self.counters));
        Box::pin(async move {
            let connection = connecting.await?;
            counters.connections.one();
            Ok(connection)
        })
    }
}

/// A body of at most `limit` bytes in one piece. What comes is copied there as it comes: collected first and joined then,
/// each piece of a file would be here twice.
async fn read_whole(body: hyper::body::Incoming, limit: usize) -> Result<Bytes, Failure> {
    // Only a hint, and the server's: memory for more than this is taken as bytes arrive.
    let announced = usize::try_from(body.size_hint().lower()).unwrap_or(usize::MAX);
    let mut whole = BytesMut::with_capacity(announced.min(limit).min(PREPARED));
    let mut body = Limited::new(body, limit);
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|error| body_failure(&*error, limit))?;
        if let Ok(data) = frame.into_data() {
            whole.extend_from_slice(&data);
        }
    }
    Ok(whole.freeze())
}

enum SendError {
    Target,
    Client(ClientError),
}

/// Whether the server closed a kept connection just as it was used again. What is asked of WeCom may be asked twice.
fn is_stale(error: &SendError) -> bool {
    let SendError::Client(error) = error else { return false };
    if error.is_connect() {
        return false;
    }
    let mut next: Option<&(dyn std::error::Error + 'static)> = Some(error);
    while let Some(error) = next {
        if error.downcast_ref::<hyper::Error>().is_some_and(hyper::Error::is_incomplete_message) {
            return true;
        }
        if let Some(error) = error.downcast_ref::<io::Error>() {
            return kind_of(error) == UnreachableKind::Interrupted;
        }
        next = error.source();
    }
    false
}

fn body_failure(error: &(dyn std::error::Error + 'static), limit: usize) -> Failure {
    if error.is::<LengthLimitError>() {
        return Failure::unusable(format!("it is longer than {limit} bytes"));
    }
    Failure::Unreachable { kind: UnreachableKind::Interrupted, detail: innermost(error) }
}

fn innermost(error: &(dyn std::error::Error + 'static)) -> String {
    let mut inner = error;
    while let Some(source) = inner.source() {
        inner = source;
    }
    inner.to_string()
}
