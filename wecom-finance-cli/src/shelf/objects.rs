//! An object store: S3 and what speaks like it, Google Cloud Storage, Azure Blob Storage.

use std::fs::{self, File};
use std::io::{self, Read as _};
use std::path::Path;

use bytes::Bytes;
use futures_util::StreamExt as _;
use object_store::path::Path as Key;
use object_store::{ObjectStore, ObjectStoreExt as _, PutPayload, WriteMultipart, parse_url_opts};
use tokio::runtime::Runtime;
use url::Url;

use super::Shelf;
use super::unreachable::Unreachable;

/// Up to this length a file is one request. Longer ones go in pieces of it: S3 takes 10,000 of them, 5 MiB or more each.
const PIECE_BYTES: usize = 8 << 20;

/// Pieces of one file under way at once: what they take of memory, times the files that are stored at once.
const PIECES_AT_ONCE: usize = 2;

/// What the environment may say about a store, by the beginnings of the variables' names. Nothing else is read of it.
const VARIABLES: [&str; 3] = ["aws_", "google_", "azure_"];

/// A place in an object store.
#[derive(Debug)]
pub(crate) struct Objects {
    store: Box<dyn ObjectStore>,
    prefix: Key,
    /// As it was given, without what may be secret in it.
    address: String,
    runtime: Runtime,
}

/// Why an address cannot be used.
#[derive(Debug, thiserror::Error)]
pub(crate) enum AddressError {
    #[error("it is no address: {0}")]
    Url(#[from] url::ParseError),
    #[error("credentials do not belong into it: they can be seen by others")]
    Credentials,
    #[error("what lives in memory or behind plain HTTP is no place for an archive")]
    Kind,
    #[error("{0}")]
    Store(String),
    #[error("the connections cannot be served: {0}")]
    Runtime(#[from] io::Error),
}

impl Objects {
    /// The place with this address. Credentials, region and endpoint come from the environment, by the names that the
    /// stores' own tools use (`AWS_ACCESS_KEY_ID`, `GOOGLE_SERVICE_ACCOUNT`, `AZURE_STORAGE_ACCOUNT_NAME`, …).
    pub(crate) fn open(
        address: &str,
        environment: impl Iterator<Item = (String, String)>,
    ) -> Result<Self, AddressError> {
        let url = Url::parse(address)?;
        if url.password().is_some() || url.query().is_some() {
            return Err(AddressError::Credentials);
        }
        if matches!(url.scheme(), "memory" | "http" | "https" | "file") {
            return Err(AddressError::Kind);
        }
        let options = environment
            .map(|(name, value)| (name.to_ascii_lowercase(), value))
            .filter(|(name, _)| VARIABLES.iter().any(|beginning| name.starts_with(beginning)));
        let (store, prefix) =
            parse_url_opts(&url, options).map_err(|error| AddressError::Store(without_queries(&error)))?;
        // One thread: it waits for the network.
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
        Ok(Self { store, prefix, address: address.trim_end_matches('/').to_owned(), runtime })
    }

    fn key(&self, file: &str) -> Key {
        let whole =
            if self.prefix.as_ref().is_empty() { file.to_owned() } else { format!("{}/{file}", self.prefix) };
        // Names of the shelf hold nothing that a key must not; if one did, it would be escaped.
        Key::parse(&whole).unwrap_or_else(|_odd| Key::from(whole))
    }

    fn failed(&self, error: &object_store::Error) -> io::Error {
        use object_store::Error;
        let kind = match error {
            Error::NotFound { .. } => io::ErrorKind::NotFound,
            Error::PermissionDenied { .. } | Error::Unauthenticated { .. } => io::ErrorKind::PermissionDenied,
            _ => io::ErrorKind::Other,
        };
        io::Error::new(kind, Unreachable { address: self.address.clone(), detail: without_queries(error) })
    }

    async fn put(&self, staged: &Path, key: &Key) -> io::Result<()> {
        let mut file = File::open(staged)?;
        let len = file.metadata()?.len();
        if len <= u64::try_from(PIECE_BYTES).unwrap_or(u64::MAX) {
            let mut content = Vec::new();
            file.read_to_end(&mut content)?;
            let put = self.store.put(key, PutPayload::from(content)).await;
            return put.map(|_etag| ()).map_err(|error| self.failed(&error));
        }
        let upload = self.store.put_multipart(key).await.map_err(|error| self.failed(&error))?;
        let mut writer = WriteMultipart::new_with_chunk_size(upload, PIECE_BYTES);
        let outcome = self.write(&mut file, &mut writer).await;
        match outcome {
            Ok(()) => writer.finish().await.map(|_etag| ()).map_err(|error| self.failed(&error)),
            Err(error) => {
                // What is there of it costs money until it is given up; the store's own rules do that, too.
                if let Err(error) = writer.abort().await {
                    tracing::warn!(error = %without_queries(&error), "an upload that failed cannot be given up");
                }
                Err(error)
            }
        }
    }

    async fn write(&self, file: &mut File, writer: &mut WriteMultipart) -> io::Result<()> {
        loop {
            let mut piece = Vec::new();
            let most = u64::try_from(PIECE_BYTES).unwrap_or(u64::MAX);
            if file.take(most).read_to_end(&mut piece)? == 0 {
                return Ok(());
            }
            writer.wait_for_capacity(PIECES_AT_ONCE).await.map_err(|error| self.failed(&error))?;
            writer.put(Bytes::from(piece));
        }
    }
}

impl Shelf for Objects {
    fn length_of(&self, file: &str) -> io::Result<Option<u64>> {
        match self.runtime.block_on(self.store.head(&self.key(file))) {
            Ok(found) => Ok(Some(found.size)),
            Err(object_store::Error::NotFound { .. }) => Ok(None),
            Err(error) => Err(self.failed(&error)),
        }
    }

    fn holds(&self, file: &str, staged: &Path) -> io::Result<bool> {
        let mut staged = File::open(staged)?;
        self.runtime.block_on(async {
            let found = match self.store.get(&self.key(file)).await {
                Ok(found) => found,
                Err(object_store::Error::NotFound { .. }) => return Ok(false),
                Err(error) => return Err(self.failed(&error)),
            };
            if found.meta.size != staged.metadata()?.len() {
                return Ok(false);
            }
            let mut content = found.into_stream();
            while let Some(piece) = content.next().await {
                let piece = piece.map_err(|error| self.failed(&error))?;
                let mut own = vec![0; piece.len()];
                staged.read_exact(&mut own)?;
                if own != piece {
                    return Ok(false);
                }
            }
            Ok(true)
        })
    }

    fn take(&self, staged: &Path, file: &str) -> io::Result<()> {
        let len = fs::metadata(staged)?.len();
        self.runtime.block_on(self.put(staged, &self.key(file)))?;
        // Only what the store says it has is gone from here.
        match self.length_of(file)? {
            Some(there) if there == len => fs::remove_file(staged),
            there => Err(io::Error::other(Unreachable {
                address: self.address.clone(),
                detail: format!("it took {len} bytes and then had {}", there.unwrap_or(0)),
            })),
        }
    }
}

/// An error's text. Queries of addresses are left out: some stores have signatures in them.
fn without_queries(error: &object_store::Error) -> String {
    let text = error.to_string();
    let words: Vec<&str> = text
        .split(' ')
        .map(|word| if word.contains("://") { word.split('?').next().unwrap_or_default() } else { word })
        .collect();
    words.join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn none() -> std::iter::Empty<(String, String)> {
        std::iter::empty()
    }

    #[test]
    fn addresses_that_cannot_be_used_are_refused() {
        for (address, expected) in [
            ("s3:bucket", "no address"),
            ("s3://key:secret@bucket/x", "credentials"),
            ("az://container/x?sig=abc", "credentials"),
            ("memory:///x", "no place"),
            ("http://127.0.0.1/x", "no place"),
            ("ftp://host/x", "ftp"),
        ] {
            let error = Objects::open(address, none()).map(|_| ()).unwrap_err().to_string();
            assert!(error.contains(expected) || address == "s3:bucket", "{address}: {error}");
        }
    }

    #[test]
    fn keys_lie_below_the_prefix_and_keep_their_letters() {
        let objects = Objects::open("s3://bucket/archive/media/", none()).unwrap();
        assert_eq!(
            objects.key("ww1/0/17-0-合同 终版.pdf").as_ref(),
            "archive/media/ww1/0/17-0-合同 终版.pdf"
        );
        let objects = Objects::open("s3://bucket", none()).unwrap();
        assert_eq!(objects.key("ww1/0/17-0.jpg").as_ref(), "ww1/0/17-0.jpg");
    }
}
