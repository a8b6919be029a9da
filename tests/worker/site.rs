//! A corp, the SDK as a file, and a worker that loads it.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use wecom_finance::{KeyRing, LibraryFile, Proxy, RetryPolicy, Sdk, SdkBuilder, Worker};
use wecom_finance_simulator::{Loopback, Scenario, World};

/// The program that becomes the worker.
pub(crate) const HOST: &str = env!("CARGO_BIN_EXE_worker-host");

pub(crate) struct Site {
    pub(crate) name: &'static str,
    pub(crate) world: World,
    pub(crate) library: LibraryFile,
    server: Option<Loopback>,
    scenario: Option<(PathBuf, tempfile::TempDir)>,
}

impl Site {
    /// The genuine SDK, which talks to a WeCom on loopback, if it is there; and the stand-in as a library.
    pub(crate) fn all(scenario: &Scenario) -> Vec<Self> {
        Self::genuine(scenario.clone()).into_iter().chain([Self::stand_in(scenario.clone())]).collect()
    }

    /// The genuine SDK if it is there, else the stand-in.
    pub(crate) fn best(scenario: &Scenario) -> Self {
        Self::all(scenario).swap_remove(0)
    }

    pub(crate) fn genuine(scenario: Scenario) -> Option<Self> {
        let library = LibraryFile::at(wecom_finance_tests::genuine_path()?).unwrap();
        let world = scenario.build();
        let server = Some(world.serve().unwrap());
        Some(Self { name: "genuine", world, library, server, scenario: None })
    }

    pub(crate) fn stand_in(scenario: Scenario) -> Self {
        let world = scenario.build();
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("scenario.json");
        std::fs::write(&path, world.scenario().to_json().unwrap()).unwrap();
        let library = LibraryFile::at(stand_in_library()).unwrap();
        Self { name: "stand-in", world, library, server: None, scenario: Some((path, folder)) }
    }

    pub(crate) fn worker(&self) -> Worker {
        let worker = Worker::program(HOST);
        match &self.scenario {
            Some((path, _folder)) => worker.env("WECOM_SIMULATOR_SCENARIO", path),
            None => worker,
        }
    }

    pub(crate) fn builder(&self) -> SdkBuilder {
        self.builder_with(self.worker())
    }

    pub(crate) fn builder_with(&self, worker: Worker) -> SdkBuilder {
        let short = Duration::from_millis(2);
        let builder = Sdk::builder(self.library.clone(), self.world.corp_id(), self.world.secret())
            .isolated(worker)
            .retry(RetryPolicy::default().pauses(short, short).rate_limit_pause(short));
        match self.proxy_url() {
            Some(url) => builder.proxy(Proxy::parse(&url).unwrap()),
            None => builder,
        }
    }

    pub(crate) fn sdk(&self) -> Sdk {
        self.builder().build().unwrap()
    }

    pub(crate) fn keys(&self) -> KeyRing {
        self.world.keys().unwrap()
    }

    pub(crate) fn root_pem(&self) -> Option<&str> {
        self.server.as_ref().map(Loopback::root_pem)
    }

    pub(crate) fn proxy_url(&self) -> Option<String> {
        self.server.as_ref().map(Loopback::proxy_url)
    }
}

/// Cargo builds the `cdylib` of the stand-in beside the tests.
pub(crate) fn stand_in_library() -> PathBuf {
    let name =
        format!("{}wecom_finance_simulator{}", std::env::consts::DLL_PREFIX, std::env::consts::DLL_SUFFIX);
    let tests = std::env::current_exe().unwrap();
    let found = tests.ancestors().skip(1).take(2).map(|folder| folder.join(&name)).find(|path| path.exists());
    found.expect("the stand-in's library is built with the tests")
}

/// Waits until something holds that has to come.
#[track_caller]
pub(crate) fn eventually(what: &str, mut holds: impl FnMut() -> bool) {
    let since = Instant::now();
    while !holds() {
        assert!(since.elapsed() < Duration::from_secs(60), "{what}: not within a minute");
        std::thread::sleep(Duration::from_millis(10));
    }
}

/// The processes that are there now for an `Sdk`.
pub(crate) fn pids(sdk: &Sdk) -> Vec<u32> {
    sdk.worker_stats().unwrap().process_ids
}

/// Whether there is a process of this number, zombies included.
pub(crate) fn exists(pid: u32) -> bool {
    std::path::Path::new(&format!("/proc/{pid}")).exists()
}

/// Whether there is such a process, and it has not ended.
pub(crate) fn runs(pid: u32) -> bool {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    stat.rsplit(") ").next().is_some_and(|rest| !rest.is_empty() && !rest.starts_with(['Z', 'X']))
}

pub(crate) fn signal(pid: u32, signal: rustix::process::Signal) {
    let pid = rustix::process::Pid::from_raw(i32::try_from(pid).unwrap()).unwrap();
    rustix::process::kill_process(pid, signal).unwrap();
}
