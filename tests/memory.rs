//! What eight large downloads at once take of memory, with the genuine SDK and all that it allocates. The server is a
//! process of its own, and so is the client: its peak is what the system has counted.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a test may panic")]

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::num::NonZero;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::thread;

use wecom_finance::{Proxy, Sdk, Verdict};
use wecom_finance_simulator::{MediaFile, MediaKind, Scenario, World};
use wecom_finance_tests::{Ground, genuine, genuine_path};

const PROXY: &str = "WECOM_FINANCE_TEST_PROXY";
/// Over how many connections, with freed memory returned; as it is by default if empty.
const CONNECTIONS: &str = "WECOM_FINANCE_TEST_CONNECTIONS";
const BOUND_KILOBYTES: u64 = 40_000;

fn world() -> World {
    let scenario = Scenario::new().corp_id("ww-memory").secret("secret");
    let scenario = scenario.media_file(MediaFile::generated("small", MediaKind::File, 1));
    let large = |number| MediaFile::generated(format!("large {number}"), MediaKind::Video, 64 << 20);
    (1..=8).fold(scenario, |scenario, number| scenario.media_file(large(number))).build()
}

#[test]
fn eight_large_downloads_at_once_take_less_than_40_megabytes() {
    downloads_take_less_than_the_bound("");
}

#[test]
fn so_they_do_over_eight_connections_where_freed_memory_is_returned() {
    downloads_take_less_than_the_bound("8");
}

fn downloads_take_less_than_the_bound(connections: &str) {
    if genuine_path().is_none() {
        return;
    }
    let (mut server, mut said) = child("child_that_serves", &[]);
    let proxy = value(&mut said, "proxy ");
    let (mut client, mut said) =
        child("child_that_downloads", &[(PROXY, &proxy), (CONNECTIONS, connections)]);
    let mut kilobytes = |name| value(&mut said, name).parse::<u64>().unwrap();
    let (idle, peak) = (kilobytes("idle "), kilobytes("peak "));
    println!("idle {idle} kB, peak {peak} kB: {} kB more", peak - idle);
    assert!(client.wait().unwrap().success());
    drop(server.stdin.take());
    assert!(server.wait().unwrap().success());
    assert!(peak - idle < BOUND_KILOBYTES, "idle {idle} kB, peak {peak} kB");
}

fn child(name: &str, variables: &[(&str, &str)]) -> (Child, BufReader<ChildStdout>) {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", name, "--ignored", "--nocapture"])
        .envs(variables.iter().copied())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let stdout = BufReader::new(child.stdout.take().unwrap());
    (child, stdout)
}

/// What a child said on a line that begins like this. The SDK writes in between, and not in UTF-8.
fn value(said: &mut BufReader<ChildStdout>, name: &str) -> String {
    let mut lines =
        said.by_ref().split(b'\n').map(|line| String::from_utf8_lossy(&line.unwrap()).into_owned());
    lines.find_map(|line| line.split_once(name).map(|(_, value)| value.to_owned())).unwrap()
}

#[test]
#[ignore = "the child process of another test"]
fn child_that_serves() {
    let server = world().serve().unwrap();
    println!("\nproxy {}", server.proxy_url());
    std::io::stdout().flush().unwrap();
    std::io::stdin().read_to_end(&mut Vec::new()).unwrap();
}

#[test]
#[ignore = "the child process of another test"]
fn child_that_downloads() {
    let Some(Ground::Genuine(library)) = genuine() else { return };
    let connections: Option<NonZero<usize>> = std::env::var(CONNECTIONS).unwrap().parse().ok();
    if connections.is_some() {
        wecom_finance::return_freed_memory();
    }
    let world = world();
    let proxy = Proxy::parse(&std::env::var(PROXY).unwrap()).unwrap();
    let sdk = Sdk::builder(library, world.corp_id(), world.secret()).proxy(proxy).build().unwrap();
    let files = world.media_files();
    let (small, large) = files.split_first().unwrap();
    assert_eq!(sdk.media(small.sdk_file_id()).unwrap().next_chunk().unwrap().unwrap().len(), 1);
    println!("\nidle {}", memory("VmRSS:"));
    let downloader = match connections {
        Some(connections) => sdk.downloader().connections(connections),
        None => sdk.downloader(),
    };
    let downloader = downloader.build().unwrap();
    thread::scope(|scope| {
        for media in large {
            let downloader = downloader.clone();
            scope.spawn(move || {
                let download = downloader.download(media.sdk_file_id()).unwrap();
                let mut download = download.expecting_len(media.len());
                std::io::copy(&mut download, &mut std::io::sink()).unwrap();
                assert_eq!(download.verify(), Verdict::LengthOnly);
            });
        }
    });
    println!("\npeak {}", memory("VmHWM:"));
}

/// A line of this process's status, in kB.
fn memory(name: &str) -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix(name)).unwrap();
    line.trim().trim_end_matches(" kB").parse().unwrap()
}
