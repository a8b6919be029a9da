use std::fmt;
use std::num::NonZero;
use std::sync::Arc;

use wecom_finance_sys::contracts::MEDIA_CHUNK_BYTES;

use super::{Download, MediaReader, SdkFileId};
use crate::{Error, Result, Sdk};

const DEFAULT_CONNECTIONS: NonZero<usize> = NonZero::new(8).unwrap();
const DEFAULT_RANGES_PER_FILE: NonZero<usize> = NonZero::new(8).unwrap();
const DEFAULT_MEMORY: u64 = 16 * 1024 * 1024;

/// Puts a [`Downloader`] together. Made by [`Sdk::downloader`].
#[derive(Clone, Debug)]
#[must_use]
pub struct DownloaderBuilder {
    sdk: Sdk,
    connections: NonZero<usize>,
    ranges_per_file: NonZero<usize>,
    memory: u64,
}

impl DownloaderBuilder {
    pub(crate) fn new(sdk: Sdk) -> Self {
        Self {
            sdk,
            connections: DEFAULT_CONNECTIONS,
            ranges_per_file: DEFAULT_RANGES_PER_FILE,
            memory: DEFAULT_MEMORY,
        }
    }

    /// How many sessions are used at once, over all files. 8 unless set.
    pub fn connections(mut self, connections: NonZero<usize>) -> Self {
        self.connections = connections;
        self
    }

    /// How many pieces of one file are fetched at once. 8 unless set.
    pub fn ranges_per_file(mut self, ranges: NonZero<usize>) -> Self {
        self.ranges_per_file = ranges;
        self
    }

    /// The bound, in bytes, on pieces that are being fetched or wait to be read, over all files. 16 MiB unless set.
    /// Each file may always have its next piece of 512 KiB.
    pub fn memory(mut self, bytes: u64) -> Self {
        self.memory = bytes;
        self
    }

    /// Checks the settings. No thread is started yet.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidArgument`] if the memory does not hold one piece of 512 KiB.
    pub fn build(self) -> Result<Downloader> {
        if self.memory < MEDIA_CHUNK_BYTES {
            return Err(Error::InvalidArgument {
                argument: "memory",
                problem: "does not hold one chunk of 512 KiB",
            });
        }
        Ok(Downloader { inner: Arc::new(self) })
    }
}

/// Fetches files. Cheap to clone and free to share.
#[derive(Clone)]
pub struct Downloader {
    inner: Arc<DownloaderBuilder>,
}

impl Downloader {
    /// Begins with the file of this `sdkfileid`. Nothing is fetched before it is read.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidArgument`] for an id that is empty or cannot be one.
    pub fn download(&self, file_id: impl AsRef<str>) -> Result<Download> {
        let reader = MediaReader::new(self.sdk().clone(), SdkFileId::new(file_id.as_ref())?);
        Ok(Download::new(self.clone(), reader))
    }

    /// Whether files are fetched piece after piece.
    #[must_use]
    pub fn is_sequential(&self) -> bool {
        true
    }

    /// What the files are fetched with.
    #[must_use]
    pub fn sdk(&self) -> &Sdk {
        &self.inner.sdk
    }
}

impl fmt::Debug for Downloader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Downloader")
            .field("sdk", &self.inner.sdk)
            .field("connections", &self.inner.connections)
            .field("ranges_per_file", &self.inner.ranges_per_file)
            .field("memory", &self.inner.memory)
            .field("is_sequential", &self.is_sequential())
            .finish()
    }
}

const _: fn() = || {
    fn shared<T: Send + Sync + Clone>() {}
    shared::<Downloader>();
};

const _: fn() = || {
    fn sent<T: Send>() {}
    sent::<Download>();
};
