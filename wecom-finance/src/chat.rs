//! From pages of sealed messages to opened ones.

mod cores;
mod gap;
mod iterator;
mod open;
mod page;
mod sealed;

pub use gap::{Gap, RETENTION};
pub use iterator::ChatIterator;
pub use open::{ChatRecord, OpenedMessage};
pub use page::{ChatPage, MalformedItem};
pub use sealed::SealedMessage;
