//! The loopback server with the genuine SDK: proxies, several corps, hanging, stopping.

use std::{
    num::NonZero,
    thread,
    time::{Duration, Instant},
};

use wecom_finance_simulator::{Effect, Fault, Loopback, LoopbackBuilder, Scenario, World};
use wecom_finance_sys::Library;

use crate::caller::{Caller, Page, genuine};

fn pages(caller: &Caller, world: &World) -> Vec<u64> {
    let (code, body) = caller.handle(world).chat(0, 10);
    assert_eq!(code, 0);
    let page: Page = serde_json::from_slice(&body).unwrap();
    page.chatdata.into_iter().map(|message| message.seq).collect()
}

fn code(caller: &Caller, world: &World) -> i32 {
    caller.handle(world).chat_within(0, 10, 5).0
}

fn with_genuine(test: impl FnOnce(Library)) {
    if let Some(library) = genuine() {
        test(library);
    }
}

#[test]
fn both_proxies_check_credentials() {
    with_genuine(|library| {
        let world = Scenario::new().texts(2).build();
        let server = Loopback::builder().world(&world).credentials("user", "pass").serve().unwrap();
        for proxy in [server.proxy_url(), server.socks_url()] {
            let caller = Caller::genuine(library, &proxy);
            assert_eq!(code(&caller, &world), 10001, "{proxy}");
            assert_eq!(code(&caller.clone().with_password("user:wrong"), &world), 10001, "{proxy}");
            assert_eq!(pages(&caller.with_password("user:pass"), &world), [1, 2], "{proxy}");
        }
    });
}

#[test]
fn socks_needs_no_credentials_unless_told() {
    with_genuine(|library| {
        let world = Scenario::new().texts(2).build();
        let server = world.serve().unwrap();
        assert_eq!(pages(&Caller::genuine(library, &server.socks_url()), &world), [1, 2]);
    });
}

#[test]
fn one_server_for_several_corps() {
    with_genuine(|library| {
        let worlds: Vec<_> =
            (1..=3).map(|number| Scenario::new().first_seq(number).texts(1).build()).collect();
        let server = worlds.iter().fold(Loopback::builder(), LoopbackBuilder::world).serve().unwrap();
        let caller = Caller::genuine(library, &server.proxy_url());
        for (world, seq) in worlds.iter().zip(1..) {
            assert_eq!(pages(&caller, world), [seq]);
        }
        let stranger = Scenario::new().texts(1).build();
        assert_eq!(code(&caller, &stranger), 10001);
    });
}

#[test]
fn eight_threads_at_once() {
    with_genuine(|library| {
        let world = Scenario::new().texts(500).build();
        let server = world.serve().unwrap();
        let caller = Caller::genuine(library, &server.proxy_url());
        thread::scope(|scope| {
            for _ in 0..8 {
                let mut handle = caller.handle(&world);
                scope.spawn(move || {
                    for _ in 0..5 {
                        assert_eq!(handle.chat(0, 20).0, 0);
                    }
                });
            }
        });
        assert_eq!(world.chat_calls(), 40);
        assert_eq!(server.connections(), 48, "a connection for every call, and one for each handle's token");
    });
}

fn hangs_until_timeout_or_release(world: &World, caller: &Caller) {
    world.set_fault(Fault::chat(Effect::Hang));
    let mut handle = caller.handle(world);
    let since = Instant::now();
    assert_eq!(handle.chat_within(0, 1, 1).0, 10001);
    let waited = since.elapsed();
    assert!((Duration::from_millis(900)..Duration::from_secs(20)).contains(&waited), "{waited:?}");

    // Without a timeout it would hang for ever.
    let hanging = thread::spawn(move || handle.chat_within(0, 1, 0).0);
    thread::sleep(Duration::from_millis(200));
    assert!(!hanging.is_finished());
    world.clear_faults();
    assert_eq!(hanging.join().unwrap(), 0);
}

#[test]
fn genuine_sdk_hangs_until_timeout_or_release() {
    with_genuine(|library| {
        let world = Scenario::new().texts(1).build();
        let server = world.serve().unwrap();
        hangs_until_timeout_or_release(&world, &Caller::genuine(library, &server.proxy_url()));
    });
}

#[test]
fn stand_in_hangs_until_timeout_or_release() {
    let world = Scenario::new().texts(1).build();
    hangs_until_timeout_or_release(&world, &Caller::stand_in(&world));
}

#[test]
fn the_server_stops_while_calls_hang() {
    with_genuine(|library| {
        let world = Scenario::new().texts(1).fault(Fault::chat(Effect::Hang)).build();
        let server = world.serve().unwrap();
        let mut handle = Caller::genuine(library, &server.proxy_url()).handle(&world);
        let hanging = thread::spawn(move || handle.chat_within(0, 1, 0).0);
        thread::sleep(Duration::from_millis(200));
        // Returns although a call hangs.
        drop(server);
        assert_eq!(hanging.join().unwrap(), 10001);
    });
}

#[test]
fn round_trips_take_their_time() {
    with_genuine(|library| {
        let world = Scenario::new().texts(1).build();
        let server =
            Loopback::builder().world(&world).round_trip(Duration::from_millis(100)).serve().unwrap();
        for proxy in [server.proxy_url(), server.socks_url()] {
            let since = Instant::now();
            pages(&Caller::genuine(library, &proxy), &world);
            let round_trips = "tunnel, TLS and reply, for the token and for the page";
            assert!(since.elapsed() >= Duration::from_millis(600), "{proxy}: {round_trips}");
        }
    });
}

#[test]
fn distance_and_speed_change_while_the_server_runs() {
    with_genuine(|library| {
        let world = Scenario::new().texts(10).build();
        let server = world.serve().unwrap();
        let caller = Caller::genuine(library, &server.proxy_url());
        let took = || {
            let since = Instant::now();
            assert_eq!(pages(&caller, &world).len(), 10);
            since.elapsed()
        };
        server.set_round_trip(Duration::from_millis(100));
        assert!(took() >= Duration::from_millis(600));
        server.set_round_trip(Duration::ZERO);
        // The page alone has more than 8 kB.
        server.set_speed(NonZero::new(8_000));
        assert!(took() >= Duration::from_secs(1));
        server.set_speed(None);
        pages(&caller, &world);
    });
}

#[test]
fn broken_connections_end_what_is_on_its_way() {
    with_genuine(|library| {
        let world = Scenario::new().texts(1).fault(Fault::chat(Effect::Hang).times(1)).build();
        let server = world.serve().unwrap();
        let caller = Caller::genuine(library, &server.proxy_url());
        let mut handle = caller.handle(&world);
        let hanging = thread::spawn(move || handle.chat_within(0, 1, 0).0);
        while world.faults().iter().all(|(_, strikes)| *strikes == 0) {
            thread::sleep(Duration::from_millis(5));
        }
        server.break_connections();
        assert_eq!(hanging.join().unwrap(), 10001);
        assert_eq!(pages(&caller, &world), [1]);
    });
}
