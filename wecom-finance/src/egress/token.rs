//! One access token for all sessions of the corp.

use std::future::Future;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use zeroize::Zeroizing;

use super::failure::Failure;

/// A token is not handed out any more when this much of its life is left: whoever gets it has to use it yet.
const MARGIN: Duration = Duration::from_secs(120);

/// A token as WeCom granted it.
#[derive(Clone)]
pub(super) struct Granted {
    pub(super) token: Zeroizing<String>,
    pub(super) expires_in: Duration,
}

/// The corp's token, and the one request for it that may be under way.
#[derive(Default)]
pub(super) struct TokenCache {
    known: Mutex<Option<Known>>,
    /// Held while WeCom is being asked, and what came of the latest request that failed.
    asking: tokio::sync::Mutex<Option<Failed>>,
}

struct Known {
    /// The request that it answers, secret included: another secret gets another token.
    target: Zeroizing<String>,
    token: Zeroizing<String>,
    /// When it is not handed out any more.
    until: Instant,
}

struct Failed {
    target: Zeroizing<String>,
    at: Instant,
    failure: Failure,
}

impl TokenCache {
    /// The token for this request: the known one, or what `ask` brings. Of many that need one at once, one asks; its
    /// failure is everybody's, and whoever comes later asks again.
    pub(super) async fn get(
        &self,
        target: &str,
        ask: impl Future<Output = Result<Granted, Failure>>,
    ) -> Result<Granted, Failure> {
        let came = Instant::now();
        if let Some(known) = self.known(target) {
            return Ok(known);
        }
        let mut failed = self.asking.lock().await;
        if let Some(known) = self.known(target) {
            return Ok(known);
        }
        if let Some(failed) =
            failed.as_ref().filter(|failed| failed.target.as_str() == target && failed.at >= came)
        {
            return Err(failed.failure.clone());
        }
        match ask.await {
            Ok(granted) => {
                *failed = None;
                let margin = MARGIN.min(granted.expires_in / 10);
                let expires_in = granted.expires_in.saturating_sub(margin);
                if let Some(until) = Instant::now().checked_add(expires_in) {
                    let target = Zeroizing::new(target.to_owned());
                    *self.lock() = Some(Known { target, token: granted.token.clone(), until });
                }
                Ok(Granted { expires_in, ..granted })
            }
            Err(failure) => {
                let target = Zeroizing::new(target.to_owned());
                *failed = Some(Failed { target, at: Instant::now(), failure: failure.clone() });
                Err(failure)
            }
        }
    }

    /// Forgets the token that WeCom has just refused, unless a newer one has taken its place.
    pub(super) fn refused(&self, token: &str) {
        self.lock().take_if(|known| known.token.as_str() == token);
    }

    /// The token that is handed out now, if there is one.
    pub(super) fn current(&self) -> Option<Zeroizing<String>> {
        let known = self.lock();
        known.as_ref().filter(|known| Instant::now() < known.until).map(|known| known.token.clone())
    }

    fn known(&self, target: &str) -> Option<Granted> {
        let known = self.lock();
        let known = known.as_ref().filter(|known| known.target.as_str() == target)?;
        let left = known.until.checked_duration_since(Instant::now())?;
        (left >= Duration::from_secs(1)).then(|| Granted { token: known.token.clone(), expires_in: left })
    }

    fn lock(&self) -> MutexGuard<'_, Option<Known>> {
        // Replaced whole, or not at all.
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;

    fn granted(token: &str, seconds: u64) -> Granted {
        Granted { token: Zeroizing::new(token.to_owned()), expires_in: Duration::from_secs(seconds) }
    }

    fn run<T>(future: impl Future<Output = T>) -> T {
        tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(future)
    }

    #[test]
    fn a_token_is_asked_for_once_and_again_when_it_is_refused() {
        let cache = TokenCache::default();
        let asked = Cell::new(0);
        let get = |target: &'static str| {
            let ask = async {
                asked.set(asked.get() + 1);
                Ok(granted(&format!("token{}", asked.get()), 7200))
            };
            run(cache.get(target, ask)).unwrap()
        };
        let first = get("secret=a");
        assert_eq!((first.token.as_str(), first.expires_in), ("token1", Duration::from_secs(7080)));
        assert_eq!(get("secret=a").token.as_str(), "token1");
        cache.refused("another");
        assert_eq!(get("secret=a").token.as_str(), "token1");
        cache.refused("token1");
        assert_eq!(get("secret=a").token.as_str(), "token2");
        cache.refused("token1");
        assert_eq!(get("secret=a").token.as_str(), "token2", "a late refusal of the old one");
        assert_eq!(get("secret=b").token.as_str(), "token3", "another secret");
    }

    #[test]
    fn a_token_about_to_expire_is_not_handed_out() {
        let cache = TokenCache::default();
        assert_eq!(run(cache.get("a", async { Ok(granted("short", 1)) })).unwrap().token.as_str(), "short");
        assert_eq!(run(cache.get("a", async { Ok(granted("next", 100)) })).unwrap().token.as_str(), "next");
        let kept = run(cache.get("a", async { Ok(granted("unused", 100)) })).unwrap();
        assert_eq!(kept.token.as_str(), "next");
        assert!(kept.expires_in <= Duration::from_secs(90));
    }

    #[test]
    fn those_who_waited_share_a_failure_and_those_who_come_later_ask_again() {
        let cache = TokenCache::default();
        let refused = || Failure::Refused { code: 40_001, message: String::new() };
        let asked = Cell::new(0);
        let failing = || async {
            asked.set(asked.get() + 1);
            tokio::task::yield_now().await;
            Err(refused())
        };
        let mut open: Vec<_> = ["x", "x", "y"].map(|target| Box::pin(cache.get(target, failing()))).into();
        run(std::future::poll_fn(|context| {
            open.retain_mut(|future| future.as_mut().poll(context).is_pending());
            if open.is_empty() { std::task::Poll::Ready(()) } else { std::task::Poll::Pending }
        }));
        assert_eq!(asked.get(), 2, "one for each secret");
        assert!(run(cache.get("x", failing())).is_err());
        assert_eq!(asked.get(), 3);
        assert_eq!(run(cache.get("x", async { Ok(granted("t", 60)) })).unwrap().token.as_str(), "t");
    }
}
