//! What a downloader does to what is behind it: how many sessions it uses, what it keeps in memory, what it leaves
//! behind. On a backend that counts.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "a test may panic")]

use std::collections::HashMap;
use std::io::Read as _;
use std::num::NonZero;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use bytes::Bytes;
use wecom_finance::{
    Backend, Download, Downloader, Error, IndexToken, MediaChunk, Operation, PageSize, RandomKey, Result,
    RetryPolicy, Sdk, SdkCode, SdkFileId, Session, Verdict,
};

const CHUNK: u64 = 512 * 1024;

/// What becomes of a call: for the file of this name, from this byte on.
type Rule = Box<dyn Fn(&str, u64) -> Result<()> + Send + Sync>;

/// Plays SDK and WeCom. A file's id is its name and its length: `film:1000`.
struct Counting {
    counts: Arc<Counts>,
    rule: Arc<Rule>,
}

#[derive(Default)]
struct Counts {
    backends: AtomicUsize,
    calls: AtomicUsize,
    under_way: AtomicUsize,
    most_under_way: AtomicUsize,
    /// Pieces under way, and those that somebody has.
    pieces: AtomicUsize,
    most_pieces: AtomicUsize,
}

struct CountingSession {
    counts: Arc<Counts>,
    rule: Arc<Rule>,
}

/// Something that exists: counted as long as it does.
struct Counted {
    counts: Arc<Counts>,
    which: fn(&Counts) -> &AtomicUsize,
}

impl Counted {
    fn new(
        counts: &Arc<Counts>,
        which: fn(&Counts) -> &AtomicUsize,
        most: fn(&Counts) -> &AtomicUsize,
    ) -> Self {
        let now = which(counts).fetch_add(1, Ordering::SeqCst) + 1;
        most(counts).fetch_max(now, Ordering::SeqCst);
        Self { counts: Arc::clone(counts), which }
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        (self.which)(&self.counts).fetch_sub(1, Ordering::SeqCst);
    }
}

struct Piece {
    bytes: Vec<u8>,
    _counted: Counted,
}

impl AsRef<[u8]> for Piece {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}

/// The bytes of a file: no two pieces alike.
fn content(from: u64, to: u64) -> Vec<u8> {
    (from..to).map(|position| (position % 251 + position / CHUNK).to_le_bytes()[0]).collect()
}

impl Backend for Counting {
    fn session(&self) -> Result<Box<dyn Session>> {
        Ok(Box::new(CountingSession { counts: Arc::clone(&self.counts), rule: Arc::clone(&self.rule) }))
    }

    fn open(&self, _: &RandomKey, _: &str) -> Result<Bytes> {
        Err(failure())
    }
}

impl Drop for Counting {
    fn drop(&mut self) {
        self.counts.backends.fetch_sub(1, Ordering::SeqCst);
    }
}

impl Session for CountingSession {
    fn chat_page(&mut self, _: u64, _: PageSize) -> Result<Bytes> {
        Err(failure())
    }

    fn media_chunk(&mut self, file_id: &SdkFileId, token: Option<&IndexToken>) -> Result<MediaChunk> {
        let counts = &self.counts;
        counts.calls.fetch_add(1, Ordering::SeqCst);
        let counted = Counted::new(counts, |counts| &counts.pieces, |counts| &counts.most_pieces);
        let _under_way = Counted::new(counts, |counts| &counts.under_way, |counts| &counts.most_under_way);
        let token = token.copied().unwrap_or_else(IndexToken::first);
        let (name, len) = file_id.as_str().split_once(':').unwrap();
        let len: u64 = len.parse().unwrap();
        (self.rule)(name, token.start())?;
        let encrypted = (len / 16 + 1) * 16;
        if token.start() >= encrypted {
            return Err(failure());
        }
        let (end, is_last) = (token.end().min(encrypted), token.end() >= encrypted);
        let bytes =
            Bytes::from_owner(Piece { bytes: content(token.start(), end.min(len)), _counted: counted });
        let next = format!("Range:bytes={end}-{}", (end + CHUNK).min(encrypted) - 1);
        Ok(MediaChunk::new(bytes, next.as_bytes(), is_last))
    }
}

fn failure() -> Error {
    Error::from_sdk(Operation::Media, SdkCode::Network)
}

fn sdk(rule: impl Fn(&str, u64) -> Result<()> + Send + Sync + 'static) -> (Sdk, Arc<Counts>) {
    let counts = Arc::new(Counts::default());
    counts.backends.fetch_add(1, Ordering::SeqCst);
    let backend = Counting { counts: Arc::clone(&counts), rule: Arc::new(Box::new(rule)) };
    let pause = Duration::from_millis(1);
    let retry = RetryPolicy::default().pauses(pause, pause);
    (Sdk::with_backend("ww", backend).retry(retry).build().unwrap(), counts)
}

fn now(count: &AtomicUsize) -> usize {
    count.load(Ordering::SeqCst)
}

fn download(downloader: &Downloader, name: &str, len: u64) -> Download {
    downloader.download(format!("{name}:{len}")).unwrap().expecting_len(len)
}

fn read_all(mut download: Download) -> Vec<u8> {
    let mut bytes = Vec::new();
    for _ in 0..1000 {
        if download.read_to_end(&mut bytes).is_ok() {
            assert_eq!(download.verify(), Verdict::LengthOnly);
            return bytes;
        }
    }
    panic!("it never ends");
}

#[test]
fn sessions_and_memory_keep_to_their_bounds() {
    const CONNECTIONS: usize = 3;
    const PIECES: usize = 12;
    let (sdk, counts) = sdk(|_, _| {
        thread::sleep(Duration::from_millis(2));
        Ok(())
    });
    let downloader = sdk
        .downloader()
        .connections(NonZero::new(CONNECTIONS).unwrap())
        .memory(PIECES as u64 * CHUNK)
        .build()
        .unwrap();
    thread::scope(|scope| {
        for (number, len) in (1..=6).zip([1, 3_000_000, 5_000_000, 5_000_000, 9_000_000, 20_000_000]) {
            let downloader = &downloader;
            scope.spawn(move || {
                let bytes = read_all(download(downloader, &format!("{number}"), len));
                assert!(bytes == content(0, len));
            });
        }
    });
    let most = now(&counts.most_under_way);
    assert!(most > 1 && most <= CONNECTIONS, "{most} sessions");
    let most = now(&counts.most_pieces);
    assert!(most <= PIECES, "{most} pieces");
    assert_eq!(now(&counts.calls), 1 + 6 + 10 + 10 + 18 + 39, "none is fetched twice");
}

#[test]
fn many_readers_and_little_memory_are_no_deadlock() {
    const READERS: usize = 10;
    let (sdk, counts) = sdk(|_, _| Ok(()));
    let downloader = sdk.downloader().memory(CHUNK).build().unwrap();
    thread::scope(|scope| {
        for number in 0..READERS {
            let downloader = &downloader;
            scope.spawn(move || read_all(download(downloader, &format!("{number}"), 3_000_000)));
        }
    });
    let most = now(&counts.most_pieces);
    assert!(most <= READERS, "{most} pieces");
}

#[test]
fn readers_that_stop_do_not_hold_up_the_others() {
    const PIECES: usize = 8;
    const FILES: usize = 5;
    let (sdk, counts) = sdk(|_, _| Ok(()));
    let downloader = sdk.downloader().memory(PIECES as u64 * CHUNK).build().unwrap();
    let mut stopped: Vec<Download> =
        (0..4).map(|number| download(&downloader, &format!("stopped-{number}"), 20_000_000)).collect();
    for download in &mut stopped {
        assert_eq!(download.read(&mut [0; 100]).unwrap(), 100);
    }
    let bytes = read_all(download(&downloader, "other", 9_000_000));
    assert!(bytes == content(0, 9_000_000));
    let most = now(&counts.most_pieces);
    // Whatever the bound, a file that is read may have the piece that its reader waits for.
    assert!(most <= PIECES + FILES, "{most} pieces");
    // They go on where they stopped.
    for mut download in stopped {
        let mut rest = Vec::new();
        download.read_to_end(&mut rest).unwrap();
        assert!(rest == content(100, 20_000_000));
    }
    assert_eq!(now(&counts.pieces), 0);
}

#[test]
fn nothing_is_left_when_all_is_dropped() {
    let (sdk, counts) = sdk(|_, _| {
        thread::sleep(Duration::from_millis(20));
        Ok(())
    });
    let downloader = sdk.downloader().build().unwrap();
    let mut downloads: Vec<Download> =
        (0..5).map(|number| download(&downloader, &format!("{number}"), 20_000_000)).collect();
    for download in &mut downloads {
        assert!(download.next_chunk().unwrap().is_some());
    }
    drop((sdk, downloader));
    // The last of them waits for the calls that are under way, and for the threads.
    drop(downloads);
    assert_eq!(now(&counts.under_way), 0);
    assert_eq!(now(&counts.backends), 0, "no thread has it any more");
    assert_eq!(now(&counts.pieces), 0);
}

#[test]
fn a_dropped_download_is_given_up() {
    let (sdk, counts) = sdk(|_, _| Ok(()));
    let downloader = sdk.downloader().build().unwrap();
    let mut dropped = download(&downloader, "dropped", 1 << 40);
    assert!(dropped.next_chunk().unwrap().is_some());
    drop(dropped);
    assert!(read_all(download(&downloader, "other", 5_000_000)) == content(0, 5_000_000));
    drop((sdk, downloader));
    let calls = now(&counts.calls);
    assert!(calls <= 10 + 10, "{calls} calls: a window for the one, all for the other");
}

#[test]
fn a_panic_of_the_backend_is_the_readers() {
    let (sdk, _) = sdk(|name, start| {
        assert!(name != "bad" || start != 2 * CHUNK, "a bug of the backend");
        Ok(())
    });
    let downloader = sdk.downloader().build().unwrap();
    let mut bad = download(&downloader, "bad", 3_000_000);
    let mut bytes = vec![0; 2 * usize::try_from(CHUNK).unwrap()];
    bad.read_exact(&mut bytes).unwrap();
    assert!(bytes == content(0, 2 * CHUNK));
    for _ in 0..2 {
        let panic = catch_unwind(AssertUnwindSafe(|| bad.next_chunk())).unwrap_err();
        assert_eq!(*panic.downcast::<&str>().unwrap(), "a bug of the backend");
    }
    assert!(read_all(download(&downloader, "good", 3_000_000)) == content(0, 3_000_000));
}

/// A server that refuses ranges out of order with this code.
fn insisting_on_sequence(code: SdkCode) -> impl Fn(&str, u64) -> Result<()> + Send + Sync + 'static {
    let sent_to = Mutex::new(HashMap::new());
    move |name, start| {
        if *sent_to.lock().unwrap().entry(name.to_owned()).or_insert(0) != start {
            return Err(Error::from_sdk(Operation::Media, code));
        }
        // A reply takes its time, and until it is sent it is nobody else's turn.
        thread::sleep(Duration::from_millis(5));
        sent_to.lock().unwrap().insert(name.to_owned(), start + CHUNK);
        Ok(())
    }
}

#[test]
fn a_server_that_insists_on_sequence_is_found_out_whatever_it_answers() {
    for code in [SdkCode::Network, SdkCode::from_raw(10_002), SdkCode::from_raw(10_003)] {
        let (sdk, counts) = sdk(insisting_on_sequence(code));
        let downloader = sdk.downloader().build().unwrap();
        assert!(read_all(download(&downloader, "first", 40_000_000)) == content(0, 40_000_000));
        assert!(downloader.is_sequential(), "{code}");
        let before = now(&counts.calls);
        assert!(read_all(download(&downloader, "second", 40_000_000)) == content(0, 40_000_000));
        assert_eq!(now(&counts.calls) - before, 77, "{code}");
    }
}

#[test]
fn short_files_on_such_a_server_find_it_out_together() {
    let (sdk, _) = sdk(insisting_on_sequence(SdkCode::Network));
    let downloader = sdk.downloader().build().unwrap();
    let needed = (0..100).find(|number| {
        assert!(read_all(download(&downloader, &format!("{number}"), 2_500_000)) == content(0, 2_500_000));
        downloader.is_sequential()
    });
    assert!(needed.is_some());
}

#[test]
fn an_outage_is_not_taken_for_refusals() {
    let down = Arc::new(AtomicUsize::new(0));
    let is_down = Arc::clone(&down);
    let (sdk, _) = sdk(move |_, _| if now(&is_down) > 0 { Err(failure()) } else { Ok(()) });
    let downloader = sdk.downloader().build().unwrap();
    let mut download = download(&downloader, "film", 60_000_000);
    let mut bytes = Vec::new();
    for outage in 1..=5 {
        for _ in 0..10 {
            bytes.extend_from_slice(&download.next_chunk().unwrap().unwrap());
        }
        down.store(1, Ordering::SeqCst);
        let mut failures = 0;
        while failures < outage {
            match download.next_chunk() {
                Ok(chunk) => bytes.extend_from_slice(&chunk.unwrap()),
                Err(_) => failures += 1,
            }
        }
        down.store(0, Ordering::SeqCst);
    }
    download.read_to_end(&mut bytes).unwrap();
    assert!(bytes == content(0, 60_000_000));
    assert!(!downloader.is_sequential());
}

#[test]
fn whatever_readers_do_the_bytes_are_right() {
    for seed in 0..20 {
        let faults = Mutex::new(fastrand::Rng::with_seed(seed));
        let (sdk, counts) = sdk(move |_, _| {
            let (fails, sleeps) = {
                let mut faults = faults.lock().unwrap();
                (faults.f64() < 0.2, faults.u64(0..300))
            };
            thread::sleep(Duration::from_micros(sleeps));
            if fails { Err(failure()) } else { Ok(()) }
        });
        let mut rng = fastrand::Rng::with_seed(seed);
        let downloader = sdk
            .downloader()
            .connections(NonZero::new(rng.usize(1..9)).unwrap())
            .ranges_per_file(NonZero::new(rng.usize(1..9)).unwrap())
            .memory(rng.u64(1..20) * CHUNK)
            .build()
            .unwrap();
        thread::scope(|scope| {
            for number in 0..4 {
                let (downloader, mut rng) = (&downloader, fastrand::Rng::with_seed(seed * 100 + number));
                scope.spawn(move || {
                    for file in 0..4 {
                        read_as_it_comes(downloader, &mut rng, &format!("{number}-{file}"));
                    }
                });
            }
        });
        assert!(!downloader.is_sequential(), "seed {seed}");
        drop((sdk, downloader));
        assert_eq!((now(&counts.pieces), now(&counts.backends)), (0, 0), "seed {seed}");
    }
}

/// Any size, stated in any way, resumed anywhere, read in any pieces, dropped at any time.
fn read_as_it_comes(downloader: &Downloader, rng: &mut fastrand::Rng, name: &str) {
    let len = rng.u64(0..4_000_000);
    let stated = match rng.u8(0..4) {
        0 => None,
        1 => Some(rng.u64(0..=2 * len)),
        _ => Some(len),
    };
    let from = if rng.bool() { rng.u64(0..=len) } else { 0 };
    let until = if rng.bool() { rng.u64(from..=len) } else { len };
    let mut download = downloader.download(format!("{name}:{len}")).unwrap().resume_at(from);
    if let Some(stated) = stated {
        download = download.expecting_len(stated);
    }
    let mut bytes = Vec::new();
    let mut buffer = vec![0; 300_000];
    while download.position() < until {
        if rng.bool() {
            if let Ok(chunk) = download.next_chunk() {
                bytes.extend_from_slice(&chunk.unwrap());
            }
        } else {
            let size = rng.usize(1..buffer.len());
            if let Ok(count) = download.read(&mut buffer[..size]) {
                bytes.extend_from_slice(&buffer[..count]);
            }
        }
        if rng.u8(..) < 20 {
            thread::sleep(Duration::from_millis(1));
        }
        assert_eq!(download.position(), from + bytes.len() as u64);
    }
    assert!(bytes == content(from, download.position()), "{len} bytes, stated {stated:?}, from {from}");
    assert_eq!(download.is_done(), download.position() == len);
}
