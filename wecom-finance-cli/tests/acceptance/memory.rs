//! The size of an archive or of a file does not show in memory.

use std::collections::BTreeMap;
use std::fs;
use std::process::{Command, Stdio};
use std::time::Duration;

use wecom_finance_simulator::{MediaFile, MediaKind, Scenario};

use crate::office::Office;

const MIB: u64 = 1 << 20;

/// Runs the command and gives its peak resident memory in bytes, that of its worker added, as the system has counted it
/// shortly before the end.
fn peak_memory(command: &mut Command) -> u64 {
    let mut child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    let mut peaks = BTreeMap::from([(child.id(), 0)]);
    loop {
        for worker in children(child.id()) {
            peaks.entry(worker).or_default();
        }
        for (pid, peak) in &mut peaks {
            *peak = (*peak).max(high_water_mark(*pid));
        }
        if let Some(status) = child.try_wait().unwrap() {
            assert!(status.success(), "{command:?}: {status}");
            return peaks.values().sum();
        }
        std::thread::sleep(Duration::from_millis(2));
    }
}

/// The processes that any of its threads has started.
fn children(pid: u32) -> Vec<u32> {
    let threads = fs::read_dir(format!("/proc/{pid}/task")).into_iter().flatten().flatten();
    let texts = threads.map(|thread| fs::read_to_string(thread.path().join("children")).unwrap_or_default());
    texts
        .flat_map(|text| text.split_whitespace().map(|pid| pid.parse().unwrap()).collect::<Vec<_>>())
        .collect()
}

fn high_water_mark(pid: u32) -> u64 {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.map_or(0, |line| line.trim().trim_end_matches(" kB").parse::<u64>().unwrap() << 10)
}

#[test]
fn a_hundred_thousand_messages_stay_below_150_mib() {
    let Some(office) = Office::open(Scenario::new().key_version(1).key_version(2).conversation(100_000))
    else {
        return;
    };
    let peak = peak_memory(&mut office.archive());
    println!("peak of 100,000 messages: {} MiB", peak / MIB);
    assert!(peak < 150 * MIB, "{} MiB", peak / MIB);
    assert_eq!(office.world.chat_calls(), 101);
}

#[test]
fn a_file_of_one_gib_stays_below_20_mib_more_than_a_small_one() {
    let scenario = Scenario::new()
        .loose_media_file(MediaFile::generated("small", MediaKind::File, 1_000))
        .loose_media_file(MediaFile::generated("large", MediaKind::File, 1 << 30));
    let Some(office) = Office::open(scenario) else { return };
    let fetch = |name: &str| {
        let media = office.world.media(name).unwrap();
        let peak = peak_memory(office.online("media").arg(media.sdk_file_id()).args(["-o", name]));
        assert_eq!(fs::metadata(office.path(name)).unwrap().len(), media.len());
        (peak, media)
    };
    let (small, _) = fetch("small");
    let (large, media) = fetch("large");
    println!("peak of 1 kB: {} MiB, of 1 GiB: {} MiB", small / MIB, large / MIB);
    assert!(large < small + 20 * MIB, "{} MiB", large.saturating_sub(small) / MIB);

    let file = fs::File::open(office.path("large")).unwrap();
    let mut reader = std::io::BufReader::with_capacity(1 << 20, file);
    let mut offset = 0;
    while offset < media.len() {
        let expected = media.read(offset, MIB);
        let mut piece = vec![0; expected.len()];
        std::io::Read::read_exact(&mut reader, &mut piece).unwrap();
        assert!(piece == expected, "differs after byte {offset}");
        offset += MIB;
    }
}

#[test]
fn eight_large_files_at_once_stay_below_40_mb_more_than_small_ones() {
    eight_large_files_stay_below(40_000_000, &["--isolation", "none", "--tls", "sdk"]);
}

/// A piece of a file is in the worker, in the egress, and on its way between them.
#[test]
fn eight_large_files_through_worker_and_egress_stay_below_40_mb_more_than_small_ones() {
    eight_large_files_stay_below(40_000_000, &[]);
}

fn eight_large_files_stay_below(limit: u64, options: &[&str]) {
    let peak_of = |len: u64| {
        let files =
            (0..8).map(|number| MediaFile::generated(format!("file-{number}"), MediaKind::Video, len));
        let scenario = files.fold(Scenario::new(), Scenario::media_file);
        let office = Office::open(scenario)?;
        let mut archive = if options.is_empty() { office.archive() } else { office.archive_unverified() };
        let peak = peak_memory(archive.args(options));
        office.assert_complete();
        Some(peak)
    };
    let Some(small) = peak_of(1_000) else { return };
    let Some(large) = peak_of(64 * MIB) else { return };
    let more = large.saturating_sub(small);
    println!("peak of 8 small files: {} MiB, of 8 × 64 MiB: {} MiB", small / MIB, large / MIB);
    assert!(more < limit, "{} MiB", more / MIB);
}
