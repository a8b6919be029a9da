//! The `cdylib`, loaded as the genuine library is, each time by a child process: libraries are never unloaded.
#![allow(unsafe_code, reason = "loading a library runs its initialisers")]

use std::{
    env::consts::{DLL_PREFIX, DLL_SUFFIX},
    path::PathBuf,
    process::Command,
};

use wecom_finance_simulator::{Scenario, World};
use wecom_finance_sys::{Library, OpenOptions};

use crate::caller::{Caller, pull};

const SCENARIO: &str = "WECOM_SIMULATOR_SCENARIO";

/// Cargo builds the `cdylib` of the package under test beside its tests.
fn library() -> Option<Library> {
    let tests = std::env::current_exe().unwrap();
    let name = format!("{DLL_PREFIX}wecom_finance_simulator{DLL_SUFFIX}");
    let places = tests.ancestors().skip(1).take(2).map(|folder| folder.join(&name));
    let path: PathBuf = places.into_iter().find(|path| path.exists())?;
    // SAFETY: it is this package's own library; beside another C++ library it is as harmless as any Rust code.
    Some(unsafe { OpenOptions::new().accept_clash(true).open(path) }.unwrap())
}

fn count_messages(world: &World) {
    let Some(library) = library() else {
        println!("skipped: no cdylib was built");
        return;
    };
    let caller = Caller::genuine(library, "http://127.0.0.1:1");
    let sealed = pull(&mut caller.handle(world), 1_000);
    assert_eq!(sealed.len(), world.messages().count());
}

#[test]
fn without_a_scenario_it_serves_the_demo() {
    let output = child("cdylib::child_with_demo").env_remove(SCENARIO).output().unwrap();
    assert!(output.status.success(), "{output:?}");
}

#[test]
fn it_serves_the_scenario_of_the_environment() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("scenario.json");
    std::fs::write(&path, of_file().to_json().unwrap()).unwrap();
    let output = child("cdylib::child_with_scenario").env(SCENARIO, path).output().unwrap();
    assert!(output.status.success(), "{output:?}");
}

/// As the genuine library does, which loses the true reason of 10001 there.
#[test]
fn it_prints_what_gettoken_refused() {
    let output =
        child("cdylib::child_with_wrong_secret").env_remove(SCENARIO).arg("--nocapture").output().unwrap();
    if output.stdout.windows(7).any(|window| window == b"skipped") {
        return;
    }
    let printed = b"WeWorkFinanceSdk:access:{\"errcode\":40001,";
    assert!(output.stdout.windows(printed.len()).any(|window| window == printed), "{output:?}");
    assert!(output.status.success(), "{output:?}");
}

#[test]
#[ignore = "the child process of another test"]
fn child_with_wrong_secret() {
    let Some(library) = library() else {
        println!("skipped: no cdylib was built");
        return;
    };
    let caller = Caller::genuine(library, "");
    assert_eq!(caller.handle_for(Scenario::DEMO_CORP_ID, "wrong").chat(0, 1).0, 10001);
}

fn of_file() -> Scenario {
    Scenario::new().corp_id("ww-of-file").secret("s").texts(1_500)
}

fn child(test: &str) -> Command {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", "--ignored", test]);
    command
}

#[test]
#[ignore = "the child process of another test"]
fn child_with_demo() {
    count_messages(&Scenario::demo().build());
}

#[test]
#[ignore = "the child process of another test"]
fn child_with_scenario() {
    count_messages(&of_file().build());
}
