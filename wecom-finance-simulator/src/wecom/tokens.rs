//! Access tokens of one corp.

use std::{
    collections::VecDeque,
    time::{Duration, Instant},
};

use crate::Scenario;

/// What is wrong with an access token, as the server's errcode.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Refusal {
    Invalid,
    Expired,
}

#[derive(Debug)]
struct Token {
    text: String,
    issued: Instant,
    calls: u64,
    refusal: Option<Refusal>,
}

#[derive(Debug)]
pub(crate) struct Tokens {
    corp_id: String,
    lifetime: Duration,
    calls_each: Option<u64>,
    issued: u64,
    known: VecDeque<Token>,
    /// When chat calls were made, for the quota.
    calls: VecDeque<Instant>,
    calls_per_minute: Option<u64>,
}

/// Tokens remembered, dead ones included, so that they are refused for the right reason.
const REMEMBERED: usize = 256;

impl Tokens {
    pub(crate) fn new(scenario: &Scenario) -> Self {
        Self {
            corp_id: scenario.corp_id.clone(),
            lifetime: scenario.server.token_lifetime,
            calls_each: scenario.server.revoke_token_after,
            issued: 0,
            known: VecDeque::new(),
            calls: VecDeque::new(),
            calls_per_minute: scenario.server.calls_per_minute,
        }
    }

    /// The corp's valid token, or a new one, and the whole seconds it has left.
    pub(crate) fn issue(&mut self) -> (String, u64) {
        self.expire();
        if let Some(valid) = self.known.back().filter(|token| token.refusal.is_none()) {
            return (valid.text.clone(), self.lifetime.saturating_sub(valid.issued.elapsed()).as_secs());
        }
        self.issued = self.issued.saturating_add(1);
        let text = format!("simulated-{}-{:04}", self.corp_id, self.issued);
        if self.known.len() >= REMEMBERED {
            self.known.pop_front();
        }
        self.known.push_back(Token { text: text.clone(), issued: Instant::now(), calls: 0, refusal: None });
        (text, self.lifetime.as_secs())
    }

    pub(crate) fn knows(&self, text: &str) -> bool {
        self.known.iter().any(|token| token.text == text)
    }

    /// Counts a call with the token, or refuses it.
    pub(crate) fn spend(&mut self, text: &str) -> Result<(), Refusal> {
        self.expire();
        let calls_each = self.calls_each;
        let token = self.known.iter_mut().find(|token| token.text == text).ok_or(Refusal::Invalid)?;
        if calls_each.is_some_and(|calls| token.calls >= calls) {
            token.refusal.get_or_insert(Refusal::Invalid);
        }
        token.calls = token.calls.saturating_add(1);
        token.refusal.map_or(Ok(()), Err)
    }

    /// Counts a chat call against the quota, or says that it is used up.
    pub(crate) fn within_quota(&mut self) -> bool {
        let Some(quota) = self.calls_per_minute else { return true };
        while self.calls.front().is_some_and(|call| call.elapsed() >= Duration::from_secs(60)) {
            self.calls.pop_front();
        }
        let within = u64::try_from(self.calls.len()).is_ok_and(|made| made < quota);
        if within {
            self.calls.push_back(Instant::now());
        }
        within
    }

    pub(crate) fn revoke(&mut self, text: &str) {
        for token in self.known.iter_mut().filter(|token| token.text == text) {
            token.refusal = Some(Refusal::Invalid);
        }
    }

    pub(crate) fn revoke_all(&mut self) {
        for token in &mut self.known {
            token.refusal.get_or_insert(Refusal::Invalid);
        }
    }

    pub(crate) fn expire_all(&mut self) {
        for token in &mut self.known {
            token.refusal.get_or_insert(Refusal::Expired);
        }
    }

    fn expire(&mut self) {
        for token in self.known.iter_mut().filter(|token| token.issued.elapsed() >= self.lifetime) {
            token.refusal.get_or_insert(Refusal::Expired);
        }
    }
}
