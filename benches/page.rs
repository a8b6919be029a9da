//! A sealed page of 1,000 messages to typed messages, and what each step of it costs.
//!
//! The page is fetched once, over loopback where the genuine SDK does it; the network is not part of the time.
#![allow(clippy::unwrap_used, missing_docs, reason = "a benchmark may panic")]

use std::hint::black_box;
use std::num::NonZero;
use std::thread;
use std::time::Duration;

use bytes::Bytes;
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use wecom_finance::{
    Backend, ChatPage, Error, IndexToken, KeyRing, MediaChunk, Message, Operation, PageSize, RandomKey, Sdk,
    SdkCode, SdkFileId, SealedMessage, Session,
};
use wecom_finance_simulator::Scenario;
use wecom_finance_tests::{Ground, genuine};

const MESSAGES: usize = 1_000;

/// Hands out one page that was fetched before, and lets the SDK open its messages.
struct Replay {
    page: Bytes,
    sdk: Sdk,
}

struct ReplaySession {
    page: Bytes,
}

impl Backend for Replay {
    fn session(&self) -> Result<Box<dyn Session>, Error> {
        Ok(Box::new(ReplaySession { page: self.page.clone() }))
    }

    fn open(&self, random_key: &RandomKey, encrypt_chat_msg: &str) -> Result<Bytes, Error> {
        self.sdk.open(random_key, encrypt_chat_msg)
    }
}

impl Session for ReplaySession {
    fn chat_page(&mut self, after: u64, _limit: PageSize) -> Result<Bytes, Error> {
        Ok(if after == 0 { self.page.clone() } else { Bytes::from_static(br#"{"errcode":0}"#) })
    }

    fn media_chunk(&mut self, _: &SdkFileId, _: Option<&IndexToken>) -> Result<MediaChunk, Error> {
        Err(Error::from_sdk(Operation::Media, SdkCode::Expired))
    }
}

fn stand_in(criterion: &mut Criterion) {
    page(criterion, "page/stand-in", Ground::StandIn);
}

fn genuine_sdk(criterion: &mut Criterion) {
    // Says where it looked when there is none.
    if let Some(ground) = genuine() {
        page(criterion, "page/genuine", ground);
    }
}

fn page(criterion: &mut Criterion, name: &str, ground: Ground) {
    let place = ground.place(Scenario::new().media(12).conversation(988));
    let (sdk, keys) = (place.sdk(), place.keys());
    let fetched = sdk.page(0).unwrap().unwrap();
    assert_eq!(fetched.messages().len(), MESSAGES);
    let replay = Sdk::with_backend(sdk.corp_id(), Replay { page: fetched.raw().clone(), sdk: sdk.clone() })
        .build()
        .unwrap();
    let random_keys: Vec<RandomKey> = fetched
        .messages()
        .iter()
        .map(|sealed| keys.decrypt_random_key(sealed.publickey_ver, sealed.encrypt_random_key()).unwrap())
        .collect();
    let texts: Vec<Bytes> =
        fetched.messages().iter().map(|sealed| keys.open(&sdk, sealed).unwrap().raw).collect();

    let mut group = criterion.benchmark_group(name);
    // The whole page takes a fraction of a second, nearly all of it arithmetic of constant time.
    group.throughput(Throughput::Elements(1_000)).sample_size(10).measurement_time(Duration::from_secs(5));
    group.bench_function("all, 1 thread", |bencher| bencher.iter(|| on_this_thread(&replay, &keys)));
    group.bench_function("all, ChatIterator", |bencher| {
        bencher.iter(|| {
            let typed = replay.chat(&keys).flatten().map(black_box).count();
            assert_eq!(typed, MESSAGES);
        });
    });
    let cores = thread::available_parallelism().map_or(1, NonZero::get);
    group.bench_function(format!("all, {cores} cores"), |bencher| {
        bencher.iter(|| on_all_cores(&replay, &keys));
    });
    group.bench_function("1 page parse", |bencher| bencher.iter(|| replay.page(0).unwrap()));
    group.bench_function("2 RSA", |bencher| {
        bencher.iter(|| black_box(keys.decrypt_random_keys(&random_keys_of(fetched.messages()))));
    });
    group.bench_function("2 RSA, one by one", |bencher| {
        bencher.iter(|| {
            for (publickey_ver, encrypt_random_key) in random_keys_of(fetched.messages()) {
                black_box(keys.decrypt_random_key(publickey_ver, encrypt_random_key).unwrap());
            }
        });
    });
    group.bench_function("3 open", |bencher| {
        bencher.iter(|| {
            for (key, sealed) in random_keys.iter().zip(fetched.messages()) {
                black_box(sdk.open(key, sealed.encrypt_chat_msg()).unwrap());
            }
        });
    });
    group.bench_function("4 message parse", |bencher| {
        bencher.iter(|| {
            for text in &texts {
                black_box(Message::from_json(text).unwrap());
            }
        });
    });
    group.finish();
}

fn random_keys_of(messages: &[SealedMessage]) -> Vec<(u32, &str)> {
    messages.iter().map(|sealed| (sealed.publickey_ver, sealed.encrypt_random_key())).collect()
}

/// What one core does.
fn on_this_thread(sdk: &Sdk, keys: &KeyRing) {
    let messages = sdk.page(0).unwrap().map(ChatPage::into_messages).unwrap();
    let random_keys = keys.decrypt_random_keys(&random_keys_of(&messages));
    for (sealed, random_key) in messages.iter().zip(random_keys) {
        let opened = sdk.open(&random_key.unwrap(), sealed.encrypt_chat_msg()).unwrap();
        black_box(Message::from_json(&opened).unwrap());
    }
}

/// What the binary does.
fn on_all_cores(sdk: &Sdk, keys: &KeyRing) {
    let page = sdk.page(0).unwrap().unwrap();
    for (sealed, opened) in page.messages().iter().zip(keys.open_all(sdk, page.messages()).unwrap()) {
        black_box(opened.and_then(|opened| opened.parse(sealed)).unwrap());
    }
}

criterion_group!(benches, stand_in, genuine_sdk);
criterion_main!(benches);
