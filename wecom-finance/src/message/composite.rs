//! The messages that are made of messages: forwarded conversations, mixed messages, notes.
//!
//! A part's content is JSON in a string, up to four levels of it. Only the outermost level is unpacked with the
//! message; the rest is read when it is asked for, one level at a time, so that neither a broken part nor a
//! hostile one harms the message around it.

mod forwarded;
mod mixed;
mod note;
mod part;

pub use self::forwarded::{ForwardedChat, ForwardedItem};
pub use self::mixed::{Mixed, MixedItem};
pub use self::note::{Note, NoteItem};

pub(super) use self::part::{MAX_DEPTH, part_fields, part_type};
