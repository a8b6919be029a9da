//! `archive --follow`, started again whenever it ends.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::os::unix::process::ExitStatusExt as _;
use std::process::{Child, ExitStatus};
use std::time::{Duration, Instant};

use rustix::process::Signal;

use crate::office::Office;
use crate::processes::Process;

/// A program that was just started may not have begun to listen for signals.
const STARTING: Duration = Duration::from_secs(5);

/// The longest that a worker may outlive its program.
const ORPHANED: Duration = Duration::from_secs(5);

/// The longest that the work in hand may last after SIGTERM, all repetitions of a call included.
const STOPPING: Duration = Duration::from_secs(180);

/// Seconds that a call of the SDK may take.
const TIMEOUT: &str = "3";

pub(super) struct Program {
    child: Child,
    process: Process,
    began: Instant,
    terminated: Option<Instant>,
    /// Whether a fault came since it began over which it may end.
    pub(super) may_end: bool,
    /// Every process that was seen: itself and its workers.
    pub(super) seen: BTreeSet<Process>,
    pub(super) ends: Ends,
}

/// How often it ended, and why.
#[derive(Debug, Default)]
pub(super) struct Ends {
    pub(super) killed: u64,
    pub(super) terminated: u64,
    pub(super) by_itself: u64,
    pub(super) slowest_stop: Duration,
}

impl Program {
    pub(super) fn start(office: &Office) -> Self {
        let child = spawn(office);
        let process = Process::with_pid(child.id()).unwrap();
        Self {
            child,
            process,
            began: Instant::now(),
            terminated: None,
            may_end: false,
            seen: BTreeSet::from([process]),
            ends: Ends::default(),
        }
    }

    pub(super) fn process(&self) -> Process {
        self.process
    }

    pub(super) fn workers(&mut self) -> Vec<Process> {
        let workers = self.process.children();
        self.seen.extend(&workers);
        workers
    }

    /// SIGKILL: it has no time for anything.
    pub(super) fn kill(&mut self, office: &Office) {
        self.workers();
        self.child.kill().unwrap();
        let status = self.child.wait().unwrap();
        // It may have been about to end.
        assert!(status.signal() == Some(9) || self.is_explained(status), "{status}\n{}", log(office));
        self.ends.killed += 1;
        self.restart(office);
    }

    /// SIGTERM. It ends when it has finished what is in hand.
    pub(super) fn terminate(&mut self) {
        if self.terminated.is_none() {
            self.process.signal(Signal::TERM);
            self.terminated = Some(Instant::now());
        }
    }

    /// Starts it again if it has ended, which has to have a reason.
    pub(super) fn keep_going(&mut self, office: &Office) {
        if self.has_ended(office) {
            self.restart(office);
        }
    }

    /// Ends it for good, and gives its last word, which it does not say if it could do nothing at all.
    pub(super) fn finish(&mut self, office: &Office) -> String {
        self.workers();
        self.terminate();
        while !self.has_ended(office) {
            std::thread::sleep(Duration::from_millis(20));
        }
        self.assert_nothing_is_left();
        let printed = fs::read_to_string(office.path("follow.out")).unwrap();
        printed.lines().last().unwrap_or_default().to_owned()
    }

    fn has_ended(&mut self, office: &Office) -> bool {
        let Some(status) = self.child.try_wait().unwrap() else {
            let patience = self.terminated.is_none_or(|since| since.elapsed() < STOPPING);
            assert!(patience, "it does not stop\n{}", log(office));
            return false;
        };
        assert!(self.is_explained(status), "{status}\n{}", log(office));
        match self.terminated {
            Some(since) => {
                self.ends.terminated += 1;
                self.ends.slowest_stop = self.ends.slowest_stop.max(since.elapsed());
            }
            None => self.ends.by_itself += 1,
        }
        true
    }

    fn is_explained(&self, status: ExitStatus) -> bool {
        match (status.code(), status.signal()) {
            (Some(0 | 3), _) => self.terminated.is_some(),
            (Some(1), _) => self.may_end,
            (_, Some(15)) => self.terminated.is_some_and(|at| at.duration_since(self.began) < STARTING),
            _ => false,
        }
    }

    fn restart(&mut self, office: &Office) {
        self.assert_nothing_is_left();
        self.child = spawn(office);
        self.process = Process::with_pid(self.child.id()).unwrap();
        self.seen.insert(self.process);
        (self.began, self.terminated, self.may_end) = (Instant::now(), None, false);
    }

    /// The workers of a program end with it.
    pub(super) fn assert_nothing_is_left(&mut self) {
        let since = Instant::now();
        loop {
            self.seen.retain(|process| process.exists());
            if self.seen.is_empty() {
                return;
            }
            assert!(since.elapsed() < ORPHANED, "still there: {:?}", self.seen);
            std::thread::sleep(Duration::from_millis(10));
        }
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        // After a failed assertion.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

fn spawn(office: &Office) -> Child {
    let mut command = office.archive();
    command.args(["--follow", "--poll", "1", "--timeout", TIMEOUT]);
    let log = File::options().create(true).append(true).open(office.path("follow.log")).unwrap();
    command.stdout(File::create(office.path("follow.out")).unwrap()).stderr(log).spawn().unwrap()
}

/// The end of what the programs of an office have logged.
fn log(office: &Office) -> String {
    let log = fs::read_to_string(office.path("follow.log")).unwrap_or_default();
    let lines: Vec<_> = log.lines().collect();
    lines.get(lines.len().saturating_sub(40)..).unwrap_or_default().join("\n")
}
