use std::num::NonZero;
use std::sync::{Mutex, OnceLock, PoisonError};
use std::thread;

use crate::Result;

/// Below this, starting a thread costs more than it saves.
const WORTH_A_THREAD: usize = 8;

/// Items in a share: enough that taking one costs nothing, few enough that all threads end at about the same time.
const SHARE: usize = 64;

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
    let share = items.len().div_ceil(threads).clamp(1, SHARE);
    let shares = Mutex::new(items.chunks(share).enumerate());
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
