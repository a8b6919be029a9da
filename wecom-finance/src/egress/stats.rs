//! What the egress counts.

use std::sync::atomic::{AtomicU64, Ordering};

/// What an [`Egress`](super::Egress) has done since it was started.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct EgressStats {
    /// Access tokens that the SDK asked for.
    pub token_requests: u64,
    /// Access tokens that were asked of WeCom on that account: the other requests were answered from memory.
    pub tokens_fetched: u64,
    /// Pages of messages that the SDK asked for.
    pub chat_requests: u64,
    /// Pieces of files that the SDK asked for.
    pub media_requests: u64,
    /// Those of them that were fetched from WeCom before the SDK asked.
    pub read_ahead: u64,
    /// Requests that were not let through: wrong credentials, another host, another path.
    pub refused_requests: u64,
    /// Requests sent to WeCom.
    pub upstream_requests: u64,
    /// Connections to WeCom, verified and in use or used.
    pub connections: u64,
    /// Bytes of the replies' bodies.
    pub bytes_received: u64,
    /// Connections that were given up because the certificate was not accepted.
    pub rejected_certificates: u64,
    /// Replies that were kept from the SDK.
    pub unusable_replies: u64,
    /// Calls that had to wait for the quota.
    pub rate_limit_waits: u64,
    /// Calls that were refused, because the wait for the quota would have been longer than the call may take.
    pub rate_limited: u64,
}

impl EgressStats {
    /// Requests that were sent over a connection which another had used before.
    #[must_use]
    pub fn reused_connections(&self) -> u64 {
        self.upstream_requests.saturating_sub(self.connections)
    }
}

#[derive(Debug, Default)]
pub(super) struct Counters {
    pub(super) token_requests: Counter,
    pub(super) tokens_fetched: Counter,
    pub(super) chat_requests: Counter,
    pub(super) media_requests: Counter,
    pub(super) read_ahead: Counter,
    pub(super) refused_requests: Counter,
    pub(super) upstream_requests: Counter,
    pub(super) connections: Counter,
    pub(super) bytes_received: Counter,
    pub(super) rejected_certificates: Counter,
    pub(super) unusable_replies: Counter,
    pub(super) rate_limit_waits: Counter,
    pub(super) rate_limited: Counter,
}

impl Counters {
    pub(super) fn read(&self) -> EgressStats {
        EgressStats {
            token_requests: self.token_requests.get(),
            tokens_fetched: self.tokens_fetched.get(),
            chat_requests: self.chat_requests.get(),
            media_requests: self.media_requests.get(),
            read_ahead: self.read_ahead.get(),
            refused_requests: self.refused_requests.get(),
            upstream_requests: self.upstream_requests.get(),
            connections: self.connections.get(),
            bytes_received: self.bytes_received.get(),
            rejected_certificates: self.rejected_certificates.get(),
            unusable_replies: self.unusable_replies.get(),
            rate_limit_waits: self.rate_limit_waits.get(),
            rate_limited: self.rate_limited.get(),
        }
    }
}

#[derive(Debug, Default)]
pub(super) struct Counter(AtomicU64);

impl Counter {
    pub(super) fn one(&self) {
        self.add(1);
    }

    pub(super) fn add(&self, count: u64) {
        self.0.fetch_add(count, Ordering::Relaxed);
    }

    fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}
