//! One corp, its WeCom with faults, and the program that archives it.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::fs;
use std::num::NonZero;
use std::time::Duration;

use fastrand::Rng;
use rustix::process::Signal;
use wecom_finance_simulator::{Loopback, Operation, Scenario, ServerCertificate};

use super::faults::{self, Harm, Kind};
use super::program::Program;
use super::traffic::Traffic;
use super::watch::Watch;
use crate::office::{Office, result};

/// Messages come at this rate all the time.
const FLOW: Duration = Duration::from_millis(250);
const MESSAGES_AT_ONCE: u64 = 5;

/// The key version that most messages are sealed for, those that come later, and the part of the time after which they do.
const KEYS: [(u32, f64); 3] = [(1, 0.0), (2, 0.3), (3, 0.6)];
/// So much of the time later somebody adds the key.
const KEY_COMES: f64 = 0.1;

/// Runs of the program until no file is pending any more.
const LAST_RUNS: u32 = 20;

pub(super) struct Corp {
    name: &'static str,
    office: Office,
    program: Program,
    traffic: Traffic,
    watch: Watch,
    random: Rng,
    worst: Harm,
    time: Duration,
    next_flow: Duration,
    next_weather: Duration,
    next_accident: Duration,
    deck: Vec<Kind>,
    /// What there is now over which a program may end, as soon as it is started.
    weather: Harm,
    is_forged: bool,
    strikes: HashMap<Kind, u64>,
    accidents: BTreeMap<&'static str, u64>,
    /// Files that WeCom has said to be gone.
    gone: BTreeSet<String>,
    next_key: usize,
    keys_to_add: Vec<(Duration, u32)>,
}

impl Corp {
    pub(super) fn open(name: &'static str, seed: u64, worst: Harm, time: Duration) -> Option<Self> {
        let scenario = KEYS
            .iter()
            .fold(Scenario::new().seed(seed), |scenario, (version, _)| scenario.key_version(*version));
        let office = Office::open(scenario)?;
        for (version, _) in KEYS.iter().skip(1) {
            office.remove_key(*version);
        }
        Some(Self {
            name,
            program: Program::start(&office),
            office,
            traffic: Traffic::new(seed),
            watch: Watch::default(),
            random: Rng::with_seed(seed),
            worst,
            time,
            next_flow: Duration::ZERO,
            next_weather: Duration::ZERO,
            next_accident: Duration::from_secs(3),
            deck: Vec::new(),
            weather: Harm::Passing,
            is_forged: false,
            strikes: HashMap::new(),
            accidents: BTreeMap::new(),
            gone: BTreeSet::new(),
            next_key: 1,
            keys_to_add: Vec::new(),
        })
    }

    /// Does what is due at this time.
    pub(super) fn live(&mut self, now: Duration) {
        self.let_the_program_end_of_what_there_is();
        while now >= self.next_flow {
            self.next_flow += FLOW;
            self.traffic.flow(&self.office.world, MESSAGES_AT_ONCE);
        }
        self.change_keys(now);
        if now >= self.next_weather {
            self.next_weather = now + Duration::from_millis(self.random.u64(500..6_000));
            self.change_weather();
        }
        if now >= self.next_accident {
            self.next_accident = now + Duration::from_millis(self.random.u64(500..6_000));
            self.have_an_accident();
        }
        self.program.keep_going(&self.office);
    }

    /// One that was just started meets what was there before it.
    fn let_the_program_end_of_what_there_is(&mut self) {
        self.program.may_end |= self.weather == Harm::Ending || self.is_forged;
    }

    fn change_keys(&mut self, now: Duration) {
        if let Some((version, part)) = KEYS.get(self.next_key)
            && now >= self.time.mul_f64(*part)
        {
            self.next_key += 1;
            // A program that is not started again does not get the key: most of its messages keep the old one.
            let share = if self.worst == Harm::Ending { 1.0 } else { 0.05 };
            self.traffic.change_key(*version, share);
            self.keys_to_add.push((now + self.time.mul_f64(KEY_COMES), *version));
        }
        for (_, version) in self.keys_to_add.extract_if(.., |(at, _)| now >= *at) {
            self.office.add_key(version);
        }
    }

    /// Other faults than before, or none.
    fn change_weather(&mut self) {
        self.end_faults();
        self.weather = Harm::Passing;
        let is_fine = self.random.u8(..4) == 0;
        for _ in 0..if is_fine { 0 } else { self.random.u8(1..=4) } {
            if self.deck.is_empty() {
                self.deck = faults::kinds();
                self.random.shuffle(&mut self.deck);
            }
            let kind = self.deck.pop().unwrap();
            let file = self.traffic.add_file(&self.office.world);
            let (fault, harm) = faults::fault(&kind, &file, self.worst, &mut self.random);
            if kind.1 == "err_code" {
                self.gone.insert(file);
            }
            if harm == Harm::Ending {
                self.weather = harm;
                self.program.may_end = true;
            }
            if kind.0 == Operation::Token {
                // Otherwise hours pass before anybody asks for one.
                self.office.world.expire_tokens();
            }
            self.office.world.set_fault(fault);
        }
    }

    fn end_faults(&mut self) {
        for (fault, strikes) in self.office.world.faults() {
            *self.strikes.entry(faults::kind_of(&fault)).or_default() += strikes;
        }
        self.office.world.clear_faults();
    }

    /// What no reply of a server can do.
    fn have_an_accident(&mut self) {
        let Office { world, server, .. } = &self.office;
        let most = if self.worst == Harm::Ending { 11 } else { 8 };
        let what = match self.random.u8(..most) {
            0 => {
                world.revoke_tokens();
                "tokens revoked"
            }
            1 => {
                world.expire_tokens();
                "tokens expired"
            }
            2 => {
                server.break_connections();
                "connections broken"
            }
            3 => {
                server.set_round_trip(Duration::from_millis(self.random.u64(..200)));
                "distance changed"
            }
            4 => {
                // From something that takes longer than a call may, up to what does not matter.
                let speed = 1 << self.random.u32(13..26);
                server.set_speed(NonZero::new(speed));
                "speed changed"
            }
            5 => {
                calm(server);
                self.is_forged = false;
                "line repaired"
            }
            6 | 7 => {
                let workers = self.program.workers();
                let Some(worker) = self.random.choice(workers) else { return };
                worker.signal(Signal::KILL);
                "worker killed"
            }
            8 => {
                let kinds =
                    [ServerCertificate::Signed, ServerCertificate::OtherHost, ServerCertificate::Expired];
                server.present(self.random.choice(kinds).unwrap()).unwrap();
                server.break_connections();
                self.is_forged = true;
                self.program.may_end = true;
                "certificate forged"
            }
            9 => {
                self.program.kill(&self.office);
                "program killed"
            }
            _ => {
                self.program.terminate();
                "program told to stop"
            }
        };
        *self.accidents.entry(what).or_default() += 1;
    }

    pub(super) fn look(&mut self) {
        self.watch.look(&mut self.program);
    }

    pub(super) fn so_far(&self) -> String {
        let (program, workers) = self.watch.resident();
        format!(
            "{}: {} messages, {} files, {} faults, {} accidents, {} + {} MiB",
            self.name,
            self.office.world.msgids().count(),
            self.traffic.files_made,
            self.strikes.values().sum::<u64>(),
            self.accidents.values().sum::<u64>(),
            program >> 20,
            workers >> 20,
        )
    }

    /// All is well again: what is still waiting comes in.
    pub(super) fn settle(&mut self) {
        // What it is in the middle of may still end it.
        self.let_the_program_end_of_what_there_is();
        self.end_faults();
        calm(&self.office.server);
        let said = self.program.finish(&self.office);
        println!("{}: {said}", self.name);
        for (version, _) in KEYS {
            self.office.add_key(version);
        }
        self.run_until_nothing_is_pending();
        let mut replay = self.office.online("replay");
        let output = replay.args(["--db", "archive.db", "--media", "media", "--json"]).output().unwrap();
        assert!(matches!(output.status.code(), Some(0 | 3)), "{output:?}");
        println!("{}: {}", self.name, result(&output));
        self.run_until_nothing_is_pending();
    }

    fn run_until_nothing_is_pending(&self) {
        for _ in 0..LAST_RUNS {
            let output = self.office.archive().args(["--retry-now", "--quiet"]).output().unwrap();
            assert!(matches!(output.status.code(), Some(0 | 3)), "{output:?}");
            if result(&output)["media_pending"] == 0 {
                return;
            }
        }
        panic!("{}: files are still pending", self.name);
    }

    pub(super) fn assert_whole(&self) {
        let expected: BTreeMap<u64, &str> = self.traffic.unopened.clone();
        let mut damaged = 0;
        let mut quarantined = BTreeMap::new();
        for line in self.office.export_quarantine() {
            let reason = line["reason"].as_str().unwrap().to_owned();
            let Some(seq) = line["seq"].as_u64() else {
                // What a fault put into a page in the place of a message.
                assert_eq!(reason, "malformed");
                damaged += 1;
                continue;
            };
            if reason == "killed_worker" {
                let detail = line["detail"].as_str().unwrap();
                assert!(detail.contains("SIGABRT (6)"), "{seq}: {detail}");
            }
            assert_eq!(quarantined.insert(seq, reason), None, "{seq} is in quarantine twice");
        }
        let quarantined: BTreeMap<u64, &str> =
            quarantined.iter().map(|(seq, reason)| (*seq, reason.as_str())).collect();
        assert_eq!(quarantined, expected, "{}", self.name);
        println!("{}: {} in quarantine, and {damaged} that were no messages", self.name, quarantined.len());
        self.office.assert_complete_but(&expected.into_keys().collect(), &self.gone);
        let log = fs::read_to_string(self.office.path("follow.log")).unwrap();
        assert!(!log.contains("panicked"), "{log}");
    }

    /// The kinds of faults that never came about.
    pub(super) fn spared_by(&self) -> HashSet<Kind> {
        faults::kinds()
            .into_iter()
            .filter(|kind| self.strikes.get(kind).is_none_or(|strikes| *strikes == 0))
            .collect()
    }

    pub(super) fn assert_flat(&self, time: Duration) {
        for (first, last) in self.watch.quarters(time).into_iter().flatten() {
            last.assert_flat_since(first);
        }
    }

    pub(super) fn print_table(&self, time: Duration) {
        println!("\n{}", self.name);
        println!("  messages  {}, files {}", self.office.world.msgids().count(), self.traffic.files_made);
        let calls = &self.office.world;
        println!(
            "  calls     token {}, chat {}, media {}",
            calls.token_calls(),
            calls.chat_calls(),
            calls.media_calls()
        );
        println!("  ends      {:?}", self.program.ends);
        for (what, times) in &self.accidents {
            println!("  {times:>6}  {what}");
        }
        let strikes = self
            .strikes
            .iter()
            .map(|((operation, effect), strikes)| (format!("{operation:?} {effect}"), strikes));
        for (fault, strikes) in strikes.collect::<BTreeMap<_, _>>() {
            println!("  {strikes:>6}  {fault}");
        }
        let Watch { most, most_of_workers, most_workers, .. } = &self.watch;
        println!("  at most   program {most:?}, workers {most_of_workers:?} in {most_workers} processes");
        for (whose, (first, last)) in
            ["program", "workers"].into_iter().zip(self.watch.quarters(time).into_iter().flatten())
        {
            let kib = |bytes: u64| bytes >> 10;
            println!(
                "  {whose}   memory {} then {} KiB, descriptors {} then {}, threads {} then {}",
                kib(first.0.resident),
                kib(last.0.resident),
                first.0.descriptors,
                last.0.descriptors,
                first.0.threads,
                last.0.threads,
            );
        }
    }
}

/// The line as it was at first.
fn calm(server: &Loopback) {
    server.set_round_trip(Duration::ZERO);
    server.set_speed(None);
    server.present(ServerCertificate::SelfSigned).unwrap();
}
