//! Programs that are no workers, workers that keep to nothing, and SDKs that cannot be loaded.

use std::process::{Command, Stdio};
use std::time::Duration;

use wecom_finance::{
    Clash, Error, Language, Library, LibraryFile, LoadError, RetryPolicy, Sdk, Worker, WorkerEnd,
    WorkerStartError,
};
use wecom_finance_simulator::Scenario;

use crate::compiler;
use crate::site::{HOST, Site, stand_in_library};

fn site() -> Site {
    Site::best(&Scenario::new().texts(3))
}

fn impostor(kind: &str) -> Worker {
    Worker::program(HOST).env("WORKER_HOST_IMPOSTOR", kind)
}

#[track_caller]
fn start_error(worker: Worker) -> WorkerStartError {
    let error = site().builder_with(worker).build().unwrap_err();
    for language in [Language::English, Language::Chinese] {
        assert!(!error.remedy(language).is_empty());
    }
    assert!(!error.is_retryable());
    let Error::WorkerStart(error) = error else { panic!("{error:?}") };
    *error
}

#[test]
fn programs_that_are_no_workers() {
    let error = start_error(Worker::program("/nowhere/wecom-finance"));
    assert!(matches!(error, WorkerStartError::Spawn { .. }), "{error:?}");
    assert!(error.to_string().contains("/nowhere/wecom-finance"));

    let folder = tempfile::tempdir().unwrap();
    let text = folder.path().join("text");
    std::fs::write(&text, "not a program").unwrap();
    let error = start_error(Worker::program(&text));
    assert!(matches!(error, WorkerStartError::Spawn { .. }), "{error:?}");

    let error = start_error(Worker::program("/bin/true"));
    let WorkerStartError::NotAWorker { end: WorkerEnd::Exited(0), .. } = error else { panic!("{error:?}") };
    assert!(error.to_string().contains("/bin/true is no worker: it exited with status 0"), "{error}");
}

#[test]
fn impostors_that_greet_wrongly() {
    for (kind, expected) in [
        ("exits", WorkerEnd::Exited(7)),
        ("closes", WorkerEnd::Signal(9)),
        // Its first four bytes are no length that can be.
        ("http", WorkerEnd::BrokeProtocol),
    ] {
        let WorkerStartError::NotAWorker { end, .. } = start_error(impostor(kind)) else { panic!("{kind}") };
        assert_eq!(end, expected, "{kind}");
    }
    let error = start_error(impostor("version"));
    let WorkerStartError::VersionMismatch { worker: 77, own, .. } = error else { panic!("{error:?}") };
    assert!(
        error
            .to_string()
            .ends_with(&format!("speaks version 77 of the protocol, this program version {own}"))
    );
    for (kind, expected) in
        [("dies loading", WorkerEnd::Signal(6)), ("starts wrongly", WorkerEnd::BrokeProtocol)]
    {
        let WorkerStartError::DiedLoading { end, .. } = start_error(impostor(kind)) else { panic!("{kind}") };
        assert_eq!(end, expected, "{kind}");
    }
}

/// By a kernel that is short of memory, or by an operator: there is nothing wrong with the next one.
#[test]
fn a_worker_that_is_killed_while_it_loads_is_started_again() {
    for site in Site::all(&Scenario::new().texts(3)) {
        let folder = tempfile::tempdir().unwrap();
        let kind = format!("killed while loading, once: {}", folder.path().join("mark").display());
        let sdk = site.builder_with(site.worker().env("WORKER_HOST_IMPOSTOR", kind)).build().unwrap();
        assert!(folder.path().join("mark").exists());
        assert_eq!(sdk.page(0).unwrap().unwrap().messages().len(), 3, "{}", site.name);
    }
}

#[test]
fn impostors_that_answer_wrongly() {
    let call = |kind: &str| {
        let sdk = site()
            .builder_with(impostor(kind).grace(Duration::ZERO))
            .timeout(Duration::from_secs(1))
            .retry(RetryPolicy::never())
            .build()
            .unwrap();
        let outcome = sdk.page(0);
        (outcome, sdk.worker_stats().unwrap())
    };
    for kind in ["wrong number", "too long"] {
        let (outcome, stats) = call(kind);
        let Err(Error::WorkerDied { end: WorkerEnd::BrokeProtocol, .. }) = outcome else {
            panic!("{kind}: {outcome:?}")
        };
        assert_eq!((stats.stopped, stats.deaths), (2, 0), "{kind}");
    }
    for kind in ["silent", "half"] {
        let (outcome, stats) = call(kind);
        let Err(Error::WorkerDied { end: WorkerEnd::TimedOut(_), .. }) = outcome else {
            panic!("{kind}: {outcome:?}")
        };
        assert_eq!((stats.stopped, stats.deaths), (2, 0), "{kind}");
    }
    for kind in ["garbage", "wrong kind", "too many"] {
        let (outcome, _) = call(kind);
        assert!(matches!(outcome, Err(Error::BrokenReply { .. })), "{kind}: {outcome:?}");
    }
    // Six million bytes that nobody reads would be the end of a worker whose pipes are full.
    let (outcome, stats) = call("prints");
    assert!(outcome.unwrap().is_none());
    assert_eq!(stats.restarts(), 0);
}

#[test]
fn a_program_that_is_told_to_be_a_worker_and_has_no_program_says_so() {
    for stdin in [Stdio::null(), Stdio::piped()] {
        let output = Command::new(HOST).env("WECOM_FINANCE_WORKER", "1").stdin(stdin).output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(64), "{said}");
        assert!(said.contains("Unset the variable to use the program"), "{said}");
    }
}

/// It would start one that starts one, and so on.
#[test]
fn a_program_that_forgets_to_become_a_worker_starts_none() {
    // Any socket but that of a program would do: what is looked at comes before.
    let output = Command::new(env!("CARGO_BIN_EXE_worker-host"))
        .args(["forgetful", site().library.path().to_str().unwrap()])
        .env("WORKER_HOST_FORGETS", "1")
        .env("WECOM_FINANCE_WORKER", "1")
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(said.contains("was started as a worker and does not begin with"), "{said}");
}

#[test]
fn libraries_that_cannot_be_loaded_are_told_apart() {
    let folder = tempfile::tempdir().unwrap();
    let open = |library: LibraryFile, worker: Worker| {
        let error = Sdk::builder(library, "ww", "secret").isolated(worker).build().unwrap_err();
        let Error::Load(error) = error else { panic!("{error:?}") };
        error
    };
    let source = "int nothing_of_the_sdk(void) { return 0; }";
    let other = LibraryFile::at(compiler::library(folder.path(), "libother.so", source, &[])).unwrap();
    let error = open(other.clone(), Worker::program(HOST));
    assert!(matches!(error, LoadError::MissingSymbol { symbol: "NewSdk", .. }), "{error:?}");
    assert_eq!(error.path(), other.path());

    compiler::library(folder.path(), "libneeded.so", source, &["-Wl,-soname,libz.so.99"]);
    let needy = ["-Wl,--no-as-needed", "-L.", "-lneeded"];
    let needy = LibraryFile::at(compiler::library(folder.path(), "libneedy.so", source, &needy)).unwrap();
    let error = open(needy, Worker::program(HOST));
    assert!(
        matches!(&error, LoadError::MissingDependency { library, .. } if library == "libz.so.99"),
        "{error:?}"
    );

    let protobuf = "void _ZN6google8protobuf8internal13VerifyVersionEiiPKc(void) {}";
    let protobuf = compiler::library(folder.path(), "libprotobuf.so.32", protobuf, &[]);
    let error = open(site().library, Worker::program(HOST).env("LD_PRELOAD", &protobuf));
    let LoadError::SymbolClash { clash: Clash::GlobalProtobuf { library }, .. } = &error else {
        panic!("{error:?}")
    };
    assert_eq!(library.as_deref(), Some(&*protobuf.canonicalize().unwrap()));

    // A file that changes after it was looked at.
    let gone = folder.path().join("gone.so");
    std::fs::copy(other.path(), &gone).unwrap();
    let file = LibraryFile::at(&gone).unwrap();
    std::fs::remove_file(&gone).unwrap();
    let error = open(file, Worker::program(HOST));
    let LoadError::NotLoadable { detail, .. } = &error else { panic!("{error:?}") };
    assert!(detail.contains("does not exist"), "{detail}");

    assert!(matches!(LibraryFile::at("/nowhere.so"), Err(LoadError::NotFound { .. })));
}

#[test]
#[allow(unsafe_code, reason = "loading a library is the other way")]
fn a_library_is_named_for_a_worker_or_loaded_for_this_process() {
    let file = LibraryFile::at(stand_in_library()).unwrap();
    let error = Sdk::builder(file.clone(), "ww", "secret").build().unwrap_err();
    assert!(matches!(error, Error::InvalidArgument { argument: "library", .. }), "{error:?}");

    let world = Scenario::new().build();
    let error = world.sdk_builder().isolated(Worker::program(HOST)).build().unwrap_err();
    assert!(matches!(error, Error::InvalidArgument { argument: "library", .. }), "{error:?}");

    // SAFETY: the stand-in: Rust code, harmless beside anything.
    let loaded = unsafe { Library::open(stand_in_library()) }.unwrap();
    assert_eq!(loaded.file(), Some(file));
    let both = Sdk::builder(loaded, "ww", "secret").isolated(Worker::program(HOST)).build().unwrap();
    assert!(both.worker_stats().is_some());
    assert!(world.sdk().unwrap().worker_stats().is_none());
}
