//! Why WeCom cannot be reached.

use std::fmt;

/// Where the way to WeCom ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum UnreachableKind {
    /// The name of WeCom's host, or that of the proxy, has no address.
    NameNotFound,
    /// The connection was refused: nobody listens there, or a firewall says no.
    Refused,
    /// No answer within the time limit.
    TimedOut,
    /// The proxy wants credentials: none were given, or other ones.
    ProxyLogin,
    /// The proxy answers, and does not let the connection through: WeCom's host is not allowed there, or cannot be
    /// reached from there.
    ProxyRefused,
    /// Who answers in the proxy's place does not speak its protocol.
    NotAProxy,
    /// No TLS connection came about, for another reason than the certificate: who answers may not speak TLS.
    Tls,
    /// The connection broke before the reply was complete.
    Interrupted,
    /// Anything else: no route, no network.
    Other,
}

impl fmt::Display for UnreachableKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NameNotFound => "name not found",
            Self::Refused => "connection refused",
            Self::TimedOut => "timed out",
            Self::ProxyLogin => "the proxy wants other credentials",
            Self::ProxyRefused => "the proxy refused",
            Self::NotAProxy => "no proxy of this kind answers there",
            Self::Tls => "no TLS connection",
            Self::Interrupted => "the connection broke",
            Self::Other => "network failure",
        })
    }
}
