//! Calls that take too long, and workers that want too much.

use std::time::Duration;

use rustix::process::Signal;
use wecom_finance::{Error, Operation, RetryPolicy, Sdk, Tls, UnopenedReason, WorkerEnd};
use wecom_finance_simulator::{Effect, Fault, Scenario};

use crate::site::{Site, pids, signal};

/// Only the stand-in can be made to hang: the genuine SDK keeps its timeouts.
#[test]
fn a_call_that_hangs_is_ended_and_the_others_go_on() {
    let scenario = Scenario::new().texts(40).fault(Fault::decrypt(Effect::Hang).seq(7));
    let site = Site::stand_in(scenario);
    let worker = site.worker().grace(Duration::ZERO);
    let sdk = site.builder_with(worker).timeout(Duration::from_secs(1)).build().unwrap();
    let (opened, failed): (Vec<_>, Vec<_>) = sdk.chat(&site.keys()).partition(Result::is_ok);
    assert_eq!((opened.len(), failed.len()), (39, 1));
    let error = failed.into_iter().next().unwrap().unwrap_err();
    assert_eq!(error.sealed().map(|sealed| sealed.seq), Some(7));
    let UnopenedReason::KilledWorker { end, .. } = error.unopened().unwrap().reason else {
        panic!("{error}")
    };
    assert_eq!(end, WorkerEnd::TimedOut(Duration::from_secs(2)));
    let stats = sdk.worker_stats().unwrap();
    assert_eq!((stats.stopped, stats.deaths), (2, 0), "{stats:?}");
}

#[test]
fn a_worker_that_stands_still_is_replaced() {
    for site in Site::all(&Scenario::new().texts(5)) {
        let worker = site.worker().grace(Duration::ZERO);
        let sdk = site.builder_with(worker).timeout(Duration::from_secs(1)).build().unwrap();
        signal(pids(&sdk)[0], Signal::STOP);
        assert_eq!(sdk.page(0).unwrap().unwrap().messages().len(), 5, "{}", site.name);
        assert_eq!(sdk.worker_stats().unwrap().stopped, 1);
    }
}

#[test]
fn a_worker_cannot_take_all_memory() {
    let huge = Fault::chat(Effect::Huge { bytes: 50_000_000 }).times(20);
    for site in Site::all(&Scenario::new().texts(5).fault(huge)) {
        let limited = site.builder_with(site.worker().memory_limit(64 << 20));
        let limited = limited.retry(RetryPolicy::never()).build().unwrap();
        let error = limited.page(0).unwrap_err();
        let Error::WorkerDied { operation: Operation::Chat, end, .. } = error else { panic!("{error:?}") };
        assert_eq!(end.signal(), Some(6), "{}: {end}", site.name);

        // Enough for a page of 50 MB, and for what is made of it on its way here.
        let sdk = site.builder().retry(RetryPolicy::never()).build().unwrap();
        let error = sdk.page(0).unwrap_err();
        assert!(matches!(error, Error::UnreadablePage { .. }), "{}: {error:?}", site.name);
        assert_eq!(sdk.worker_stats().unwrap().restarts(), 0);
    }
}

#[test]
fn a_reply_that_is_too_large_is_an_error_and_not_a_crash() {
    let huge = Fault::chat(Effect::Huge { bytes: 70_000_000 }).times(1);
    for site in Site::all(&Scenario::new().texts(5).fault(huge)) {
        let sdk = site.builder().retry(RetryPolicy::never()).build().unwrap();
        let error = sdk.page(0).unwrap_err();
        assert!(matches!(error, Error::BrokenReply { operation: Operation::Chat, .. }), "{error:?}");
        assert!(error.to_string().contains("64 MiB"), "{error}");
        assert_eq!(sdk.page(0).unwrap().unwrap().messages().len(), 5);
        assert_eq!(sdk.worker_stats().unwrap().restarts(), 0);
    }
}

/// Descriptors of the worker before and after calls that WeCom answers with an HTTP status of failure.
fn descriptors_over_failures(sdk: &Sdk, calls: u32) -> [usize; 2] {
    let count = || {
        let [pid] = pids(sdk)[..] else { panic!("one worker") };
        std::fs::read_dir(format!("/proc/{pid}/fd")).unwrap().count()
    };
    sdk.page(0).unwrap_err();
    let before = count();
    for _ in 0..calls {
        sdk.page(0).unwrap_err();
    }
    [before, count()]
}

/// The SDK loses two descriptors over each (C13).
#[test]
fn http_failures_cost_no_descriptors_behind_the_egress_and_no_more_than_a_few_without() {
    let Some(site) = Site::genuine(Scenario::new().fault(Fault::chat(Effect::Status(502)))) else { return };
    let never = RetryPolicy::never();
    let tls = Tls::with_roots_pem(site.root_pem().unwrap()).unwrap();
    let sdk = site.builder().retry(never.clone()).verified_tls(tls).build().unwrap();
    let [before, after] = descriptors_over_failures(&sdk, 40);
    assert!(after <= before + 2, "behind the egress: {before}, then {after}");
    assert_eq!(sdk.worker_stats().unwrap().recycled, 0);

    let worker = site.worker().recycle_after_network_failures(10);
    let sdk = site.builder_with(worker).retry(never).build().unwrap();
    let [before, after] = descriptors_over_failures(&sdk, 45);
    assert!(after <= before + 20, "without: {before}, then {after}");
    assert_eq!(sdk.worker_stats().unwrap().recycled, 4);
}
