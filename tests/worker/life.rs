//! Workers end with their programs, and leave nothing behind.

use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};

use rustix::process::Signal;
use wecom_finance::Sdk;
use wecom_finance_simulator::Scenario;

use crate::site::{HOST, Site, eventually, exists, pids, runs, signal};

fn host(arguments: &[&str]) -> (Child, Vec<u32>) {
    let site = Site::best(&Scenario::new());
    let mut host = Command::new(HOST)
        .arg(arguments[0])
        .arg(site.library.path())
        .args(&arguments[1..])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut line = String::new();
    BufReader::new(host.stdout.take().unwrap()).read_line(&mut line).unwrap();
    (host, line.split_whitespace().map(|pid| pid.parse().unwrap()).collect())
}

#[test]
fn a_killed_program_takes_its_worker_with_it() {
    let (mut host, pids) = host(&["hold"]);
    let [worker] = pids[..] else { panic!("{pids:?}") };
    assert!(runs(worker));
    host.kill().unwrap();
    host.wait().unwrap();
    eventually("the worker ends", || !runs(worker));
}

/// Somebody else has the program's end of the socket, so its end does not show there.
#[test]
fn a_killed_program_takes_its_worker_with_it_though_its_socket_leaked() {
    let (mut host, pids) = host(&["hold-socket"]);
    let [worker, holder] = pids[..] else { panic!("{pids:?}") };
    host.kill().unwrap();
    host.wait().unwrap();
    eventually("the worker ends", || !runs(worker));
    assert!(runs(holder), "it was not the end of the socket");
    signal(holder, Signal::KILL);
}

#[test]
fn hundreds_of_restarts_leave_nothing_behind() {
    let site = Site::best(&Scenario::new());
    let output = Command::new(HOST).arg("restarts").arg(site.library.path()).arg("200").output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{said}{}", String::from_utf8_lossy(&output.stderr));
    assert!(said.starts_with("200 restarts, "), "{said}");
    println!("{said}");
}

/// The death signal that a worker asks for comes when the thread ends that started it.
#[test]
fn a_worker_outlives_the_thread_that_wanted_it() {
    let site = Site::best(&Scenario::new().texts(3));
    let sdk: Sdk = std::thread::spawn({
        let builder = site.builder();
        move || builder.build().unwrap()
    })
    .join()
    .unwrap();
    let first = pids(&sdk);
    std::thread::scope(|scope| {
        let pages: Vec<_> = (0..4).map(|_| scope.spawn(|| sdk.page(0).unwrap().unwrap())).collect();
        assert!(pages.into_iter().all(|page| page.join().unwrap().messages().len() == 3));
    });
    assert_eq!(sdk.chat(&site.keys()).filter_map(Result::ok).count(), 3);
    assert_eq!(pids(&sdk), first);
    assert_eq!(sdk.worker_stats().unwrap().restarts(), 0);
}

#[test]
fn a_worker_ends_with_the_last_clone() {
    let site = Site::best(&Scenario::new().texts(1));
    let sdk = site.sdk();
    let [pid] = pids(&sdk)[..] else { panic!() };
    let clone = sdk.clone();
    drop(sdk);
    assert!(runs(pid));
    // What was got from it outlives it.
    let page = clone.page(0).unwrap().unwrap();
    drop(clone);
    eventually("the worker is gone and waited for", || !exists(pid));
    assert_eq!(page.messages().len(), 1);
}

#[test]
fn a_worker_that_is_killed_is_replaced_without_a_word() {
    for site in Site::all(&Scenario::new().texts(50)) {
        let sdk = site.sdk();
        let keys = site.keys();
        for round in 1..=5 {
            signal(pids(&sdk)[0], Signal::KILL);
            assert_eq!(sdk.chat(&keys).map(Result::unwrap).count(), 50, "{}", site.name);
            assert_eq!(sdk.worker_stats().unwrap().deaths, round);
        }
        assert_eq!(sdk.worker_stats().unwrap().stopped, 0);
    }
}

#[test]
fn workers_that_have_served_are_replaced() {
    let site = Site::best(&Scenario::new().texts(100));
    let keys = site.keys();
    let by_calls = site.builder_with(site.worker().recycle_after_calls(150)).build().unwrap();
    let by_bytes = site.builder_with(site.worker().recycle_after_bytes(100_000)).build().unwrap();
    for sdk in [by_calls, by_bytes] {
        let first = pids(&sdk);
        for _ in 0..8 {
            assert_eq!(sdk.chat(&keys).map(Result::unwrap).count(), 100);
        }
        let stats = sdk.worker_stats().unwrap();
        assert!(stats.recycled >= 3, "{stats:?}");
        assert_eq!(stats.restarts(), 0);
        eventually("the first worker is gone", || !exists(first[0]));
    }
}
