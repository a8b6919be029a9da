//! The proxy between the SDK and WeCom.

use crate::native::{CText, SecretText};
use crate::{Error, Secret};

/// A proxy, as the SDK understands it: `http://host:port`, `socks5://host:port` or `socks5h://host:port`, with or without
/// credentials. With `socks5` this machine looks up WeCom's address, with `socks5h` (which the vendor does not document)
/// the proxy does.
///
/// ```
/// use wecom_finance::{Proxy, Secret};
///
/// let proxy = Proxy::parse("socks5://10.0.0.1:8081")?.credentials("user", Secret::new("password"))?;
/// assert_eq!(format!("{proxy:?}"), r#"Proxy { url: "socks5://10.0.0.1:8081", credentials: true }"#);
/// # Ok::<(), wecom_finance::Error>(())
/// ```
#[derive(Clone)]
pub struct Proxy {
    url: String,
    credentials: Option<Secret>,
}

impl Proxy {
    /// Takes `http://host:port`, `socks5://host:port` or `socks5h://host:port`.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidArgument`] for another scheme, for a missing port, and for credentials inside the URL, which
    /// belong into [`Proxy::credentials`].
    pub fn parse(url: &str) -> Result<Self, Error> {
        let invalid = |problem| Err(Error::InvalidArgument { argument: "proxy", problem });
        let schemes = ["http://", "socks5://", "socks5h://"];
        let Some(authority) = schemes.into_iter().find_map(|scheme| url.strip_prefix(scheme)) else {
            return invalid("must begin with http://, socks5:// or socks5h://, the kinds that the SDK knows");
        };
        if authority.contains('@') {
            return invalid("holds credentials: give them separately, so that the URL can be shown");
        }
        let authority = authority.strip_suffix('/').unwrap_or(authority);
        let Some((host, port)) = authority.rsplit_once(':') else {
            return invalid("has no port: write host:port");
        };
        if host.is_empty() || host.contains(['/', '?', '#']) || host.chars().any(char::is_whitespace) {
            return invalid("has no usable host: write host:port");
        }
        if port.parse::<u16>().is_ok_and(|port| port != 0) {
            Ok(Self { url: url.strip_suffix('/').unwrap_or(url).to_owned(), credentials: None })
        } else {
            invalid("has no usable port: it is a number from 1 to 65535")
        }
    }

    /// Logs in at the proxy as `user`.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidArgument`] if the user name contains a colon, which separates it from the password.
    pub fn credentials(self, user: &str, password: impl Into<Secret>) -> Result<Self, Error> {
        if user.contains(':') {
            return Err(Error::InvalidArgument { argument: "proxy user", problem: "contains a colon" });
        }
        let password = password.into();
        Ok(self.login(Secret::new([user.as_bytes(), b":", password.expose()].concat())))
    }

    /// Logs in at the proxy with `user:password` in one, as it stands in a file.
    #[must_use]
    pub fn login(mut self, user_and_password: Secret) -> Self {
        self.credentials = Some(user_and_password);
        self
    }

    /// The URL, without credentials.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// What was given to [`Proxy::login`].
    #[cfg(unix)]
    pub(crate) fn user_and_password(&self) -> Option<&Secret> {
        self.credentials.as_ref()
    }

    pub(crate) fn to_c(&self) -> Result<(CText, Option<SecretText>), Error> {
        let password =
            self.credentials.as_ref().map(|secret| SecretText::of("proxy password", secret)).transpose()?;
        Ok((CText::new("proxy", &self.url)?, password))
    }
}

impl std::fmt::Debug for Proxy {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Proxy")
            .field("url", &self.url)
            .field("credentials", &self.credentials.is_some())
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn good_proxies() {
        for (url, kept) in [
            ("http://127.0.0.1:3128", "http://127.0.0.1:3128"),
            ("socks5://proxy.corp.example:1080/", "socks5://proxy.corp.example:1080"),
            ("socks5h://10.0.0.1:1080", "socks5h://10.0.0.1:1080"),
            ("http://[::1]:8080", "http://[::1]:8080"),
        ] {
            assert_eq!(Proxy::parse(url).unwrap().url(), kept);
        }
    }

    #[test]
    fn bad_proxies_say_what_is_wrong() {
        for (url, problem) in [
            ("10.0.0.1:8081", "begin with"),
            ("https://10.0.0.1:8081", "begin with"),
            ("http://user:secret@10.0.0.1:8081", "credentials"),
            ("http://10.0.0.1", "port"),
            ("http://10.0.0.1:0", "port"),
            ("http://10.0.0.1:99999", "port"),
            ("http://:80", "host"),
            ("http://a b:80", "host"),
        ] {
            let error = Proxy::parse(url).unwrap_err().to_string();
            assert!(error.contains(problem), "{url}: {error}");
            assert!(!error.contains("secret"), "{error}");
        }
    }

    #[test]
    fn a_nul_never_reaches_the_sdk() {
        let proxy = Proxy::parse("http://a\0b:80").unwrap();
        assert!(matches!(proxy.to_c(), Err(Error::InvalidArgument { argument: "proxy", .. })));
        let proxy = Proxy::parse("http://a:80").unwrap().login(Secret::new("user:pass\0word"));
        assert!(matches!(proxy.to_c(), Err(Error::InvalidArgument { argument: "proxy password", .. })));
    }
}
