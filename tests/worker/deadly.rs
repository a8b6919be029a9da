//! Messages and files that kill the SDK: all others arrive, and the deadly ones say what they did.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Read as _;
use std::time::{Duration, Instant};

use wecom_finance::{Error, Operation, RetryPolicy, UnopenedReason, WorkerEnd};
use wecom_finance_simulator::{Effect, Fault, MediaFile, MediaKind, Scenario};
use wecom_finance_tests::deadly_message;

use crate::site::{Site, eventually, exists, pids};

/// Messages, those of them that kill, files that kill. The long form is what is promised, the short one what an ordinary
/// test run has time for.
fn sizes() -> (u64, u64, u64) {
    let long = std::env::var_os("WECOM_FINANCE_LONG_TESTS").is_some();
    if long { (100_000, 1_000, 20) } else { (5_000, 50, 5) }
}

#[test]
fn a_stream_with_deadly_messages_and_files() {
    let (messages, killers, files) = sizes();
    let deadly = deadly_message("deadly");
    let mut scenario = Scenario::new().key_version(1);
    for _ in 0..killers {
        scenario = scenario.conversation(messages / killers - 1).message(deadly.clone());
    }
    for number in 0..files {
        let id = format!("deadly-{number}");
        scenario = scenario
            .loose_media_file(MediaFile::generated(&id, MediaKind::File, 1_000))
            .fault(Fault::media(Effect::Nested { depth: 200_000 }).file(&id));
    }
    scenario = scenario.loose_media_file(MediaFile::generated("harmless", MediaKind::File, 700_000));
    let site = Site::best(&scenario);
    let sdk = site.sdk();
    let keys = site.keys();
    let without = time_without_deadly_ones(messages);

    let start = Instant::now();
    let sent: BTreeMap<u64, Vec<u8>> = site.world.messages().collect();
    let ids: BTreeMap<u64, String> = site.world.msgids().collect();
    let (mut opened, mut killed) = (0_u64, 0_u64);
    let mut chat = sdk.chat(&keys);
    for (record, (seq, plaintext)) in chat.by_ref().zip(&sent) {
        match record {
            Ok(record) => {
                assert_eq!((record.seq, record.raw_bytes()), (*seq, &plaintext[..].to_vec().into()));
                opened += 1;
            }
            Err(error) => {
                let unopened = error.unopened().unwrap_or_else(|| panic!("{error:?}"));
                assert_eq!((unopened.sealed.seq, &*ids[seq]), (*seq, "deadly"), "{error}");
                let UnopenedReason::KilledWorker { end, .. } = unopened.reason else { panic!("{error}") };
                assert_eq!(end.signal(), Some(6));
                assert_eq!(unopened.reason.as_str(), "killed_worker");
                assert!(error.to_string().contains("SIGABRT (6)"), "{error}");
                killed += 1;
            }
        }
    }
    assert_eq!((opened, killed), (messages - killers, killers));
    assert_eq!(chat.cursor(), messages);
    let took = start.elapsed();
    let of_messages = sdk.worker_stats().unwrap();
    // Once together with others, once alone; two of them in one batch may share the first time.
    assert!((killers..=2 * killers).contains(&of_messages.restarts()), "{of_messages:?}");

    for number in 0..files {
        let media = site.world.media(&format!("deadly-{number}")).unwrap();
        let error = sdk.media(media.sdk_file_id()).unwrap().next_chunk().unwrap_err();
        let Error::WorkerDied { operation: Operation::Media, end: WorkerEnd::Signal(6 | 11), .. } = error
        else {
            panic!("{error:?}")
        };
        assert!(!error.is_retryable());
    }
    let stats = sdk.worker_stats().unwrap();
    assert_eq!(stats.restarts() - of_messages.restarts(), 2 * files, "each file twice: {stats:?}");
    let mut bytes = Vec::new();
    let harmless = site.world.media("harmless").unwrap();
    sdk.media(harmless.sdk_file_id()).unwrap().read_to_end(&mut bytes).unwrap();
    assert!(bytes == harmless.bytes());
    println!(
        "{}: {messages} messages in {took:?} with {} restarts, {without:?} without",
        site.name,
        of_messages.restarts()
    );

    let last = pids(&sdk);
    assert!(!last.is_empty());
    drop((sdk, chat));
    eventually("the workers are gone", || !last.iter().any(|pid| exists(*pid)));
}

/// A figure for people.
fn time_without_deadly_ones(messages: u64) -> Duration {
    let site = Site::best(&Scenario::new().key_version(1).conversation(messages));
    let (sdk, keys) = (site.sdk(), site.keys());
    let start = Instant::now();
    assert_eq!(sdk.chat(&keys).flatten().count(), usize::try_from(messages).unwrap());
    start.elapsed()
}

/// Many calls are in the worker when one of them ends it: only that one fails.
#[test]
fn innocents_are_not_blamed() {
    let mut scenario = Scenario::new().key_version(1).texts(10);
    for number in 0..4 {
        let id = format!("large-{number}");
        scenario = scenario.loose_media_file(MediaFile::generated(id, MediaKind::File, 6_000_000));
    }
    scenario = scenario.loose_media_file(MediaFile::generated("deadly", MediaKind::File, 1_000));
    scenario = scenario.fault(Fault::media(Effect::Nested { depth: 200_000 }).file("deadly"));
    for site in Site::all(&scenario) {
        let sdk = site.builder().retry(RetryPolicy::never()).build().unwrap();
        let keys = site.keys();
        let page = sdk.page(0).unwrap().unwrap();
        std::thread::scope(|scope| {
            for number in 0..4 {
                let (sdk, site) = (&sdk, &site);
                scope.spawn(move || {
                    let media = site.world.media(&format!("large-{number}")).unwrap();
                    let mut bytes = Vec::new();
                    sdk.media(media.sdk_file_id()).unwrap().read_to_end(&mut bytes).unwrap();
                    assert!(bytes == media.bytes());
                });
            }
            scope.spawn(|| {
                for _ in 0..30 {
                    let opened = keys.open_all(&sdk, page.messages()).unwrap();
                    assert!(opened.iter().all(Result::is_ok));
                    assert_eq!(sdk.page(0).unwrap().unwrap().messages().len(), 10);
                }
            });
            for _ in 0..4 {
                let media = site.world.media("deadly").unwrap();
                let error = sdk.media(media.sdk_file_id()).unwrap().next_chunk().unwrap_err();
                assert!(matches!(error, Error::WorkerDied { .. }), "{}: {error:?}", site.name);
            }
        });
        assert_eq!(sdk.worker_stats().unwrap().restarts(), 8, "{}", site.name);
    }
}

/// Deadly ones among the first, in the middle and last of a batch, alone in it, and next to each other.
#[test]
fn each_message_of_a_batch_has_its_own_outcome() {
    let deadly = deadly_message("deadly");
    for deadly_ones in [vec![0], vec![99], vec![50, 51, 52], (0..100).step_by(7).collect(), (0..20).collect()]
    {
        let deadly_ones: BTreeSet<u64> = deadly_ones.into_iter().collect();
        let mut scenario = Scenario::new().key_version(1);
        for number in 0..100 {
            let one = || scenario.clone().texts(1);
            scenario =
                if deadly_ones.contains(&number) { scenario.clone().message(deadly.clone()) } else { one() };
        }
        let site = Site::best(&scenario);
        let sdk = site.sdk();
        let page = sdk.page(0).unwrap().unwrap();
        let outcomes = site.keys().open_all(&sdk, page.messages()).unwrap();
        let killed: BTreeSet<u64> = page
            .messages()
            .iter()
            .zip(&outcomes)
            .filter(|(sealed, outcome)| {
                assert!(outcome.as_ref().is_ok_and(|opened| opened.seq == sealed.seq) || outcome.is_err());
                outcome.is_err()
            })
            .map(|(sealed, _)| sealed.seq - 1)
            .collect();
        assert_eq!(killed, deadly_ones);
        assert!(sdk.worker_stats().unwrap().restarts() <= 2 * u64::try_from(killed.len()).unwrap());
    }
}

/// One by one, as `replay` and others do.
#[test]
fn a_deadly_message_that_is_opened_by_itself() {
    let site = Site::best(&Scenario::new().key_version(1).message(deadly_message("deadly")).texts(1));
    let sdk = site.sdk();
    let page = sdk.page(0).unwrap().unwrap();
    let [deadly, good] = page.messages() else { panic!("{page:?}") };
    let error = site.keys().open(&sdk, deadly).unwrap_err();
    assert_eq!(error.sealed(), Some(deadly));
    assert!(matches!(error.unopened().unwrap().reason, UnopenedReason::KilledWorker { .. }));
    assert!(site.keys().open(&sdk, good).is_ok());
    assert_eq!(sdk.worker_stats().unwrap().restarts(), 2);
}
