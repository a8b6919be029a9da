//! What the programs take of the machine, second by second.

use std::collections::BTreeSet;
use std::time::Duration;

use super::program::Program;
use crate::processes::Process;

/// An allocator fills its arenas, a database its cache: that is no leak.
const WARM_UP: Duration = Duration::from_secs(60);

/// A shorter soak says nothing about memory, and not every kind of fault comes about.
pub(super) const LONG_ENOUGH: Duration = Duration::from_secs(600);

/// The last quarter may have so much more memory than the first one.
const GROWTH: f64 = 1.05;

/// More than that is more than a program needs at its busiest, and does not depend on how long it runs.
const MOST: Usage = Usage { resident: 400 << 20, descriptors: 120, threads: 130 };
const MOST_OF_WORKERS: Usage = Usage { resident: 1 << 30, descriptors: 80, threads: 60 };
/// The one for everybody, one to spare, and those in which four suspects are alone, with as many that are just ending.
const MOST_WORKERS: usize = 10;

#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Usage {
    /// In bytes.
    pub(super) resident: u64,
    pub(super) descriptors: u64,
    pub(super) threads: u64,
}

impl Usage {
    fn of(process: Process) -> Self {
        Self { resident: process.resident(), descriptors: process.descriptors(), threads: process.threads() }
    }

    fn add(self, other: Self) -> Self {
        self.with(other, |one, other| one + other)
    }

    fn max(self, other: Self) -> Self {
        self.with(other, u64::max)
    }

    fn with(self, other: Self, join: impl Fn(u64, u64) -> u64) -> Self {
        Self {
            resident: join(self.resident, other.resident),
            descriptors: join(self.descriptors, other.descriptors),
            threads: join(self.threads, other.threads),
        }
    }

    fn is_within(self, most: Self) -> bool {
        self.resident <= most.resident && self.descriptors <= most.descriptors && self.threads <= most.threads
    }
}

/// A program and its workers, watched.
#[derive(Default)]
pub(super) struct Watch {
    program: Vec<Usage>,
    workers: Vec<Usage>,
    zombies: BTreeSet<Process>,
    pub(super) most: Usage,
    pub(super) most_of_workers: Usage,
    pub(super) most_workers: usize,
}

impl Watch {
    /// Once a second.
    pub(super) fn look(&mut self, program: &mut Program) {
        let workers = program.workers();
        let of_program = Usage::of(program.process());
        let of_workers = workers.iter().map(|worker| Usage::of(*worker)).fold(Usage::default(), Usage::add);
        self.program.push(of_program);
        self.workers.push(of_workers);
        self.most = self.most.max(of_program);
        self.most_of_workers = self.most_of_workers.max(of_workers);
        self.most_workers = self.most_workers.max(workers.len());
        assert!(of_program.is_within(MOST), "{of_program:?}");
        assert!(of_workers.is_within(MOST_OF_WORKERS), "{of_workers:?}");
        assert!(workers.len() <= MOST_WORKERS, "{} workers", workers.len());
        // One that has just ended may be waited for at this moment, but not a second later.
        let zombies: BTreeSet<Process> = workers.into_iter().filter(|worker| worker.is_zombie()).collect();
        assert!(zombies.is_disjoint(&self.zombies), "zombies: {zombies:?}");
        self.zombies = zombies;
    }

    /// The memory now, of the program and of its workers.
    pub(super) fn resident(&self) -> (u64, u64) {
        let last = |usages: &[Usage]| usages.last().map_or(0, |usage| usage.resident);
        (last(&self.program), last(&self.workers))
    }

    /// First and last quarter, for people; `None` if there is too little to compare.
    pub(super) fn quarters(&self, soak: Duration) -> Option<[(Quarter, Quarter); 2]> {
        if soak < LONG_ENOUGH {
            return None;
        }
        let warm = usize::try_from(WARM_UP.as_secs()).unwrap();
        Some([&self.program, &self.workers].map(|usages| {
            let usages = usages.get(warm..).unwrap_or_default();
            let quarter = usages.len() / 4;
            (Quarter::of(&usages[..quarter]), Quarter::of(&usages[usages.len() - quarter..]))
        }))
    }
}

/// Medians.
#[derive(Clone, Copy, Debug)]
pub(super) struct Quarter(pub(super) Usage);

impl Quarter {
    fn of(usages: &[Usage]) -> Self {
        let median = |figure: fn(&Usage) -> u64| {
            let mut figures: Vec<_> = usages.iter().map(figure).collect();
            figures.sort_unstable();
            figures[figures.len() / 2]
        };
        Self(Usage {
            resident: median(|usage| usage.resident),
            descriptors: median(|usage| usage.descriptors),
            threads: median(|usage| usage.threads),
        })
    }

    /// Compares the last quarter with the first one.
    pub(super) fn assert_flat_since(self, first: Self) {
        let (Self(last), Self(first)) = (self, first);
        #[allow(clippy::cast_precision_loss, reason = "some hundred MiB")]
        let growth = last.resident as f64 / first.resident as f64;
        assert!(growth <= GROWTH, "memory grew: {first:?}, then {last:?}");
        // As far as chance goes: connections come and go.
        assert!(last.descriptors <= first.descriptors + 4, "descriptors: {first:?}, then {last:?}");
        assert!(last.threads <= first.threads + 4, "threads: {first:?}, then {last:?}");
    }
}
