use std::fmt;
use std::io::{self, BufRead, Read};

use bytes::Bytes;

use super::{Downloader, IndexToken, MediaReader, SdkFileId, Verdict};
use crate::Result;
use crate::message::MediaReference;

/// A file on its way: its bytes in order. Made by [`Downloader::download`].
///
/// The same surface as [`MediaReader`], and the same errors.
pub struct Download {
    downloader: Downloader,
    reader: MediaReader,
}

impl Download {
    pub(super) fn new(downloader: Downloader, reader: MediaReader) -> Self {
        Self { downloader, reader }
    }

    fn map(self, change: impl FnOnce(MediaReader) -> MediaReader) -> Self {
        Self { downloader: self.downloader, reader: change(self.reader) }
    }

    /// See [`MediaReader::expecting`].
    #[must_use]
    pub fn expecting(self, media: &MediaReference) -> Self {
        self.map(|reader| reader.expecting(media))
    }

    /// See [`MediaReader::expecting_len`].
    #[must_use]
    pub fn expecting_len(self, len: u64) -> Self {
        self.map(|reader| reader.expecting_len(len))
    }

    /// See [`MediaReader::expecting_md5`].
    #[must_use]
    pub fn expecting_md5(self, md5: &str) -> Self {
        self.map(|reader| reader.expecting_md5(md5))
    }

    /// See [`MediaReader::resume`].
    ///
    /// # Errors
    ///
    /// [`Error::InvalidArgument`](crate::Error::InvalidArgument) if the two do not belong together.
    pub fn resume(self, token: IndexToken, bytes_done: u64) -> Result<Self> {
        Ok(Self { downloader: self.downloader, reader: self.reader.resume(token, bytes_done)? })
    }

    /// See [`MediaReader::resume_at`].
    #[must_use]
    pub fn resume_at(self, bytes_done: u64) -> Self {
        self.map(|reader| reader.resume_at(bytes_done))
    }

    /// See [`MediaReader::rehash`].
    ///
    /// # Errors
    ///
    /// Those of `done`, and [`io::ErrorKind::InvalidData`] if it has not exactly as many bytes as were said to be done.
    pub fn rehash(self, done: impl Read) -> io::Result<Self> {
        Ok(Self { downloader: self.downloader, reader: self.reader.rehash(done)? })
    }

    /// How many bytes have been read.
    #[must_use]
    pub fn position(&self) -> u64 {
        self.reader.position()
    }

    /// Whether the whole file has been read.
    #[must_use]
    pub fn is_done(&self) -> bool {
        self.reader.is_done()
    }

    /// See [`MediaReader::index_token`].
    #[must_use]
    pub fn index_token(&self) -> Option<IndexToken> {
        self.reader.index_token()
    }

    /// The file that is read.
    #[must_use]
    pub fn file_id(&self) -> &SdkFileId {
        self.reader.file_id()
    }

    /// What length and MD5 say, once the whole file has been read.
    #[must_use]
    pub fn verify(&self) -> Verdict {
        self.reader.verify()
    }

    /// The MD5 of the whole, see [`MediaReader::md5`].
    #[must_use]
    pub fn md5(&self) -> Option<String> {
        self.reader.md5()
    }

    /// The unread bytes of the piece at hand, or the next piece; `None` at the end. No copy is made.
    ///
    /// # Errors
    ///
    /// What is left after the retries. Calling again tries the same piece again.
    pub fn next_chunk(&mut self) -> Result<Option<Bytes>> {
        self.reader.next_chunk()
    }
}

impl Read for Download {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.reader.read(buffer)
    }
}

impl BufRead for Download {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        self.reader.fill_buf()
    }

    fn consume(&mut self, count: usize) {
        self.reader.consume(count);
    }
}

impl fmt::Debug for Download {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Download").field("reader", &self.reader).finish_non_exhaustive()
    }
}
