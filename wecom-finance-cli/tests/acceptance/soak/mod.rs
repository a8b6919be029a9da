//! Two corps archive for a long time while everything goes wrong at random: nothing lost, nothing twice, and nothing that
//! grows.
//!
//! The first program lives through it all, only its workers are killed: its memory is compared. The second one is
//! killed itself, told to stop, and given faults over which it ends; each time it is started again.

mod corp;
mod faults;
mod program;
mod traffic;
mod watch;

use std::collections::HashSet;
use std::time::{Duration, Instant};

use corp::Corp;
use faults::Harm;
use watch::LONG_ENOUGH;

const TICK: Duration = Duration::from_millis(50);
const SECOND: Duration = Duration::from_secs(1);
const PROGRESS: Duration = Duration::from_secs(30);

/// So many seconds where nothing else is said: short, but with most kinds of faults.
const SECONDS: u64 = 45;

fn from_environment(name: &str) -> Option<u64> {
    let text = std::env::var(name).ok()?;
    Some(text.parse().unwrap_or_else(|error| panic!("{name}={text}: {error}")))
}

#[test]
fn a_soak_with_all_faults_and_kills_loses_and_doubles_nothing_and_grows_nowhere() {
    let time = Duration::from_secs(from_environment("WECOM_FINANCE_SOAK_SECONDS").unwrap_or(SECONDS));
    let seed = from_environment("WECOM_FINANCE_SOAK_SEED").unwrap_or_else(|| u64::from(std::process::id()));
    println!("soak of {time:?}, seed {seed} (WECOM_FINANCE_SOAK_SEED)");
    let Some(mut lasting) = Corp::open("lasting", seed, Harm::Passing, time) else { return };
    let Some(mut mortal) = Corp::open("mortal", seed.wrapping_add(1), Harm::Ending, time) else { return };
    let began = Instant::now();
    let (mut next_look, mut next_line) = (SECOND, PROGRESS);
    while began.elapsed() < time {
        for corp in [&mut lasting, &mut mortal] {
            corp.live(began.elapsed());
        }
        if began.elapsed() >= next_look {
            next_look += SECOND;
            lasting.look();
            mortal.look();
        }
        if began.elapsed() >= next_line {
            next_line += PROGRESS;
            println!("{:>5} s  {} | {}", began.elapsed().as_secs(), lasting.so_far(), mortal.so_far());
        }
        std::thread::sleep(TICK);
    }
    for corp in [&mut lasting, &mut mortal] {
        corp.settle();
    }
    for corp in [&lasting, &mortal] {
        corp.print_table(time);
    }
    for corp in [&lasting, &mortal] {
        corp.assert_whole();
    }
    lasting.assert_flat(time);
    let spared: HashSet<_> = lasting.spared_by().intersection(&mortal.spared_by()).cloned().collect();
    println!("faults that did not come about: {spared:?}");
    assert!(time < LONG_ENOUGH || spared.is_empty(), "{spared:?}");
}
