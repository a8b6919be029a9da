//! Files of messages: fetched in pieces, read as a stream, checked at the end.

mod chunk;
mod download;
mod downloader;
mod index_token;
mod reader;
mod sdk_file_id;
mod verify;

pub use chunk::MediaChunk;
pub use download::Download;
pub use downloader::{Downloader, DownloaderBuilder};
pub use index_token::IndexToken;
pub use reader::MediaReader;
pub use sdk_file_id::SdkFileId;
pub use verify::Verdict;
