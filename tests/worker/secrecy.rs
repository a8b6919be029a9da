//! What a worker is given, and what it gives away.

use std::fs;
use std::sync::{Arc, Mutex, OnceLock};

use wecom_finance::{Proxy, RetryPolicy, Sdk, Worker};
use wecom_finance_simulator::{Effect, Fault, MessageSpec, Scenario};

use crate::site::{HOST, Site, deadly, pids};

const CANARY: &str = "canary7f3a9c";

/// All log lines of this test program, whatever their level.
fn log() -> Arc<Mutex<Vec<u8>>> {
    static LOG: OnceLock<Arc<Mutex<Vec<u8>>>> = OnceLock::new();
    struct Lines(Arc<Mutex<Vec<u8>>>);
    impl std::io::Write for Lines {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0.lock().unwrap().write(bytes)
        }
        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }
    let log = LOG.get_or_init(|| {
        let log: Arc<Mutex<Vec<u8>>> = Arc::default();
        let lines = Arc::clone(&log);
        tracing_subscriber::fmt()
            .with_max_level(tracing_subscriber::filter::LevelFilter::TRACE)
            .with_writer(move || Lines(Arc::clone(&lines)))
            .init();
        log
    });
    Arc::clone(log)
}

#[test]
fn secrets_are_in_no_arguments_and_no_environment() {
    let site = Site::best(&Scenario::new().secret(CANARY));
    let proxy = Proxy::parse("http://127.0.0.1:1").unwrap().credentials("user", CANARY).unwrap();
    let sdk = site.builder().proxy(proxy).build().unwrap();
    for pid in pids(&sdk) {
        for file in ["cmdline", "environ", "comm"] {
            let content = fs::read(format!("/proc/{pid}/{file}")).unwrap();
            assert!(!contains(&content, CANARY), "{file}: {}", String::from_utf8_lossy(&content));
        }
        let arguments = fs::read(format!("/proc/{pid}/cmdline")).unwrap();
        assert_eq!(arguments, b"wecom-finance-worker\0");
    }
}

#[test]
fn the_environment_is_nearly_empty() {
    let site = Site::best(&Scenario::new());
    let sdk = Sdk::builder(site.library.clone(), "ww", "secret")
        .isolated(Worker::program(HOST).env("PASSED_ON", "yes"))
        .build()
        .unwrap();
    let environment = fs::read(format!("/proc/{}/environ", pids(&sdk)[0])).unwrap();
    let names: Vec<String> = environment
        .split(|byte| *byte == 0)
        .filter(|variable| !variable.is_empty())
        .map(|variable| String::from_utf8_lossy(variable).split('=').next().unwrap().to_owned())
        .collect();
    let allowed = ["WECOM_FINANCE_WORKER", "PASSED_ON", "LD_LIBRARY_PATH", "TZ", "LANG"];
    assert!(names.iter().all(|name| allowed.contains(&&**name)), "{names:?}");
    assert!(names.contains(&"PASSED_ON".to_owned()));
    assert!(std::env::var_os("PATH").is_some(), "there is something to be left out");
}

#[test]
fn descriptors_stay_behind() {
    let folder = tempfile::tempdir().unwrap();
    let file = fs::File::create(folder.path().join(CANARY)).unwrap();
    rustix::io::fcntl_setfd(&file, rustix::io::FdFlags::empty()).unwrap();
    let site = Site::best(&Scenario::new());
    let sdk = site.sdk();
    let folder = format!("/proc/{}/fd", pids(&sdk)[0]);
    let open: Vec<String> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| fs::read_link(entry.unwrap().path()).unwrap().to_string_lossy().into_owned())
        .collect();
    assert!(!open.iter().any(|target| target.contains(CANARY)), "{open:?}");
    let kinds = |kind: &str| open.iter().filter(|target| target.starts_with(kind)).count();
    // stdin is empty, stdout and stderr are captured.
    assert_eq!((kinds("/dev/null"), kinds("pipe:"), kinds("socket:")), (1, 2, 1), "{open:?}");
    assert_eq!(open.len(), 4, "{open:?}");
}

#[test]
fn a_crash_leaves_no_core_file() {
    let site = Site::best(&Scenario::new());
    let sdk = site.sdk();
    let limits = fs::read_to_string(format!("/proc/{}/limits", pids(&sdk)[0])).unwrap();
    let limit = |name: &str| {
        let line = limits.lines().find(|line| line.starts_with(name)).unwrap();
        line.split_whitespace().rev().nth(1).unwrap().to_owned()
    };
    assert_eq!(limit("Max core file size"), "0");
    assert_eq!(limit("Max data size"), (1_u64 << 30).to_string());
}

#[test]
fn logs_hold_neither_secrets_nor_messages() {
    let log = log();
    // A refusal that has a token in it, too; and a text that the SDK's JSON code complains about.
    let token = format!(r#"{{"errcode":40001,"errmsg":"wrong","access_token":"{CANARY}"}}"#);
    let scenario = Scenario::new()
        .secret(CANARY)
        .key_version(1)
        .fault(Fault::token(Effect::Body(token.into())).nth(1))
        .fault(Fault::chat(Effect::Body(format!("{{\"errcode\":\"{CANARY}\"").into())).times(1))
        .message(MessageSpec::new(format!("{{\"content\":\"{CANARY}\" broken")))
        .message(deadly("deadly"));
    for site in Site::all(&scenario) {
        let sdk = site.builder().retry(RetryPolicy::never()).build().unwrap();
        assert!(!format!("{:?} {:?}", sdk, site.builder()).contains(CANARY));
        let keys = site.keys();
        for _ in 0..3 {
            for record in sdk.chat(&keys) {
                let error = record.unwrap_err();
                assert!(!format!("{error} {error:?}").contains(CANARY), "{error}");
            }
        }
        assert!(sdk.worker_stats().unwrap().deaths >= 2);
    }
    let log = log.lock().unwrap();
    assert!(contains(&log, "SIGABRT"), "the ends are in the log");
    let line = log.split(|byte| *byte == b'\n').find(|line| contains(line, CANARY));
    assert!(line.is_none(), "{}", String::from_utf8_lossy(line.unwrap()));
}

fn contains(bytes: &[u8], text: &str) -> bool {
    bytes.windows(text.len()).any(|window| window == text.as_bytes())
}
