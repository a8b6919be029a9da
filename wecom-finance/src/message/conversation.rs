//! Who talks to whom.

use super::ChatMessage;
use super::id::{RoomId, UserId};

/// The conversation that a message belongs to: equal for all messages of one conversation, whoever sent them, so
/// it serves as a key to group by.
///
/// ```
/// use wecom_finance::{Message, message::Conversation};
///
/// let there = Message::from_json(br#"{"from":"lin.yu","tolist":["chen.bo"],"roomid":""}"#)?;
/// let back = Message::from_json(br#"{"from":"chen.bo","tolist":["lin.yu"]}"#)?;
/// let (Message::Chat(there), Message::Chat(back)) = (there, back) else { unreachable!() };
/// assert_eq!(there.conversation(), back.conversation());
/// # Ok::<(), wecom_finance::InvalidJson>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Conversation<'a> {
    /// A group chat.
    Room(&'a RoomId),
    /// A single chat of two, in the order of their ids.
    Single(&'a UserId, &'a UserId),
}

impl ChatMessage {
    /// The conversation that it belongs to. `None` if the message names neither a room nor exactly one
    /// recipient, as the recording of a call among several may.
    #[must_use]
    pub fn conversation(&self) -> Option<Conversation<'_>> {
        if let Some(room) = &self.room {
            return Some(Conversation::Room(room));
        }
        let [to] = self.to.as_slice() else { return None };
        let (first, second) = if self.from <= *to { (&self.from, to) } else { (to, &self.from) };
        Some(Conversation::Single(first, second))
    }

    /// Whether it belongs to a conversation with people outside of the corp, by the suffix of its id: see
    /// [`MsgId::is_external`](super::MsgId::is_external) for what `false` is worth.
    #[must_use]
    pub fn is_external(&self) -> bool {
        self.msgid.is_external()
    }
}
