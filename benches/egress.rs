//! Files read in sequence by the genuine SDK: connecting by itself, and through the verified egress.
//!
//! The simulator plays a WeCom at a distance. The SDK makes a connection for every chunk, which costs it three round trips;
//! the egress keeps its connections, which leaves one. Both are measured in turns in one run: what counts is the ratio.
#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    missing_docs,
    reason = "a benchmark may panic and has to print"
)]

use std::io::Read as _;
use std::time::{Duration, Instant};

use wecom_finance::{Library, Proxy, Sdk, Tls};
use wecom_finance_simulator::{Loopback, Media, MediaFile, MediaKind, Scenario, ServerCertificate, World};
use wecom_finance_tests::Ground;

struct Extent {
    file: u64,
    rounds: usize,
}

fn main() {
    let quick = std::env::args().any(|argument| argument == "--test");
    let Some(Ground::Genuine(library)) = wecom_finance_tests::genuine() else { return };
    let extent = if quick {
        Extent { file: 1_100_000, rounds: 1 }
    } else {
        Extent { file: 16 * 1024 * 1024, rounds: 5 }
    };
    println!("{:>10} {:>12} {:>12} {:>7}", "round trip", "SDK alone", "egress", "ratio");
    for milliseconds in [0, 10, 30, 100] {
        compare(library, Duration::from_millis(milliseconds), &extent);
    }
}

fn compare(library: Library, round_trip: Duration, extent: &Extent) {
    let world =
        Scenario::new().media_file(MediaFile::generated("film", MediaKind::Video, extent.file)).build();
    let server = Loopback::builder()
        .world(&world)
        .round_trip(round_trip)
        .certificate(ServerCertificate::Signed)
        .serve()
        .unwrap();
    let film = world.media("film").unwrap();
    let content = film.bytes();
    let builder = || {
        Sdk::builder(library, world.corp_id(), world.secret())
            .proxy(Proxy::parse(&server.proxy_url()).unwrap())
    };
    let alone = builder().build().unwrap();
    let verified = builder().verified_tls(Tls::with_roots_pem(server.root_pem()).unwrap()).build().unwrap();
    // Tokens are there, and the egress has its connection: a run downloads more than one file.
    warm_up(&alone, &world);
    warm_up(&verified, &world);
    let (mut alone_took, mut verified_took) = (Vec::new(), Vec::new());
    for _ in 0..extent.rounds {
        alone_took.push(read(&alone, &film, &content));
        verified_took.push(read(&verified, &film, &content));
    }
    let (alone, verified) = (median(alone_took), median(verified_took));
    #[allow(clippy::cast_precision_loss, reason = "for people")]
    let rate = |time: Duration| extent.file as f64 / 1e6 / time.as_secs_f64();
    println!(
        "{:>10} {:>7.2} MB/s {:>7.2} MB/s {:>7.2}",
        format!("{} ms", round_trip.as_millis()),
        rate(alone),
        rate(verified),
        alone.as_secs_f64() / verified.as_secs_f64()
    );
}

fn warm_up(sdk: &Sdk, world: &World) {
    assert!(sdk.page(0).unwrap().is_some(), "{}", world.corp_id());
}

fn read(sdk: &Sdk, film: &Media, content: &[u8]) -> Duration {
    let mut bytes = Vec::with_capacity(content.len());
    let begin = Instant::now();
    sdk.media(film.sdk_file_id()).unwrap().read_to_end(&mut bytes).unwrap();
    let took = begin.elapsed();
    assert!(bytes == content, "the same bytes either way");
    took
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort();
    times.get(times.len() / 2).copied().unwrap_or_default()
}
