//! Tokens, page sizes, refusals, and many threads at once.

use std::io::Read as _;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use wecom_finance::{Language, PageSize, RetryPolicy, SdkCode, ServerCode};
use wecom_finance_simulator::{Effect, Fault, MediaFile, MediaKind, Scenario};

use crate::Ground;

pub fn a_token_is_fetched_once_and_kept(ground: Ground) {
    let place = ground.place(Scenario::new().texts(50));
    let sdk = place.builder().page_size(PageSize::new(5).unwrap()).build().unwrap();
    assert_eq!(sdk.chat(&place.keys()).filter_map(Result::ok).count(), 50);
    assert_eq!((place.world.chat_calls(), place.world.token_calls()), (11, 1));
    assert_eq!(sdk.clone().chat(&place.keys()).filter_map(Result::ok).count(), 50);
    assert_eq!(place.world.token_calls(), 1, "clones share sessions");
}

pub fn dead_tokens_are_replaced(ground: Ground) {
    let place = ground.place(Scenario::new().texts(60).revoke_token_after(4));
    let sdk =
        place.builder().page_size(PageSize::new(2).unwrap()).retry(RetryPolicy::never()).build().unwrap();
    let seqs: Vec<u64> = sdk.chat(&place.keys()).map(|record| record.unwrap().seq).collect();
    assert_eq!(seqs, (1..=60).collect::<Vec<_>>());
    assert!(place.world.token_calls() >= 7, "{}", place.world.token_calls());

    place.world.expire_tokens();
    assert_eq!(sdk.page(0).unwrap().unwrap().messages().len(), 2);
}

pub fn a_token_that_dies_all_the_time_is_an_error(ground: Ground) {
    for code in [40014, 42001] {
        let place = ground.place(Scenario::new().texts(1).fault(Fault::chat(Effect::ErrCode(code))));
        let sdk = place.builder().retry(RetryPolicy::never()).build().unwrap();
        let error = sdk.page(0).unwrap_err();
        assert_eq!(error.server_code().map(ServerCode::raw), Some(code));
        assert!(place.world.chat_calls() <= 5);
    }
}

pub fn a_file_refused_for_its_token_gets_a_fresh_session(ground: Ground) {
    let place =
        ground.place(Scenario::new().media_file(MediaFile::generated("file", MediaKind::File, 3_000_000)));
    let media = place.world.media("file").unwrap();
    let sdk = place.builder().retry(RetryPolicy::never()).build().unwrap();
    let mut reader = sdk.media(media.sdk_file_id()).unwrap();
    let mut bytes = vec![0; 600_000];
    reader.read_exact(&mut bytes).unwrap();
    place.world.revoke_tokens();
    reader.read_to_end(&mut bytes).unwrap();
    assert!(bytes == media.bytes());
    assert_eq!(place.world.token_calls(), 2);
}

pub fn a_page_that_is_too_large_is_asked_for_in_parts(ground: Ground) {
    let place = ground.place(
        Scenario::new()
            .texts(3_000)
            .fault(Fault::chat(Effect::ErrCode(301_058)).when_limit_above(200).times(3)),
    );
    let sdk = place.builder().retry(RetryPolicy::never()).build().unwrap();
    let mut after = 0;
    let mut sizes = Vec::new();
    while let Some(page) = sdk.page(after).unwrap() {
        sizes.push(page.messages().len());
        after = page.last_seq();
    }
    assert_eq!(sizes.iter().sum::<usize>(), 3_000);
    assert_eq!(sizes[..8], [125; 8], "halved three times");
    assert!(sizes[8] > 125, "grown back: {sizes:?}");

    let always = ground.place(Scenario::new().texts(3).fault(Fault::chat(Effect::ErrCode(301_058))));
    let error = always.sdk().page(0).unwrap_err();
    assert_eq!(error.server_code(), Some(ServerCode::PageTooLarge));
}

pub fn refusals_are_named_and_not_repeated(ground: Ground) {
    for code in [41053, 48002, 60020, 301_042, 301_052, 301_053, 301_059, 987_654] {
        let place = ground.place(Scenario::new().texts(1).fault(Fault::chat(Effect::ErrCode(code))));
        let error = place.sdk().page(0).unwrap_err();
        assert_eq!(error.server_code().map(ServerCode::raw), Some(code));
        assert!(!error.is_retryable());
        assert!(!error.remedy(Language::English).is_empty());
        assert!(!error.remedy(Language::Chinese).is_empty());
        assert_eq!(place.world.chat_calls(), 1);
    }
}

pub fn a_wrong_secret_has_a_remedy_that_says_so(ground: Ground) {
    let place = ground.place(Scenario::new().texts(1));
    let sdk = place.builder_with_secret("wrong").retry(RetryPolicy::never()).build().unwrap();
    let error = sdk.page(0).unwrap_err();
    if ground.hears_what_the_sdk_prints() {
        assert_eq!(error.server_code(), Some(ServerCode::InvalidSecret));
    } else {
        assert_eq!(error.sdk_code(), Some(SdkCode::Network));
    }
    assert!(error.remedy(Language::English).contains("secret"), "{}", error.remedy(Language::English));
    assert_eq!(place.world.chat_calls(), 0);
}

pub fn too_many_calls_waits_and_goes_on(ground: Ground) {
    let place = ground.place(Scenario::new().texts(5).fault(Fault::chat(Effect::ErrCode(45_009)).times(2)));
    let pause = Duration::from_millis(300);
    let sdk = place.builder().retry(RetryPolicy::default().rate_limit_pause(pause)).build().unwrap();
    let start = Instant::now();
    assert_eq!(sdk.page(0).unwrap().unwrap().messages().len(), 5);
    assert!(start.elapsed() >= 2 * pause);
}

pub fn a_server_that_does_not_answer_costs_the_timeout(ground: Ground) {
    let place = ground.place(Scenario::new().texts(1).fault(Fault::chat(Effect::Hang)));
    // Less than a second is rounded up, not down to "for ever".
    let timeout = Duration::from_millis(200);
    let sdk = place.builder().timeout(timeout).retry(RetryPolicy::never()).build().unwrap();
    let start = Instant::now();
    let error = sdk.page(0).unwrap_err();
    assert_eq!(error.sdk_code(), Some(SdkCode::Network));
    assert!(start.elapsed() < Duration::from_secs(15), "{:?}", start.elapsed());
    place.world.clear_faults();
    assert!(sdk.page(0).unwrap().is_some());
}

/// Where one raw handle that is shared like this dies (C2).
pub fn sixteen_threads_share_one_sdk_while_tokens_die(ground: Ground) {
    const CALLS: u64 = 5_000;
    let place =
        ground.place(Scenario::new().texts(40).revoke_token_after(25).media_file(MediaFile::generated(
            "file",
            MediaKind::File,
            20_000,
        )));
    let retries = RetryPolicy::default().max_retries(50).pauses(Duration::ZERO, Duration::from_millis(5));
    let sdk = place.builder().page_size(PageSize::new(20).unwrap()).retry(retries).build().unwrap();
    let media = place.world.media("file").unwrap();
    let content = media.bytes();
    let expected: Vec<Vec<u8>> = place.world.messages().map(|(_, plaintext)| plaintext).collect();
    let keys = place.keys();
    let calls = AtomicU64::new(0);
    thread::scope(|scope| {
        for _ in 0..16 {
            scope.spawn(|| {
                loop {
                    let call = calls.fetch_add(1, Ordering::Relaxed);
                    if call >= CALLS {
                        break;
                    }
                    if call.is_multiple_of(5) {
                        let mut bytes = Vec::new();
                        sdk.media(media.sdk_file_id()).unwrap().read_to_end(&mut bytes).unwrap();
                        assert!(bytes == content);
                        continue;
                    }
                    let after = call % 40;
                    let page = sdk.page(after).unwrap().unwrap();
                    let seqs: Vec<u64> = page.messages().iter().map(|message| message.seq).collect();
                    assert_eq!(seqs, (after + 1..=41.min(after + 20)).collect::<Vec<_>>());
                    if call.is_multiple_of(50) {
                        let sealed = &page.messages()[0];
                        let opened = keys.open(&sdk, sealed).unwrap();
                        assert_eq!(opened.raw, expected[usize::try_from(sealed.seq - 1).unwrap()]);
                    }
                }
            });
        }
    });
    assert!(place.world.token_calls() > 100, "tokens did die: {}", place.world.token_calls());
}
