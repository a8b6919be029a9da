use std::fmt;
use std::iter::FusedIterator;
use std::vec;

use super::{ChatPage, ChatRecord, MalformedItem, SealedMessage};
use crate::error::{UnopenedMessage, UnopenedReason};
use crate::{KeyRing, Result, Sdk};

/// The messages of a corp, opened in order, from a cursor to the head of the stream. Made by [`Sdk::chat`].
///
/// # Errors
///
/// Two kinds come out of it, and [`Error::sealed`](crate::Error::sealed) tells them apart:
///
/// * A message that cannot be opened or read: the error holds it, and the iterator goes on with the next one.
/// * A page that cannot be had, retries included: the iterator ends. Another one resumes from
///   [`cursor`](Self::cursor).
///
/// # Examples
///
/// ```no_run
/// # fn example(sdk: wecom_finance::Sdk, keys: wecom_finance::KeyRing) -> wecom_finance::Result<()> {
/// let mut chat = sdk.chat(&keys).after(4021);
/// for record in &mut chat {
///     match record {
///         Ok(record) => println!("{}: {}", record.seq, record.raw()),
///         Err(error) if error.sealed().is_some() => eprintln!("{error}"),
///         Err(error) => return Err(error),
///     }
/// }
/// println!("the next run goes on after {}", chat.cursor());
/// # Ok(())
/// # }
/// ```
pub struct ChatIterator {
    sdk: Sdk,
    keys: KeyRing,
    cursor: u64,
    messages: vec::IntoIter<SealedMessage>,
    malformed: vec::IntoIter<MalformedItem>,
    page_end: u64,
    ended: bool,
}

impl ChatIterator {
    pub(crate) fn new(sdk: Sdk, keys: KeyRing) -> Self {
        Self {
            sdk,
            keys,
            cursor: 0,
            messages: Vec::new().into_iter(),
            malformed: Vec::new().into_iter(),
            page_end: 0,
            ended: false,
        }
    }

    /// Begins after this `seq`: the [`cursor`](Self::cursor) of an earlier run, or 0 for the first message that WeCom
    /// still has (5 days back, at most). A page that was pulled before is dropped.
    #[must_use]
    pub fn after(self, seq: u64) -> Self {
        Self { cursor: seq, page_end: seq, ..Self::new(self.sdk, self.keys) }
    }

    /// The `seq` of the last message that came out, opened or not: where to resume.
    #[must_use]
    pub fn cursor(&self) -> u64 {
        self.cursor
    }

    fn open(&self, sealed: &SealedMessage) -> Result<ChatRecord> {
        self.keys.open(&self.sdk, sealed)?.parse(sealed)
    }

    fn next_page(&mut self) -> Result<bool> {
        let Some(page) = self.sdk.page(self.cursor)? else { return Ok(false) };
        self.page_end = page.last_seq();
        self.malformed = page.malformed().to_vec().into_iter();
        self.messages = ChatPage::into_messages(page).into_iter();
        Ok(true)
    }
}

impl Iterator for ChatIterator {
    type Item = Result<ChatRecord>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            if let Some(sealed) = self.messages.next() {
                self.cursor = sealed.seq.max(self.cursor);
                return Some(self.open(&sealed));
            }
            if let Some(item) = self.malformed.next() {
                return Some(Err(malformed(item).into()));
            }
            self.cursor = self.page_end.max(self.cursor);
            if self.ended {
                return None;
            }
            match self.next_page() {
                Ok(true) => {}
                Ok(false) => self.ended = true,
                Err(error) => {
                    self.ended = true;
                    return Some(Err(error));
                }
            }
        }
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        let at_hand = self.messages.len().saturating_add(self.malformed.len());
        (at_hand, self.ended.then_some(at_hand))
    }
}

impl FusedIterator for ChatIterator {}

fn malformed(item: MalformedItem) -> UnopenedMessage {
    UnopenedMessage {
        sealed: SealedMessage::new(item.after, "", 0, "", ""),
        reason: UnopenedReason::Malformed,
        content: Some(item.raw),
    }
}

impl fmt::Debug for ChatIterator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ChatIterator")
            .field("corp_id", &self.sdk.corp_id())
            .field("cursor", &self.cursor)
            .field("at_hand", &self.messages.len())
            .field("ended", &self.ended)
            .finish_non_exhaustive()
    }
}
