//! Files that several sessions fetch at once.

use std::io::{self, Read};
use std::num::NonZero;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use wecom_finance::{Download, Downloader, Sdk, Verdict};
use wecom_finance_simulator::{Effect, Fault, Media, MediaFile, MediaKind, Scenario};

use crate::media::CHUNK;
use crate::{Ground, Place};

fn file(len: u64) -> MediaFile {
    MediaFile::generated(format!("{len} bytes"), MediaKind::File, len)
}

fn with_files(ground: Ground, files: impl IntoIterator<Item = MediaFile>) -> (Place, Vec<Arc<Media>>) {
    in_scenario(ground, Scenario::new(), files)
}

fn in_scenario(
    ground: Ground,
    scenario: Scenario,
    files: impl IntoIterator<Item = MediaFile>,
) -> (Place, Vec<Arc<Media>>) {
    let place = ground.place(files.into_iter().fold(scenario, Scenario::media_file));
    let files = place.world.media_files();
    (place, files)
}

fn downloader(sdk: &Sdk) -> Downloader {
    sdk.downloader().build().unwrap()
}

fn download(downloader: &Downloader, media: &Media) -> Download {
    downloader.download(media.sdk_file_id()).unwrap().expecting_len(media.len()).expecting_md5(media.md5())
}

/// Reads to the end, however often that takes.
fn read_all(download: &mut Download) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut failures = 0;
    while let Err(error) = download.read_to_end(&mut bytes) {
        failures += 1;
        assert!(failures < 100, "{error}");
    }
    bytes
}

pub fn files_of_all_sizes_arrive_whole(ground: Ground) {
    let (place, files) = with_files(ground, [0, 1, 15, 16, CHUNK - 1, CHUNK, CHUNK + 1, 5_000_000].map(file));
    let downloader = downloader(&place.sdk());
    for media in &files {
        let mut download = download(&downloader, media);
        assert_eq!((download.verify(), download.md5()), (Verdict::Incomplete, None));
        assert!(read_all(&mut download) == media.bytes(), "{}", media.id());
        assert_eq!(download.verify(), Verdict::Match);
        assert_eq!(download.md5().as_deref(), Some(media.md5()));
        assert!(download.is_done());
        assert_eq!((download.position(), download.index_token()), (media.len(), None));
        assert!(download.next_chunk().unwrap().is_none());
    }
    let encrypted = |media: &Arc<Media>| (media.len() / 16 + 1) * 16;
    let calls: u64 = files.iter().map(|media| encrypted(media).div_ceil(CHUNK)).sum();
    assert_eq!(place.world.media_calls(), calls, "no piece is fetched twice");
    assert!(!downloader.is_sequential());
}

pub fn several_files_arrive_whole_though_every_fifth_piece_fails(ground: Ground) {
    let faults = [
        Effect::Status(502),
        Effect::ErrCode(-1),
        Effect::NoContent,
        Effect::Cut { bytes: 400 },
        Effect::Shorten { bytes: 16 },
    ];
    let scenario = faults
        .into_iter()
        .fold(Scenario::new(), |scenario, effect| scenario.fault(Fault::media(effect).probability(0.044)));
    let sizes = [0, 1, 700_000, 1_000_000, 3_000_000, 5_000_000, 7_000_000, 9_000_000];
    let (place, files) = in_scenario(ground, scenario, sizes.map(file));
    let downloader = downloader(&place.sdk());
    thread::scope(|scope| {
        for media in &files {
            let downloader = downloader.clone();
            scope.spawn(move || {
                let mut download = download(&downloader, media);
                assert!(read_all(&mut download) == media.bytes(), "{}", media.id());
                assert_eq!(download.verify(), Verdict::Match);
            });
        }
    });
    assert!(!downloader.is_sequential(), "these are accidents");
}

pub fn a_wrong_size_does_no_harm(ground: Ground) {
    let (place, files) = with_files(ground, [10, 3_000_000].map(file));
    let downloader = downloader(&place.sdk());
    for media in &files {
        for stated in [0, 1, media.len() - 1, media.len() + 1, media.len() + 1_000_000, 100 * media.len()] {
            let mut download = downloader.download(media.sdk_file_id()).unwrap().expecting_len(stated);
            assert!(read_all(&mut download) == media.bytes(), "{stated} for {}", media.id());
            assert_eq!(download.verify(), Verdict::LengthDiffers { expected: stated, actual: media.len() });
            assert_eq!(download.md5().as_deref(), Some(media.md5()));
        }
        let mut download = downloader.download(media.sdk_file_id()).unwrap();
        assert!(read_all(&mut download) == media.bytes(), "no size");
        assert_eq!(download.verify(), Verdict::NothingToCheck);
    }
    assert!(!downloader.is_sequential());
}

pub fn a_server_that_insists_on_sequence_is_found_out(ground: Ground) {
    let delay = Effect::Delay(Duration::from_millis(20));
    let scenario = Scenario::new().media_in_sequence_only().fault(Fault::media(delay));
    let (place, files) = in_scenario(ground, scenario, [700_000, 5_000_000, 10_000_000].map(file));
    let downloader = downloader(&place.sdk());
    let mut rounds = 0;
    while !downloader.is_sequential() {
        for media in &files {
            let mut download = download(&downloader, media);
            assert!(read_all(&mut download) == media.bytes(), "{}", media.id());
            assert_eq!(download.verify(), Verdict::Match);
        }
        rounds += 1;
        // By chance, early ranges may arrive in order.
        assert!(rounds < 10, "it is never found out");
    }
    let before = place.world.media_calls();
    for media in &files {
        assert!(read_all(&mut download(&downloader, media)) == media.bytes());
    }
    assert_eq!(place.world.media_calls() - before, 2 + 10 + 20, "nothing is asked for in vain any more");
}

pub fn a_download_is_resumed_at_any_byte(ground: Ground) {
    let (place, files) = with_files(ground, [file(3_000_000)]);
    let (media, expected) = (&files[0], files[0].bytes());
    let downloader = downloader(&place.sdk());
    for done in [0, 1, 16, 1000, CHUNK - 1, CHUNK, 2 * CHUNK + 33, 2_999_999, 3_000_000] {
        let mut first = download(&downloader, media);
        let mut part = vec![0; usize::try_from(done).unwrap()];
        first.read_exact(&mut part).unwrap();
        let token = first.index_token();
        drop(first);
        let rest_of = |resumed: Download| {
            let mut resumed = resumed.rehash(&part[..]).unwrap();
            assert_eq!(resumed.position(), done);
            assert!(read_all(&mut resumed) == expected[part.len()..], "resumed at {done}");
            assert_eq!(resumed.verify(), Verdict::Match);
        };
        if let Some(token) = token {
            let token = token.to_string().parse().unwrap();
            rest_of(download(&downloader, media).resume(token, done).unwrap());
        }
        rest_of(download(&downloader, media).resume_at(done));
    }
    let token = "Range:bytes=524288-1048575".parse().unwrap();
    assert!(download(&downloader, media).resume(token, CHUNK - 1).is_err());
    assert!(download(&downloader, media).resume_at(3_000_001).read(&mut [0]).is_err(), "beyond the end");
    let rehashed = download(&downloader, media).resume_at(7).rehash(&expected[..6]);
    assert_eq!(rehashed.unwrap_err().kind(), io::ErrorKind::InvalidData);
}

pub fn one_connection_is_enough_for_many_files(ground: Ground) {
    let (place, files) = with_files(ground, (0..20).map(|number| file(number * 100_000)));
    let downloader = place.sdk().downloader().connections(NonZero::<usize>::MIN).build().unwrap();
    let mut downloads: Vec<_> =
        files.iter().map(|media| (media, download(&downloader, media), Vec::new())).collect();
    // All of them at once in one thread: nobody waits for another's reader.
    while !downloads.is_empty() {
        downloads.retain_mut(|(media, download, bytes)| {
            let chunk = download.next_chunk().unwrap();
            bytes.extend_from_slice(chunk.as_deref().unwrap_or_default());
            assert!(chunk.is_some() || *bytes == media.bytes(), "{}", media.id());
            chunk.is_some()
        });
    }
}

pub fn files_that_are_gone_cost_one_call(ground: Ground) {
    let (place, files) =
        in_scenario(ground, Scenario::new().fault(Fault::media(Effect::ErrCode(301_048))), [file(5_000_000)]);
    let downloader = downloader(&place.sdk());
    let error = download(&downloader, &files[0]).next_chunk().unwrap_err();
    assert_eq!(error.sdk_code(), Some(wecom_finance::SdkCode::Expired));
    assert_eq!(place.world.media_calls(), 1);
}

pub fn an_error_loses_nothing_and_reading_on_tries_again(ground: Ground) {
    let (place, files) = with_files(ground, [file(5_000_000)]);
    let media = &files[0];
    let mut download = download(&downloader(&place.sdk()), media);
    place.world.set_fault(Fault::media(Effect::Status(500)).offset(3 * CHUNK));
    let mut bytes = Vec::new();
    for _ in 0..2 {
        assert!(download.read_to_end(&mut bytes).is_err());
        assert!(bytes == media.bytes()[..usize::try_from(3 * CHUNK).unwrap()]);
    }
    place.world.clear_faults();
    download.read_to_end(&mut bytes).unwrap();
    assert!(bytes == media.bytes());
}
