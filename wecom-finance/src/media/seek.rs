//! Seeking: a position may lie beyond the end of the file, and WeCom answers a range beyond the end with an error that
//! cannot be told from others. So the end is proven before a failure is taken for it.

use std::io::{self, SeekFrom};

use wecom_finance_sys::contracts::{MEDIA_BLOCK_BYTES, MEDIA_CHUNK_BYTES};

use super::in_order::{InOrder, Source, len_of};
use super::{IndexToken, MediaChunk};
use crate::Result;
use crate::sdk::Patience;

/// Ranges asked for to find the end: more than a file of any size takes.
const MAX_PROBES: u32 = 100;

impl<S: Source> InOrder<S> {
    pub(super) fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let (base, offset) = match to {
            SeekFrom::Start(position) => (position, 0),
            SeekFrom::Current(offset) => (self.position, offset),
            SeekFrom::End(offset) => {
                let Some(len) = self.len.or(self.stated_len()) else {
                    return Err(io::Error::new(
                        io::ErrorKind::Unsupported,
                        "the length of the file is not known: neither its message nor a piece of it has said it yet",
                    ));
                };
                (len, offset)
            }
        };
        // The SDK counts in signed numbers.
        let position = base.checked_add_signed(offset).filter(|position| i64::try_from(*position).is_ok());
        let Some(position) = position else {
            return Err(io::Error::new(
                io::ErrorKind::InvalidInput,
                "a position before the first byte, or beyond all files",
            ));
        };
        if position != self.position {
            self.wanted = IndexToken::containing(position);
            self.position = position;
            self.sought = true;
            self.has_jumped = true;
        }
        Ok(position)
    }

    /// The piece at a position that a seek led to; `None` if it is beyond the end, which is known then.
    pub(super) fn fetch_sought(&mut self) -> Result<Option<(MediaChunk, S::Permit)>> {
        let token = self.wanted;
        match self.stated_len() {
            // The message says that there is something: ask as for any other piece.
            Some(stated) if self.position < stated => {}
            // It says that there is nothing: see whether it is right.
            Some(stated) if self.finds_end_at(stated) && self.is_done() => return Ok(None),
            _ => match self.source.fetch(token, self.stated_len(), Patience::Light) {
                Ok(fetched) => return self.doubted(token, fetched).map(Some),
                Err(error) if !error.is_retryable() => return Err(error),
                Err(_) => {
                    self.find_end_before(token.start());
                    if self.is_done() {
                        return Ok(None);
                    }
                }
            },
        }
        match self.fetch(token) {
            Err(error) if error.is_retryable() && self.len.is_none() => {
                self.find_end_before(token.start());
                if self.is_done() { Ok(None) } else { Err(error) }
            }
            fetched => fetched.map(Some),
        }
    }

    /// Whether the file ends in the piece that begins where `position` is. Then its length is known.
    fn finds_end_at(&mut self, position: u64) -> bool {
        self.probe(IndexToken::containing(position)).is_some_and(|piece| piece.is_last)
    }

    /// Looks for the end between what the file has for certain and a place at which it may have nothing: a piece that
    /// is not the last tells the end if it is near (its next token is shorter than a whole one).
    fn find_end_before(&mut self, failed_at: u64) {
        let (mut there, mut not_there) = (self.least_len / MEDIA_BLOCK_BYTES, failed_at / MEDIA_BLOCK_BYTES);
        let chunk_blocks = MEDIA_CHUNK_BYTES / MEDIA_BLOCK_BYTES;
        let (mut at, mut step) = (there, chunk_blocks);
        for _ in 0..MAX_PROBES {
            if self.len.is_some() || at >= not_there {
                return;
            }
            let start = at.saturating_mul(MEDIA_BLOCK_BYTES);
            let Ok(block) = IndexToken::for_range(start, start.saturating_add(MEDIA_BLOCK_BYTES)) else {
                return;
            };
            match self.probe(block) {
                Some(piece) => {
                    if let Some(next) = piece.next.filter(|next| next.len() < MEDIA_CHUNK_BYTES) {
                        self.finds_end_at(next.end().saturating_sub(MEDIA_BLOCK_BYTES));
                        return;
                    }
                    there = at;
                    step = step.saturating_mul(2);
                }
                // What the file has for certain does not come either: this is not about its end.
                None if at == there => return,
                None => not_there = at,
            }
            // A chunk before the end is enough, so the steps are no smaller.
            let halfway = there.saturating_add(not_there.saturating_sub(there) / 2);
            at = there.saturating_add(step).min(halfway);
            if at == there {
                return;
            }
        }
    }

    /// A piece that is looked at and not kept. Remembers what it says about the length.
    fn probe(&mut self, token: IndexToken) -> Option<MediaChunk> {
        let fetched = self.source.fetch(token, self.stated_len(), Patience::Light).ok()?;
        let (piece, _permit) = self.doubted(token, fetched).ok()?;
        let end = token.start().saturating_add(len_of(&piece.data));
        self.least_len = self.least_len.max(end);
        if piece.is_last {
            self.len = Some(end);
        }
        Some(piece)
    }
}
