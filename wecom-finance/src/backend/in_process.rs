use std::sync::Arc;

use bytes::Bytes;
use wecom_finance_sys::Library;

use super::{Backend, Session};
use crate::media::{IndexToken, MediaChunk, SdkFileId};
use crate::native::{self, Connection, Handle};
use crate::{Error, PageSize, RandomKey};

/// The SDK in this process.
#[derive(Debug)]
pub(crate) struct InProcess {
    library: Library,
    connection: Arc<Connection>,
}

impl InProcess {
    pub(crate) fn new(library: Library, connection: Connection) -> Self {
        Self { library, connection: Arc::new(connection) }
    }
}

impl Backend for InProcess {
    fn session(&self) -> Result<Box<dyn Session>, Error> {
        let handle = Handle::new(self.library.table(), &self.connection)?;
        Ok(Box::new(InProcessSession { handle, connection: Arc::clone(&self.connection) }))
    }

    fn open(&self, random_key: &RandomKey, encrypt_chat_msg: &str) -> Result<Bytes, Error> {
        native::open(self.library.table(), random_key.as_bytes(), encrypt_chat_msg)
    }
}

struct InProcessSession {
    handle: Handle,
    connection: Arc<Connection>,
}

impl Session for InProcessSession {
    fn chat_page(&mut self, after: u64, limit: PageSize) -> Result<Bytes, Error> {
        self.handle.chat_page(&self.connection, after, limit)
    }

    fn media_chunk(&mut self, file_id: &SdkFileId, token: Option<&IndexToken>) -> Result<MediaChunk, Error> {
        self.handle.media_chunk(&self.connection, file_id, token)
    }
}
