//! Disks that do not do their part: a clear stop, and nothing is said to be stored that is not.

use std::fs;
use std::process::{Command, Stdio};
use std::time::Duration;

use wecom_finance_simulator::{Effect, Fault, MediaFile, MediaKind, Scenario};

use crate::Ran;
use crate::corp::Corp;

const MIB: u64 = 1 << 20;

fn with_a_file(len: u64) -> Corp {
    Corp::new(Scenario::new().texts(3).media_file(MediaFile::generated("f", MediaKind::Video, len)))
}

fn assert_pending(corp: &Corp) {
    let media = corp.media();
    assert_eq!(media[0]["state"], "pending");
    assert!(media[0]["file"].is_null());
}

#[test]
fn a_file_in_the_way_is_a_clear_stop() {
    let corp = with_a_file(100_000);
    fs::write(corp.place.path("in-the-way"), "a file").unwrap();
    let ran = corp.run(&["archive", "--json", "--media", "in-the-way"]).exits_with(1);
    assert!(ran.stderr.contains("in-the-way") && ran.stderr.contains('→'), "{}", ran.stderr);
    assert_eq!(ran.result()["stored"], 4);
    assert_eq!(ran.result()["media_pending"], 1);
    assert_pending(&corp);
    corp.run(&["archive"]).exits_with(0);
}

#[test]
fn a_full_disk_is_a_clear_stop() {
    let corp = with_a_file(8 * MIB);
    // No file may become larger than 4 MiB: for the program that is a disk that takes no more.
    let script = "trap '' XFSZ; ulimit -f 8192; exec \"$0\" \"$@\"";
    let mut shell = Command::new("sh");
    let archive = corp.command(&["archive", "--json"]);
    let ran = Ran::of(begun_by(shell.args(["-c", script]), &archive)).exits_with(1);
    assert!(ran.stderr.contains("4-0.part cannot be written") && ran.stderr.contains('→'), "{}", ran.stderr);
    assert_eq!(ran.result()["media_pending"], 1);
    assert_pending(&corp);
    assert!(corp.place.files("wecom-media").is_empty(), "what room it took is free again");
    corp.run(&["archive"]).exits_with(0);
    assert_eq!(corp.place.files("wecom-media").len(), 1);
}

/// On a disk of its own of 1 MiB, where the system lets a test have one.
#[test]
#[cfg(target_os = "linux")]
fn doctor_says_that_a_run_would_find_no_room() {
    let corp = with_a_file(100);
    fs::create_dir(corp.place.path("small")).unwrap();
    let in_own_mounts = |script: &str| {
        let mut unshare = Command::new("unshare");
        unshare.args(["--map-root-user", "--mount", "sh", "-c", script]).current_dir(corp.place.path(""));
        unshare
    };
    let script = "mount -t tmpfs -o size=1m none small && exec \"$0\" \"$@\"";
    if !in_own_mounts(script).arg("true").status().is_ok_and(|status| status.success()) {
        println!("skipped: this system lets nobody mount a small disk");
        return;
    }
    for (lang, only, would_not) in
        [("en", "only 1 MiB are free", "would not work"), ("zh", "仅剩 1 MiB 可用", "无法")]
    {
        let places: [&[&str]; 2] = [&["--db", "small/archive.db", "--no-media"], &["--media", "small/media"]];
        for place in places {
            let doctor = corp.command(&[&["doctor", "--lang", lang], place].concat());
            let ran = Ran::of(begun_by(&mut in_own_mounts(script), &doctor)).exits_with(1);
            let line = ran.stdout.lines().find(|line| line.starts_with("FAIL")).unwrap();
            assert!(line.contains(only) && line.contains("--db"), "{line}");
            assert!(ran.stdout.contains(would_not), "{}", ran.stdout);
        }
    }
}

/// The command as the end of another one's arguments.
fn begun_by<'a>(beginning: &'a mut Command, command: &Command) -> &'a mut Command {
    beginning.arg(command.get_program()).args(command.get_args());
    beginning.current_dir(command.get_current_dir().unwrap());
    for (name, value) in command.get_envs() {
        match value {
            Some(value) => beginning.env(name, value),
            None => beginning.env_remove(name),
        };
    }
    beginning
}

#[test]
fn a_directory_that_vanishes_is_a_clear_stop() {
    let corp = with_a_file(4 * MIB);
    corp.with_faults([Fault::media(Effect::Delay(Duration::from_millis(100)))]);
    let child = corp.command(&["archive"]).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
    let media = corp.place.path("wecom-media");
    while corp.place.files("wecom-media").is_empty() {
        std::thread::sleep(Duration::from_millis(2));
    }
    fs::rename(&media, corp.place.path("elsewhere")).unwrap();
    let output = child.wait_with_output().unwrap();
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1), "{stderr}");
    assert!(stderr.contains("wecom-media") && stderr.contains("still there"), "{stderr}");
    assert!(!media.exists(), "it is not made again in the mount point of a lost disk");
    assert_pending(&corp);
    // Mounted again, it is gone on with.
    fs::rename(corp.place.path("elsewhere"), &media).unwrap();
    corp.without_faults();
    corp.run(&["archive"]).exits_with(0);
    assert_eq!(corp.place.files("wecom-media").len(), 1);
}

#[test]
fn a_directory_that_cannot_be_written_is_a_clear_stop() {
    use std::os::unix::fs::PermissionsExt as _;
    if rustix::process::geteuid().is_root() {
        println!("skipped: root may write everywhere");
        return;
    }
    let corp = with_a_file(100_000);
    fs::create_dir(corp.place.path("wecom-media")).unwrap();
    fs::set_permissions(corp.place.path("wecom-media"), fs::Permissions::from_mode(0o555)).unwrap();
    let ran = corp.run(&["archive", "--json"]).exits_with(1);
    assert!(ran.stderr.contains("wecom-media") && ran.stderr.contains('→'), "{}", ran.stderr);
    assert_pending(&corp);
    fs::set_permissions(corp.place.path("wecom-media"), fs::Permissions::from_mode(0o755)).unwrap();
    corp.run(&["archive"]).exits_with(0);
}

#[cfg(not(feature = "object-store"))]
#[test]
fn an_object_store_is_not_taken_for_a_directory() {
    let corp = with_a_file(100);
    for command in ["archive", "replay"] {
        let ran = corp.run(&[command, "--media", "s3://bucket/media"]).exits_with(2);
        assert!(ran.stderr.contains("object-store"), "{}", ran.stderr);
    }
    assert!(!corp.place.path("wecom-archive.db").exists() && !corp.place.path("s3:").exists());
    let ran = corp.run(&["doctor", "--media", "s3://bucket/media"]).exits_with(1);
    assert!(ran.stdout.contains("object-store"), "{}", ran.stdout);
}
