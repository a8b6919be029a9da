//! A C++ runtime that was loaded privately: seen before the SDK is loaded, and named together with who brought it.
//! In a program of its own, because nothing that is loaded here goes away again.
#![cfg(target_os = "linux")]
#![allow(unsafe_code, reason = "loading libraries is the subject")]
#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod compiler;

use libloading::os::unix::{Library as AnyLibrary, RTLD_LOCAL, RTLD_NOW};
use wecom_finance_sys::{Clash, Library, LoadError, OpenOptions};

#[test]
fn a_private_cxx_runtime_is_named_with_its_user() {
    let folder = tempfile::tempdir().unwrap();
    let candidate = compiler::library(folder.path(), "libcandidate.so", "int nothing_of_the_sdk;", &[]);
    let extension = compiler::library(
        folder.path(),
        "extension.so",
        "int an_extension;",
        &["-Wl,--no-as-needed", "-l:libstdc++.so.6"],
    );
    // SAFETY: none of the libraries here has initialisers beyond those of the C++ runtime.
    let error = unsafe { Library::open(&candidate) }.unwrap_err();
    assert!(matches!(error, LoadError::MissingSymbol { .. }), "no clash before: {error:?}");

    // SAFETY: as above.
    let loaded = unsafe { AnyLibrary::open(Some(&extension), RTLD_NOW | RTLD_LOCAL) };
    if let Err(error) = &loaded {
        println!("skipped: no C++ runtime on this machine: {error}");
        return;
    }
    // The candidate is mapped from the first attempt, and libraries that came later do no harm: so another one.
    let candidate = compiler::library(folder.path(), "libanother.so", "int nothing_either;", &[]);
    // SAFETY: as above.
    let error = unsafe { Library::open(&candidate) }.unwrap_err();
    let LoadError::SymbolClash { path, clash: Clash::PrivateLibstdcxx { library, users } } = &error else {
        panic!("{error:?}");
    };
    assert_eq!(*path, candidate.canonicalize().unwrap());
    assert!(library.as_ref().unwrap().to_str().unwrap().contains("libstdc++.so"), "{library:?}");
    assert!(users.contains(&extension.canonicalize().unwrap()), "{users:?}");
    let text = error.to_string();
    assert!(text.contains("brought by") && text.contains("extension.so"), "{text}");

    // SAFETY: as above; the risk is accepted.
    let error = unsafe { OpenOptions::new().accept_clash(true).open(&candidate) }.unwrap_err();
    assert!(matches!(error, LoadError::MissingSymbol { .. }), "{error:?}");
}
