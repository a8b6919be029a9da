//! Media files in an object store: an S3-compatible server on loopback, with the stand-in and with the genuine SDK.
#![cfg(target_os = "linux")]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "these are tests"
)]

#[allow(dead_code, reason = "the other tests on the genuine SDK use the rest of it")]
#[path = "../acceptance/office.rs"]
mod office;
mod server;

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::Command;

use serde_json::Value;
use wecom_finance_simulator::{MediaFile, MediaKind, Scenario};

use office::{Office, files_below, result, run};
use server::Server;

fn demo(folder: &Path, media: &str) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_wecom-finance"));
    command.current_dir(folder).args(["archive", "--demo", "--json", "--media", media]);
    command
}

#[test]
fn the_demo_in_a_bucket_is_the_demo_in_a_directory() {
    let Some(server) = Server::start() else { return };
    let folder = tempfile::tempdir().unwrap();
    let mut archive = demo(folder.path(), &Server::address("of the demo/media"));
    server.serves(&mut archive);
    let first = result(&run(&mut archive, 0));
    assert_eq!(first["media_pending"], 0);
    let again = result(&run(&mut archive, 0));
    assert_eq!((&again["pulled"], &again["media_fetched"]), (&0.into(), &0.into()));

    let other = tempfile::tempdir().unwrap();
    let same = result(&run(&mut demo(other.path(), "media"), 0));
    assert_eq!(first["media_fetched"], same["media_fetched"]);
    // Which of two equal files is fetched and which one linked is a matter of chance.
    let in_bucket = media_of(folder.path(), &server.bucket().join("of the demo/media"));
    let in_directory = media_of(other.path(), &other.path().join("media"));
    assert!(in_bucket.len() > 100, "{}", in_bucket.len());
    assert!(in_bucket == in_directory);
    assert!(files_below(&folder.path().join("wecom-archive.db-parts")).is_empty(), "nothing is left behind");
}

/// The sdkfileid and the content of every file that messages refer to; no other files are there.
fn media_of(folder: &Path, root: &Path) -> Vec<(String, Vec<u8>)> {
    let mut export = Command::new(env!("CARGO_BIN_EXE_wecom-finance"));
    let output = run(export.arg("export").current_dir(folder), 0);
    let mut names = BTreeSet::new();
    let mut media = Vec::new();
    for line in std::str::from_utf8(&output.stdout).unwrap().lines() {
        let line: Value = serde_json::from_str(line).unwrap();
        for file in line["media"].as_array().unwrap() {
            let name = root.join(file["file"].as_str().unwrap());
            media.push((file["sdkfileid"].as_str().unwrap().to_owned(), fs::read(&name).unwrap()));
            names.insert(name);
        }
    }
    assert_eq!(files_below(root).into_iter().collect::<BTreeSet<_>>(), names);
    media
}

/// Long enough for an upload in several pieces.
const LONG: u64 = 20_000_001;

#[test]
fn a_store_that_is_away_stops_the_run_and_costs_no_file() {
    let Some(mut server) = Server::start() else { return };
    let files = [("long", LONG), ("short", 70_961), ("empty", 0), ("edge", 8 << 20), ("over", (8 << 20) + 1)];
    let scenario = files.iter().fold(Scenario::new().key_version(1), |scenario, (name, len)| {
        scenario.media_file(MediaFile::generated(*name, MediaKind::File, *len))
    });
    let Some(office) = Office::open(scenario) else { return };
    let mut archive = office.online("archive");
    archive.args(["--db", "archive.db", "--json", "--media", &Server::address("m")]);
    server.serves(&mut archive);

    server.down();
    let output = run(&mut archive, 1);
    let told = String::from_utf8(output.stderr).unwrap();
    assert!(told.contains("s3://archive/m cannot be used") && told.contains("credentials"), "{told}");
    assert!(office.export().iter().all(|line| line["media"][0]["state"] == "pending"));

    server.up();
    let mut wrong = office.online("archive");
    wrong.args(["--db", "archive.db", "--json", "--media", &Server::address("m")]);
    server.known_to(&mut wrong, "another secret");
    let output = run(&mut wrong, 1);
    let told = String::from_utf8(output.stderr).unwrap();
    assert!(told.contains("s3://archive/m cannot be used") && !told.contains("another secret"), "{told}");

    let last = result(&run(&mut archive, 0));
    assert_eq!((&last["media_pending"], &last["media_failed"]), (&0.into(), &0.into()));
    for line in office.export() {
        let media = &line["media"][0];
        let expected = office.world.media(media["sdkfileid"].as_str().unwrap()).unwrap();
        assert_eq!(media["state"], "stored");
        let stored = fs::read(server.bucket().join("m").join(media["file"].as_str().unwrap())).unwrap();
        assert!(stored == expected.bytes(), "{}", expected.id());
    }
    assert_eq!(files_below(&server.bucket()).len(), files.len());
}

#[test]
fn addresses_that_cannot_be_used_are_wrong_usage() {
    let folder = tempfile::tempdir().unwrap();
    for address in ["s3://key:secret@bucket/x", "memory:///x", "file:///tmp/x", "az://container/x?sig=abc"] {
        let output = run(&mut demo(folder.path(), address), 2);
        let told = String::from_utf8(output.stderr).unwrap();
        assert!(told.contains("--media") && !told.contains("secret@"), "{told}");
    }
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0, "nothing is made before");
}
