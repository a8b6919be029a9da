//! What the library allocates in the SDK it frees, whatever happens in between. One test in a program of its own: the
//! counts are those of the whole process.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::io::Read as _;
use std::thread;

use wecom_finance::{PageSize, RetryPolicy, Secret};
use wecom_finance_simulator::{
    ContentRange, Effect, Fault, MediaFile, MediaKind, MessageSpec, Operation, Scenario, Sealing,
};
use wecom_finance_sys::implement::live_objects;

fn live() -> (i64, i64, i64) {
    let live = live_objects();
    (live.handles, live.slices, live.media)
}

#[test]
fn everything_that_is_allocated_is_freed() {
    assert_eq!(live(), (0, 0, 0));
    every_failure();
    assert_eq!(live(), (0, 0, 0), "after failures: handles, slices, media buffers");
    success_on_many_threads();
    assert_eq!(live(), (0, 0, 0), "after success: handles, slices, media buffers");
    downloads_of_all_ends();
    assert_eq!(live(), (0, 0, 0), "after downloads: handles, slices, media buffers");
}

fn every_failure() {
    let effects = [
        Effect::Return(10_000),
        Effect::Return(4_711),
        Effect::ErrCode(42_001),
        Effect::ErrCode(301_058),
        Effect::ErrCode(301_053),
        Effect::Status(500),
        Effect::Body("<html>".into()),
        Effect::Body("".into()),
        Effect::Body("{\"errcode\":0,\"chatdata\":[{\"seq\":true}]}".into()),
        Effect::Truncate { bytes: 100 },
        Effect::Shorten { bytes: 16 },
        Effect::NoContent,
        Effect::Corrupt,
        Effect::ContentRange(ContentRange::StandsStill),
        Effect::RevokeToken,
    ];
    let operations =
        [Operation::Init, Operation::Token, Operation::Chat, Operation::Media, Operation::Decrypt];
    for operation in operations {
        for effect in &effects {
            let world = Scenario::new()
                .texts(3)
                .message(MessageSpec::new("junk"))
                .message(MessageSpec::new("{}").sealing(Sealing::CutTo { bytes: 5 }))
                .media_file(MediaFile::generated("file", MediaKind::File, 1_200_000))
                .fault(Fault::new(operation, effect.clone()))
                .build();
            let sdk = world.sdk_builder().retry(RetryPolicy::never()).build().unwrap();
            // Whatever comes of it: only what is left behind counts here.
            let _opened = sdk.chat(&world.keys().unwrap()).flatten().count();
            let media = world.media("file").unwrap();
            let _read = sdk.media(media.sdk_file_id()).unwrap().read_to_end(&mut Vec::new()).is_ok();
            let wrong = world.sdk_builder().proxy(wecom_finance::Proxy::parse("http://127.0.0.1:1").unwrap());
            drop(wrong.build().unwrap());
        }
    }
    let world = Scenario::new().texts(1).build();
    let nul = wecom_finance::Sdk::builder(world.library(), "ww\0", Secret::new("s")).build();
    assert!(nul.is_err());
}

fn success_on_many_threads() {
    let world = Scenario::new().texts(300).media(4).revoke_token_after(7).build();
    let sdk = world.sdk_builder().page_size(PageSize::new(10).unwrap()).build().unwrap();
    let keys = world.keys().unwrap();
    thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                let records: Vec<_> = sdk.chat(&keys).map(Result::unwrap).collect();
                assert_eq!(records.len(), 304);
                let page = sdk.page(0).unwrap().unwrap();
                // A message outlives its page, and both their session.
                let message = page.messages().first().unwrap().clone();
                drop(page);
                thread::spawn(move || assert_eq!(message.seq, 1)).join().unwrap();
            });
        }
    });
    assert!(live().0 > 0, "idle sessions are kept");
    let unread = sdk.media(world.media_files().first().unwrap().sdk_file_id()).unwrap();
    drop(unread);
    drop(sdk);
}

fn downloads_of_all_ends() {
    let file = |number: u64| MediaFile::generated(format!("{number}"), MediaKind::File, number * 1_500_000);
    let flaky = Fault::media(Effect::Shorten { bytes: 16 }).probability(0.2);
    let world = (0..6).map(file).fold(Scenario::new().fault(flaky), Scenario::media_file).build();
    let sdk = world.sdk().unwrap();
    let downloader = sdk.downloader().build().unwrap();
    let mut unread = Vec::new();
    thread::scope(|scope| {
        for media in world.media_files() {
            // One is read to its end, one is dropped on the way, and one outlives the downloader's other users.
            let start = || {
                let download = downloader.download(media.sdk_file_id()).unwrap();
                download.expecting_len(media.len())
            };
            let (mut whole, mut part, mut late) = (start(), start(), start());
            scope.spawn(move || {
                let mut bytes = Vec::new();
                while whole.read_to_end(&mut bytes).is_err() {}
                assert!(bytes == media.bytes());
                drop(part.read(&mut [0; 10]));
            });
            drop(late.next_chunk());
            unread.push(late);
        }
    });
    assert!(live().2 > 0, "pieces that nobody has read yet");
    drop((sdk, downloader));
    let chunk = unread.iter_mut().find_map(|download| download.next_chunk().ok().flatten());
    drop(unread);
    assert_eq!(live(), (0, 0, 1), "a piece outlives them all");
    drop(chunk);
}
