use std::fmt;
use std::io::{self, BufRead, Read};

use bytes::Bytes;

use super::downloader::Ahead;
use super::in_order::{InOrder, Source as _};
use super::{IndexToken, SdkFileId, Verdict};
use crate::Result;
use crate::message::MediaReference;

/// A file that several sessions fetch: its bytes in order. Made by [`Downloader::download`](crate::Downloader::download).
///
/// It is used as a [`MediaReader`](crate::MediaReader) is, and fails as one does: what was fetched ahead and did not
/// come is asked for again when it is needed, with all the patience of the [`RetryPolicy`](crate::RetryPolicy). Only
/// seeking is left to the reader.
///
/// Several ranges are under way at once if the size is known, from [`expecting`](Self::expecting) or
/// [`expecting_len`](Self::expecting_len). Should the size be wrong, the file comes whole all the same: of ranges
/// beyond the end nothing is seen, and what a message leaves out is fetched in sequence.
///
/// Dropping it gives up what is under way for it, without waiting.
#[doc(alias = "GetMediaData")]
pub struct Download {
    reading: InOrder<Ahead>,
}

impl Download {
    pub(super) fn new(source: Ahead) -> Self {
        Self { reading: InOrder::new(source) }
    }

    /// See [`MediaReader::expecting`](crate::MediaReader::expecting).
    #[must_use]
    pub fn expecting(self, media: &MediaReference) -> Self {
        Self { reading: self.reading.expecting(media) }
    }

    /// See [`MediaReader::expecting_len`](crate::MediaReader::expecting_len).
    #[must_use]
    pub fn expecting_len(self, len: u64) -> Self {
        Self { reading: self.reading.expecting_len(len) }
    }

    /// See [`MediaReader::expecting_md5`](crate::MediaReader::expecting_md5).
    #[must_use]
    pub fn expecting_md5(self, md5: &str) -> Self {
        Self { reading: self.reading.expecting_md5(md5) }
    }

    /// See [`MediaReader::resume`](crate::MediaReader::resume).
    ///
    /// # Errors
    ///
    /// [`Error::InvalidArgument`](crate::Error::InvalidArgument) if the two do not belong together.
    pub fn resume(self, token: IndexToken, bytes_done: u64) -> Result<Self> {
        Ok(Self { reading: self.reading.resume(token, bytes_done)? })
    }

    /// See [`MediaReader::resume_at`](crate::MediaReader::resume_at).
    #[must_use]
    pub fn resume_at(self, bytes_done: u64) -> Self {
        Self { reading: self.reading.resume_at(bytes_done) }
    }

    /// See [`MediaReader::rehash`](crate::MediaReader::rehash).
    ///
    /// # Errors
    ///
    /// Those of `done`, and [`io::ErrorKind::InvalidData`] if it has not exactly as many bytes as were said to be done.
    pub fn rehash(self, done: impl Read) -> io::Result<Self> {
        Ok(Self { reading: self.reading.rehash(done)? })
    }

    /// How many bytes have been read.
    #[must_use]
    pub fn position(&self) -> u64 {
        self.reading.position
    }

    /// Whether the whole file has been read.
    #[must_use]
    pub fn is_done(&self) -> bool {
        self.reading.is_done()
    }

    /// See [`MediaReader::index_token`](crate::MediaReader::index_token).
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

    /// The MD5 of the whole, see [`MediaReader::md5`](crate::MediaReader::md5).
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

impl Read for Download {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.reading.read(buffer)
    }
}

impl BufRead for Download {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        self.reading.fill_buf()
    }

    fn consume(&mut self, count: usize) {
        self.reading.consume(count);
    }
}

impl fmt::Debug for Download {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.reading.describe(f.debug_struct("Download"))
    }
}
