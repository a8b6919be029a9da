//! Where files are kept: on the way as parts on this machine, whole on a shelf.

mod directory;
mod kind;
mod name;
mod staging;

use std::fmt::Debug;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::failure::Failure;
use crate::language::say;

pub(crate) use directory::Directory;
pub(crate) use kind::{HEAD, extension};
pub(crate) use name::FileName;
pub(crate) use staging::{Staging, resumed};

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

/// The place that `--media` names. Nothing is made yet.
pub(crate) fn place(media: &Path) -> Result<Place, Failure> {
    if media.to_str().is_some_and(|text| text.contains("://")) {
        return Err(Failure::usage(
            format!("--media {} is the address of an object store, not a directory", media.display()),
            say(
                "give a directory; object stores need a build of this program with the feature `object-store`",
                "请指定一个目录；对象存储需要启用 object-store 特性构建的本程序",
            ),
        ));
    }
    Ok(Place { staging: Staging::new(media.to_owned()), shelf: Arc::new(Directory::new(media.to_owned())) })
}

/// The path of a name below a directory.
fn below(directory: &Path, file: &str) -> PathBuf {
    file.split('/').fold(directory.to_owned(), |path, part| path.join(part))
}
