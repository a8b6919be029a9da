//! The vendor's library itself: spoilt, in bad company, in a process that cannot be started.

use std::fs;
use std::process::Command;

use wecom_finance_simulator::Scenario;

use super::Cause;
use crate::compiler;
use crate::office::{Office, run};

const SKIPPED: &[&str] = &["call", "key pair"];

fn spoilt(cause: &Cause, spoil: impl FnOnce(&mut Vec<u8>)) {
    let Some(office) = Office::open(Scenario::new()) else { return };
    let mut library = fs::read(office.sdk()).unwrap();
    spoil(&mut library);
    fs::write(office.path("spoilt.so"), library).unwrap();
    let instead = |command: &mut Command| {
        command.env("WECOM_FINANCE_SDK", "spoilt.so");
    };
    cause.is_named(&office, &instead, &[&["archive"], &["archive", "--isolation", "none"]]);
}

#[test]
fn a_library_that_it_needs_is_not_installed() {
    let cause = Cause {
        check: "sdk",
        skipped: SKIPPED,
        code: "sdk_missing_dependency",
        english: (&["spoilt.so needs libq.so.1, which is not installed"], &["run the command again"]),
        chinese: (&["需要 libq.so.1，但系统未安装"], &["重新运行"]),
    };
    spoilt(&cause, |library| {
        let name = library.windows(10).position(|bytes| bytes == b"libz.so.1\0").unwrap();
        library[name + 3] = b'q';
    });
}

/// Loaded, it would end the process by SIGBUS.
#[test]
fn a_download_that_was_cut_short() {
    let cause = Cause {
        check: "sdk",
        skipped: SKIPPED,
        code: "sdk_not_a_library",
        english: (&["an incomplete library; download it again"], &["--sdk"]),
        chinese: (&["不完整的动态库：请重新下载"], &["--sdk"]),
    };
    spoilt(&cause, |library| library.truncate(library.len() / 2));
}

/// What any libprotobuf of today exports.
const PROTOBUF: &str = "void _ZN6google8protobuf8internal13VerifyVersionEiiPKc(void) {}";

#[test]
fn a_library_in_the_way_is_named_and_a_worker_has_none() {
    let Some(office) = Office::open(Scenario::new().texts(3)) else { return };
    let protobuf = compiler::library(&office.path(""), "libprotobuf.so.32", PROTOBUF, &[]);
    for name in ["doctor", "archive"] {
        run(office.online(name).env("LD_PRELOAD", &protobuf), 0);
    }
    let beside_it = |command: &mut Command| {
        command.env("LD_PRELOAD", &protobuf).args(["--isolation", "none"]);
    };
    let cause = Cause {
        check: "sdk",
        skipped: SKIPPED,
        code: "symbol_clash",
        english: (&["it would crash this process", "libprotobuf.so.32"], &["leave --isolation none out"]),
        chinese: (&["否则本进程会崩溃", "libprotobuf.so.32"], &["请去掉 --isolation none"]),
    };
    cause.is_named(&office, &beside_it, &[&["archive"]]);
}

#[test]
fn a_worker_that_cannot_be_started_is_not_the_librarys_fault() {
    let Some(office) = Office::open(Scenario::new()) else { return };
    let cause = Cause {
        check: "worker",
        skipped: SKIPPED,
        code: "worker_start",
        english: (&["the worker", "cannot be started", "Too many open files"], &["ulimit -n"]),
        chinese: (&["无法启动工作进程", "Too many open files"], &["ulimit -n"]),
    };
    cause.is_named(&office, &with_few_descriptors, &[]);
}

/// The same command, run by a shell that leaves it few descriptors.
fn with_few_descriptors(command: &mut Command) {
    let mut limited = Command::new("sh");
    limited
        .args(["-c", "ulimit -n 8 && exec \"$0\" \"$@\""])
        .arg(command.get_program())
        .args(command.get_args());
    limited.current_dir(command.get_current_dir().unwrap());
    for (name, value) in command.get_envs() {
        match value {
            Some(value) => limited.env(name, value),
            None => limited.env_remove(name),
        };
    }
    *command = limited;
}
