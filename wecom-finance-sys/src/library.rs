//! Finding, checking and loading the genuine library.

mod clash;
mod error;
mod file;

use std::fmt;
use std::mem::ManuallyDrop;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

pub use clash::Clash;
pub use error::LoadError;
pub use file::LibraryFile;

use crate::bindings::SdkLibrary;
use crate::implement::Implementation;
use crate::{FunctionTable, SdkBuild};

/// A provider of the SDK's functions that is ready to be called.
///
/// The genuine library is loaded once per process and never unloaded (C11). Copies are cheap and all mean the same.
#[derive(Clone, Copy, Debug)]
pub struct Library {
    table: &'static FunctionTable,
    file: Option<&'static LoadedFile>,
}

/// The loaded library. Leaked, so that nothing ever unloads it (C11).
struct LoadedFile {
    path: PathBuf,
    build: SdkBuild,
    table: FunctionTable,
    _never_unloaded: SdkLibrary,
}

impl fmt::Debug for LoadedFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LoadedFile")
            .field("path", &self.path)
            .field("build", &self.build)
            .finish_non_exhaustive()
    }
}

static LOADED: Mutex<Option<&'static LoadedFile>> = Mutex::new(None);

impl Library {
    /// Loads the SDK from a file, after checking what could go wrong.
    ///
    /// The library is loaded once per process: opening the same file again, or a copy of it, gives the library that is
    /// already there. Load it early: C++ libraries that are loaded after it do no harm, ones that came before may
    /// (see [`Clash`]).
    ///
    /// # Safety
    ///
    /// The file must be the vendor's SDK, or something with the same ABI and the same
    /// [`contracts`](crate::contracts): its initialisers run at once and its functions are called later.
    /// [`Library::build`] tells whether it is a build whose behaviour is known.
    ///
    /// # Errors
    ///
    /// [`LoadError`] names the path and tells apart a file that is missing, that cannot be loaded (and why), that is
    /// not the SDK, and a process in which loading it would crash.
    ///
    /// # Examples
    ///
    /// ```no_run
    /// use wecom_finance_sys::Library;
    ///
    /// // SAFETY: the vendor's library, unpacked from the vendor's download.
    /// let library = unsafe { Library::open("/opt/wecom/libWeWorkFinanceSdk_C.so") }?;
    /// # Ok::<(), wecom_finance_sys::LoadError>(())
    /// ```
    pub unsafe fn open(path: impl AsRef<Path>) -> Result<Self, LoadError> {
        // SAFETY: the caller's promise is the same.
        unsafe { OpenOptions::new().open(path) }
    }

    /// A stand-in that is written in safe Rust, in this process and without a file.
    #[must_use]
    pub fn implemented_by<T: Implementation>() -> Self {
        Self { table: FunctionTable::implemented_by::<T>(), file: None }
    }

    /// A stand-in from its functions.
    ///
    /// # Safety
    ///
    /// The functions must keep the [`contracts`](crate::contracts).
    #[must_use]
    pub const unsafe fn from_table(table: &'static FunctionTable) -> Self {
        Self { table, file: None }
    }

    /// The SDK's functions.
    #[must_use]
    pub const fn table(self) -> &'static FunctionTable {
        self.table
    }

    /// The file the library was loaded from; `None` for a stand-in.
    #[must_use]
    pub fn path(self) -> Option<&'static Path> {
        self.file.map(|file| file.path.as_path())
    }

    /// The same as a file, for another process to load; `None` for a stand-in without one.
    #[must_use]
    pub fn file(self) -> Option<LibraryFile> {
        self.file.map(|file| LibraryFile::loaded(file.path.clone(), file.build))
    }

    /// Which build of the SDK this is; `None` for a stand-in without a file.
    #[must_use]
    pub fn build(self) -> Option<SdkBuild> {
        self.file.map(|file| file.build)
    }
}

/// How to load the library, where [`Library::open`] is too careful.
#[derive(Clone, Debug, Default)]
pub struct OpenOptions {
    accept_clash: bool,
}

impl OpenOptions {
    /// The careful defaults of [`Library::open`].
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Loads the library although another one is in its way. With a [`Clash`], the process most likely aborts while
    /// loading.
    #[must_use]
    pub fn accept_clash(mut self, accept: bool) -> Self {
        self.accept_clash = accept;
        self
    }

    /// Loads the SDK, like [`Library::open`].
    ///
    /// # Safety
    ///
    /// As for [`Library::open`].
    ///
    /// # Errors
    ///
    /// As for [`Library::open`].
    pub unsafe fn open(&self, path: impl AsRef<Path>) -> Result<Library, LoadError> {
        let path = path.as_ref();
        if cfg!(target_env = "musl") {
            return Err(LoadError::Musl { path: path.to_owned() });
        }
        let candidate = file::Candidate::read(path)?;
        // Held to the end, so that two threads do not load two files.
        let mut loaded = LOADED.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(present) = *loaded {
            return if candidate.path == present.path || candidate.build == present.build {
                Ok(present.library())
            } else {
                Err(LoadError::AlreadyLoaded { path: candidate.path, loaded: present.path.clone() })
            };
        }
        candidate.check_format()?;
        if !self.accept_clash
            && !clash::is_already_mapped(&candidate.path)
            && let Some(clash) = clash::find()
        {
            return Err(LoadError::SymbolClash { path: candidate.path, clash });
        }
        // SAFETY: the caller promises that the file is the SDK; its format and the process were checked above.
        let library = unsafe { load(&candidate.path) }?;
        let file: &'static LoadedFile = Box::leak(Box::new(LoadedFile {
            path: candidate.path,
            build: candidate.build,
            table: FunctionTable::of_library(&library),
            _never_unloaded: library,
        }));
        *loaded = Some(file);
        Ok(file.library())
    }
}

impl LoadedFile {
    fn library(&'static self) -> Library {
        Library { table: &self.table, file: Some(self) }
    }
}

/// # Safety
///
/// As for [`Library::open`].
unsafe fn load(path: &Path) -> Result<SdkLibrary, LoadError> {
    // SAFETY: the caller promises that the initialisers of the file may run.
    let library = unsafe { open_local(path) }.map_err(|error| LoadError::from_loader(path, &error))?;
    // From here on nothing may drop the library: that would unload it (C11).
    let library = ManuallyDrop::new(library);
    if let Some(symbol) = missing_symbol(&library) {
        return Err(LoadError::MissingSymbol { path: path.to_owned(), symbol });
    }
    let library = ManuallyDrop::into_inner(library);
    // SAFETY: all the functions are there, and the caller promises that they have the SDK's signatures.
    unsafe { SdkLibrary::from_library(library) }.map_err(|error| LoadError::from_loader(path, &error))
}

/// Local scope, so that the SDK's OpenSSL, curl and C++ runtime serve nobody else; all symbols at once, so that what is
/// missing is missing now. Never `RTLD_DEEPBIND`: it turns working processes into aborting ones.
#[cfg(unix)]
unsafe fn open_local(path: &Path) -> Result<libloading::Library, libloading::Error> {
    use libloading::os::unix::{Library, RTLD_LOCAL, RTLD_NOW};
    // SAFETY: the caller's promise.
    unsafe { Library::open(Some(path), RTLD_NOW | RTLD_LOCAL) }.map(Into::into)
}

/// The DLL brings libcurl and OpenSSL as files beside it: look for them there.
#[cfg(windows)]
unsafe fn open_local(path: &Path) -> Result<libloading::Library, libloading::Error> {
    use libloading::os::windows::{
        LOAD_LIBRARY_SEARCH_DEFAULT_DIRS, LOAD_LIBRARY_SEARCH_DLL_LOAD_DIR, Library,
    };
    let flags = LOAD_LIBRARY_SEARCH_DLL_LOAD_DIR | LOAD_LIBRARY_SEARCH_DEFAULT_DIRS;
    // SAFETY: the caller's promise.
    unsafe { Library::load_with_flags(path, flags) }.map(Into::into)
}

fn missing_symbol(library: &libloading::Library) -> Option<&'static str> {
    SYMBOLS.into_iter().find(|symbol| {
        // SAFETY: the pointer is only looked for, never called.
        unsafe { library.get::<*const ()>(symbol.as_bytes()) }.is_err()
    })
}

/// The functions that the library must export, in the order of the header.
pub const SYMBOLS: [&str; 17] = [
    "NewSdk",
    "Init",
    "GetChatData",
    "DecryptData",
    "GetMediaData",
    "DestroySdk",
    "NewSlice",
    "FreeSlice",
    "GetContentFromSlice",
    "GetSliceLen",
    "NewMediaData",
    "FreeMediaData",
    "GetOutIndexBuf",
    "GetData",
    "GetIndexLen",
    "GetDataLen",
    "IsMediaDataFinish",
];

#[cfg(test)]
mod tests {
    use super::SYMBOLS;

    #[test]
    fn the_symbols_are_those_of_the_bindings() {
        let bindings = include_str!("bindings.rs");
        let declared: Vec<&str> = bindings
            .lines()
            .filter_map(|line| line.trim().strip_prefix("pub "))
            .filter_map(|field| field.split_once(": unsafe extern \"C\" fn").map(|(name, _)| name))
            .collect();
        assert_eq!(declared, SYMBOLS);
    }
}
