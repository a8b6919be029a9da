use std::path::{Path, PathBuf};

use super::Clash;

/// Why the SDK could not be loaded. Every variant carries the path and says what to do.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LoadError {
    /// No such file.
    #[error(
        "{} does not exist: download the SDK from WeCom's developer site \
         (https://developer.work.weixin.qq.com/document/path/91774) and give the path of libWeWorkFinanceSdk_C.so",
        path.display()
    )]
    NotFound {
        /// The path that was asked for.
        path: PathBuf,
    },
    /// The file is there and cannot be read.
    #[error("{} cannot be read", path.display())]
    NotReadable {
        /// The path that was asked for.
        path: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
    /// The file is no library for this system.
    #[error("{} is not a library for this system: it is {found}; {advice}", path.display())]
    NotALibrary {
        /// The path that was asked for.
        path: PathBuf,
        /// What the file is instead.
        found: &'static str,
        /// What to do about it.
        advice: &'static str,
    },
    /// The library is for another processor.
    #[error(
        "{} is built for {library}, this program for {host}: take the SDK build for {host} from the vendor's download",
        path.display()
    )]
    WrongArchitecture {
        /// The path that was asked for.
        path: PathBuf,
        /// The processor of the library.
        library: &'static str,
        /// The processor of this program.
        host: &'static str,
    },
    /// This program runs on musl, the SDK needs glibc.
    #[error(
        "{} needs glibc 2.17 or later, and this program is built for musl (Alpine): build it for a gnu target and run \
         it on a glibc system, such as a Debian image",
        path.display()
    )]
    Musl {
        /// The path that was asked for.
        path: PathBuf,
    },
    /// A library that the SDK needs is not installed.
    #[error("{} needs {library}, which is not installed{}", path.display(), install_hint(library))]
    MissingDependency {
        /// The path that was asked for.
        path: PathBuf,
        /// The file name of the missing library.
        library: String,
    },
    /// The system's C library is too old.
    #[error("{} needs {version}, and the C library of this system is older: use a newer system", path.display())]
    OldSystem {
        /// The path that was asked for.
        path: PathBuf,
        /// The version that is missing, such as `GLIBC_2.17`.
        version: String,
    },
    /// The loader refuses the file for another reason.
    #[error("{} cannot be loaded: {detail}{}", path.display(), loader_hint(detail))]
    NotLoadable {
        /// The path that was asked for.
        path: PathBuf,
        /// What the system's loader says.
        detail: String,
    },
    /// The file is a library, but not the SDK (or not with its C interface).
    #[error(
        "{} does not export {symbol}: it is not WeCom's SDK with the C interface (libWeWorkFinanceSdk_C.so, not the \
         Java build)",
        path.display()
    )]
    MissingSymbol {
        /// The path that was asked for.
        path: PathBuf,
        /// The first function that is missing.
        symbol: &'static str,
    },
    /// Loading the SDK into this process would crash it.
    #[error("{} is not loaded, because it would crash this process: {clash}", path.display())]
    SymbolClash {
        /// The path that was asked for.
        path: PathBuf,
        /// What is in the way.
        clash: Clash,
    },
    /// Another SDK file is loaded already, and there is no way to unload it (C11).
    #[error(
        "{} is another file than {}, which this process has loaded already; a process can use one SDK only",
        path.display(),
        loaded.display()
    )]
    AlreadyLoaded {
        /// The path that was asked for.
        path: PathBuf,
        /// The file that is loaded.
        loaded: PathBuf,
    },
}

impl LoadError {
    /// The path that could not be loaded.
    #[must_use]
    pub fn path(&self) -> &Path {
        match self {
            Self::NotFound { path }
            | Self::NotReadable { path, .. }
            | Self::NotALibrary { path, .. }
            | Self::WrongArchitecture { path, .. }
            | Self::Musl { path }
            | Self::MissingDependency { path, .. }
            | Self::OldSystem { path, .. }
            | Self::NotLoadable { path, .. }
            | Self::MissingSymbol { path, .. }
            | Self::SymbolClash { path, .. }
            | Self::AlreadyLoaded { path, .. } => path,
        }
    }

    /// Sorts out what the system's loader says, which is text.
    pub(super) fn from_loader(path: &Path, error: &libloading::Error) -> Self {
        let detail = std::error::Error::source(error).map_or_else(|| error.to_string(), ToString::to_string);
        Self::from_loader_text(path, detail)
    }

    fn from_loader_text(path: &Path, detail: String) -> Self {
        let path = path.to_owned();
        if let Some((library, _)) = detail.split_once(": cannot open shared object file")
            && let Some(library) = library.rsplit([' ', '"']).next()
            && Path::new(library) != path
        {
            return Self::MissingDependency { library: library.to_owned(), path };
        }
        if let Some((_, rest)) = detail.split_once("version `")
            && let Some((version, "not found" | " not found")) = rest
                .split_once('\'')
                .map(|(version, rest)| (version, rest.split(" (").next().unwrap_or(rest)))
        {
            return Self::OldSystem { version: version.to_owned(), path };
        }
        if detail.contains("musl") || detail.contains("Error relocating") {
            return Self::Musl { path };
        }
        Self::NotLoadable { path, detail }
    }
}

/// What the loader's words mean, where they do not say it.
fn loader_hint(detail: &str) -> &'static str {
    if detail.contains("failed to map segment") {
        ": its file system is mounted noexec, or a security policy forbids running it; move it to another place"
    } else {
        ""
    }
}

fn install_hint(library: &str) -> &'static str {
    if library.starts_with("libz.") {
        ": install zlib (Debian and Ubuntu: apt-get install zlib1g; CentOS: yum install zlib)"
    } else {
        ": install the package that holds it"
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sorted(detail: &str) -> LoadError {
        LoadError::from_loader_text(Path::new("/opt/sdk.so"), detail.to_owned())
    }

    #[test]
    fn a_missing_libz_is_named_with_the_package_to_install() {
        let error = sorted("libz.so.1: cannot open shared object file: No such file or directory");
        assert!(matches!(&error, LoadError::MissingDependency { library, .. } if library == "libz.so.1"));
        assert!(error.to_string().contains("zlib1g"), "{error}");
    }

    #[test]
    fn an_old_c_library_is_named() {
        let error = sorted("/lib64/libc.so.6: version `GLIBC_2.17' not found (required by /opt/sdk.so)");
        assert!(
            matches!(&error, LoadError::OldSystem { version, .. } if version == "GLIBC_2.17"),
            "{error:?}"
        );
    }

    #[test]
    fn musl_is_recognised_by_its_loader() {
        let error = sorted("Error relocating /opt/sdk.so: __strtod_internal: symbol not found");
        assert!(matches!(error, LoadError::Musl { .. }), "{error:?}");
    }

    #[test]
    fn a_mount_without_execution_is_named() {
        let error = sorted("/tmp/sdk.so: failed to map segment from shared object: Operation not permitted");
        assert!(error.to_string().contains("mounted noexec"), "{error}");
    }

    #[test]
    fn anything_else_keeps_the_loaders_words() {
        let error = sorted("/opt/sdk.so: file too short");
        assert!(error.to_string().ends_with("file too short"), "{error}");
    }
}
