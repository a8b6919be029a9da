//! Processes as the system shows them.

use std::fs;
use std::path::PathBuf;

use rustix::process::{Pid, Signal, kill_process};

/// A process, also when another one has got its number since.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Process {
    pub(crate) pid: u32,
    started: u64,
}

impl Process {
    /// The process that has this number now.
    pub(crate) fn with_pid(pid: u32) -> Option<Self> {
        Some(Self { pid, started: stat(pid, STARTED)?.parse().unwrap() })
    }

    /// Whether it is there, as a zombie or not.
    pub(crate) fn exists(self) -> bool {
        Self::with_pid(self.pid) == Some(self)
    }

    /// Whether it has ended and nobody has asked how.
    pub(crate) fn is_zombie(self) -> bool {
        self.exists() && stat(self.pid, STATE).is_some_and(|state| state == "Z")
    }

    /// Sends it a signal, if it is still there to get one.
    pub(crate) fn signal(self, signal: Signal) -> bool {
        let pid = Pid::from_raw(i32::try_from(self.pid).unwrap()).unwrap();
        self.exists() && kill_process(pid, signal).is_ok()
    }

    /// The processes that any of its threads has started.
    pub(crate) fn children(self) -> Vec<Self> {
        children(self.pid).into_iter().filter_map(Self::with_pid).collect()
    }

    /// Bytes of resident memory.
    pub(crate) fn resident(self) -> u64 {
        status(self.pid, "VmRSS:").unwrap_or(0) << 10
    }

    pub(crate) fn threads(self) -> u64 {
        status(self.pid, "Threads:").unwrap_or(0)
    }

    pub(crate) fn descriptors(self) -> u64 {
        fs::read_dir(self.path("fd")).map_or(0, |entries| entries.count() as u64)
    }

    fn path(self, name: &str) -> PathBuf {
        PathBuf::from(format!("/proc/{}", self.pid)).join(name)
    }
}

/// The processes that any thread of this one has started.
pub(crate) fn children(pid: u32) -> Vec<u32> {
    let threads = fs::read_dir(format!("/proc/{pid}/task")).into_iter().flatten().flatten();
    let texts = threads.map(|thread| fs::read_to_string(thread.path().join("children")).unwrap_or_default());
    texts
        .flat_map(|text| text.split_whitespace().map(|pid| pid.parse().unwrap()).collect::<Vec<_>>())
        .collect()
}

/// The most bytes of memory that were ever resident.
pub(crate) fn high_water_mark(pid: u32) -> u64 {
    status(pid, "VmHWM:").unwrap_or(0) << 10
}

/// A number in a process's status; memory is in kB there.
fn status(pid: u32, name: &str) -> Option<u64> {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix(name))?;
    Some(line.trim().trim_end_matches(" kB").parse().unwrap())
}

/// Fields of a process's `stat`, counted after its name, which may hold anything.
const STATE: usize = 0;
const STARTED: usize = 19;

fn stat(pid: u32, field: usize) -> Option<String> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    let (_, fields) = stat.rsplit_once(") ")?;
    fields.split(' ').nth(field).map(str::to_owned)
}
