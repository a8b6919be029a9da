//! Programs that live long, or end without a word.

use std::collections::BTreeMap;
use std::fs;
use std::os::fd::BorrowedFd;
use std::process::Command;
use std::time::Duration;

use wecom_finance::{LibraryFile, Sdk, SealedMessage, Worker, WorkerStats};
use wecom_finance_simulator::Scenario;

fn isolated(library: &str) -> Sdk {
    let library = LibraryFile::at(library).unwrap();
    Sdk::builder(library, "ww", "secret").isolated(Worker::this_program()).build().unwrap()
}

fn stats(sdk: &Sdk) -> WorkerStats {
    sdk.worker_stats().unwrap()
}

/// Has a worker, says which, and waits to be ended.
pub(crate) fn hold(library: &str) {
    let sdk = isolated(library);
    println!("{}", stats(&sdk).process_ids[0]);
    std::thread::sleep(Duration::from_secs(3_600));
}

/// The same, with somebody who keeps its end of the worker's socket open.
pub(crate) fn hold_socket(library: &str) {
    let sdk = isolated(library);
    for entry in fs::read_dir("/proc/self/fd").unwrap().flatten() {
        let is_socket = fs::read_link(entry.path()).is_ok_and(|target| target.starts_with("socket:"));
        let Some(number) = entry.file_name().to_str().and_then(|name| name.parse().ok()) else { continue };
        if is_socket {
            // SAFETY: it is open: nothing in this program closes sockets meanwhile.
            #[allow(unsafe_code, reason = "a leak of descriptors is the subject")]
            let socket = unsafe { BorrowedFd::borrow_raw(number) };
            rustix::io::fcntl_setfd(socket, rustix::io::FdFlags::empty()).unwrap();
        }
    }
    let mut holder = Command::new("sleep").arg("3600").spawn().unwrap();
    println!("{} {}", stats(&sdk).process_ids[0], holder.id());
    holder.wait().unwrap();
}

/// Opens a message again and again, with a worker that was killed before each time.
pub(crate) fn restarts(library: &str, count: u32) {
    let world = Scenario::new().texts(1).build();
    let page = world.sdk().unwrap().page(0).unwrap().unwrap();
    let sealed: &SealedMessage = &page.messages()[0];
    let keys = world.keys().unwrap();
    let sdk = isolated(library);
    let open = || assert!(keys.open(&sdk, sealed).is_ok());
    // Two of them, so that everything that is allocated once is there.
    for _ in 0..2 {
        kill(&sdk);
        open();
    }
    let before = belongings(&sdk);
    for _ in 0..count {
        kill(&sdk);
        open();
    }
    // Threads of ended workers take a moment to be gone.
    let mut after = belongings(&sdk);
    for _ in 0..1_000 {
        if after == before {
            break;
        }
        std::thread::sleep(Duration::from_millis(10));
        after = belongings(&sdk);
    }
    println!("{} restarts, before {before:?}, after {after:?}", stats(&sdk).restarts() - 2);
    assert_eq!(before, after);
}

/// Does not become a worker when it is started as one.
pub(crate) fn forgetful(library: &str) {
    let library = LibraryFile::at(library).unwrap();
    let error = Sdk::builder(library, "ww", "secret").isolated(Worker::this_program()).build().unwrap_err();
    println!("{error}");
}

fn kill(sdk: &Sdk) {
    let pid = stats(sdk).process_ids[0];
    let pid = rustix::process::Pid::from_raw(i32::try_from(pid).unwrap()).unwrap();
    rustix::process::kill_process(pid, rustix::process::Signal::KILL).unwrap();
}

/// Descriptors, threads and children of this process.
fn belongings(sdk: &Sdk) -> BTreeMap<&'static str, usize> {
    let count = |folder: &str| fs::read_dir(folder).unwrap().count();
    let me = std::process::id();
    let children = fs::read_dir("/proc").unwrap().flatten().filter(|entry| {
        let stat = fs::read_to_string(entry.path().join("stat")).unwrap_or_default();
        let parent = stat.rsplit(") ").next().and_then(|rest| rest.split(' ').nth(1)?.parse().ok());
        parent == Some(me)
    });
    BTreeMap::from([
        ("descriptors", count("/proc/self/fd")),
        ("threads", count("/proc/self/task")),
        ("children", children.count()),
        ("workers", stats(sdk).process_ids.len()),
    ])
}
