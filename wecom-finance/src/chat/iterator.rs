use std::fmt;
use std::iter::FusedIterator;
use std::vec;

use super::cores::cores;
use super::open::{Unsealed, open_with};
use super::{ChatPage, ChatRecord, Gap, MalformedItem, OpenedMessage, SealedMessage};
use crate::error::{UnopenedMessage, UnopenedReason};
use crate::{Error, KeyRing, Result, Sdk};

/// Random keys that a core decrypts before the first message of them is opened: enough for its lanes, and soon done.
const UNSEALED_AT_ONCE: usize = 32;

/// The messages of a corp, opened in order, from a cursor to the head of the stream. Made by [`Sdk::chat`].
///
/// # Errors
///
/// Two kinds come out of it, and [`Error::sealed`](crate::Error::sealed) tells them apart:
///
/// * A message that cannot be opened or read: the error holds it, and the iterator goes on with the next one.
/// * A page that cannot be had, retries included, or that there is no worker process to open: the iterator ends.
///   Another one resumes from [`cursor`](Self::cursor).
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
    /// Unsealed together, and opened one by one, where the backend prefers that.
    unsealed: vec::IntoIter<(SealedMessage, Unsealed)>,
    /// Opened together, where the backend prefers that.
    opened: vec::IntoIter<(SealedMessage, Result<OpenedMessage>)>,
    malformed: vec::IntoIter<MalformedItem>,
    /// Also those that the cursor has not passed yet.
    gaps: Vec<Gap>,
    page_end: u64,
    has_begun: bool,
    ended: bool,
}

impl ChatIterator {
    pub(crate) fn new(sdk: Sdk, keys: KeyRing) -> Self {
        Self {
            sdk,
            keys,
            cursor: 0,
            messages: Vec::new().into_iter(),
            unsealed: Vec::new().into_iter(),
            opened: Vec::new().into_iter(),
            malformed: Vec::new().into_iter(),
            gaps: Vec::new(),
            page_end: 0,
            has_begun: false,
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

    /// The holes in the sequence that the cursor has passed so far, in order: seqs that WeCom did not hand out.
    ///
    /// The first one may be what WeCom has forgotten, if it is [at the cursor](Gap::at_cursor) that the iterator began with and
    /// that one was old. All are in the log, that one as a warning.
    #[must_use]
    pub fn gaps(&self) -> &[Gap] {
        let passed = self.gaps.partition_point(|gap| gap.last < self.cursor);
        self.gaps.get(..passed).unwrap_or_default()
    }

    /// Opens the next messages of the page; `false` if there are none.
    fn open_next(&mut self) -> Result<bool> {
        let (sealed, opened) = match self.sdk.messages_at_once() {
            // One that ends this process (C8) shall not do so before those that come before it are out.
            1 => {
                let Some((sealed, unsealed)) = self.next_unsealed()? else { return Ok(false) };
                let opened = open_with(&self.sdk, std::slice::from_ref(&sealed), vec![unsealed])?;
                (vec![sealed], opened)
            }
            several => {
                let sealed = self.take(several);
                let opened = self.keys.open_all(&self.sdk, &sealed)?;
                (sealed, opened)
            }
        };
        self.opened = sealed.into_iter().zip(opened).collect::<Vec<_>>().into_iter();
        Ok(self.opened.len() > 0)
    }

    fn next_unsealed(&mut self) -> Result<Option<(SealedMessage, Unsealed)>> {
        if self.unsealed.len() == 0 {
            let sealed = self.take(UNSEALED_AT_ONCE);
            let unsealed = self.keys.unseal_all(&sealed)?;
            self.unsealed = sealed.into_iter().zip(unsealed).collect::<Vec<_>>().into_iter();
        }
        Ok(self.unsealed.next())
    }

    /// The next messages, so many for each core.
    fn take(&mut self, for_each_core: usize) -> Vec<SealedMessage> {
        self.messages.by_ref().take(for_each_core.saturating_mul(cores())).collect()
    }

    fn end_with(&mut self, error: Error) -> Error {
        // None of the page is passed over: the cursor stays where it is.
        let gaps = self.gaps().to_vec();
        *self =
            Self { ended: true, gaps, ..Self::new(self.sdk.clone(), self.keys.clone()).after(self.cursor) };
        error
    }

    fn next_page(&mut self) -> Result<bool> {
        let Some(page) = self.sdk.page(self.cursor)? else { return Ok(false) };
        self.page_end = page.last_seq();
        self.note_gaps(page.gaps());
        self.malformed = page.malformed().to_vec().into_iter();
        self.messages = ChatPage::into_messages(page).into_iter();
        Ok(true)
    }

    fn note_gaps(&mut self, gaps: Vec<Gap>) {
        for gap in &gaps {
            let (first, last, seqs) = (gap.first, gap.last, gap.seqs());
            if gap.at_cursor && !self.has_begun {
                tracing::warn!(
                    first,
                    last,
                    seqs,
                    "WeCom hands out nothing of these seqs: forgotten, if more than a few days have passed since the last pull"
                );
            } else {
                tracing::debug!(first, last, seqs, "WeCom left out these seqs");
            }
        }
        self.has_begun = true;
        self.gaps.extend(gaps);
    }
}

impl Iterator for ChatIterator {
    type Item = Result<ChatRecord>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            if let Some((sealed, opened)) = self.opened.next() {
                self.cursor = sealed.seq.max(self.cursor);
                return Some(opened.and_then(|opened| opened.parse(&sealed)));
            }
            match self.open_next() {
                Ok(true) => continue,
                Ok(false) => {}
                Err(error) => return Some(Err(self.end_with(error))),
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
        let at_hand =
            [self.opened.len(), self.unsealed.len(), self.messages.len(), self.malformed.len()].iter().sum();
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
            .field("at_hand", &self.size_hint().0)
            .field("ended", &self.ended)
            .finish_non_exhaustive()
    }
}
