//! The genuine library is loaded once, and a process has one. In a program of its own for that reason.
#![cfg(target_os = "linux")]
#![allow(unsafe_code, reason = "loading libraries is the subject")]
#![allow(clippy::unwrap_used, clippy::panic, clippy::print_stdout, reason = "a test may panic")]

use std::path::PathBuf;
use std::{fs, thread};

use wecom_finance::{Library, LoadError, SdkBuild};

fn stand_in() -> PathBuf {
    let name =
        format!("{}wecom_finance_simulator{}", std::env::consts::DLL_PREFIX, std::env::consts::DLL_SUFFIX);
    std::env::current_exe().unwrap().parent().unwrap().join(name)
}

#[test]
fn one_library_a_process() {
    let Some(path) = wecom_finance_tests::genuine_path() else { return };
    let folder = tempfile::tempdir().unwrap();
    let copy = folder.path().join("copy.so");
    fs::copy(&path, &copy).unwrap();
    let link = folder.path().join("link.so");
    std::os::unix::fs::symlink(path.canonicalize().unwrap(), &link).unwrap();

    // SAFETY: the vendor's library and copies of it, here and below; the stand-in is refused before it is loaded.
    let open = |path: &PathBuf| unsafe { Library::open(path) };
    let first = open(&path).unwrap();
    assert_eq!(first.build(), Some(SdkBuild::V3LinuxX86_64));
    assert_eq!(first.path(), Some(&*path.canonicalize().unwrap()));
    thread::scope(|scope| {
        for other in [&path, &copy, &link] {
            scope.spawn(move || {
                let again = open(other).unwrap();
                assert!(std::ptr::eq(again.table(), first.table()), "{}", other.display());
                assert_eq!(again.path(), first.path());
            });
        }
    });
    let maps = fs::read_to_string("/proc/self/maps").unwrap();
    assert!(!maps.contains("copy.so"), "the copy was recognised and not loaded beside the first");

    let stand_in = stand_in();
    if !stand_in.exists() {
        println!("skipped the rest: no {}", stand_in.display());
        return;
    }
    let LoadError::AlreadyLoaded { path: refused, loaded } = open(&stand_in).unwrap_err() else {
        panic!("another library is an error");
    };
    assert_eq!(refused, stand_in.canonicalize().unwrap());
    assert_eq!(loaded, path.canonicalize().unwrap());
    assert!(std::ptr::eq(open(&path).unwrap().table(), first.table()), "the first one is as it was");
}
