use std::fmt::Write as _;

use md5::{Digest as _, Md5};

/// What a file's length and MD5 say, compared with what its message says.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Verdict {
    /// The MD5 is that of the message, and so is the length where the message has one.
    Match,
    /// The message has no MD5 (WeCom sends empty ones at times); the length is that of the message.
    LengthOnly,
    /// The message has neither MD5 nor length.
    NothingToCheck,
    /// Other content than the message says. WeCom's MD5 is wrong at times, for emotions most of all.
    Md5Differs {
        /// The message's MD5, 32 hex digits in lower case.
        expected: String,
        /// The file's MD5, likewise.
        actual: String,
    },
    /// Fewer or more bytes than the message says.
    LengthDiffers {
        /// The message's length in bytes.
        expected: u64,
        /// The file's length in bytes.
        actual: u64,
    },
    /// The file has not been read to its end, or was resumed without
    /// [`MediaReader::rehash`](super::MediaReader::rehash).
    Incomplete,
}

/// The running check of one file.
#[derive(Clone)]
pub(super) struct Check {
    md5: Md5,
    /// Bytes hashed so far, from the beginning of the file without a hole.
    hashed: u64,
    pub(super) expected_len: Option<u64>,
    pub(super) expected_md5: Option<String>,
}

impl Check {
    pub(super) fn new() -> Self {
        Self { md5: Md5::new(), hashed: 0, expected_len: None, expected_md5: None }
    }

    pub(super) fn update(&mut self, position: u64, bytes: &[u8]) {
        if position == self.hashed {
            self.md5.update(bytes);
            self.hashed = self.hashed.saturating_add(u64::try_from(bytes.len()).unwrap_or(u64::MAX));
        }
    }

    /// The verdict on a file of `len` bytes that was read to its end.
    pub(super) fn verdict(&self, len: u64) -> Verdict {
        if let Some(expected) = self.expected_len
            && expected != len
        {
            return Verdict::LengthDiffers { expected, actual: len };
        }
        match &self.expected_md5 {
            None if self.expected_len.is_some() => Verdict::LengthOnly,
            None => Verdict::NothingToCheck,
            Some(expected) => match self.md5_of(len) {
                None => Verdict::Incomplete,
                Some(actual) if *expected == actual => Verdict::Match,
                Some(actual) => Verdict::Md5Differs { expected: expected.clone(), actual },
            },
        }
    }

    /// The MD5 of a file of `len` bytes, if all of them have been hashed.
    pub(super) fn md5_of(&self, len: u64) -> Option<String> {
        (self.hashed == len).then(|| hex(&self.md5.clone().finalize()))
    }
}

/// `None` for an empty text: WeCom's way to say that there is no MD5.
pub(super) fn md5_of_message(text: &str) -> Option<String> {
    let text = text.trim();
    (!text.is_empty()).then(|| text.to_ascii_lowercase())
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        // Writing to a String cannot fail.
        write!(text, "{byte:02x}").unwrap_or_default();
        text
    })
}
