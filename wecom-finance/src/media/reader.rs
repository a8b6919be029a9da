use std::fmt;
use std::io::{self, BufRead, Read};

use bytes::{Buf as _, Bytes};

use super::verify::{Check, Verdict, md5_of_message};
use super::{IndexToken, SdkFileId};
use crate::message::MediaReference;
use crate::{Error, Result, Sdk};

/// Reads a file of a message, 512 KiB at a time, with one piece in memory. Made by [`Sdk::media`].
///
/// It is its own buffer, the SDK's: do not wrap it in a `BufReader`. To read pieces without copying, use
/// [`BufRead::fill_buf`] or [`next_chunk`](Self::next_chunk).
///
/// # Errors
///
/// A piece is retried as the [`RetryPolicy`](crate::RetryPolicy) says. A failure after that comes out as an
/// [`io::Error`] that holds an [`Error`] ([`io::Error::downcast`]) and loses nothing: reading on tries the same piece
/// again, and [`index_token`](Self::index_token) resumes in another process.
///
/// # Examples
///
/// ```no_run
/// # fn example(sdk: wecom_finance::Sdk, record: wecom_finance::ChatRecord) -> Result<(), Box<dyn std::error::Error>> {
/// for media in record.media() {
///     let mut reader = sdk.media(media.file_id())?.expecting(&media);
///     std::io::copy(&mut reader, &mut std::fs::File::create("file")?)?;
///     println!("{:?}", reader.verify());
/// }
/// # Ok(())
/// # }
/// ```
#[doc(alias = "GetMediaData")]
pub struct MediaReader {
    sdk: Sdk,
    file_id: SdkFileId,
    state: State,
    /// The token of the piece in `State::Reading`, or of the next one in `State::Between`.
    token: IndexToken,
    position: u64,
    check: Check,
}

enum State {
    /// The piece of `token` is yet to be fetched. Its first bytes may be known already.
    Between { skip: u64 },
    /// Unread bytes of the piece of `token`, and the piece after it.
    Reading { rest: Bytes, next: Option<IndexToken> },
    /// All is read.
    End,
}

impl MediaReader {
    pub(crate) fn new(sdk: Sdk, file_id: SdkFileId) -> Self {
        Self {
            sdk,
            file_id,
            state: State::Between { skip: 0 },
            token: IndexToken::first(),
            position: 0,
            check: Check::new(),
        }
    }

    /// Compares the file with what its message says about it, see [`verify`](Self::verify).
    #[must_use]
    pub fn expecting(self, media: &MediaReference) -> Self {
        let reader = match media.size() {
            Some(size) => self.expecting_len(size),
            None => self,
        };
        reader.expecting_md5(media.md5().unwrap_or_default())
    }

    /// Compares the file's length in bytes.
    #[must_use]
    pub fn expecting_len(mut self, len: u64) -> Self {
        self.check.expected_len = Some(len);
        self
    }

    /// Compares the file's MD5 (hex digits). An empty text means that there is none.
    #[must_use]
    pub fn expecting_md5(mut self, md5: &str) -> Self {
        self.check.expected_md5 = md5_of_message(md5);
        self
    }

    /// Goes on after the first `bytes_done` bytes, with the [`index_token`](Self::index_token) of then: in another
    /// process, too.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidArgument`] if the two do not belong together: the token must begin with the block of 16 bytes
    /// in which byte `bytes_done` lies.
    pub fn resume(mut self, token: IndexToken, bytes_done: u64) -> Result<Self> {
        let skip = bytes_done.checked_sub(token.start());
        match skip {
            Some(skip) if token.rest_from(bytes_done) == Some(token) => {
                self.state = State::Between { skip };
                self.token = token;
                self.position = bytes_done;
                Ok(self)
            }
            _ => Err(Error::InvalidArgument {
                argument: "index token",
                problem: "does not belong to the number of bytes that are done",
            }),
        }
    }

    /// Goes on after the first `bytes_done` bytes without a stored token: any file can be entered anywhere.
    #[must_use]
    pub fn resume_at(mut self, bytes_done: u64) -> Self {
        let token = IndexToken::containing(bytes_done);
        self.state = State::Between { skip: bytes_done.saturating_sub(token.start()) };
        self.token = token;
        self.position = bytes_done;
        self
    }

    /// After [`resume`](Self::resume), reads the part that is done already, so that [`verify`](Self::verify) can check
    /// the MD5 of the whole.
    ///
    /// # Errors
    ///
    /// Those of `done`, and [`io::ErrorKind::InvalidData`] if it has not exactly as many bytes as were said to be done.
    pub fn rehash(mut self, mut done: impl Read) -> io::Result<Self> {
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
            position = position.saturating_add(u64::try_from(count).unwrap_or(u64::MAX));
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

    /// How many bytes have been read.
    #[must_use]
    pub fn position(&self) -> u64 {
        self.position
    }

    /// Whether the whole file has been read.
    #[must_use]
    pub fn is_done(&self) -> bool {
        matches!(self.state, State::End)
    }

    /// What to [`resume`](Self::resume) with, together with [`position`](Self::position); `None` at the end.
    #[must_use]
    pub fn index_token(&self) -> Option<IndexToken> {
        match &self.state {
            State::Between { .. } => Some(self.token),
            State::Reading { rest, next } if rest.is_empty() => *next,
            State::Reading { .. } => self.token.rest_from(self.position),
            State::End => None,
        }
    }

    /// The file that is read.
    #[must_use]
    pub fn file_id(&self) -> &SdkFileId {
        &self.file_id
    }

    /// What length and MD5 say, once the whole file has been read.
    #[must_use]
    pub fn verify(&self) -> Verdict {
        if self.is_done() { self.check.verdict(self.position) } else { Verdict::Incomplete }
    }

    /// The MD5 of the whole, 32 lower-case hex digits, once all of it has been read, or rehashed, without a hole.
    #[must_use]
    pub fn md5(&self) -> Option<String> {
        if self.is_done() { self.check.md5_of(self.position) } else { None }
    }

    /// The unread bytes of the piece at hand, or the next piece; `None` at the end. No copy is made.
    ///
    /// # Errors
    ///
    /// What is left after the retries. Calling again tries the same piece again.
    pub fn next_chunk(&mut self) -> Result<Option<Bytes>> {
        if !self.fill()? {
            return Ok(None);
        }
        let State::Reading { rest, .. } = &self.state else { return Ok(None) };
        let chunk = rest.clone();
        self.advance(chunk.len());
        Ok(Some(chunk))
    }

    /// Makes unread bytes available. `false` at the end.
    fn fill(&mut self) -> Result<bool> {
        loop {
            match &mut self.state {
                State::End => return Ok(false),
                State::Reading { rest, .. } if !rest.is_empty() => return Ok(true),
                State::Reading { next: None, .. } => self.state = State::End,
                State::Reading { next: Some(next), .. } => {
                    self.token = *next;
                    self.state = State::Between { skip: 0 };
                }
                State::Between { skip } => {
                    let skip = *skip;
                    // The first piece is asked for as the vendor's own example does: without a token.
                    let token = Some(&self.token).filter(|token| **token != IndexToken::first());
                    let chunk = self.sdk.media_chunk(&self.file_id, token)?;
                    let mut rest = chunk.data;
                    let known = usize::try_from(skip).unwrap_or(usize::MAX);
                    if known > rest.len() {
                        return Err(Error::MediaStalled {
                            position: self.position,
                            detail: "the file ends before the part that is done already",
                        });
                    }
                    rest.advance(known);
                    self.state = State::Reading { rest, next: chunk.next };
                }
            }
        }
    }

    fn advance(&mut self, count: usize) {
        if let State::Reading { rest, .. } = &mut self.state {
            let count = count.min(rest.len());
            let read = rest.split_to(count);
            self.check.update(self.position, &read);
            self.position = self.position.saturating_add(u64::try_from(count).unwrap_or(u64::MAX));
        }
    }
}

impl Read for MediaReader {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if buffer.is_empty() {
            return Ok(0);
        }
        let count = self.fill_buf()?.read(buffer)?;
        self.consume(count);
        Ok(count)
    }
}

impl BufRead for MediaReader {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        self.fill()?;
        match &self.state {
            State::Reading { rest, .. } => Ok(rest),
            State::Between { .. } | State::End => Ok(&[]),
        }
    }

    fn consume(&mut self, count: usize) {
        self.advance(count);
    }
}

impl fmt::Debug for MediaReader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MediaReader")
            .field("file_id", &self.file_id)
            .field("position", &self.position)
            .field("index_token", &self.index_token())
            .field("is_done", &self.is_done())
            .finish_non_exhaustive()
    }
}
