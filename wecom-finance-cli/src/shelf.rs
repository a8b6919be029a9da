//! Where files are kept: on the way as parts on this machine, whole on a shelf.

mod directory;
mod kind;
mod name;
#[cfg(feature = "object-store")]
mod objects;
mod staging;
mod unreachable;

use std::fmt::Debug;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::download::with_suffix;
use crate::failure::Failure;
use crate::language::say;

pub(crate) use directory::Directory;
pub(crate) use kind::{HEAD, extension};
pub(crate) use name::FileName;
pub(crate) use staging::{Staging, resumed};
pub(crate) use unreachable::Unreachable;

/// Whole files, by names with `/` between their parts. Whatever it is: what it says it has taken, it has for good.
pub(crate) trait Shelf: Debug + Send + Sync {
    /// The length of the file with this name, if there is one.
    fn length_of(&self, file: &str) -> io::Result<Option<u64>>;

    /// Whether the file with this name is there and holds, byte for byte, what the staged one does.
    fn holds(&self, file: &str, staged: &Path) -> io::Result<bool>;

    /// Takes a staged file, whole and synced, under this name. It is gone from its place then. One that has the name
    /// already is replaced.
    fn take(&self, staged: &Path, file: &str) -> io::Result<()>;
}

/// Both places.
#[derive(Clone, Debug)]
pub(crate) struct Place {
    pub(crate) staging: Staging,
    pub(crate) shelf: Arc<dyn Shelf>,
}

/// The place that `--media` names. Nothing is made yet. Files for an object store grow beside the database.
pub(crate) fn place(media: &Path, db: &Path) -> Result<Place, Failure> {
    let Some(address) = media.to_str().filter(|text| text.contains("://")) else {
        return Ok(Place {
            staging: Staging::new(media.to_owned()),
            shelf: Arc::new(Directory::new(media.to_owned())),
        });
    };
    Ok(Place { staging: Staging::new(with_suffix(db, "-parts")), shelf: object_store(address)? })
}

#[cfg(feature = "object-store")]
fn object_store(address: &str) -> Result<Arc<dyn Shelf>, Failure> {
    // A variable that is no text is none of a store's.
    let environment = std::env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)));
    let store = objects::Objects::open(address, environment).map_err(|error| {
        Failure::usage(
            format!("the object store given with --media cannot be used: {error}"),
            say(
                "give s3://bucket/prefix, gs://bucket/prefix or az://container/prefix; credentials and endpoint belong \
                 into the environment (AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_ENDPOINT, …)",
                "请使用 s3://bucket/prefix、gs://bucket/prefix 或 az://container/prefix；凭证与端点请放入环境变量\
                 （AWS_ACCESS_KEY_ID、AWS_SECRET_ACCESS_KEY、AWS_ENDPOINT 等）",
            ),
        )
    })?;
    Ok(Arc::new(store))
}

#[cfg(not(feature = "object-store"))]
fn object_store(address: &str) -> Result<Arc<dyn Shelf>, Failure> {
    Err(Failure::usage(
        format!("--media {address} is the address of an object store, not a directory"),
        say(
            "give a directory; object stores need a build of this program with the feature `object-store`",
            "请指定一个目录；对象存储需要启用 object-store 特性构建的本程序",
        ),
    ))
}

/// The path of a name below a directory.
fn below(directory: &Path, file: &str) -> PathBuf {
    file.split('/').fold(directory.to_owned(), |path, part| path.join(part))
}
