//! Shared libraries for tests, made by the C compiler.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::path::{Path, PathBuf};
use std::process::Command;

/// A shared library with this C source.
pub(crate) fn library(folder: &Path, name: &str, source: &str, arguments: &[&str]) -> PathBuf {
    let code = folder.join(name).with_extension("c");
    std::fs::write(&code, format!("{source}\n")).unwrap();
    let path = folder.join(name);
    let status = Command::new("cc")
        .current_dir(folder)
        .args(["-shared", "-fPIC", "-o"])
        .arg(&path)
        .arg(&code)
        .args(arguments)
        .status()
        .unwrap();
    assert!(status.success(), "{name}");
    path
}
