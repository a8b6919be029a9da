//! Files that are not the SDK: each is told apart, with its path and what to do.
#![allow(unsafe_code, reason = "opening a library is the subject")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, reason = "a test may panic")]

mod compiler;

use std::path::{Path, PathBuf};
use std::{fs, thread};

use wecom_finance_sys::{Library, LoadError};

fn open(path: &Path) -> LoadError {
    // SAFETY: none of the files in this test has initialisers that do anything.
    let error = unsafe { Library::open(path) }.expect_err("nothing here is the SDK");
    assert!(error.to_string().contains(path.file_name().unwrap().to_str().unwrap()), "no path in: {error}");
    error
}

fn file(name: &str, content: &[u8]) -> (tempfile::TempDir, LoadError) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(name);
    fs::write(&path, content).unwrap();
    let error = open(&path);
    (folder, error)
}

fn elf_head(class: u8, machine: u16) -> Vec<u8> {
    let mut head = vec![0; 64];
    head[..4].copy_from_slice(b"\x7fELF");
    head[4] = class;
    head[18..20].copy_from_slice(&machine.to_le_bytes());
    head
}

/// A shared library that needs `needed` and exports nothing of the SDK.
fn compiled(folder: &Path, needed: Option<&str>) -> PathBuf {
    const SOURCE: &str = "int nothing_of_the_sdk(void) { return 0; }";
    let Some(needed) = needed else { return compiler::library(folder, "libcandidate.so", SOURCE, &[]) };
    compiler::library(folder, "libneeded.so", SOURCE, &[&format!("-Wl,-soname,{needed}")]);
    compiler::library(folder, "libcandidate.so", SOURCE, &["-Wl,--no-as-needed", "-L.", "-lneeded"])
}

#[test]
fn a_missing_file() {
    let error = open(Path::new("/nowhere/libWeWorkFinanceSdk_C.so"));
    assert!(matches!(error, LoadError::NotFound { .. }), "{error:?}");
    assert!(error.to_string().contains("developer.work.weixin.qq.com"), "{error}");
}

#[test]
fn a_folder() {
    let folder = tempfile::tempdir().unwrap();
    let error = open(folder.path());
    assert!(matches!(error, LoadError::NotReadable { .. }), "{error:?}");
}

#[test]
fn files_that_are_no_library() {
    for (content, found) in [
        (&b""[..], "an empty file"),
        (b"\x1f\x8b\x08", "a gzip archive"),
        (b"PK\x03\x04", "a zip archive"),
        (b"<html>", "an HTML or XML page"),
        (b"MZ\x90", "a Windows library"),
        (b"hello", "something else"),
    ] {
        let (_folder, error) = file("candidate.so", content);
        assert!(matches!(&error, LoadError::NotALibrary { found: f, .. } if *f == found), "{error:?}");
    }
}

#[test]
#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
fn a_library_for_another_processor() {
    for (class, machine, name) in
        [(2, 183, "aarch64"), (1, 3, "a 32-bit processor"), (2, 243, "another processor")]
    {
        let (_folder, error) = file("candidate.so", &elf_head(class, machine));
        assert!(
            matches!(&error, LoadError::WrongArchitecture { library, host: "x86_64", .. } if *library == name),
            "{error:?}"
        );
    }
}

#[test]
#[cfg(target_os = "linux")]
fn a_library_cut_short() {
    let machine = if cfg!(target_arch = "x86_64") { 62 } else { 183 };
    let (_folder, error) = file("candidate.so", &elf_head(2, machine));
    assert!(matches!(error, LoadError::NotLoadable { .. }), "{error:?}");
}

#[test]
#[cfg(target_os = "linux")]
fn a_library_whose_own_needs_are_missing() {
    let folder = tempfile::tempdir().unwrap();
    let error = open(&compiled(folder.path(), Some("libz.so.99")));
    assert!(
        matches!(&error, LoadError::MissingDependency { library, .. } if library == "libz.so.99"),
        "{error:?}"
    );
    assert!(error.to_string().contains("apt-get install zlib1g"), "{error}");
}

#[test]
#[cfg(target_os = "linux")]
fn a_library_that_is_not_the_sdk_names_the_missing_function() {
    let folder = tempfile::tempdir().unwrap();
    let path = compiled(folder.path(), None);
    let errors: Vec<_> = thread::scope(|scope| {
        let threads: Vec<_> = (0..4).map(|_| scope.spawn(|| open(&path))).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    for error in errors {
        assert!(matches!(error, LoadError::MissingSymbol { symbol: "NewSdk", .. }), "{error:?}");
    }
}

#[test]
#[cfg(target_os = "linux")]
fn a_download_that_was_cut_short() {
    let folder = tempfile::tempdir().unwrap();
    let whole = fs::read(compiled(folder.path(), None)).unwrap();
    for len in [20, 63, 64, 4_096, whole.len() / 2, whole.len() - 1] {
        let (_folder, error) = file("candidate.so", &whole[..len]);
        assert!(
            matches!(&error, LoadError::NotALibrary { found: "an incomplete library", .. }),
            "{len} bytes: {error:?}"
        );
    }
    let (_folder, error) = file("candidate.so", &whole);
    assert!(matches!(error, LoadError::MissingSymbol { .. }), "{error:?}");
}
