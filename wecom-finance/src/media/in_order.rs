//! The bytes of a file in order, wherever the pieces come from.

use std::fmt;
use std::io::{self, BufRead, Read};

use bytes::{Buf as _, Bytes};

use super::verify::{Check, Verdict, md5_of_message};
use super::{IndexToken, MediaChunk, SdkFileId};
use crate::message::MediaReference;
use crate::sdk::Patience;
use crate::{Error, Result};

/// Where pieces come from.
pub(super) trait Source {
    /// What is held as long as a piece is not read.
    type Permit;

    /// Whether a piece is kept after it was read, to be read again after a seek.
    const KEEPS_CHUNK: bool;

    fn file_id(&self) -> &SdkFileId;

    /// The piece of this token. `stated_len` is the length of the file according to its message, which may be wrong.
    fn fetch(
        &mut self,
        token: IndexToken,
        stated_len: Option<u64>,
        patience: Patience,
    ) -> Result<(MediaChunk, Self::Permit)>;

    /// Nothing of the file will be fetched any more.
    fn finish(&mut self) {}
}

/// A file that is read.
pub(super) struct InOrder<S: Source> {
    pub(super) source: S,
    pub(super) position: u64,
    pub(super) at_hand: Option<AtHand<S::Permit>>,
    /// What to fetch if `position` is not in the piece at hand.
    pub(super) wanted: IndexToken,
    /// A seek led to `position`: it may lie beyond the end.
    pub(super) sought: bool,
    /// A seek passed over bytes, or came back to some.
    pub(super) has_jumped: bool,
    /// The file's true length, once its last piece was seen.
    pub(super) len: Option<u64>,
    /// Bytes that the file is known to have at least.
    pub(super) least_len: u64,
    check: Check,
}

/// A piece, from its first byte to its last, and the token of the one after it.
pub(super) struct AtHand<P> {
    pub(super) token: IndexToken,
    data: Bytes,
    next: Option<IndexToken>,
    _permit: P,
}

impl<P> AtHand<P> {
    fn end(&self) -> u64 {
        self.token.start().saturating_add(len_of(&self.data))
    }

    /// The bytes from `position` on; none if it lies outside.
    fn rest(&self, position: u64) -> &[u8] {
        let skip = position.checked_sub(self.token.start()).and_then(|skip| usize::try_from(skip).ok());
        skip.and_then(|skip| self.data.get(skip..)).unwrap_or_default()
    }
}

pub(super) fn len_of(bytes: &[u8]) -> u64 {
    u64::try_from(bytes.len()).unwrap_or(u64::MAX)
}

impl<S: Source> InOrder<S> {
    pub(super) fn new(source: S) -> Self {
        Self {
            source,
            position: 0,
            at_hand: None,
            wanted: IndexToken::first(),
            sought: false,
            has_jumped: false,
            len: None,
            least_len: 0,
            check: Check::new(),
        }
    }

    pub(super) fn expecting(self, media: &MediaReference) -> Self {
        let reading = match media.size() {
            Some(size) => self.expecting_len(size),
            None => self,
        };
        reading.expecting_md5(media.md5().unwrap_or_default())
    }

    pub(super) fn expecting_len(mut self, len: u64) -> Self {
        self.check.expected_len = Some(len);
        self
    }

    pub(super) fn expecting_md5(mut self, md5: &str) -> Self {
        self.check.expected_md5 = md5_of_message(md5);
        self
    }

    pub(super) fn resume(mut self, token: IndexToken, bytes_done: u64) -> Result<Self> {
        if token.rest_from(bytes_done) != Some(token) {
            return Err(Error::InvalidArgument {
                argument: "index token",
                problem: "does not belong to the number of bytes that are done",
            });
        }
        self.wanted = token;
        self.position = bytes_done;
        Ok(self)
    }

    pub(super) fn resume_at(mut self, bytes_done: u64) -> Self {
        self.wanted = IndexToken::containing(bytes_done);
        self.position = bytes_done;
        self
    }

    pub(super) fn rehash(mut self, mut done: impl Read) -> io::Result<Self> {
        let mut buffer = vec![0; 64 * 1024];
        let mut position = 0_u64;
        loop {
            let count = match done.read(&mut buffer) {
                Ok(0) => break,
                Ok(count) => count,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(error),
            };
            let piece = buffer.get(..count).unwrap_or_default();
            self.check.update(position, piece);
            position = position.saturating_add(len_of(piece));
        }
        if position == self.position {
            Ok(self)
        } else {
            Err(io::Error::new(
                io::ErrorKind::InvalidData,
                "the part on disk has another length than was stored",
            ))
        }
    }

    /// The length according to the message.
    pub(super) fn stated_len(&self) -> Option<u64> {
        self.check.expected_len
    }

    pub(super) fn is_done(&self) -> bool {
        self.len.is_some_and(|len| self.position >= len)
    }

    pub(super) fn index_token(&self) -> Option<IndexToken> {
        if self.is_done() {
            return None;
        }
        match &self.at_hand {
            Some(chunk) if !chunk.rest(self.position).is_empty() => chunk.token.rest_from(self.position),
            _ => Some(self.following().unwrap_or(self.wanted)),
        }
    }

    /// The piece after the one at hand, if that is where reading goes on.
    fn following(&self) -> Option<IndexToken> {
        self.at_hand.as_ref()?.next.filter(|next| next.start() == self.position)
    }

    pub(super) fn verify(&self) -> Verdict {
        match self.len {
            Some(len) if self.is_done() && (!self.has_jumped || self.check.covers(len)) => {
                self.check.verdict(len)
            }
            _ => Verdict::Incomplete,
        }
    }

    pub(super) fn md5(&self) -> Option<String> {
        self.check.md5_of(self.len?)
    }

    pub(super) fn describe(&self, mut debug: fmt::DebugStruct<'_, '_>) -> fmt::Result {
        debug
            .field("file_id", self.source.file_id())
            .field("position", &self.position)
            .field("index_token", &self.index_token())
            .field("is_done", &self.is_done())
            .finish_non_exhaustive()
    }

    pub(super) fn next_chunk(&mut self) -> Result<Option<Bytes>> {
        if !self.fill()? {
            return Ok(None);
        }
        let Some(chunk) = &self.at_hand else { return Ok(None) };
        let mut rest = chunk.data.clone();
        rest.advance(chunk.data.len().saturating_sub(chunk.rest(self.position).len()));
        self.advance(rest.len());
        Ok(Some(rest))
    }

    /// Makes unread bytes available. `false` at the end.
    fn fill(&mut self) -> Result<bool> {
        loop {
            if self.is_done() {
                self.source.finish();
                return Ok(false);
            }
            if self.at_hand.as_ref().is_some_and(|chunk| !chunk.rest(self.position).is_empty()) {
                return Ok(true);
            }
            self.let_go();
            let fetched = if self.sought { self.fetch_sought()? } else { Some(self.fetch(self.wanted)?) };
            let Some((chunk, permit)) = fetched else { continue };
            self.take(chunk, permit)?;
        }
    }

    /// Frees the piece at hand, and remembers what comes after it.
    fn let_go(&mut self) {
        if let Some(following) = self.following() {
            self.wanted = following;
            self.sought = false;
        }
        self.at_hand = None;
    }

    pub(super) fn fetch(&mut self, token: IndexToken) -> Result<(MediaChunk, S::Permit)> {
        let fetched = self.source.fetch(token, self.stated_len(), Patience::Full)?;
        self.doubted(token, fetched)
    }

    /// A reply without a proper header makes any piece the last. Where the message says otherwise, a second reply
    /// decides; without one, the message is taken to be wrong, as it is at times.
    pub(super) fn doubted(
        &mut self,
        token: IndexToken,
        fetched: (MediaChunk, S::Permit),
    ) -> Result<(MediaChunk, S::Permit)> {
        let end = token.start().saturating_add(len_of(&fetched.0.data));
        if !fetched.0.is_last || self.stated_len().is_none_or(|stated| stated == end) {
            return Ok(fetched);
        }
        match self.source.fetch(token, self.stated_len(), Patience::Light) {
            Ok(second) => Ok(second),
            Err(error) if error.is_retryable() => Ok(fetched),
            Err(error) => Err(error),
        }
    }

    fn take(&mut self, chunk: MediaChunk, permit: S::Permit) -> Result<()> {
        let token = self.wanted;
        let end = token.start().saturating_add(len_of(&chunk.data));
        let is_outside = if chunk.is_last { self.position > end } else { self.position >= end };
        if is_outside && !(self.sought && chunk.is_last) {
            return Err(Error::MediaStalled {
                position: self.position,
                detail: "the file ends before the part that is done already",
            });
        }
        if chunk.is_last {
            self.len = Some(end);
        }
        self.least_len = self.least_len.max(end);
        self.sought = false;
        self.at_hand = Some(AtHand { token, data: chunk.data, next: chunk.next, _permit: permit });
        Ok(())
    }

    fn advance(&mut self, count: usize) {
        let Some(chunk) = &self.at_hand else { return };
        let rest = chunk.rest(self.position);
        let read = rest.get(..count).unwrap_or(rest);
        self.check.update(self.position, read);
        self.position = self.position.saturating_add(len_of(read));
        if !S::KEEPS_CHUNK && self.position >= chunk.end() {
            self.let_go();
        }
    }
}

impl<S: Source> Read for InOrder<S> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if buffer.is_empty() {
            return Ok(0);
        }
        let count = self.fill_buf()?.read(buffer)?;
        self.consume(count);
        Ok(count)
    }
}

impl<S: Source> BufRead for InOrder<S> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        self.fill()?;
        Ok(self.at_hand.as_ref().map(|chunk| chunk.rest(self.position)).unwrap_or_default())
    }

    fn consume(&mut self, count: usize) {
        self.advance(count);
    }
}
