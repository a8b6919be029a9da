//! What lies between client and server: distance and speed, which change while connections are there.

use std::{
    num::NonZero,
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};

/// Pieces of a trickling reply in a second.
const PIECES_PER_SECOND: u64 = 20;

#[derive(Debug)]
pub(super) struct Line {
    round_trip_nanos: AtomicU64,
    /// 0 for no limit.
    bytes_per_second: AtomicU64,
}

impl Line {
    pub(super) fn at(round_trip: Duration) -> Self {
        let line = Self { round_trip_nanos: AtomicU64::new(0), bytes_per_second: AtomicU64::new(0) };
        line.set_round_trip(round_trip);
        line
    }

    pub(super) fn round_trip(&self) -> Duration {
        Duration::from_nanos(self.round_trip_nanos.load(Ordering::SeqCst))
    }

    pub(super) fn set_round_trip(&self, time: Duration) {
        let nanos = u64::try_from(time.as_nanos()).unwrap_or(u64::MAX);
        self.round_trip_nanos.store(nanos, Ordering::SeqCst);
    }

    pub(super) fn set_speed(&self, bytes_per_second: Option<NonZero<u64>>) {
        self.bytes_per_second.store(bytes_per_second.map_or(0, NonZero::get), Ordering::SeqCst);
    }

    /// How many bytes may go at once, and the pause after them; `None` for all of them.
    pub(super) fn piece(&self) -> Option<(usize, Duration)> {
        let speed = NonZero::new(self.bytes_per_second.load(Ordering::SeqCst))?.get();
        let bytes = (speed / PIECES_PER_SECOND).max(1);
        let pause = Duration::from_secs_f64(1.0 / f64::from(u32::try_from(speed.div_ceil(bytes)).ok()?));
        Some((usize::try_from(bytes).unwrap_or(usize::MAX), pause))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_second_of_pieces_is_the_speed() {
        let line = Line::at(Duration::ZERO);
        assert_eq!(line.piece(), None);
        for speed in [1_u32, 7, 20, 1_000, 123_457] {
            line.set_speed(NonZero::new(speed.into()));
            let (bytes, pause) = line.piece().unwrap();
            let per_second = f64::from(u32::try_from(bytes).unwrap()) / pause.as_secs_f64();
            assert!((per_second / f64::from(speed) - 1.0).abs() < 0.05, "{speed}: {per_second}");
        }
    }
}
