//! A protobuf in the global scope: seen before the SDK is loaded, and named.
//! In a program of its own, because nothing that is loaded here goes away again.
#![cfg(target_os = "linux")]
#![allow(unsafe_code, reason = "loading libraries is the subject")]
#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod compiler;

use libloading::os::unix::{Library as AnyLibrary, RTLD_GLOBAL, RTLD_LOCAL, RTLD_NOW};
use wecom_finance_sys::{Clash, Library, LoadError};

#[test]
fn a_global_protobuf_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let candidate = compiler::library(folder.path(), "libcandidate.so", "int nothing_of_the_sdk;", &[]);
    let protobuf = compiler::library(
        folder.path(),
        "libprotobuf.so.32",
        "void _ZN6google8protobuf8internal13VerifyVersionEiiPKc(void) {}",
        &[],
    );
    // SAFETY: none of the libraries here has initialisers, here and below.
    let private = unsafe { AnyLibrary::open(Some(&protobuf), RTLD_NOW | RTLD_LOCAL) }.unwrap();
    // SAFETY: see above.
    let error = unsafe { Library::open(&candidate) }.unwrap_err();
    assert!(matches!(error, LoadError::MissingSymbol { .. }), "a private protobuf does no harm: {error:?}");
    drop(private);

    // SAFETY: see above.
    let _global = unsafe { AnyLibrary::open(Some(&protobuf), RTLD_NOW | RTLD_GLOBAL) }.unwrap();
    let candidate = compiler::library(folder.path(), "libanother.so", "int nothing_either;", &[]);
    // SAFETY: see above.
    let error = unsafe { Library::open(&candidate) }.unwrap_err();
    let LoadError::SymbolClash { clash: Clash::GlobalProtobuf { library }, .. } = &error else {
        panic!("{error:?}")
    };
    assert_eq!(library.as_deref(), Some(&*protobuf.canonicalize().unwrap()));
    assert!(error.to_string().contains("libprotobuf.so.32"), "{error}");
}
