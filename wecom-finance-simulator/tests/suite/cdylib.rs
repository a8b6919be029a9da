//! The `cdylib`, loaded as the genuine library is, each time by a child process: libraries are never unloaded.
#![allow(unsafe_code, reason = "loading a library runs its initialisers")]

use std::{
    env::consts::{DLL_PREFIX, DLL_SUFFIX},
    ffi::{c_int, c_longlong},
    path::PathBuf,
    process::Command,
};

use wecom_finance_simulator::{Control, Scenario, World};
use wecom_finance_sys::{Library, OpenOptions};

use crate::caller::{Caller, ControlFunction, pull};
use crate::conformance::cases;

const SCENARIO: &str = "WECOM_SIMULATOR_SCENARIO";

/// Cargo builds the `cdylib` of the package under test beside its tests.
pub(crate) fn library_path() -> Option<PathBuf> {
    let tests = std::env::current_exe().unwrap();
    let name = format!("{DLL_PREFIX}wecom_finance_simulator{DLL_SUFFIX}");
    let found = tests.ancestors().skip(1).take(2).map(|folder| folder.join(&name)).find(|path| path.exists());
    if found.is_none() {
        println!("skipped: no cdylib was built");
    }
    found
}

pub(crate) fn library() -> Option<Library> {
    let path = library_path()?;
    // SAFETY: it is this package's own library; beside another C++ library it is as harmless as any Rust code.
    Some(unsafe { OpenOptions::new().accept_clash(true).open(path) }.unwrap())
}

fn count_messages(world: &World) {
    let Some(library) = library() else { return };
    let caller = Caller::genuine(library, "http://127.0.0.1:1");
    let sealed = pull(&mut caller.handle(world), 1_000);
    assert_eq!(sealed.len(), world.messages().count());
}

#[test]
fn without_a_scenario_it_serves_the_demo() {
    let output = child("cdylib::child_with_demo").env_remove(SCENARIO).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

#[test]
fn it_serves_the_scenario_of_the_environment() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("scenario.json");
    std::fs::write(&path, of_file().to_json().unwrap()).unwrap();
    let output = child("cdylib::child_with_scenario").env(SCENARIO, path).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
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
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

#[test]
#[ignore = "the child process of another test"]
fn child_with_wrong_secret() {
    let Some(library) = library() else { return };
    let caller = Caller::genuine(library, "");
    assert_eq!(caller.handle_for(Scenario::DEMO_CORP_ID, "wrong").chat(0, 1).0, 10001);
}

#[test]
fn the_cdylib_conforms_and_frees_everything() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("scenarios.json");
    let scenarios: Vec<Scenario> = cases("cdylib").into_iter().map(|case| case.scenario).collect();
    std::fs::write(&path, serde_json::to_string(&scenarios).unwrap()).unwrap();
    let output = child("cdylib::child_conforms").env(SCENARIO, path).arg("--nocapture").output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

#[test]
#[ignore = "the child process of another test"]
fn child_conforms() {
    let Some(library) = library() else { return };
    let path = library.path().unwrap();
    // SAFETY: it is loaded already; this only adds a reference.
    let again = unsafe { libloading::Library::new(path) }.unwrap();
    // SAFETY: the function has this signature.
    let control = *unsafe { again.get::<ControlFunction>(b"WecomSimulatorControl") }.unwrap();
    // SAFETY: as above.
    let live =
        *unsafe { again.get::<extern "C" fn(c_int) -> c_longlong>(b"WecomFinanceLiveObjects") }.unwrap();
    let caller = Caller::cdylib(library, control);
    for case in cases("cdylib") {
        println!("{}", case.name);
        (case.test)(&case.scenario.build(), &caller);
    }
    assert!(
        caller.tell(&cases("cdylib")[0].scenario.clone().build(), &Control::TokenCalls) > 0,
        "it was the cdylib that answered"
    );
    let handle = caller.handle_for("ww", "secret");
    assert_eq!([0, 1, 2].map(|kind| live(kind)), [1, 0, 0], "one handle is alive now");
    drop(handle);
    assert_eq!([0, 1, 2].map(|kind| live(kind)), [0, 0, 0], "handles, slices, media buffers");
    assert_eq!(live(3), -1);
}

#[test]
fn the_function_table_frees_everything() {
    let output = child("cdylib::child_balance").output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

/// In a process of its own: the counts are those of all tests.
#[test]
#[ignore = "the child process of another test"]
fn child_balance() {
    for case in cases("table") {
        let world = case.scenario.build();
        (case.test)(&world, &Caller::stand_in(&world));
    }
    let live = wecom_finance_sys::implement::live_objects();
    assert_eq!((live.handles, live.slices, live.media), (0, 0, 0));
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
