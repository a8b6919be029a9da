use std::time::Duration;

use bytes::Bytes;

use super::*;
use crate::SdkCode;

const CHUNK: u64 = 512 * 1024;
const PAUSE: Duration = Duration::from_secs(1);

struct Bench {
    plan: Plan,
    now: Instant,
}

impl Bench {
    fn new(ranges_per_file: usize, chunks: usize) -> Self {
        let policy = RetryPolicy::default().pauses(PAUSE, PAUSE);
        Self { plan: Plan::new(Limits { ranges_per_file, chunks }, policy), now: Instant::now() }
    }

    /// A reader that waits for the first piece of a file whose message states so many pieces.
    fn reader(&mut self, pieces: u64) -> FileKey {
        let (key, _) = self.plan.add(Arc::new(SdkFileId::new("file").unwrap()));
        self.want(key, 0, pieces);
        key
    }

    fn want(&mut self, key: FileKey, piece: u64, pieces: u64) {
        let token = IndexToken::containing(piece * CHUNK);
        self.plan.want(key, token, pieces * CHUNK, Patience::Full, self.now);
    }

    fn start(&mut self) -> Option<Job> {
        let choice = self.plan.choose(self.now).ok()?;
        self.plan.start(choice)
    }

    /// Starts all that may be started.
    fn start_all(&mut self) -> Vec<Job> {
        std::iter::from_fn(|| self.start()).collect()
    }

    fn succeed_all(&mut self, jobs: Vec<Job>) {
        for job in jobs {
            self.succeed(job);
        }
    }

    fn succeed(&mut self, job: Job) {
        let next = IndexToken::containing(job.token.end()).to_string();
        let chunk = MediaChunk::new(Bytes::new(), next.as_bytes(), false);
        drop(self.plan.land(job, Outcome::Attempt(Attempt::Done(chunk)), self.now));
    }

    /// One attempt, and what the retries make of it.
    fn fail(&mut self, mut job: Job) {
        let error = Error::from_sdk(Operation::Media, SdkCode::Network);
        let attempt = match job.retries.decide(Operation::Media, &error) {
            Decision::Wait { pause, fresh } => Attempt::Later { error, pause, fresh },
            _ => Attempt::GaveUp(error),
        };
        drop(self.plan.land(job, Outcome::Attempt(attempt), self.now));
    }

    /// The reader gets a piece.
    fn take(&mut self, key: FileKey) {
        assert!(matches!(self.plan.take(key), Some(Settled::Done(Ok(_)))));
    }
}

fn pieces(jobs: &[Job]) -> Vec<u64> {
    jobs.iter().map(|job| job.token.start() / CHUNK).collect()
}

#[test]
fn the_window_opens_when_the_first_piece_has_come() {
    let mut bench = Bench::new(3, 100);
    let key = bench.reader(10);
    let first = bench.start().unwrap();
    assert_eq!(first.token.start(), 0);
    assert!(bench.start().is_none(), "the file may be gone");
    bench.succeed(first);
    let ahead = bench.start_all();
    assert_eq!(pieces(&ahead), [1, 2], "three with the one that waits");
    bench.take(key);
    assert_eq!(pieces(&bench.start_all()), [3]);
    bench.plan.release(key);
    assert!(bench.start().is_none());
}

#[test]
fn without_a_size_each_piece_follows_the_one_before_it() {
    let mut bench = Bench::new(3, 100);
    let key = bench.reader(0);
    let first = bench.start().unwrap();
    bench.succeed(first);
    let ahead = bench.start_all();
    assert_eq!(pieces(&ahead), [1]);
    bench.take(key);
    bench.succeed_all(ahead);
    assert_eq!(pieces(&bench.start_all()), [2]);
}

#[test]
fn the_nearest_pieces_of_all_files_come_first() {
    let mut bench = Bench::new(8, 100);
    let (one, two) = (bench.reader(10), bench.reader(10));
    let firsts = bench.start_all();
    assert_eq!(pieces(&firsts), [0, 0]);
    bench.succeed_all(firsts);
    let order: Vec<_> = bench.start_all().iter().map(|job| (job.key, job.token.start() / CHUNK)).collect();
    let expected: Vec<_> = (1..8).flat_map(|piece| [(one, piece), (two, piece)]).collect();
    assert_eq!(order, expected);
}

#[test]
fn a_file_keeps_to_its_share_and_leaves_one_for_the_next() {
    let mut bench = Bench::new(8, 6);
    let stalled = bench.reader(10);
    let first = bench.start().unwrap();
    bench.succeed(first);
    let ahead = bench.start_all();
    assert_eq!(pieces(&ahead), [1, 2], "half of six");
    bench.succeed_all(ahead);
    // Its reader never takes them.
    let other = bench.reader(10);
    let first = bench.start().unwrap();
    bench.succeed(first);
    bench.take(other);
    let ahead = bench.start_all();
    assert_eq!(pieces(&ahead), [1], "a third of six, the one being read included");
    assert_eq!(bench.plan.held(), 5);
    drop(bench.plan.remove(stalled));
    assert_eq!(pieces(&bench.start_all()), [2]);
    drop(bench.plan.remove(other));
    assert_eq!(bench.plan.held(), 2, "under way for nobody");
}

#[test]
fn what_a_reader_waits_for_is_fetched_whatever_the_bound() {
    let mut bench = Bench::new(8, 1);
    let keys: Vec<_> = (0..3).map(|_| bench.reader(10)).collect();
    let jobs = bench.start_all();
    assert_eq!(pieces(&jobs), [0, 0, 0]);
    bench.succeed_all(jobs);
    assert!(bench.start().is_none());
    for key in &keys {
        bench.take(*key);
    }
    assert!(bench.start().is_none(), "they are being read");
    for key in &keys {
        bench.plan.release(*key);
        bench.want(*key, 1, 10);
    }
    assert_eq!(pieces(&bench.start_all()), [1, 1, 1]);
}

#[test]
fn an_early_piece_that_failed_comes_at_its_turn_and_with_all_patience_when_it_is_needed() {
    let mut bench = Bench::new(3, 100);
    let key = bench.reader(10);
    let first = bench.start().unwrap();
    bench.succeed(first);
    bench.take(key);
    let mut jobs = bench.start_all();
    assert_eq!(pieces(&jobs), [1, 2, 3]);
    let last = jobs.pop().unwrap();
    bench.fail(jobs.pop().unwrap());
    assert!(bench.start().is_none(), "it pauses");
    bench.now += PAUSE;
    let again = bench.start().unwrap();
    bench.fail(again);
    bench.now += 10 * PAUSE;
    assert!(bench.start().is_none(), "early pieces are tried twice");
    bench.succeed(jobs.pop().unwrap());
    let due = bench.start_all();
    assert_eq!(pieces(&due), [2], "it is due");
    bench.succeed(last);
    for job in due {
        bench.fail(job);
    }
    bench.take(key);
    bench.plan.release(key);
    bench.want(key, 2, 10);
    for attempt in 0..6 {
        let urgent = bench.start_all().into_iter().find(|job| job.token.start() == 2 * CHUNK).unwrap();
        assert!(bench.plan.take(key).is_none(), "attempt {attempt}");
        bench.fail(urgent);
        bench.now += PAUSE;
    }
    assert!(matches!(bench.plan.take(key), Some(Settled::Done(Err(_)))));
    assert!(bench.start().is_none(), "the reader has not come back");
    bench.want(key, 2, 10);
    assert!(bench.start().is_some());
}

#[test]
fn a_server_that_insists_on_sequence_is_asked_in_sequence() {
    let mut bench = Bench::new(4, 100);
    let key = bench.reader(100);
    let mut sent_to = 0;
    for piece in 0..100 {
        bench.want(key, piece, 100);
        while !matches!(bench.plan.take(key), Some(Settled::Done(Ok(_)))) {
            let jobs = bench.start_all();
            assert!(!bench.plan.is_sequential() || jobs.len() == 1);
            for job in jobs.into_iter().rev() {
                if job.token.start() == sent_to {
                    sent_to = job.token.end();
                    bench.succeed(job);
                } else {
                    bench.fail(job);
                }
            }
            bench.now += PAUSE;
        }
        bench.plan.release(key);
    }
    assert!(bench.plan.is_sequential());
}
