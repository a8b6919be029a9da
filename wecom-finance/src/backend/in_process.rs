use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use wecom_finance_sys::Library;

use super::{Backend, Route, Session};
use crate::media::{IndexToken, MediaChunk, SdkFileId};
use crate::native::{self, Connection, Handle};
use crate::{Error, PageSize, RandomKey};

/// The SDK in this process.
#[derive(Debug)]
pub(crate) struct InProcess {
    library: Library,
    way: Way,
}

impl InProcess {
    /// With `connection`, which has the proxy of a route of its own already.
    #[cfg_attr(
        not(feature = "egress"),
        expect(
            unused_variables,
            clippy::needless_pass_by_value,
            clippy::unnecessary_wraps,
            reason = "only an egress waits, can be missing, and is kept"
        )
    )]
    pub(crate) fn new(
        library: Library,
        connection: Connection,
        route: Route,
        timeout: Duration,
    ) -> Result<Self, Error> {
        let way = match route {
            Route::Own(_) => Way::Straight(Arc::new(connection)),
            #[cfg(feature = "egress")]
            Route::Verified(egress) => {
                // What stands in the way of sessions is found out here, not at the first call.
                egress.proxy()?;
                let timeout = Duration::from_secs(native::whole_seconds(timeout));
                Way::Verified { connection: Box::new(connection), egress, timeout }
            }
        };
        Ok(Self { library, way })
    }
}

/// How sessions reach WeCom.
#[derive(Debug)]
enum Way {
    /// As the SDK itself does, or through the user's proxy.
    Straight(Arc<Connection>),
    /// Every session with credentials of its own for the egress, which so knows whose calls fail.
    #[cfg(feature = "egress")]
    Verified { connection: Box<Connection>, egress: crate::Egress, timeout: Duration },
}

impl Backend for InProcess {
    fn session(&self) -> Result<Box<dyn Session>, Error> {
        let table = self.library.table();
        match &self.way {
            Way::Straight(connection) => {
                let handle = Handle::new(table, connection)?;
                Ok(Box::new(InProcessSession { handle, connection: Arc::clone(connection) }))
            }
            #[cfg(feature = "egress")]
            Way::Verified { connection, egress, timeout } => {
                let egress = egress.session(*timeout)?;
                let connection = Arc::new(connection.through(egress.proxy().to_c()?));
                let handle = Handle::new(table, &connection)?;
                Ok(Box::new(VerifiedSession { session: InProcessSession { handle, connection }, egress }))
            }
        }
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

/// A session whose errors are the true ones.
#[cfg(feature = "egress")]
struct VerifiedSession {
    session: InProcessSession,
    egress: crate::EgressSession,
}

#[cfg(feature = "egress")]
impl Session for VerifiedSession {
    fn chat_page(&mut self, after: u64, limit: PageSize) -> Result<Bytes, Error> {
        self.egress.explained(|| self.session.chat_page(after, limit))
    }

    fn media_chunk(&mut self, file_id: &SdkFileId, token: Option<&IndexToken>) -> Result<MediaChunk, Error> {
        self.egress.explained(|| self.session.media_chunk(file_id, token))
    }
}
