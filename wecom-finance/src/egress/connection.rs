//! One connection of the SDK: credentials, TLS, one request, its reply.

use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::sync::Arc;
use std::time::{Duration, Instant};

use rustls::{ServerConnection, StreamOwned};
use tokio::sync::oneshot;

use super::HOST;
use super::failure::Failure;
use super::http::{Deadlined, ReadError, Reply, Request};
use super::listener::{Shared, until_stopped};
use super::quota::Quota;
use super::replies;
use super::session::SessionState;
use super::upstream::UpstreamReply;
use crate::{Operation, ServerCode};

/// How long a stranger may take to show credentials.
const HELLO: Duration = Duration::from_secs(5);
/// What the SDK may take for its part of a call, beside what it waits for WeCom.
const GRACE: Duration = Duration::from_secs(5);
/// The true reason has to be there before the SDK gives up: so much sooner, or by a tenth of short limits.
const HEAD_START: Duration = Duration::from_secs(1);

pub(super) fn serve(shared: &Arc<Shared>, id: u64, stream: TcpStream) -> io::Result<()> {
    let begin = Instant::now();
    stream.set_nodelay(true)?;
    let mut stream = Deadlined::new(stream, begin + HELLO);
    let Some(session) = welcome(shared, &mut stream)? else { return Ok(()) };
    shared.admit(id);
    let timeout = session.timeout();
    stream.set_deadline(later(begin, timeout.saturating_add(GRACE)));
    let tls = ServerConnection::new(Arc::clone(&shared.tls)).map_err(io::Error::other)?;
    let mut stream = StreamOwned::new(tls, stream);
    let reply = match Request::read(&mut stream) {
        Ok(request) => {
            let limit = timeout.saturating_sub(HEAD_START.min(timeout / 10));
            shared.answer(&session, &request, begin, limit)
        }
        Err(ReadError::Malformed) => {
            shared.counters.refused_requests.one();
            Some(Reply::status(400))
        }
        Err(ReadError::Io(error)) => return Err(error),
    };
    if let Some(reply) = reply {
        reply.write(&mut stream)?;
    }
    stream.conn.send_close_notify();
    stream.flush()
}

/// An instant so much later; far away if that is beyond what instants can express.
fn later(begin: Instant, time: Duration) -> Instant {
    begin.checked_add(time).unwrap_or_else(|| begin + Duration::from_secs(86_400))
}

/// The proxy's part: `CONNECT` to WeCom's host, with the credentials of a session.
fn welcome(shared: &Shared, stream: &mut (impl Read + Write)) -> io::Result<Option<Arc<SessionState>>> {
    let refused = match Request::read(stream) {
        Err(ReadError::Io(error)) => return Err(error),
        Err(ReadError::Malformed) => 400,
        Ok(request) => {
            match shared.sessions.authenticate(request.authorization.as_ref().map(|text| text.as_str())) {
                None => 407,
                Some(_) if request.method != "CONNECT" => 405,
                Some(_) if request.target.as_str() != format!("{HOST}:443") => 403,
                Some(session) => {
                    stream.write_all(b"HTTP/1.1 200 Connection established\r\n\r\n")?;
                    return Ok(Some(session));
                }
            }
        }
    };
    shared.counters.refused_requests.one();
    Reply::status(refused).write(stream)?;
    Ok(None)
}

#[derive(Clone, Copy)]
enum Endpoint {
    Token,
    Chat,
    Media,
}

impl Endpoint {
    fn of(request: &Request, corp_id: &str) -> Option<Self> {
        match (request.method.as_str(), request.path()) {
            ("GET", "/cgi-bin/gettoken") => {
                // The SDK writes it as it is.
                let query = request.target.split_once('?')?.1.strip_prefix("corpid=")?;
                query.strip_prefix(corp_id)?.strip_prefix('&').map(|_| Self::Token)
            }
            ("POST", "/cgi-bin/message/getchatdata") => Some(Self::Chat),
            ("POST", "/cgi-bin/message/getchatmediadata") => Some(Self::Media),
            _ => None,
        }
    }

    fn operation(self) -> Operation {
        match self {
            Self::Token => Operation::Token,
            Self::Chat => Operation::Chat,
            Self::Media => Operation::Media,
        }
    }
}

impl Shared {
    /// The reply to a request that began then and may take so long, if there is one. Why it failed is kept for the
    /// session.
    fn answer(
        self: &Arc<Self>,
        session: &SessionState,
        request: &Request,
        begin: Instant,
        limit: Duration,
    ) -> Option<Reply> {
        let Some(endpoint) = Endpoint::of(request, &self.corp_id) else {
            self.counters.refused_requests.one();
            return Some(Reply::status(403));
        };
        match endpoint {
            Endpoint::Token => self.counters.token_requests.one(),
            Endpoint::Chat => self.counters.chat_requests.one(),
            Endpoint::Media => self.counters.media_requests.one(),
        }
        let reply = async {
            let forwarded = tokio::time::timeout_at(
                later(begin, limit).into(),
                self.forward(endpoint, request, begin, limit),
            );
            match until_stopped(self, forwarded).await {
                None => Err(Failure::Stopped),
                Some(Err(_elapsed)) => Err(Failure::timed_out("no reply")),
                Some(Ok(outcome)) => outcome,
            }
        };
        let failure = match self.runtime.block_on(reply) {
            Ok(reply) => return Some(reply),
            Err(failure) => failure,
        };
        let operation = endpoint.operation();
        if let Failure::Unusable { detail } = &failure {
            self.counters.unusable_replies.one();
            tracing::warn!(%operation, detail, "a reply is kept from the SDK");
        }
        let reply = failure.reply();
        session.failed(operation, failure);
        reply
    }

    async fn forward(
        self: &Arc<Self>,
        endpoint: Endpoint,
        request: &Request,
        begin: Instant,
        limit: Duration,
    ) -> Result<Reply, Failure> {
        let patience = later(begin, limit / 2);
        match endpoint {
            Endpoint::Token => {
                let ask = async {
                    self.wait_for(&self.token_quota, "access tokens", patience).await?;
                    self.counters.tokens_fetched.one();
                    replies::granted(&self.upstream.send(request, replies::TOKEN_LIMIT).await?)
                };
                let granted = self.tokens.get(&request.target, ask).await?;
                Ok(replies::token_reply(&granted))
            }
            Endpoint::Chat => {
                self.wait_for(&self.chat_quota, "pages", patience).await?;
                let reply = self.upstream.send(request, replies::CHAT_LIMIT).await?;
                let (reply, refused) = replies::chat_reply(reply);
                self.heed(request, refused);
                Ok(reply)
            }
            Endpoint::Media => self.media(request, limit).await,
        }
    }

    async fn media(self: &Arc<Self>, request: &Request, patience: Duration) -> Result<Reply, Failure> {
        let span = replies::media_span(request.range.as_deref())?;
        let limit = replies::media_limit(span)?;
        let (asked, fetched) = self.read_ahead.asked(request, span);
        let fetched = match fetched {
            Some(fetched) => fetched.await.ok(),
            None => None,
        };
        let reply = match fetched {
            Some(reply) => {
                self.counters.read_ahead.one();
                reply
            }
            None => self.upstream.send(request, limit).await?,
        };
        match replies::media_reply(&reply) {
            Ok((reply, total)) => {
                if let Some((request, sender)) = total.and_then(|total| asked.next(total)) {
                    self.runtime.spawn(Arc::clone(self).fetch_ahead(request, sender, limit, patience));
                }
                Ok(reply)
            }
            Err(failure) => {
                if let Failure::Refused { code, .. } = &failure {
                    self.heed(request, Some(*code));
                }
                Err(failure)
            }
        }
    }

    /// Fetches a piece of a file that nobody has asked for yet. Whoever does will ask again if this one fails.
    async fn fetch_ahead(
        self: Arc<Self>,
        request: Request,
        sender: oneshot::Sender<UpstreamReply>,
        limit: usize,
        patience: Duration,
    ) {
        let reply = tokio::time::timeout(patience, self.upstream.send(&request, limit)).await;
        if let Ok(Ok(reply)) = reply
            && replies::media_reply(&reply).is_ok()
        {
            // The reader may have gone elsewhere.
            drop(sender.send(reply));
        }
    }

    /// Forgets the access token that this request was refused for.
    fn heed(&self, request: &Request, errcode: Option<i64>) {
        if !errcode.is_some_and(|code| ServerCode::from_raw(code).needs_new_token()) {
            return;
        }
        if let Some((_, token)) = request.target.split_once("?access_token=") {
            self.tokens.refused(token.split('&').next().unwrap_or_default());
        }
    }

    async fn wait_for(&self, quota: &Quota, what: &'static str, patience: Instant) -> Result<(), Failure> {
        let now = Instant::now();
        match quota.reserve(now, patience.max(now)) {
            Ok(at) if at <= now => Ok(()),
            Ok(at) => {
                self.counters.rate_limit_waits.one();
                tokio::time::sleep_until(at.into()).await;
                Ok(())
            }
            Err(_) => {
                self.counters.rate_limited.one();
                Err(Failure::OverQuota { what })
            }
        }
    }
}
