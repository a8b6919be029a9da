//! The two ways in which other libraries in a process make the SDK crash while it loads, and how to see them coming.
//!
//! The SDK exports its own libstdc++ and protobuf 2.3. The loader shares 65 of the libstdc++ objects with any other
//! libstdc++ in the process, so one that has been used already leaves the SDK with half of each.

use std::fmt;
use std::path::{Path, PathBuf};

/// What would make the SDK crash this process.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Clash {
    /// A protobuf library is in the global scope: the SDK's own protobuf 2.3 would check itself against its version
    /// and abort.
    GlobalProtobuf {
        /// The file that provides it, where that can be told.
        library: Option<PathBuf>,
    },
    /// A C++ library was loaded privately (by an extension of Python, PHP or Node, or as a plug-in). If it has used
    /// locales, the SDK aborts with `free(): invalid pointer`.
    PrivateLibstdcxx {
        /// The C++ runtime.
        library: Option<PathBuf>,
        /// The libraries in this process that brought it.
        users: Vec<PathBuf>,
    },
}

impl fmt::Display for Clash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::GlobalProtobuf { library } => {
                f.write_str("a protobuf library is in the global scope")?;
                write_path(f, library.as_deref())?;
            }
            Self::PrivateLibstdcxx { library, users } => {
                f.write_str("a C++ runtime is loaded privately")?;
                write_path(f, library.as_deref())?;
                for (position, user) in users.iter().enumerate() {
                    f.write_str(if position == 0 { ", brought by " } else { ", " })?;
                    write!(f, "{}", user.display())?;
                }
            }
        }
        f.write_str(
            "; load the SDK before it, or leave the SDK to a process of its own (the `wecom-finance` program), which \
             is always safe",
        )
    }
}

fn write_path(f: &mut fmt::Formatter<'_>, path: Option<&Path>) -> fmt::Result {
    path.map_or(Ok(()), |path| write!(f, " ({})", path.display()))
}

/// Whether the process has this file mapped: then it is loaded, and what came after it does no harm.
pub(super) fn is_already_mapped(path: &Path) -> bool {
    #[cfg(target_os = "linux")]
    return linux::mappings().iter().any(|mapping| mapping.path == path);
    #[cfg(not(target_os = "linux"))]
    {
        let _ = path;
        false
    }
}

pub(super) fn find() -> Option<Clash> {
    #[cfg(target_os = "linux")]
    return linux::find();
    // The DLLs of Windows have their own scopes.
    #[cfg(not(target_os = "linux"))]
    None
}

#[cfg(target_os = "linux")]
mod linux {
    use std::collections::BTreeSet;
    use std::fs;
    use std::path::{Path, PathBuf};

    use libloading::os::unix::{Library, RTLD_LAZY};

    use super::Clash;

    const PROTOBUF_VERSION_CHECK: &[u8] = b"_ZN6google8protobuf8internal13VerifyVersionEiiPKc\0";
    const LOCALE_CONSTRUCTOR: &[u8] = b"_ZNSt6localeC1Ev\0";
    const LIBSTDCXX: &str = "libstdc++.so.6";
    const RTLD_NOLOAD: std::ffi::c_int = 4;
    /// Larger files are not searched for the libraries they need; none of a normal system is.
    const MAX_SEARCHED_BYTES: u64 = 512 * 1024 * 1024;

    pub(super) fn find() -> Option<Clash> {
        let global = Library::this();
        if let Some(address) = address_of(&global, PROTOBUF_VERSION_CHECK) {
            return Some(Clash::GlobalProtobuf { library: mapped_at(address) });
        }
        if address_of(&global, LOCALE_CONSTRUCTOR).is_none() && is_loaded(LIBSTDCXX) {
            let libraries: BTreeSet<PathBuf> = mappings().into_iter().map(|mapping| mapping.path).collect();
            let runtime = libraries.iter().find(|path| is_libstdcxx(path)).cloned();
            let users =
                libraries.into_iter().filter(|path| !is_libstdcxx(path) && needs_libstdcxx(path)).collect();
            return Some(Clash::PrivateLibstdcxx { library: runtime, users });
        }
        None
    }

    fn address_of(scope: &Library, symbol: &[u8]) -> Option<usize> {
        // SAFETY: the address is looked at, never followed.
        let symbol = unsafe { scope.get::<*const ()>(symbol) }.ok()?;
        Some(symbol.into_raw().addr()).filter(|address| *address != 0)
    }

    /// Whether a library is in the process, in any scope, without loading it.
    fn is_loaded(name: &str) -> bool {
        // SAFETY: with RTLD_NOLOAD nothing is loaded and no initialiser runs; dropping the handle only takes back the
        // reference that this adds.
        unsafe { Library::open(Some(name), RTLD_LAZY | RTLD_NOLOAD) }.is_ok()
    }

    fn is_libstdcxx(path: &Path) -> bool {
        path.file_name().and_then(|name| name.to_str()).is_some_and(|name| name.starts_with("libstdc++.so"))
    }

    /// Whether the file names libstdc++ among the libraries it needs. The name stands as text in its string table, and
    /// for an error message that is proof enough.
    fn needs_libstdcxx(path: &Path) -> bool {
        let small_enough = fs::metadata(path).is_ok_and(|metadata| metadata.len() <= MAX_SEARCHED_BYTES);
        small_enough
            && fs::read(path).is_ok_and(|content| {
                content.starts_with(b"\x7fELF")
                    && content.windows(LIBSTDCXX.len() + 1).any(|window| window == b"libstdc++.so.6\0")
            })
    }

    pub(super) struct Mapping {
        start: usize,
        end: usize,
        pub(super) path: PathBuf,
    }

    fn mapped_at(address: usize) -> Option<PathBuf> {
        mappings()
            .into_iter()
            .find(|mapping| (mapping.start..mapping.end).contains(&address))
            .map(|mapping| mapping.path)
    }

    /// The files that are mapped into this process. Without `/proc` there are none, and errors name no culprit.
    pub(super) fn mappings() -> Vec<Mapping> {
        fs::read_to_string("/proc/self/maps").unwrap_or_default().lines().filter_map(parse_mapping).collect()
    }

    fn parse_mapping(line: &str) -> Option<Mapping> {
        let path = line.get(line.find('/')?..)?;
        let (start, end) = line.split(' ').next()?.split_once('-')?;
        Some(Mapping {
            start: usize::from_str_radix(start, 16).ok()?,
            end: usize::from_str_radix(end, 16).ok()?,
            path: PathBuf::from(path),
        })
    }

    #[cfg(test)]
    mod tests {
        use super::*;

        #[test]
        fn this_program_is_mapped_and_found_by_an_address_inside_it() {
            let executable = std::env::current_exe().unwrap().canonicalize().unwrap();
            let address = std::ptr::from_ref(LOCALE_CONSTRUCTOR).addr();
            assert_eq!(mapped_at(address), Some(executable));
        }

        #[test]
        fn a_program_without_cxx_has_no_clash() {
            assert_eq!(find(), None);
        }

        #[test]
        fn a_library_that_is_not_there_is_not_loaded() {
            assert!(!is_loaded("libWeWorkFinanceSdk_C.so"));
            assert!(is_loaded("libc.so.6"));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clash_names_the_culprits_and_the_cure() {
        let clash = Clash::PrivateLibstdcxx {
            library: Some("/usr/lib/libstdc++.so.6".into()),
            users: vec!["/usr/lib/intl.so".into(), "/usr/lib/grpc.so".into()],
        };
        let text = clash.to_string();
        assert!(
            text.contains("(/usr/lib/libstdc++.so.6), brought by /usr/lib/intl.so, /usr/lib/grpc.so;"),
            "{text}"
        );
        assert!(text.contains("process of its own"), "{text}");
    }
}
