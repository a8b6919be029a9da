use std::fmt;

use bytes::Bytes;

use super::IndexToken;
use crate::{Error, Result};

/// A piece of a file, in the SDK's own buffer.
#[derive(Clone)]
#[non_exhaustive]
pub struct MediaChunk {
    /// The bytes.
    pub data: Bytes,
    /// What to fetch next; `None` after the last piece, and where the SDK's answer is no token.
    pub next: Option<IndexToken>,
    /// Whether this is the last piece.
    pub is_last: bool,
}

impl MediaChunk {
    /// A piece from what `GetMediaData` answers: the bytes, the text of the next index token, the end mark.
    #[must_use]
    pub fn new(data: Bytes, out_index_buf: &[u8], is_last: bool) -> Self {
        let next = std::str::from_utf8(out_index_buf).ok().and_then(|token| token.parse().ok());
        Self { data, next: if is_last { None } else { next }, is_last }
    }

    /// Checks the piece against what was asked for: a broken answer must not end up as a broken file.
    ///
    /// # Errors
    ///
    /// [`Error::MediaStalled`], which is worth another attempt.
    pub(crate) fn checked(self, asked: Option<&IndexToken>) -> Result<Self> {
        let asked = asked.copied().unwrap_or_else(IndexToken::first);
        let len = u64::try_from(self.data.len()).unwrap_or(u64::MAX);
        let broken = |detail| Err(Error::MediaStalled { position: asked.start(), detail });
        if self.is_last {
            // The last piece loses 1 to 16 bytes of padding, so it is never as long as its range.
            return if len < asked.len() {
                Ok(self)
            } else {
                broken("the last chunk is longer than the range it ends")
            };
        }
        let Some(next) = self.next else { return broken("the next index token is not one") };
        if next.start() <= asked.start() {
            return broken("the index token does not move forward");
        }
        if next.start() != asked.end() {
            return broken("the next index token does not follow the range that was asked for");
        }
        if len != asked.len() {
            return broken("the chunk has not the length of its range");
        }
        Ok(self)
    }
}

impl fmt::Debug for MediaChunk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MediaChunk")
            .field("data", &format_args!("[{} bytes]", self.data.len()))
            .field("next", &self.next)
            .field("is_last", &self.is_last)
            .finish()
    }
}
