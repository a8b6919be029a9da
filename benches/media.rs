//! Files of 64 MiB from a distant WeCom, the genuine SDK on this side: one piece after another, and with a downloader.
//!
//! The server is a process of its own, so that what the client costs can be told from what the server costs. Each pair
//! is measured in one run, and the ratio printed. `-- --test` takes smaller files.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::print_stdout,
    clippy::cast_precision_loss,
    missing_docs,
    reason = "a benchmark may panic, and prints what is about right"
)]

use std::io::{Read as _, Write as _};
use std::num::NonZero;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use wecom_finance::{Proxy, Sdk, SdkFileId};
use wecom_finance_simulator::{Loopback, MediaFile, MediaKind, Scenario, World};
use wecom_finance_tests::{Ground, genuine};

const ROUND_TRIP: Duration = Duration::from_millis(30);
const FILES: usize = 8;
const SERVER: &str = "WECOM_FINANCE_BENCH_SERVER";

fn main() {
    let is_test = std::env::args().any(|argument| argument == "--test");
    let size: u64 = if is_test { 2 << 20 } else { 64 << 20 };
    let scenario = (0..FILES).fold(Scenario::new().corp_id("wwbench"), |scenario, number| {
        scenario.media_file(MediaFile::generated(format!("film {number}"), MediaKind::Video, size))
    });
    let world = scenario.build();
    if std::env::var_os(SERVER).is_some() {
        return serve(&world);
    }
    // Says where it looked when there is none.
    let Some(Ground::Genuine(library)) = genuine() else { return };
    let server = Server::start(is_test);
    let sdk = Sdk::builder(library, world.corp_id(), world.secret())
        .proxy(Proxy::parse(&server.proxy).unwrap())
        .build()
        .unwrap();
    let files: Vec<SdkFileId> =
        world.media_files().iter().map(|media| SdkFileId::new(media.sdk_file_id()).unwrap()).collect();
    let bench = Bench { sdk, server, files, size };
    println!("{} MiB a file, round trip {ROUND_TRIP:?}", size >> 20);

    let one = bench.measure("one file, piece after piece", 1, |bench| bench.in_sequence(&bench.files[0]));
    let ranges = bench.measure("one file, eight ranges at once", 1, |bench| bench.at_once(1, 8));
    println!("  {:.1} times as fast\n", one.as_secs_f64() / ranges.as_secs_f64());

    let all = bench.measure("eight files, one after another", FILES, |bench| {
        bench.files.iter().map(|file| bench.in_sequence(file)).sum()
    });
    let at_once =
        bench.measure("eight files at once, one range each", FILES, |bench| bench.at_once(FILES, 1));
    println!("  {:.1} times as fast", all.as_secs_f64() / at_once.as_secs_f64());
}

/// The server's part, until its stdin ends.
fn serve(world: &World) {
    let server = Loopback::builder().world(world).round_trip(ROUND_TRIP).serve().unwrap();
    println!("{}", server.proxy_url());
    std::io::stdout().flush().unwrap();
    std::io::stdin().read_to_end(&mut Vec::new()).unwrap();
}

struct Server {
    child: Child,
    proxy: String,
}

impl Server {
    fn start(is_test: bool) -> Self {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(is_test.then_some("--test"))
            .env(SERVER, "1")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut proxy = String::new();
        let mut stdout = std::io::BufReader::new(child.stdout.take().unwrap());
        std::io::BufRead::read_line(&mut stdout, &mut proxy).unwrap();
        Self { child, proxy: proxy.trim().to_owned() }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.child.stdin.take());
        self.child.wait().unwrap();
    }
}

struct Bench {
    sdk: Sdk,
    server: Server,
    files: Vec<SdkFileId>,
    size: u64,
}

impl Bench {
    fn measure(&self, name: &str, files: usize, run: impl Fn(&Self) -> u64) -> Duration {
        let cpu = || (cpu_time("self"), cpu_time(&self.server.child.id().to_string()));
        let (cpu_before, since) = (cpu(), Instant::now());
        let bytes = run(self);
        let (time, cpu_after) = (since.elapsed(), cpu());
        assert_eq!(bytes, self.size * u64::try_from(files).unwrap());
        let per_piece = |after: Duration, before: Duration| {
            after.saturating_sub(before).as_secs_f64() * 1000.0 / (bytes as f64 / 524_288.0)
        };
        println!(
            "{name}: {:.2} s, {:.1} MiB/s, CPU of a piece: {:.1} ms here, {:.1} ms in the server",
            time.as_secs_f64(),
            bytes as f64 / 1_048_576.0 / time.as_secs_f64(),
            per_piece(cpu_after.0, cpu_before.0),
            per_piece(cpu_after.1, cpu_before.1),
        );
        time
    }

    /// The loop of the vendor's own example.
    fn in_sequence(&self, file: &SdkFileId) -> u64 {
        let mut token = None;
        let mut bytes = 0;
        loop {
            let chunk = self.sdk.media_chunk(file, token.as_ref()).unwrap();
            bytes += chunk.data.len() as u64;
            token = chunk.next;
            if chunk.is_last {
                return bytes;
            }
        }
    }

    fn at_once(&self, files: usize, ranges: usize) -> u64 {
        let eight = NonZero::new(8).unwrap();
        let ranges = NonZero::new(ranges).unwrap();
        let downloader = self.sdk.downloader().connections(eight).ranges_per_file(ranges).build().unwrap();
        thread::scope(|scope| {
            let read = |file: &SdkFileId| {
                let mut download = downloader.download(file).unwrap().expecting_len(self.size);
                let mut bytes = 0;
                while let Some(chunk) = download.next_chunk().unwrap() {
                    bytes += chunk.len() as u64;
                }
                bytes
            };
            let threads: Vec<_> =
                self.files.iter().take(files).map(|file| scope.spawn(move || read(file))).collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).sum()
        })
    }
}

/// User and system time of a process so far.
fn cpu_time(process: &str) -> Duration {
    let stat = std::fs::read_to_string(format!("/proc/{process}/stat")).unwrap();
    // After the name, which may hold anything: the state is field 3, user and system time are 14 and 15, in
    // hundredths of a second.
    let fields: Vec<&str> = stat.rsplit(')').next().unwrap().split_whitespace().collect();
    let ticks: u64 = [11, 12].iter().map(|field| fields[*field].parse::<u64>().unwrap()).sum();
    Duration::from_millis(ticks * 10)
}
