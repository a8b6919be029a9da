//! What a running world can be told, in a form that other processes and languages can write.

use serde::{Deserialize, Serialize};

use crate::{Error, Fault, MediaFile, World};

/// An order to a running [`World`], or a question.
///
/// In JSON: `{"set_fault":{"operation":"chat","effect":{"err_code":45009},"times":1}}`, `"clear_faults"`,
/// `"token_calls"`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Control {
    /// [`World::set_fault`].
    SetFault(Fault),
    /// [`World::clear_faults`].
    ClearFaults,
    /// [`World::add_media`].
    AddMedia(MediaFile),
    /// [`World::add_texts`].
    AddTexts(u64),
    /// [`World::forget_before`].
    ForgetBefore(u64),
    /// [`World::revoke_tokens`].
    RevokeTokens,
    /// [`World::expire_tokens`].
    ExpireTokens,
    /// [`World::token_calls`].
    TokenCalls,
    /// [`World::chat_calls`].
    ChatCalls,
    /// [`World::media_calls`].
    MediaCalls,
    /// [`World::decrypt_calls`].
    DecryptCalls,
}

impl Control {
    /// Reads an order from JSON.
    ///
    /// # Errors
    ///
    /// [`Error::Scenario`] when it is none.
    pub fn from_json(json: &str) -> Result<Self, Error> {
        serde_json::from_str(json).map_err(|error| Error::Scenario { reason: error.to_string() })
    }

    /// The order as JSON.
    ///
    /// # Errors
    ///
    /// [`Error::Scenario`], should it not be serializable (a fault's probability that is not a number).
    pub fn to_json(&self) -> Result<String, Error> {
        serde_json::to_string(self).map_err(|error| Error::Scenario { reason: error.to_string() })
    }
}

impl World {
    #[allow(clippy::must_use_candidate, reason = "most are orders")]
    /// Does what it is told. Questions are answered with a count, orders with 0.
    pub fn control(&self, control: Control) -> u64 {
        match control {
            Control::SetFault(fault) => self.set_fault(fault),
            Control::ClearFaults => self.clear_faults(),
            Control::AddMedia(file) => drop(self.add_media(file)),
            Control::AddTexts(count) => self.add_texts(count),
            Control::ForgetBefore(seq) => self.forget_before(seq),
            Control::RevokeTokens => self.revoke_tokens(),
            Control::ExpireTokens => self.expire_tokens(),
            Control::TokenCalls => return self.token_calls(),
            Control::ChatCalls => return self.chat_calls(),
            Control::MediaCalls => return self.media_calls(),
            Control::DecryptCalls => return self.decrypt_calls(),
        }
        0
    }
}
