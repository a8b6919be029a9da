//! What holds for the genuine SDK on loopback and for the stand-in alike.

use wecom_finance_simulator::{Effect, Fault, MediaFile, MediaKind, Scenario, World};

use crate::caller::{Caller, Keys, genuine, pull};

fn on_genuine(world: &World, test: fn(&World, &Caller)) {
    if let Some(library) = genuine() {
        let server = world.serve().unwrap();
        test(world, &Caller::genuine(library, &server.proxy_url()));
    }
}

fn on_stand_in(world: &World, test: fn(&World, &Caller)) {
    test(world, &Caller::stand_in(world));
}

fn opens_everything(world: &World, caller: &Caller) {
    let keys = Keys::of(world);
    let sealed = pull(&mut caller.handle(world), 1_000);
    let expected: Vec<_> = world.messages().collect();
    assert_eq!(sealed.len(), expected.len());
    for (message, (seq, plaintext)) in sealed.iter().zip(expected) {
        assert_eq!(message.seq, seq);
        let key = keys.unlock(message).expect("RSA opens the key");
        let (code, opened) = caller.decrypt(Some(&key), Some(message.encrypt_chat_msg.as_bytes()));
        assert_eq!(code, 0);
        assert_eq!(opened, plaintext);
    }
}

fn ten_thousand() -> World {
    Scenario::new().key_version(1).key_version(2).key_version(3).media(6).conversation(9_994).build()
}

#[test]
fn genuine_sdk_opens_ten_thousand_messages() {
    on_genuine(&ten_thousand(), opens_everything);
}

fn odd_plaintexts() -> World {
    let scenario = Scenario::new().message("").message(b"a\0b".to_vec()).message(vec![0xff; 16]).message("{");
    scenario.message("x".repeat(1_000_000)).gap(1_000_000).texts(1).build()
}

#[test]
fn genuine_sdk_opens_odd_plaintexts() {
    on_genuine(&odd_plaintexts(), opens_everything);
}

#[test]
fn stand_in_opens_odd_plaintexts() {
    on_stand_in(&odd_plaintexts(), opens_everything);
}

fn takes_huge_pages(world: &World, caller: &Caller) {
    world.set_fault(Fault::chat(Effect::Huge { bytes: 20_000_000 }));
    let (code, body) = caller.handle(world).chat(0, 1);
    assert_eq!((code, body.len()), (0, 20_000_000));
}

#[test]
fn genuine_sdk_takes_huge_pages() {
    on_genuine(&Scenario::new().build(), takes_huge_pages);
}

#[test]
fn stand_in_takes_huge_pages() {
    on_stand_in(&Scenario::new().build(), takes_huge_pages);
}

#[test]
fn genuine_sdk_reads_the_demo() {
    on_genuine(&Scenario::demo().build(), |world, caller| {
        opens_everything(world, caller);
        loads_every_file(world, caller);
    });
}

fn loads_every_file(world: &World, caller: &Caller) {
    let mut handle = caller.handle(world);
    for media in world.media_files() {
        let (bytes, chunks) = handle.file(media.sdk_file_id());
        assert!(bytes == media.bytes(), "{} of {} bytes differs", media.id(), media.len());
        assert_eq!(chunks as u64, media.encrypted_len_in_chunks(), "{} bytes", media.len());
    }
}

trait InChunks {
    fn encrypted_len_in_chunks(&self) -> u64;
}

impl InChunks for wecom_finance_simulator::Media {
    fn encrypted_len_in_chunks(&self) -> u64 {
        ((self.len() / 16 + 1) * 16).div_ceil(512 * 1024)
    }
}

fn edge_sizes() -> World {
    let mut scenario = Scenario::new();
    for len in [0, 1, 15, 16, 17, 524_271, 524_272, 524_287, 524_288, 524_289, 1_048_575, 1_048_576, 3 << 20]
    {
        scenario = scenario.media_file(MediaFile::generated(format!("size-{len}"), MediaKind::File, len));
    }
    scenario.build()
}

#[test]
fn genuine_sdk_loads_files_of_edge_sizes() {
    on_genuine(&edge_sizes(), loads_every_file);
}

#[test]
fn stand_in_loads_files_of_edge_sizes() {
    on_stand_in(&edge_sizes(), loads_every_file);
}

#[test]
fn stand_in_opens_ten_thousand_messages() {
    on_stand_in(&ten_thousand(), opens_everything);
}
