//! Programs with libraries beside which the SDK cannot live: each kills it, and a worker does not mind.

use std::os::unix::process::ExitStatusExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use wecom_finance_simulator::Scenario;

use crate::compiler;
use crate::site::{HOST, Site};

/// Does what any libprotobuf of today does to a program that was compiled against version 2.3.
const PROTOBUF: &str = r#"
#include <stdio.h>
#include <stdlib.h>
void _ZN6google8protobuf8internal13VerifyVersionEiiPKc(int header, int least, const char *file) {
    if (header < 3000000) {
        fprintf(stderr, "This program was compiled against version %d of the Protocol Buffer runtime\n", header);
        abort();
    }
}
"#;

/// A C++ extension that uses locales: `std::locale()`.
const LOCALES: &str = r"
extern void _ZNSt6localeC1Ev(void *);
static long locale[4];
__attribute__((constructor)) static void use_locales(void) { _ZNSt6localeC1Ev(locale); }
";

struct Host {
    name: &'static str,
    libraries: Vec<String>,
    /// The library that the error names.
    culprit: &'static str,
}

fn hosts(folder: &Path) -> Vec<Host> {
    let protobuf = compiler::library(folder, "libprotobuf.so.32", PROTOBUF, &[]);
    let extension =
        compiler::library(folder, "extension.so", LOCALES, &["-Wl,--no-as-needed", "-l:libstdc++.so.6"]);
    let global = |path: &PathBuf| format!("global:{}", path.display());
    let private = |path: &PathBuf| format!("private:{}", path.display());
    vec![
        Host { name: "protobuf", libraries: vec![global(&protobuf)], culprit: "libprotobuf.so.32" },
        Host { name: "locales", libraries: vec![private(&extension)], culprit: "extension.so" },
        Host {
            name: "both",
            libraries: vec![private(&extension), global(&protobuf)],
            culprit: "libprotobuf.so.32",
        },
    ]
}

#[test]
fn three_programs_that_kill_the_sdk() {
    let Some(site) = Site::genuine(Scenario::new().key_version(1).texts(25)) else { return };
    let folder = tempfile::tempdir().unwrap();
    let key = folder.path().join("1.pem");
    std::fs::write(&key, site.world.key_pem(1).unwrap()).unwrap();
    let run = |how: &str, libraries: &[String]| -> Output {
        Command::new(HOST)
            .args(["clash", how])
            .arg(site.library.path())
            .args([&site.proxy_url().unwrap(), site.world.corp_id(), site.world.secret()])
            .arg(&key)
            .args(libraries)
            .output()
            .unwrap()
    };
    let said = |output: &Output| String::from_utf8_lossy(&output.stdout).trim_end().to_owned();

    assert_eq!(said(&run("plain", &[])), "opened 25", "by itself it works");
    for Host { name, libraries, culprit } in hosts(folder.path()) {
        let plain = run("plain", &libraries);
        assert_eq!(plain.status.signal(), Some(6), "{name}: the plain SDK aborts: {plain:?}");

        let careful = run("in-process", &libraries);
        assert!(careful.status.success(), "{name}: {careful:?}");
        let refusal = said(&careful);
        assert!(refusal.starts_with("refused: ") && refusal.contains(culprit), "{name}: {refusal}");

        let isolated = run("worker", &libraries);
        assert_eq!(said(&isolated), "opened 25", "{name}: {isolated:?}");

        let first = run("first", &libraries);
        assert_eq!(said(&first), "opened 25", "{name}: what comes after the SDK does no harm: {first:?}");
    }
}
