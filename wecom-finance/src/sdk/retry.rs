use std::time::Duration;

use crate::{Error, Operation, SdkCode, ServerCode};

/// How often and how patiently failed calls are repeated.
///
/// What is retried: the SDK's codes 10001, 10002 and 10003; the server's "busy" (-1) and "too many calls" (45009);
/// replies that are no page; chunks of a file with the wrong length, and, twice, those that do not decrypt (10006): the
/// end may be missing. Pauses double from `initial` to `longest`, each
/// cut to a random length between half and whole, so that many clients do not come back at the same moment.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct RetryPolicy {
    /// Repetitions after the first attempt.
    pub max_retries: u32,
    /// The first pause.
    pub initial: Duration,
    /// The longest pause.
    pub longest: Duration,
    /// The pause after "too many calls": WeCom counts them by the minute.
    pub rate_limit_pause: Duration,
}

impl Default for RetryPolicy {
    /// 5 retries, pauses from 0.25 s to 8 s, 15 s after "too many calls".
    fn default() -> Self {
        Self {
            max_retries: 5,
            initial: Duration::from_millis(250),
            longest: Duration::from_secs(8),
            rate_limit_pause: Duration::from_secs(15),
        }
    }
}

impl RetryPolicy {
    /// No retries: every failure comes back at once. Sessions with a dead access token are replaced all the same.
    #[must_use]
    pub fn never() -> Self {
        Self { max_retries: 0, ..Self::default() }
    }

    /// Sets the repetitions after the first attempt.
    #[must_use]
    pub fn max_retries(mut self, max_retries: u32) -> Self {
        self.max_retries = max_retries;
        self
    }

    /// Sets the first and the longest pause.
    #[must_use]
    pub fn pauses(mut self, initial: Duration, longest: Duration) -> Self {
        self.initial = initial;
        self.longest = longest;
        self
    }

    /// Sets the pause after "too many calls".
    #[must_use]
    pub fn rate_limit_pause(mut self, pause: Duration) -> Self {
        self.rate_limit_pause = pause;
        self
    }

    fn pause(&self, retry: u32) -> Duration {
        let whole =
            self.initial.saturating_mul(1_u32.checked_shl(retry).unwrap_or(u32::MAX)).min(self.longest);
        whole.mul_f64(0.5 + fastrand::f64() / 2.0)
    }
}

/// What to do after a failed attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Decision {
    GiveUp,
    /// Repeat at once with a new session; forget `all` others too if the token is known to be dead.
    FreshSession {
        all: bool,
    },
    /// Repeat after a pause, with a `fresh` session if the token of this one may be dead.
    Wait {
        pause: Duration,
        fresh: bool,
    },
}

/// Fresh sessions that one call may take because of a dead token. Tokens can be revoked while it is waiting, but one
/// that is refused this often in a row has another reason.
const MAX_NEW_TOKENS: u32 = 3;

/// Repetitions for a piece of a file that does not decrypt. A piece that lost its end looks like that, and so does
/// every last piece if the key in the file's id is wrong, which no repetition changes.
const MAX_UNDECRYPTED: u32 = 2;

/// How much a call is worth.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Patience {
    /// All that the policy allows.
    Full,
    /// One repetition: the answer is not needed yet, or there is another way to it.
    Light,
}

/// The retries of one call.
#[derive(Debug)]
pub(crate) struct Retries {
    policy: RetryPolicy,
    waited: u32,
    new_tokens: u32,
    guessed_token: bool,
    undecrypted: u32,
}

impl Retries {
    pub(crate) fn new(policy: &RetryPolicy, patience: Patience) -> Self {
        let full =
            Self { policy: policy.clone(), waited: 0, new_tokens: 0, guessed_token: false, undecrypted: 0 };
        match patience {
            Patience::Full => full,
            Patience::Light => Self {
                policy: policy.clone().max_retries(policy.max_retries.min(1)),
                // No token is asked for on mere suspicion; the repetition has a fresh session anyway.
                guessed_token: true,
                ..full
            },
        }
    }

    pub(crate) fn decide(&mut self, operation: Operation, error: &Error) -> Decision {
        if error.server_code().is_some_and(ServerCode::needs_new_token) && self.new_tokens < MAX_NEW_TOKENS {
            self.new_tokens += 1;
            return Decision::FreshSession { all: true };
        }
        // For a file, 10002 may mean a dead token among other things: try that once.
        let ambiguous =
            operation == Operation::Media && error.sdk_code().is_some_and(SdkCode::may_need_new_token);
        if ambiguous && !self.guessed_token {
            self.guessed_token = true;
            return Decision::FreshSession { all: false };
        }
        let undecrypted =
            operation == Operation::Media && error.sdk_code() == Some(SdkCode::DecryptionFailed);
        self.undecrypted = self.undecrypted.saturating_add(u32::from(undecrypted));
        let is_worth_it = error.is_retryable() || (undecrypted && self.undecrypted <= MAX_UNDECRYPTED);
        if !is_worth_it || self.waited >= self.policy.max_retries {
            return Decision::GiveUp;
        }
        let pause = self.policy.pause(self.waited);
        self.waited += 1;
        if error.server_code().is_some_and(ServerCode::is_rate_limited) {
            return Decision::Wait { pause: self.policy.rate_limit_pause.max(pause), fresh: false };
        }
        let dead_token = error.server_code().is_some_and(ServerCode::needs_new_token);
        Decision::Wait { pause, fresh: ambiguous || dead_token }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sdk(code: i32) -> Error {
        Error::Sdk { operation: Operation::Media, code: SdkCode::from_raw(code) }
    }

    fn server(code: i64) -> Error {
        Error::Server { operation: Operation::Chat, code: ServerCode::from_raw(code), message: String::new() }
    }

    #[test]
    fn what_cannot_change_is_not_retried() {
        let policy = RetryPolicy::default();
        for code in [10000, 10005, 10008, 10009, 10010, 10011, 4711] {
            assert_eq!(
                Retries::new(&policy, Patience::Full).decide(Operation::Media, &sdk(code)),
                Decision::GiveUp,
                "{code}"
            );
        }
        for code in [40001, 48002, 60020, 301_042, 301_052, 301_053, 301_058] {
            assert_eq!(
                Retries::new(&policy, Patience::Full).decide(Operation::Chat, &server(code)),
                Decision::GiveUp,
                "{code}"
            );
        }
    }

    #[test]
    fn pauses_grow_and_end() {
        let policy = RetryPolicy::default().max_retries(4);
        let mut retries = Retries::new(&policy, Patience::Full);
        let mut whole = policy.initial;
        for _ in 0..4 {
            let Decision::Wait { pause, fresh: false } = retries.decide(Operation::Media, &sdk(10001)) else {
                panic!("no pause")
            };
            assert!(pause >= whole / 2 && pause <= whole, "{pause:?} of {whole:?}");
            whole *= 2;
        }
        assert_eq!(retries.decide(Operation::Media, &sdk(10001)), Decision::GiveUp);
    }

    #[test]
    fn a_dead_token_takes_all_sessions_with_it_but_not_for_ever() {
        let policy = RetryPolicy::never();
        let mut retries = Retries::new(&policy, Patience::Full);
        for code in [42001, 40014, 42001] {
            assert_eq!(retries.decide(Operation::Chat, &server(code)), Decision::FreshSession { all: true });
        }
        assert_eq!(retries.decide(Operation::Chat, &server(42001)), Decision::GiveUp);
    }

    #[test]
    fn a_file_refused_with_10002_gets_one_fresh_session() {
        let policy = RetryPolicy::never();
        let mut retries = Retries::new(&policy, Patience::Full);
        assert_eq!(retries.decide(Operation::Media, &sdk(10002)), Decision::FreshSession { all: false });
        assert_eq!(retries.decide(Operation::Media, &sdk(10002)), Decision::GiveUp);
    }

    #[test]
    fn later_attempts_do_not_insist_on_a_token_that_may_have_died_meanwhile() {
        let policy = RetryPolicy::default();
        let mut retries = Retries::new(&policy, Patience::Full);
        assert_eq!(retries.decide(Operation::Media, &sdk(10002)), Decision::FreshSession { all: false });
        for _ in 0..policy.max_retries {
            assert!(matches!(
                retries.decide(Operation::Media, &sdk(10002)),
                Decision::Wait { fresh: true, .. }
            ));
        }
        assert_eq!(retries.decide(Operation::Media, &sdk(10002)), Decision::GiveUp);
    }

    #[test]
    fn too_many_calls_waits_for_the_minute_to_pass() {
        let policy = RetryPolicy::default();
        assert_eq!(
            Retries::new(&policy, Patience::Full).decide(Operation::Chat, &server(45009)),
            Decision::Wait { pause: policy.rate_limit_pause, fresh: false }
        );
    }

    #[test]
    fn light_patience_repeats_once_and_takes_no_token_at_once() {
        let mut retries = Retries::new(&RetryPolicy::default(), Patience::Light);
        assert!(matches!(retries.decide(Operation::Media, &sdk(10002)), Decision::Wait { fresh: true, .. }));
        assert_eq!(retries.decide(Operation::Media, &sdk(10002)), Decision::GiveUp);
        let mut never = Retries::new(&RetryPolicy::never(), Patience::Light);
        assert_eq!(never.decide(Operation::Media, &sdk(10001)), Decision::GiveUp);
    }

    #[test]
    fn a_piece_that_does_not_decrypt_is_tried_twice_more() {
        let mut retries = Retries::new(&RetryPolicy::default(), Patience::Full);
        for _ in 0..MAX_UNDECRYPTED {
            assert!(matches!(
                retries.decide(Operation::Media, &sdk(10006)),
                Decision::Wait { fresh: false, .. }
            ));
        }
        assert_eq!(retries.decide(Operation::Media, &sdk(10006)), Decision::GiveUp);
    }
}
