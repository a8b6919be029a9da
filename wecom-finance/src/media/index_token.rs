use std::fmt;
use std::str::FromStr;

use wecom_finance_sys::contracts::{MEDIA_BLOCK_BYTES, MEDIA_CHUNK_BYTES};

use crate::Error;

/// Which bytes of a file to fetch (the SDK's `indexbuf`): `Range:bytes=524288-1048575`, both ends included.
///
/// The SDK keeps no state between calls: any token of whole 16-byte blocks works with any session, in any process and
/// any order. So a token can be stored and a file read on later, elsewhere.
///
/// ```
/// use wecom_finance::IndexToken;
///
/// let token: IndexToken = "Range:bytes=524288-1048575".parse()?;
/// assert_eq!((token.start(), token.end()), (524_288, 1_048_576));
/// # Ok::<(), wecom_finance::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct IndexToken {
    start: u64,
    last: u64,
}

const PREFIX: &str = "Range:bytes=";

impl IndexToken {
    /// The bytes from `start` up to, not including, `end`.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidArgument`] unless both are multiples of 16 and `end` is the larger.
    pub fn for_range(start: u64, end: u64) -> Result<Self, Error> {
        let whole_blocks = start.is_multiple_of(MEDIA_BLOCK_BYTES) && end.is_multiple_of(MEDIA_BLOCK_BYTES);
        match end.checked_sub(1) {
            Some(last) if whole_blocks && start < end => Ok(Self { start, last }),
            _ => Err(Error::InvalidArgument {
                argument: "index token",
                problem: "must cover whole blocks of 16 bytes, at least one",
            }),
        }
    }

    /// The first 512 KiB: what a call without a token fetches.
    #[must_use]
    pub fn first() -> Self {
        Self { start: 0, last: MEDIA_CHUNK_BYTES - 1 }
    }

    /// 512 KiB from the block on in which byte `position` lies.
    #[must_use]
    pub fn containing(position: u64) -> Self {
        // The highest start leaves room for a whole chunk below `u64::MAX`.
        let start = position.min(u64::MAX - MEDIA_CHUNK_BYTES - MEDIA_BLOCK_BYTES) / MEDIA_BLOCK_BYTES
            * MEDIA_BLOCK_BYTES;
        Self { start, last: start + (MEDIA_CHUNK_BYTES - 1) }
    }

    /// The first byte, counted from 0.
    #[must_use]
    pub fn start(&self) -> u64 {
        self.start
    }

    /// The byte after the last one.
    #[must_use]
    pub fn end(&self) -> u64 {
        self.last.saturating_add(1)
    }

    /// How many bytes it covers.
    #[must_use]
    pub fn len(&self) -> u64 {
        self.end().saturating_sub(self.start)
    }

    /// Never: a token covers at least one block.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        false
    }

    /// As an argument: the first piece is asked for as the vendor's own example does, without a token.
    pub(super) fn argument(&self) -> Option<&Self> {
        Some(self).filter(|token| **token != Self::first())
    }

    /// The rest of this token from `position` on, which may lie inside a block: then it begins with that block.
    pub(super) fn rest_from(self, position: u64) -> Option<Self> {
        let start = position.checked_sub(position % MEDIA_BLOCK_BYTES)?;
        (start >= self.start && start < self.last).then_some(Self { start, last: self.last })
    }
}

impl FromStr for IndexToken {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let parts = text.strip_prefix(PREFIX).and_then(|range| range.split_once('-'));
        let digits =
            |part: &str| part.bytes().all(|byte| byte.is_ascii_digit()).then(|| part.parse::<u64>().ok());
        let range = parts.and_then(|(start, last)| Some((digits(start)??, digits(last)??)));
        let Some((start, last)) = range else {
            return Err(Error::InvalidArgument {
                argument: "index token",
                problem: "is not like Range:bytes=0-524287",
            });
        };
        Self::for_range(start, last.saturating_add(1))
    }
}

impl fmt::Display for IndexToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{PREFIX}{}-{}", self.start, self.last)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_survive_text() {
        for text in ["Range:bytes=0-15", "Range:bytes=524288-1048575", "Range:bytes=16-18446744073709551599"]
        {
            assert_eq!(text.parse::<IndexToken>().unwrap().to_string(), text);
        }
        assert_eq!(IndexToken::first().to_string(), "Range:bytes=0-524287");
    }

    #[test]
    fn ill_formed_tokens_are_errors() {
        for text in [
            "",
            "Range:bytes=",
            "Range:bytes=-",
            "Range:bytes=0-",
            "Range:bytes=0-14",
            "Range:bytes=8-23",
            "Range:bytes=16-15",
            "Range:bytes=16-0",
            "bytes=0-15",
            "Range:bytes=0-15 ",
            "Range:bytes=+0-15",
            "Range:bytes=0-15\0",
            "Range:bytes=0-99999999999999999999",
            "Range:bytes=0-18446744073709551615",
        ] {
            assert!(text.parse::<IndexToken>().is_err(), "{text:?}");
        }
    }

    #[test]
    fn the_rest_of_a_token_begins_with_a_block() {
        let token = IndexToken::for_range(64, 128).unwrap();
        assert_eq!(token.rest_from(64), Some(token));
        assert_eq!(token.rest_from(79), Some(token));
        assert_eq!(token.rest_from(81).map(|rest| rest.to_string()).as_deref(), Some("Range:bytes=80-127"));
        assert_eq!(token.rest_from(63), None);
        assert_eq!(token.rest_from(128), None);
    }
}
