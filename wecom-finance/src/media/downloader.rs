//! Several files, and several pieces of a file, at once.

mod order;
mod plan;
mod pool;

use std::fmt;
use std::num::NonZero;
use std::sync::Arc;

use wecom_finance_sys::contracts::MEDIA_CHUNK_BYTES;

use super::{Download, SdkFileId};
use crate::{Error, Result, Sdk};
use plan::Limits;
pub(super) use pool::Ahead;
use pool::Pool;

/// A call takes the SDK 5 MB, and what the C library's allocator keeps of it is kept for each thread that calls.
const DEFAULT_CONNECTIONS: NonZero<usize> = NonZero::new(6).unwrap();
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

    /// How many sessions are used at once, over all files. 6 unless set. Each is a thread in the SDK, which takes some
    /// 5 MB for a call: on top of [`memory`](Self::memory), and with glibc kept for the next call unless
    /// [`return_freed_memory`](crate::return_freed_memory) was called.
    pub fn connections(mut self, connections: NonZero<usize>) -> Self {
        self.connections = connections;
        self
    }

    /// How many pieces of one file are fetched at once, if its size is known. 8 unless set.
    pub fn ranges_per_file(mut self, ranges: NonZero<usize>) -> Self {
        self.ranges_per_file = ranges;
        self
    }

    /// The bound, in bytes, on pieces of 512 KiB that are being fetched or not yet read, over all files. 16 MiB unless
    /// set. The next piece of a file is always fetched when its reader waits for it.
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
        let chunks = usize::try_from(self.memory / MEDIA_CHUNK_BYTES).unwrap_or(usize::MAX);
        let limits = Limits { ranges_per_file: self.ranges_per_file.get(), chunks };
        let pool = Arc::new(Pool::new(self.sdk.clone(), self.connections.get(), limits));
        Ok(Downloader { settings: Arc::new(self), pool })
    }
}

/// Fetches files over several sessions at once: several files, and several ranges of one file whose size is known.
///
/// Cheap to clone and free to share: all [`Download`]s of one downloader share its sessions and its memory. What a
/// reader waits for is fetched first, then what readers will need soonest, file by file in turn; so many files get
/// along with few sessions, and a reader that pauses keeps no more than its share.
///
/// Nothing is fetched ahead before a first piece of the file has come, so a file that is gone costs one call.
///
/// A server that refuses ranges out of order is found out after some dozen calls; then all files are fetched in
/// sequence ([`is_sequential`](Self::is_sequential)).
///
/// The SDK blocks, so the sessions are used by threads: at most as many as there are
/// [`connections`](DownloaderBuilder::connections), started when they are needed. Dropping the last clone and the last
/// [`Download`] waits for the calls that are under way, each for the timeout at most.
///
/// # Examples
///
/// ```no_run
/// # fn example(sdk: wecom_finance::Sdk, records: Vec<wecom_finance::ChatRecord>) -> Result<(), Box<dyn std::error::Error>> {
/// let downloader = sdk.downloader().build()?;
/// for media in records.iter().flat_map(|record| record.media()) {
///     // With the size that the message states, eight ranges of the file are under way at once.
///     let mut download = downloader.download(media.file_id())?.expecting(&media);
///     std::io::copy(&mut download, &mut std::fs::File::create("file")?)?;
///     println!("{:?}", download.verify());
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
#[doc(alias = "GetMediaData")]
pub struct Downloader {
    settings: Arc<DownloaderBuilder>,
    pool: Arc<Pool>,
}

impl Downloader {
    /// A download of the file of this `sdkfileid`. Nothing is fetched before it is read.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidArgument`] for an id that is empty or cannot be one.
    pub fn download(&self, file_id: impl AsRef<str>) -> Result<Download> {
        let file_id = SdkFileId::new(file_id.as_ref())?;
        Ok(Download::new(Ahead::new(Arc::clone(&self.pool), file_id)))
    }

    /// Whether the server was found to refuse ranges out of order. Files are fetched in sequence then, several of them
    /// at once as before.
    #[must_use]
    pub fn is_sequential(&self) -> bool {
        self.pool.is_sequential()
    }

    /// What the files are fetched with.
    #[must_use]
    pub fn sdk(&self) -> &Sdk {
        self.pool.sdk()
    }
}

impl fmt::Debug for Downloader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Downloader")
            .field("settings", &self.settings)
            .field("is_sequential", &self.is_sequential())
            .finish_non_exhaustive()
    }
}

const _: fn() = || {
    fn shared<T: Send + Sync + Clone>() {}
    shared::<Downloader>();
};

const _: fn() = || {
    fn sent<T: Send + Sync>() {}
    sent::<Download>();
};
