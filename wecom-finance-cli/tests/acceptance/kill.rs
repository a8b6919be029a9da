//! SIGKILL at any moment costs nothing.

use std::process::Stdio;
use std::time::{Duration, Instant};

use wecom_finance_simulator::{Effect, Fault, MediaFile, MediaKind, Scenario};

use crate::office::{Office, result, run};

const KILLS: u32 = 50;

#[test]
fn fifty_kills_at_random_moments_lose_and_double_nothing() {
    let mut scenario = Scenario::new().key_version(1).key_version(2).texts(2_400);
    for number in 0..120 {
        let len = 1 + (number * 7_919) % 40_000 + if number % 10 == 0 { 1_200_000 } else { 0 };
        scenario = scenario.texts(20);
        scenario = scenario.media_file(MediaFile::generated(format!("file-{number}"), MediaKind::File, len));
    }
    let scenario = scenario
        .conversation(5_000 - 2_400 - 120 * 21)
        .fault(Fault::chat(Effect::Delay(Duration::from_millis(15))))
        .fault(Fault::media(Effect::Delay(Duration::from_millis(20))));
    let Some(office) = Office::open(scenario) else { return };
    let seed = u64::from(std::process::id());
    println!("seed {seed}");
    let mut random = fastrand::Rng::with_seed(seed);
    let (mut kills, mut began_anew) = (0, 0);
    while kills < KILLS {
        if kills == KILLS / 2 {
            // On a slow machine all kills so far came among the messages: the others come among the files.
            let output = office.archive().arg("--no-media").output().unwrap();
            assert!(matches!(output.status.code(), Some(0 | 3)), "{output:?}");
        }
        let mut archive = office.archive();
        archive.args(["--limit", "250"]);
        let mut child = archive.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        let deadline = Instant::now() + Duration::from_millis(random.u64(20..800));
        let finished = loop {
            if let Some(status) = child.try_wait().unwrap() {
                assert!(status.success(), "{status}");
                break true;
            }
            if Instant::now() >= deadline {
                child.kill().unwrap();
                child.wait().unwrap();
                break false;
            }
            std::thread::sleep(Duration::from_millis(1));
        };
        if finished {
            // All is stored: begin anew, so that the other kills hit something.
            office.assert_complete();
            for name in ["archive.db", "archive.db-wal", "archive.db-shm", "archive.db.lock"] {
                let _gone_or_not_there = std::fs::remove_file(office.path(name)).is_ok();
            }
            std::fs::remove_dir_all(office.path("media")).unwrap();
            began_anew += 1;
        } else {
            kills += 1;
        }
    }
    let last = result(&run(&mut office.archive(), 0));
    assert_eq!(
        (&last["quarantined"], &last["media_failed"], &last["media_pending"]),
        (&0.into(), &0.into(), &0.into())
    );
    office.assert_complete();
    println!("{kills} kills, begun anew {began_anew} times, the last run: {last}");
}
