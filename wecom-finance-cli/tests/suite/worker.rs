//! The program as the worker of another one.

use wecom_finance::{LibraryFile, Sdk, Worker};
use wecom_finance_simulator::Scenario;

use crate::corp::library;

#[test]
fn another_program_names_this_one_as_its_worker() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("scenario.json");
    let world = Scenario::new().texts(120).build();
    std::fs::write(&path, world.scenario().to_json().unwrap()).unwrap();
    let worker = Worker::program(env!("CARGO_BIN_EXE_wecom-finance"));
    let library = LibraryFile::at(library()).unwrap();
    let sdk = Sdk::builder(library, world.corp_id(), world.secret())
        .isolated(worker.env("WECOM_SIMULATOR_SCENARIO", path))
        .build()
        .unwrap();
    assert_eq!(sdk.chat(&world.keys().unwrap()).map(Result::unwrap).count(), 120);
    assert_eq!(sdk.worker_stats().unwrap().starts, 1);
}
