use std::fmt;
use std::io::{self, BufRead, Read, Seek, SeekFrom};

use bytes::Bytes;

use super::in_order::{InOrder, Source};
use super::{IndexToken, MediaChunk, SdkFileId, Verdict};
use crate::message::MediaReference;
use crate::sdk::Patience;
use crate::{Result, Sdk};

/// Reads a file of a message, 512 KiB at a time, with one piece in memory. Made by [`Sdk::media`].
///
/// It is its own buffer, the SDK's: do not wrap it in a `BufReader`. To read pieces without copying, use
/// [`BufRead::fill_buf`] or [`next_chunk`](Self::next_chunk). To have several pieces under way at once, use a
/// [`Downloader`](crate::Downloader).
///
/// # Errors
///
/// A piece is retried as the [`RetryPolicy`](crate::RetryPolicy) says. A failure after that comes out as an
/// [`io::Error`] that holds an [`Error`](crate::Error) ([`io::Error::downcast`]) and loses nothing: reading on tries
/// the same piece again, and [`index_token`](Self::index_token) resumes in another process.
///
/// # Seeking
///
/// Any position can be sought to; it costs a call, unless it is in the piece at hand. [`SeekFrom::End`] needs the
/// length: from [`expecting`](Self::expecting), or because the last piece was seen; otherwise it fails with
/// [`io::ErrorKind::Unsupported`]. Beyond the end there is nothing to read, as in any file. WeCom has no answer for
/// that but an error like others, so the reader looks for the end, which takes some calls. If the end cannot be found,
/// the error comes out.
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
    reading: InOrder<Direct>,
}

/// Pieces from the SDK, in the caller's thread.
struct Direct {
    sdk: Sdk,
    file_id: SdkFileId,
}

impl Source for Direct {
    type Permit = ();
    const KEEPS_CHUNK: bool = true;

    fn file_id(&self) -> &SdkFileId {
        &self.file_id
    }

    fn fetch(
        &mut self,
        token: IndexToken,
        _stated_len: Option<u64>,
        patience: Patience,
    ) -> Result<(MediaChunk, ())> {
        let chunk = match patience {
            Patience::Full => self.sdk.media_chunk(&self.file_id, token.argument()),
            Patience::Light => self.sdk.media_chunk_lightly(&self.file_id, token.argument()),
        };
        Ok((chunk?, ()))
    }
}

impl MediaReader {
    pub(crate) fn new(sdk: Sdk, file_id: SdkFileId) -> Self {
        Self { reading: InOrder::new(Direct { sdk, file_id }) }
    }

    /// Compares the file with what its message says about it, see [`verify`](Self::verify).
    #[must_use]
    pub fn expecting(self, media: &MediaReference) -> Self {
        Self { reading: self.reading.expecting(media) }
    }

    /// Compares the file's length in bytes.
    #[must_use]
    pub fn expecting_len(self, len: u64) -> Self {
        Self { reading: self.reading.expecting_len(len) }
    }

    /// Compares the file's MD5 (hex digits). An empty text means that there is none.
    #[must_use]
    pub fn expecting_md5(self, md5: &str) -> Self {
        Self { reading: self.reading.expecting_md5(md5) }
    }

    /// Goes on after the first `bytes_done` bytes, with the [`index_token`](Self::index_token) of then: in another
    /// process, too.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidArgument`](crate::Error::InvalidArgument) if the two do not belong together: the token must
    /// begin with the block of 16 bytes in which byte `bytes_done` lies.
    pub fn resume(self, token: IndexToken, bytes_done: u64) -> Result<Self> {
        Ok(Self { reading: self.reading.resume(token, bytes_done)? })
    }

    /// Goes on after the first `bytes_done` bytes without a stored token: any file can be entered anywhere. That there
    /// are fewer is an error, unlike after a seek.
    #[must_use]
    pub fn resume_at(self, bytes_done: u64) -> Self {
        Self { reading: self.reading.resume_at(bytes_done) }
    }

    /// After [`resume`](Self::resume), reads the part that is done already, so that [`verify`](Self::verify) can check
    /// the MD5 of the whole.
    ///
    /// # Errors
    ///
    /// Those of `done`, and [`io::ErrorKind::InvalidData`] if it has not exactly as many bytes as were said to be done.
    pub fn rehash(self, done: impl Read) -> io::Result<Self> {
        Ok(Self { reading: self.reading.rehash(done)? })
    }

    /// How many bytes have been read; after a seek, where reading goes on.
    #[must_use]
    pub fn position(&self) -> u64 {
        self.reading.position
    }

    /// Whether there is nothing left to read: the whole file has been read, or a seek led to its end.
    #[must_use]
    pub fn is_done(&self) -> bool {
        self.reading.is_done()
    }

    /// What to [`resume`](Self::resume) with, together with [`position`](Self::position); `None` at the end.
    #[must_use]
    pub fn index_token(&self) -> Option<IndexToken> {
        self.reading.index_token()
    }

    /// The file that is read.
    #[must_use]
    pub fn file_id(&self) -> &SdkFileId {
        self.reading.source.file_id()
    }

    /// What length and MD5 say, once the whole file has been read.
    #[must_use]
    pub fn verify(&self) -> Verdict {
        self.reading.verify()
    }

    /// The MD5 of the whole, 32 lower-case hex digits, once all of it has been read, or rehashed, without a hole.
    #[must_use]
    pub fn md5(&self) -> Option<String> {
        self.reading.md5()
    }

    /// The unread bytes of the piece at hand, or the next piece; `None` at the end. No copy is made.
    ///
    /// # Errors
    ///
    /// What is left after the retries. Calling again tries the same piece again.
    pub fn next_chunk(&mut self) -> Result<Option<Bytes>> {
        self.reading.next_chunk()
    }
}

impl Read for MediaReader {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.reading.read(buffer)
    }
}

impl BufRead for MediaReader {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        self.reading.fill_buf()
    }

    fn consume(&mut self, count: usize) {
        self.reading.consume(count);
    }
}

impl Seek for MediaReader {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        self.reading.seek(to)
    }
}

impl fmt::Debug for MediaReader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.reading.describe(f.debug_struct("MediaReader"))
    }
}
