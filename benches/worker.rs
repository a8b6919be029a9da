//! The SDK in a worker process against the SDK in this one: the same messages, opened in turns, RSA included.
//!
//! Prints the ratio of the two throughputs. `-- --test` does it once, with few messages.
#![allow(clippy::unwrap_used, missing_docs, reason = "a benchmark may panic")]
#![allow(clippy::print_stdout, reason = "figures are for people")]

use std::time::{Duration, Instant};

use wecom_finance::{KeyRing, LibraryFile, Sdk, SealedMessage, Worker};
use wecom_finance_simulator::Scenario;
use wecom_finance_tests::{Ground, genuine};

const MESSAGES: u64 = 50_000;
/// Opened in one turn.
const TURN: usize = 1_000;

fn main() {
    wecom_finance::worker::run_if_child();

    // Cargo passes `--bench` along.
    let is_test = std::env::args().any(|argument| argument == "--test");
    let messages = if is_test { 2_000 } else { MESSAGES };
    // Says where it looked when there is none.
    let Some(Ground::Genuine(library)) = genuine() else { return };
    let place = Ground::Genuine(library).place(Scenario::new().key_version(1).conversation(messages));
    let in_process = place.sdk();
    let file = LibraryFile::at(library.path().unwrap()).unwrap();
    let isolated =
        Sdk::builder(file, place.world.corp_id(), place.world.secret()).isolated(Worker::this_program());
    let isolated = isolated.build().unwrap();
    let keys = place.keys();
    let sealed = pull(&in_process, messages);
    let (mut here, mut there) = (Duration::ZERO, Duration::ZERO);
    let mut ratios = Vec::new();
    for (turn, share) in sealed.chunks(TURN).enumerate() {
        // In turns, each first in every other one: what the machine does besides hits both.
        let (in_this_turn, in_its_turn) = if turn % 2 == 0 {
            let here = open(&in_process, &keys, share);
            (here, open(&isolated, &keys, share))
        } else {
            let there = open(&isolated, &keys, share);
            (open(&in_process, &keys, share), there)
        };
        here += in_this_turn;
        there += in_its_turn;
        ratios.push(in_this_turn.as_secs_f64() / in_its_turn.as_secs_f64());
    }
    ratios.sort_by(f64::total_cmp);
    println!("{} messages on all cores, in turns of {TURN}", sealed.len());
    println!("in this process {:.0}/s, in a worker {:.0}/s", rate(&sealed, here), rate(&sealed, there));
    println!(
        "the worker has {:.1} % of the throughput, {:.1} % in the median of the turns",
        100.0 * here.as_secs_f64() / there.as_secs_f64(),
        100.0 * ratios.get(ratios.len() / 2).unwrap()
    );
    assert_eq!(isolated.worker_stats().unwrap().starts, 1);
}

fn pull(sdk: &Sdk, messages: u64) -> Vec<SealedMessage> {
    let mut sealed = Vec::new();
    let mut after = 0;
    while let Some(page) = sdk.page(after).unwrap() {
        after = page.last_seq();
        sealed.extend(page.into_messages());
    }
    assert_eq!(sealed.len(), usize::try_from(messages).unwrap());
    sealed
}

fn open(sdk: &Sdk, keys: &KeyRing, sealed: &[SealedMessage]) -> Duration {
    let start = Instant::now();
    let opened = keys.open_all(sdk, sealed).unwrap();
    let elapsed = start.elapsed();
    assert!(opened.iter().all(Result::is_ok));
    elapsed
}

#[allow(clippy::as_conversions, clippy::cast_precision_loss, reason = "a figure for people")]
fn rate(sealed: &[SealedMessage], elapsed: Duration) -> f64 {
    sealed.len() as f64 / elapsed.as_secs_f64()
}
