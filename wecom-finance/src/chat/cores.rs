use std::num::NonZero;
use std::sync::{Mutex, OnceLock, PoisonError};
use std::thread;

use crate::Result;

/// Below this, starting a thread costs more than it saves.
const WORTH_A_THREAD: usize = 8;

/// Items in a share: few enough that all threads end at about the same time.
const SHARE: usize = 128;

/// Items that are decrypted at once, where they can be: see `keys::lanes`.
const AT_ONCE: usize = 8;

/// How many threads can work at the same time.
pub(super) fn cores() -> usize {
    // Asked once: the system's answer costs as much as opening a message.
    static CORES: OnceLock<usize> = OnceLock::new();
    *CORES.get_or_init(|| thread::available_parallelism().map_or(1, NonZero::get))
}

/// Works through `items` in shares, on as many threads as there are cores, and puts the outcomes in order. So many threads more
/// have something to do while others are `waiting` for another process.
///
/// # Errors
///
/// That of the first share that failed as a whole.
pub(super) fn on_all_cores<T: Sync, U: Send>(
    items: &[T],
    waiting: usize,
    work: impl Fn(&[T]) -> Result<Vec<U>> + Sync,
) -> Result<Vec<U>> {
    let threads = cores().saturating_add(waiting).min(items.len().div_ceil(WORTH_A_THREAD)).max(1);
    let shares = Mutex::new(Shares { rest: items, threads, next: 0 });
    let work_on = || {
        let mut done = Vec::new();
        loop {
            let next = shares.lock().unwrap_or_else(PoisonError::into_inner).next();
            let Some((number, share)) = next else { return done };
            done.push((number, work(share)));
        }
    };
    let mut done = thread::scope(|scope| {
        // Where the system has no more threads, this one does all of it.
        let others: Vec<_> =
            (1..threads).filter_map(|_| thread::Builder::new().spawn_scoped(scope, work_on).ok()).collect();
        let mut done = work_on();
        for other in others {
            done.extend(other.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)));
        }
        done
    });
    done.sort_by_key(|(number, _)| *number);
    let mut outcomes = Vec::with_capacity(items.len());
    for (_, share) in done {
        outcomes.extend(share?);
    }
    Ok(outcomes)
}

/// What is still to be done, cut into shares: towards the end they become smaller, so that no thread works on when the others
/// are done.
struct Shares<'a, T> {
    rest: &'a [T],
    threads: usize,
    next: usize,
}

impl<'a, T> Iterator for Shares<'a, T> {
    /// A share and its number.
    type Item = (usize, &'a [T]);

    fn next(&mut self) -> Option<Self::Item> {
        if self.rest.is_empty() {
            return None;
        }
        let fair = self.rest.len().div_ceil(self.threads.saturating_mul(2));
        let len = fair.next_multiple_of(AT_ONCE).min(SHARE).min(self.rest.len());
        let (share, rest) = self.rest.split_at_checked(len)?;
        let number = self.next;
        (self.rest, self.next) = (rest, number.saturating_add(1));
        Some((number, share))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Error, Operation};

    #[test]
    fn outcomes_are_in_the_order_of_the_items() {
        for len in [0, 1, 7, 8, 9, 64, 65, 1_000] {
            let items: Vec<usize> = (0..len).collect();
            let doubled =
                on_all_cores(&items, 1, |share| Ok(share.iter().map(|item| item * 2).collect())).unwrap();
            assert_eq!(doubled, (0..len).map(|item| item * 2).collect::<Vec<_>>());
        }
    }

    #[test]
    fn shares_become_smaller_and_leave_nothing_out() {
        let items = [(); 1_000];
        let lens: Vec<_> =
            Shares { rest: &items, threads: 3, next: 0 }.map(|(_, share)| share.len()).collect();
        assert!(lens.is_sorted_by(|one, next| one >= next), "{lens:?}");
        assert_eq!((lens.first(), lens.last()), (Some(&SHARE), Some(&AT_ONCE)), "{lens:?}");
        assert_eq!(lens.iter().sum::<usize>(), items.len());
        let few = Shares { rest: &items[..13], threads: 1, next: 0 };
        assert_eq!(few.map(|(number, share)| (number, share.len())).collect::<Vec<_>>(), [(0, 8), (1, 5)]);
    }

    #[test]
    fn a_share_that_fails_is_an_error() {
        let items: Vec<usize> = (0..1_000).collect();
        let outcome = on_all_cores(&items, 1, |share| {
            if share.contains(&700) {
                return Err(Error::OutOfMemory { operation: Operation::Open });
            }
            Ok(share.to_vec())
        });
        assert!(matches!(outcome, Err(Error::OutOfMemory { .. })));
    }
}
