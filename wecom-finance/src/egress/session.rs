//! Sessions of the SDK as the egress knows them: by the credentials with which they come.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use aws_lc_rs::{constant_time, rand};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use zeroize::Zeroizing;

use super::Egress;
use super::failure::Failure;
use super::tls::setup;
use crate::{Error, Operation, Proxy, Result, SdkCode, Secret};

/// One session's way through an [`Egress`]: credentials of its own, by which the egress knows whose call it is, and so can
/// say afterwards why it failed.
///
/// For a [`Backend`](crate::Backend) that hands a proxy to an SDK elsewhere. Used by one call at a time, as the SDK's
/// handles are (C2). Dropping it makes its credentials worthless.
///
/// ```no_run
/// use std::time::Duration;
/// use wecom_finance::Egress;
///
/// let egress = Egress::builder("ww0123456789abcdef").start()?;
/// let session = egress.session(Duration::from_secs(30))?;
/// let proxy = session.proxy(); // what the SDK is to be given
/// # let call = || Ok(());
/// session.explained(|| call())?; // any error is the true one
/// # Ok::<(), wecom_finance::Error>(())
/// ```
pub struct EgressSession {
    egress: Egress,
    state: Arc<SessionState>,
    proxy: Proxy,
}

impl EgressSession {
    /// For an SDK in whatever process: without a look at this one's environment.
    pub(crate) fn new(egress: Egress, timeout: Duration) -> Result<Self> {
        let state = egress.shared().sessions.add(timeout);
        let proxy = egress.proxy_for(&state)?;
        Ok(Self { egress, state, proxy })
    }

    /// The proxy that the SDK has to use for this session's calls.
    #[must_use]
    pub fn proxy(&self) -> &Proxy {
        &self.proxy
    }

    /// Makes a call of the SDK, and puts the true reason in the place of the error that hides it.
    ///
    /// # Errors
    ///
    /// The call's own, or the reason for it: [`Error::Server`], [`Error::CertificateRejected`],
    /// [`Error::Unreachable`], [`Error::UnusableReply`].
    pub fn explained<T>(&self, call: impl FnOnce() -> Result<T>) -> Result<T> {
        self.state.forget_failure();
        call().map_err(|error| self.explain(error))
    }

    fn explain(&self, error: Error) -> Error {
        match error.sdk_code() {
            // The codes that hide something. For 10009 it is the address that WeCom saw.
            Some(SdkCode::Network | SdkCode::UnreadableReply | SdkCode::System | SdkCode::IpNotAllowed) => {
                let proxy = self.egress.upstream_proxy();
                let reason = self.state.failure();
                reason.map_or(error, |(operation, failure)| failure.into_error(operation, proxy))
            }
            _ => error,
        }
    }
}

impl Drop for EgressSession {
    fn drop(&mut self) {
        self.egress.shared().sessions.remove(&self.state);
    }
}

impl fmt::Debug for EgressSession {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EgressSession")
            .field("egress", &self.egress)
            .field("timeout", &self.state.timeout)
            .finish_non_exhaustive()
    }
}

/// What the egress keeps of a session.
pub(super) struct SessionState {
    user: String,
    /// How long the SDK waits for a call.
    timeout: Duration,
    failure: Mutex<Option<(Operation, Failure)>>,
}

impl SessionState {
    pub(super) fn timeout(&self) -> Duration {
        self.timeout
    }

    pub(super) fn user(&self) -> &str {
        &self.user
    }

    pub(super) fn failed(&self, operation: Operation, failure: Failure) {
        *lock(&self.failure) = Some((operation, failure));
    }

    fn forget_failure(&self) {
        *lock(&self.failure) = None;
    }

    fn failure(&self) -> Option<(Operation, Failure)> {
        lock(&self.failure).take()
    }
}

/// The sessions that may come, and the password that all of them bring: a new one for every egress.
pub(super) struct Sessions {
    password: Zeroizing<String>,
    by_user: Mutex<Table>,
}

#[derive(Default)]
struct Table {
    last: u64,
    by_user: HashMap<String, Arc<SessionState>>,
}

impl Sessions {
    pub(super) fn new() -> Result<Self> {
        let mut random = Zeroizing::new([0; 32]);
        rand::fill(&mut random[..]).map_err(|_| setup("the system has no random numbers"))?;
        let password = Zeroizing::new(URL_SAFE_NO_PAD.encode(&random[..]));
        Ok(Self { password, by_user: Mutex::default() })
    }

    pub(super) fn password(&self) -> Secret {
        Secret::new(self.password.as_bytes())
    }

    pub(super) fn add(&self, timeout: Duration) -> Arc<SessionState> {
        let mut table = lock(&self.by_user);
        table.last = table.last.saturating_add(1);
        let user = format!("session{}", table.last);
        let state = Arc::new(SessionState { user: user.clone(), timeout, failure: Mutex::default() });
        table.by_user.insert(user, Arc::clone(&state));
        state
    }

    fn remove(&self, session: &SessionState) {
        lock(&self.by_user).by_user.remove(&session.user);
    }

    /// The session that this `Proxy-Authorization` belongs to.
    pub(super) fn authenticate(&self, authorization: Option<&str>) -> Option<Arc<SessionState>> {
        let (scheme, encoded) = authorization?.split_once(' ')?;
        if !scheme.eq_ignore_ascii_case("basic") {
            return None;
        }
        let decoded = Zeroizing::new(STANDARD.decode(encoded.trim()).ok()?);
        let (user, password) = std::str::from_utf8(&decoded).ok()?.split_once(':')?;
        constant_time::verify_slices_are_equal(password.as_bytes(), self.password.as_bytes()).ok()?;
        lock(&self.by_user).by_user.get(user).cloned()
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // What is behind these locks is changed in one step.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_right_password_and_a_living_session_open_the_door() {
        let sessions = Sessions::new().unwrap();
        let session = sessions.add(Duration::from_secs(1));
        let basic = |user: &str, password: &str| {
            Some(format!("Basic {}", STANDARD.encode(format!("{user}:{password}"))))
        };
        let known = |authorization: Option<String>| sessions.authenticate(authorization.as_deref()).is_some();
        let password = sessions.password.as_str();
        assert!(known(basic(session.user(), password)));
        assert!(known(basic(session.user(), password).map(|header| header.replace("Basic", "BASIC"))));
        for wrong in [
            None,
            Some(String::new()),
            Some("Basic".to_owned()),
            Some("Basic !!!".to_owned()),
            basic(session.user(), ""),
            basic(session.user(), &password.chars().skip(1).collect::<String>()),
            basic(session.user(), &format!("{password}x")),
            basic("session2", password),
            basic("", password),
            basic(session.user(), password).map(|header| header.replace("Basic", "Bearer")),
        ] {
            assert!(!known(wrong.clone()), "{wrong:?}");
        }
        sessions.remove(&session);
        assert!(!known(basic(session.user(), password)));
        assert_ne!(Sessions::new().unwrap().password.as_str(), password);
    }
}
