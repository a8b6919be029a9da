//! Files.

use std::io::{self, BufRead, Read, Seek, SeekFrom};
use std::sync::Arc;

use wecom_finance::{Error, MediaReader, SdkCode, Verdict};
use wecom_finance_simulator::{ContentRange, Effect, Fault, Media, MediaFile, MediaKind, Scenario};

use crate::{Ground, Place};

pub const CHUNK: u64 = 512 * 1024;

const SIZES: [u64; 12] =
    [0, 1, 15, 16, 17, CHUNK - 17, CHUNK - 16, CHUNK - 1, CHUNK, CHUNK + 1, 2 * CHUNK, 5_000_000];

fn with_file(ground: Ground, len: u64, faults: impl IntoIterator<Item = Fault>) -> (Place, Arc<Media>) {
    let scenario = Scenario::new().media_file(MediaFile::generated("file", MediaKind::File, len));
    let place = ground.place(faults.into_iter().fold(scenario, Scenario::fault));
    let media = place.world.media("file").unwrap();
    (place, media)
}

fn reader(place: &Place, media: &Media) -> MediaReader {
    place.sdk().media(media.sdk_file_id()).unwrap()
}

fn error_of(error: io::Error) -> Error {
    error.downcast().expect("the library's own error")
}

pub fn files_of_all_sizes_arrive_whole(ground: Ground) {
    let scenario = SIZES.into_iter().fold(Scenario::new(), |scenario, len| {
        scenario.media_file(MediaFile::generated(format!("{len} bytes"), MediaKind::File, len))
    });
    let place = ground.place(scenario);
    let sdk = place.sdk();
    let mut read = 0;
    for record in sdk.chat(&place.keys()) {
        for reference in record.unwrap().media() {
            let expected = place.world.media(reference.file_id()).unwrap();
            let mut reader = sdk.media(reference.file_id()).unwrap().expecting(&reference);
            assert_eq!(reader.verify(), Verdict::Incomplete);
            let mut bytes = Vec::new();
            reader.read_to_end(&mut bytes).unwrap();
            assert!(bytes == expected.bytes(), "{}: {} bytes came", expected.id(), bytes.len());
            assert_eq!(reader.position(), expected.len());
            assert_eq!(reader.verify(), Verdict::Match);
            assert_eq!(reader.index_token(), None);
            read += 1;
        }
    }
    assert_eq!(read, SIZES.len());
}

pub fn reading_in_any_way_gives_the_same_bytes(ground: Ground) {
    let (place, media) = with_file(ground, 2 * CHUNK + 12_345, []);
    let expected = media.bytes();

    let mut whole = Vec::new();
    reader(&place, &media).read_to_end(&mut whole).unwrap();
    assert!(whole == expected);

    let mut pieces = Vec::new();
    let mut odd = reader(&place, &media);
    let mut buffer = vec![0; 70_001];
    loop {
        assert_eq!(odd.read(&mut []).unwrap(), 0);
        match odd.read(&mut buffer).unwrap() {
            0 => break,
            count => pieces.extend_from_slice(&buffer[..count]),
        }
    }
    assert!(pieces == expected);

    let mut buffered = Vec::new();
    let mut reads = reader(&place, &media);
    loop {
        let piece = reads.fill_buf().unwrap();
        if piece.is_empty() {
            break;
        }
        let some = piece.len().min(99_999);
        buffered.extend_from_slice(&piece[..some]);
        reads.consume(some);
    }
    assert!(buffered == expected);

    let mut chunks = Vec::new();
    let mut by_chunk = reader(&place, &media);
    while let Some(chunk) = by_chunk.next_chunk().unwrap() {
        chunks.push(chunk);
    }
    assert_eq!(
        chunks.iter().map(|chunk| chunk.as_ref().len()).collect::<Vec<_>>(),
        [524_288, 524_288, 12_345]
    );
    assert!(chunks.concat() == expected);
    assert!(by_chunk.next_chunk().unwrap().is_none());
}

pub fn a_file_is_resumed_at_any_byte_by_another_sdk(ground: Ground) {
    let len = 2 * CHUNK + 100;
    let (place, media) = with_file(ground, len, []);
    let expected = media.bytes();
    for done in [0, 1, 15, 16, 17, 1000, CHUNK - 1, CHUNK, CHUNK + 1, 2 * CHUNK - 5, 2 * CHUNK + 99, len] {
        let done_usize = usize::try_from(done).unwrap();
        let mut first = reader(&place, &media);
        let mut part = vec![0; done_usize];
        first.read_exact(&mut part).unwrap();
        assert!(part == expected[..done_usize]);
        let token = first.index_token();
        drop(first);

        let rest_of = |resumed: MediaReader| {
            let mut resumed = resumed.expecting_md5(media.md5()).rehash(&part[..]).unwrap();
            assert_eq!(resumed.position(), done);
            let mut rest = Vec::new();
            resumed.read_to_end(&mut rest).unwrap();
            assert!(rest == expected[done_usize..], "resumed at {done}");
            assert_eq!(resumed.verify(), Verdict::Match);
        };
        if let Some(token) = token {
            let token = token.to_string().parse().unwrap();
            rest_of(reader(&place, &media).resume(token, done).unwrap());
        }
        rest_of(reader(&place, &media).resume_at(done));
    }
    let token = "Range:bytes=524288-1048575".parse().unwrap();
    for wrong in [0, CHUNK - 1, CHUNK + 16, 2 * CHUNK] {
        assert!(reader(&place, &media).resume(token, wrong).is_err(), "{wrong}");
    }
    assert!(reader(&place, &media).resume_at(len + 1).read(&mut [0]).is_err(), "beyond the end");
    let unhashed = reader(&place, &media).resume_at(7).rehash(&expected[..6]);
    assert_eq!(unhashed.unwrap_err().kind(), io::ErrorKind::InvalidData);
}

pub fn verdicts_tell_md5_and_length_apart(ground: Ground) {
    let (place, media) = with_file(ground, 1000, []);
    let verdict = |len: Option<u64>, md5: &str| {
        let mut reader = reader(&place, &media).expecting_md5(md5);
        if let Some(len) = len {
            reader = reader.expecting_len(len);
        }
        io::copy(&mut reader, &mut io::sink()).unwrap();
        reader.verify()
    };
    let wrong = "0".repeat(32);
    assert_eq!(verdict(Some(1000), media.md5()), Verdict::Match);
    assert_eq!(verdict(None, &media.md5().to_uppercase()), Verdict::Match);
    assert_eq!(verdict(Some(1000), ""), Verdict::LengthOnly);
    assert_eq!(verdict(None, ""), Verdict::NothingToCheck);
    let differs = Verdict::Md5Differs { expected: wrong.clone(), actual: media.md5().to_owned() };
    assert_eq!(verdict(Some(1000), &wrong), differs);
    assert_eq!(verdict(Some(999), media.md5()), Verdict::LengthDiffers { expected: 999, actual: 1000 });
}

pub fn chunks_that_fail_are_fetched_again(ground: Ground) {
    for effect in [
        Effect::Status(500),
        Effect::ErrCode(-1),
        Effect::NoContent,
        Effect::Body("<html>".into()),
        Effect::Cut { bytes: 400 },
        Effect::Shorten { bytes: 16 },
        Effect::RevokeToken,
    ] {
        let (place, media) =
            with_file(ground, 2 * CHUNK + 5, [Fault::media(effect.clone()).offset(CHUNK).times(2)]);
        let mut bytes = Vec::new();
        reader(&place, &media).read_to_end(&mut bytes).unwrap_or_else(|error| panic!("{effect:?}: {error}"));
        assert!(bytes == media.bytes(), "{effect:?}");
    }
}

pub fn a_last_piece_that_lost_its_end_is_fetched_again(ground: Ground) {
    for len in [100, CHUNK + 100] {
        let cut = Fault::media(Effect::Shorten { bytes: 16 }).offset(len / CHUNK * CHUNK).times(2);
        let (place, media) = with_file(ground, len, [cut]);
        let mut bytes = Vec::new();
        reader(&place, &media).expecting_len(len).read_to_end(&mut bytes).unwrap();
        assert!(bytes == media.bytes(), "{len}");
    }
}

pub fn broken_ranges_end_in_an_error_not_in_a_broken_file(ground: Ground) {
    for (range, name) in [
        (ContentRange::StandsStill, "stands still"),
        (ContentRange::Backwards, "backwards"),
        (ContentRange::Missing, "missing"),
        (ContentRange::Lowercase, "in lower case"),
        (ContentRange::Value("BYTES nonsense".to_owned()), "nonsense"),
    ] {
        let (place, media) =
            with_file(ground, 3 * CHUNK, [Fault::media(Effect::ContentRange(range.clone())).offset(CHUNK)]);
        let mut reader = reader(&place, &media).expecting_len(media.len());
        let mut bytes = Vec::new();
        match reader.read_to_end(&mut bytes).map_err(error_of) {
            Err(Error::MediaStalled { .. } | Error::Sdk { .. }) => {
                assert!(bytes == media.bytes()[..bytes.len()], "{name}: what came before the error is right");
            }
            outcome => panic!("{name}: {outcome:?}, {:?}", reader.verify()),
        }
    }
}

pub fn files_that_are_gone_are_not_asked_for_twice(ground: Ground) {
    let (place, media) = with_file(ground, 100, [Fault::media(Effect::ErrCode(301_048))]);
    let error = error_of(reader(&place, &media).read(&mut [0; 10]).unwrap_err());
    assert_eq!(error.sdk_code(), Some(SdkCode::Expired));
    assert_eq!(place.world.media_calls(), 1);

    let (place, media) = with_file(ground, 100, [Fault::media(Effect::ErrCode(301_042))]);
    let error = error_of(reader(&place, &media).read(&mut [0; 10]).unwrap_err());
    assert_eq!(error.sdk_code(), Some(SdkCode::IpNotAllowed));
    assert_eq!(place.world.media_calls(), 1);

    for id in ["not base64 either".replace(' ', "-"), "AAAA".to_owned(), "x".repeat(10_000)] {
        let error = error_of(place.sdk().media(&id).unwrap().read(&mut [0; 10]).unwrap_err());
        assert_eq!(error.sdk_code(), Some(SdkCode::InvalidFileId), "{id}");
    }
    for id in ["", "a b", "a\0b", "a\n"] {
        assert!(matches!(place.sdk().media(id), Err(Error::InvalidArgument { .. })), "{id:?}");
    }
    assert_eq!(place.world.media_calls(), 1, "a file id that is none is never sent");
}

pub fn an_error_loses_nothing_and_reading_on_tries_again(ground: Ground) {
    let (place, media) = with_file(ground, 3 * CHUNK, []);
    let mut reader = reader(&place, &media);
    let mut bytes = vec![0; usize::try_from(CHUNK).unwrap() + 77];
    reader.read_exact(&mut bytes).unwrap();
    place.world.set_fault(Fault::media(Effect::Status(500)));
    let error = reader.read_to_end(&mut bytes).unwrap_err();
    assert_eq!(error_of(error).sdk_code(), Some(SdkCode::Network));
    place.world.clear_faults();
    reader.read_to_end(&mut bytes).unwrap();
    assert!(bytes == media.bytes());
}

pub fn seeks_lead_to_the_true_bytes(ground: Ground) {
    let sizes = [0, 1, 15, 16, 17, CHUNK - 1, CHUNK, CHUNK + 1, 5_000_000];
    let scenario = sizes.into_iter().fold(Scenario::new(), |scenario, len| {
        scenario.media_file(MediaFile::generated(format!("{len} bytes"), MediaKind::File, len))
    });
    let place = ground.place(scenario);
    let sdk = place.sdk();
    let mut rng = fastrand::Rng::with_seed(8);
    for media in place.world.media_files() {
        let expected = media.bytes();
        let len = media.len();
        let mut reader = sdk.media(media.sdk_file_id()).unwrap().expecting_len(len);
        let edges = [0, 1, 15, 16, 17, len.saturating_sub(1), len, len + 1, len + 16, len + CHUNK, 1 << 40];
        let random = std::array::from_fn::<_, 12, _>(|_| rng.u64(0..=len + len / 8));
        for position in edges.into_iter().chain(random) {
            let to = match rng.u8(0..3) {
                0 => SeekFrom::Start(position),
                1 => SeekFrom::Current(signed(position) - signed(reader.stream_position().unwrap())),
                _ => SeekFrom::End(signed(position) - signed(len)),
            };
            assert_eq!(reader.seek(to).unwrap(), position);
            assert_eq!((reader.position(), reader.stream_position().unwrap()), (position, position));
            let mut bytes = vec![0; rng.usize(1..100_000)];
            let count = read_up_to(&mut reader, &mut bytes);
            let rest =
                usize::try_from(position).ok().and_then(|start| expected.get(start..)).unwrap_or_default();
            let whole = rest.get(..bytes.len()).unwrap_or(rest);
            assert!(bytes[..count] == *whole, "{} bytes from {position} of {len}", bytes.len());
            assert_eq!(reader.is_done(), position + count as u64 >= len, "{position} of {len}");
            // What is left is had by another reader, too.
            if let Some(token) = reader.index_token() {
                let done = reader.position();
                let mut resumed = sdk.media(media.sdk_file_id()).unwrap().resume(token, done).unwrap();
                let mut next = [0; 7];
                let count = read_up_to(&mut resumed, &mut next);
                assert!(next[..count] == rest[whole.len()..][..count]);
            }
        }
        reader.rewind().unwrap();
        let mut whole = Vec::new();
        reader.read_to_end(&mut whole).unwrap();
        assert!(whole == expected);
        assert_eq!(reader.md5().as_deref(), Some(media.md5()), "all of it has been seen in order");
        assert_eq!(reader.verify(), Verdict::LengthOnly);
    }
}

fn signed(position: u64) -> i64 {
    i64::try_from(position).unwrap()
}

/// As many bytes as there are.
fn read_up_to(reader: &mut impl Read, buffer: &mut [u8]) -> usize {
    let mut count = 0;
    while count < buffer.len() {
        match reader.read(&mut buffer[count..]).unwrap() {
            0 => break,
            more => count += more,
        }
    }
    count
}

pub fn seeking_costs_calls_only_outside_of_the_piece_at_hand(ground: Ground) {
    let (place, media) = with_file(ground, 3 * CHUNK, []);
    let expected = media.bytes();
    let mut reader = reader(&place, &media);
    let mut bytes = [0; 100];
    reader.read_exact(&mut bytes).unwrap();
    for position in [CHUNK - 100, 0, 1, 77_777, CHUNK - 100] {
        reader.seek(SeekFrom::Start(position)).unwrap();
        reader.read_exact(&mut bytes).unwrap();
        assert!(bytes == expected[usize::try_from(position).unwrap()..][..100]);
    }
    assert_eq!(place.world.media_calls(), 1);
    // There and back before anything is read.
    reader.seek(SeekFrom::Start(2 * CHUNK)).unwrap();
    reader.seek(SeekFrom::Start(5)).unwrap();
    reader.read_exact(&mut bytes).unwrap();
    assert_eq!(place.world.media_calls(), 1);
    reader.seek(SeekFrom::Start(CHUNK + 3)).unwrap();
    assert_eq!(reader.index_token().unwrap().start(), CHUNK);
    assert_eq!(place.world.media_calls(), 1, "a seek itself asks nobody");
    reader.read_exact(&mut bytes).unwrap();
    assert!(bytes == expected[usize::try_from(CHUNK + 3).unwrap()..][..100]);
    assert_eq!(place.world.media_calls(), 2);
}

pub fn a_seek_from_the_end_needs_the_length(ground: Ground) {
    let (place, media) = with_file(ground, CHUNK + 1000, []);
    let mut unknown = reader(&place, &media);
    let error = unknown.seek(SeekFrom::End(0)).unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::Unsupported);
    assert_eq!(unknown.position(), 0);
    unknown.seek(SeekFrom::Start(CHUNK)).unwrap();
    assert_eq!(unknown.read(&mut [0; 10]).unwrap(), 10);
    assert_eq!(unknown.seek(SeekFrom::End(-1000)).unwrap(), CHUNK, "the last piece was seen");
    let mut known = reader(&place, &media).expecting_len(media.len());
    assert_eq!(known.seek(SeekFrom::End(-1)).unwrap(), media.len() - 1);
    let mut last = Vec::new();
    known.read_to_end(&mut last).unwrap();
    assert!(last == media.bytes()[media.bytes().len() - 1..]);
    assert_eq!((known.verify(), known.md5()), (Verdict::Incomplete, None), "a hole");
    for to in
        [SeekFrom::End(-signed(media.len()) - 1), SeekFrom::Current(i64::MIN), SeekFrom::Start(u64::MAX)]
    {
        assert_eq!(known.seek(to).unwrap_err().kind(), io::ErrorKind::InvalidInput, "{to:?}");
        assert_eq!(known.position(), media.len());
    }
}

pub fn beyond_the_end_there_is_nothing_whatever_the_message_says(ground: Ground) {
    for len in [0, 10, 3 * CHUNK, 9 * CHUNK + 5] {
        let (place, media) = with_file(ground, len, []);
        for stated in [None, Some(0), Some(len), Some(len + 1), Some(len / 2), Some(10 * len + CHUNK)] {
            for position in [len, len + 1, len + CHUNK, 5 * len + 100, 1 << 50] {
                let mut reader = reader(&place, &media);
                if let Some(stated) = stated {
                    reader = reader.expecting_len(stated);
                }
                reader.seek(SeekFrom::Start(position)).unwrap();
                let outcome = reader.read(&mut [0; 10]);
                assert_eq!(outcome.unwrap(), 0, "at {position} of {len}, stated {stated:?}");
                assert!(reader.is_done());
                assert_eq!(reader.verify() == Verdict::Incomplete, len > 0, "of nothing all has been seen");
                assert_eq!(reader.seek(SeekFrom::End(0)).unwrap(), len, "the end is known now");
            }
        }
    }
}

pub fn a_failure_after_a_seek_is_not_taken_for_the_end(ground: Ground) {
    for stated in [None, Some(2 * CHUNK), Some(8 * CHUNK)] {
        let (place, media) = with_file(ground, 8 * CHUNK, []);
        let mut reader = reader(&place, &media);
        if let Some(stated) = stated {
            reader = reader.expecting_len(stated);
        }
        reader.seek(SeekFrom::Start(5 * CHUNK)).unwrap();
        place.world.set_fault(Fault::media(Effect::Status(500)).offset(5 * CHUNK));
        let error = error_of(reader.read(&mut [0; 10]).unwrap_err());
        assert_eq!(error.sdk_code(), Some(SdkCode::Network), "{stated:?}");
        place.world.clear_faults();
        let mut rest = Vec::new();
        reader.read_to_end(&mut rest).unwrap();
        assert!(rest == media.bytes()[usize::try_from(5 * CHUNK).unwrap()..]);
    }
    let (place, media) = with_file(ground, 8 * CHUNK, [Fault::media(Effect::Status(500))]);
    let mut reader = reader(&place, &media);
    reader.seek(SeekFrom::Start(100 * CHUNK)).unwrap();
    assert!(reader.read(&mut [0; 10]).is_err(), "nothing can be known");
}
