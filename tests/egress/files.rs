//! Files and messages through the egress are the same bytes.

use std::io::Read as _;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;

use wecom_finance::{RetryPolicy, Verdict};
use wecom_finance_simulator::{MediaFile, MediaKind, Scenario};

use super::Place;

const SIZES: [u64; 9] = [0, 1, 15, 16, 17, 524_287, 524_288, 524_289, 5_000_000];

fn scenario() -> Scenario {
    SIZES.into_iter().fold(Scenario::new(), |scenario, len| {
        scenario.media_file(MediaFile::generated(format!("{len} bytes"), MediaKind::File, len))
    })
}

#[test]
fn files_of_all_sizes_arrive_whole() {
    let Some(library) = super::genuine() else { return };
    let place = Place::new(scenario());
    let egress = place.egress();
    let sdk = place.sdk(library, &egress);
    let mut read = 0;
    for record in sdk.chat(&place.world.keys().unwrap()) {
        for reference in record.unwrap().media() {
            let expected = place.world.media(reference.file_id()).unwrap();
            let mut reader = sdk.media(reference.file_id()).unwrap().expecting(&reference);
            let mut bytes = Vec::new();
            reader.read_to_end(&mut bytes).unwrap();
            assert!(bytes == expected.bytes(), "{}", expected.id());
            assert_eq!(reader.verify(), Verdict::Match, "{}", expected.id());
            read += 1;
        }
    }
    assert_eq!(read, SIZES.len());
}

#[test]
fn forty_threads_share_one_egress() {
    const CALLS: u64 = 800;
    let Some(library) = super::genuine() else { return };
    let place = Place::new(Scenario::new().texts(40).media_file(MediaFile::generated(
        "file",
        MediaKind::File,
        700_000,
    )));
    let egress = place.egress();
    let sdk = place.builder(library, &egress).retry(RetryPolicy::default()).build().unwrap();
    let file = place.world.media("file").unwrap();
    let content = file.bytes();
    let calls = AtomicU64::new(0);
    thread::scope(|scope| {
        for _ in 0..40 {
            scope.spawn(|| {
                loop {
                    let call = calls.fetch_add(1, Ordering::Relaxed);
                    if call >= CALLS {
                        break;
                    }
                    if call.is_multiple_of(2) {
                        let after = call % 40;
                        let page = sdk.page(after).unwrap().unwrap();
                        let seqs: Vec<u64> = page.messages().iter().map(|message| message.seq).collect();
                        assert_eq!(seqs, (after + 1..=41).collect::<Vec<_>>());
                    } else {
                        let mut bytes = Vec::new();
                        sdk.media(file.sdk_file_id()).unwrap().read_to_end(&mut bytes).unwrap();
                        assert!(bytes == content);
                    }
                }
            });
        }
    });
    let stats = egress.stats();
    assert_eq!(place.world.token_calls(), 1);
    assert_eq!((stats.chat_requests, stats.media_requests), (CALLS / 2, CALLS / 2 * 2));
    assert!(stats.connections <= 64, "{stats:?}");
}
