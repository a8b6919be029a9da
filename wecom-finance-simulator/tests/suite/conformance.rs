//! One suite, three grounds: the function table in this process, the `cdylib`, and the genuine SDK on loopback. What is
//! expected is the same on all of them.

use wecom_finance_simulator::{Control, Effect, Fault, MediaFile, MediaKind, Scenario, World};

use crate::caller::{Caller, Keys, genuine, pull};
use crate::transcript;

/// A scenario and what must hold on it.
pub(crate) struct Case {
    pub(crate) name: &'static str,
    pub(crate) scenario: Scenario,
    pub(crate) test: fn(&World, &Caller),
}

/// The suite. Corp ids and secrets are fixed for a ground, so that another process finds the same corps.
pub(crate) fn cases(ground: &str) -> Vec<Case> {
    let case = |name: &'static str, scenario: Scenario, test| Case {
        name,
        scenario: scenario
            .corp_id(format!("ww-{ground}-{}", name.replace(' ', "-")))
            .secret("simulated-secret"),
        test,
    };
    vec![
        case("the recorded transcript", transcript::scenario(), transcript::says_what_was_recorded),
        case("messages under three keys", conversation(), opens_everything),
        case(
            "the corpus, hostile messages included",
            Scenario::new().corpus().hostile_corpus(),
            opens_everything,
        ),
        case("odd plaintexts", odd_plaintexts(), opens_everything),
        case("huge pages", Scenario::new(), takes_huge_pages),
        case("files of edge sizes", edge_sizes(), loads_every_file),
        case("ranges in sequence only", in_sequence_only(), refuses_ranges_out_of_order),
    ]
}

#[test]
fn the_genuine_sdk_conforms() {
    let Some(library) = genuine() else { return };
    for case in cases("genuine") {
        println!("{}", case.name);
        let world = case.scenario.build();
        let server = world.serve().unwrap();
        (case.test)(&world, &Caller::genuine(library, &server.proxy_url()));
    }
}

#[test]
fn the_function_table_conforms() {
    for case in cases("table") {
        println!("{}", case.name);
        let world = case.scenario.build();
        (case.test)(&world, &Caller::stand_in(&world));
    }
}

#[test]
fn the_genuine_sdk_reads_the_demo() {
    let Some(library) = genuine() else { return };
    let world = Scenario::demo().build();
    let server = world.serve().unwrap();
    let caller = Caller::genuine(library, &server.proxy_url());
    opens_everything(&world, &caller);
    loads_every_file(&world, &caller);
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

fn conversation() -> Scenario {
    Scenario::new().key_version(1).key_version(2).key_version(3).media(6).conversation(2_500)
}

fn odd_plaintexts() -> Scenario {
    let scenario = Scenario::new().message("").message(b"a\0b".to_vec()).message(vec![0xff; 16]).message("{");
    scenario.message("x".repeat(1_000_000)).gap(1_000_000).texts(1)
}

fn takes_huge_pages(world: &World, caller: &Caller) {
    caller.tell(world, &Control::SetFault(Fault::chat(Effect::Huge { bytes: 20_000_000 })));
    let (code, body) = caller.handle(world).chat(0, 1);
    assert_eq!((code, body.len()), (0, 20_000_000));
}

fn loads_every_file(world: &World, caller: &Caller) {
    let mut handle = caller.handle(world);
    for media in world.media_files() {
        let (bytes, chunks) = handle.file(media.sdk_file_id());
        assert!(bytes == media.bytes(), "{} of {} bytes differs", media.id(), media.len());
        let encrypted = (media.len() / 16 + 1) * 16;
        assert_eq!(chunks as u64, encrypted.div_ceil(512 * 1024), "{} bytes", media.len());
    }
}

fn edge_sizes() -> Scenario {
    const CHUNK: u64 = 512 * 1024;
    let sizes =
        [0, 1, 15, 16, 17, CHUNK - 17, CHUNK - 16, CHUNK - 1, CHUNK, CHUNK + 1, 2 * CHUNK - 1, 3 << 20];
    sizes.into_iter().fold(Scenario::new(), |scenario, len| {
        scenario.media_file(MediaFile::generated(format!("size-{len}"), MediaKind::File, len))
    })
}

fn in_sequence_only() -> Scenario {
    let scenario = Scenario::new().media_in_sequence_only();
    let file = |id: &str| MediaFile::generated(id, MediaKind::File, 1_200_000);
    scenario.media_file(file("one")).media_file(file("two"))
}

fn refuses_ranges_out_of_order(world: &World, caller: &Caller) {
    loads_every_file(world, caller);
    let mut handle = caller.handle(world);
    let files = world.media_files();
    let (one, two) = (files[0].sdk_file_id(), files[1].sdk_file_id());
    let mut code = |token: &str, file: &str| handle.chunk(Some(token), Some(file)).code;
    let range = |first: u32, last: u32| format!("Range:bytes={first}-{last}");
    assert_eq!(code(&range(524_288, 1_048_575), one), 10001, "the end came last");
    assert_eq!(code("", one), 0);
    assert_eq!(code(&range(1_048_576, 1_200_015), one), 10001, "too early");
    assert_eq!(code(&range(524_288, 1_048_575), two), 10001, "each file has a turn of its own");
    assert_eq!(code(&range(524_288, 1_048_575), one), 0);
    assert_eq!(code(&range(524_288, 1_048_575), one), 10001, "had its turn");
    caller.tell(world, &Control::SetFault(Fault::media(Effect::Status(502)).times(1)));
    assert_eq!(code(&range(1_048_576, 1_200_015), one), 10001);
    assert_eq!(code(&range(1_048_576, 1_200_015), one), 0, "a fault takes no turn");
}
