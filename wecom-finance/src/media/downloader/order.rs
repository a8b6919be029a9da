//! Whether the server answers ranges out of order. WeCom does; a server that does not looks like one that fails, and
//! what tells the two apart is that a range comes as soon as all before it has come.

/// Ranges that failed early and came at their turn, without which nothing is concluded.
const TURNS: u32 = 2;
/// Failures of early ranges in a row, none of them before the first range that came at its turn: of a server that
/// loses every fifth reply, one in ten million such rows is this long.
const REFUSALS: u32 = 10;

#[derive(Debug, Default)]
pub(super) struct Order {
    sequential: bool,
    turns: u32,
    refusals: u32,
}

impl Order {
    /// Only in sequence, from now on.
    pub(super) fn is_sequential(&self) -> bool {
        self.sequential
    }

    /// A range came though one before it had not, and was not under way either: that one's reply may have been sent.
    pub(super) fn leapt(&mut self) {
        (self.turns, self.refusals) = (0, 0);
    }

    /// An attempt at a range failed that was made before all before it had come. `true` if that counts.
    pub(super) fn refused(&mut self, began: Began) -> bool {
        let counts = self.turns > 0 && began.turns > 0;
        if counts {
            self.refusals = self.refusals.saturating_add(1);
            self.conclude();
        }
        counts
    }

    /// A range came at the first attempt after all before it had come, and had failed when asked for earlier.
    pub(super) fn came_at_its_turn(&mut self) {
        self.turns = self.turns.saturating_add(1);
        self.conclude();
    }

    /// So many refusals were of ranges beyond the end of a file whose stated length is wrong.
    pub(super) fn retract(&mut self, refusals: u32) {
        self.refusals = self.refusals.saturating_sub(refusals);
    }

    /// What was known when an attempt began.
    pub(super) fn now(&self) -> Began {
        Began { turns: self.turns }
    }

    fn conclude(&mut self) {
        if !self.sequential && self.turns >= TURNS && self.refusals >= REFUSALS {
            tracing::info!(
                "the server refuses ranges out of order: files are fetched in sequence from now on"
            );
            self.sequential = true;
        }
    }
}

/// See [`Order::now`].
#[derive(Clone, Copy, Debug)]
pub(super) struct Began {
    turns: u32,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refusals_count_once_a_range_came_at_its_turn() {
        let mut order = Order::default();
        for _ in 0..100 {
            assert!(!order.refused(order.now()), "an outage");
        }
        let before = order.now();
        order.came_at_its_turn();
        assert!(!order.refused(before), "began in the outage");
        for _ in 0..REFUSALS {
            assert!(order.refused(order.now()));
        }
        assert!(!order.is_sequential(), "once may be chance");
        order.came_at_its_turn();
        assert!(order.is_sequential());
    }

    #[test]
    fn one_early_range_that_came_refutes_it() {
        let mut order = Order::default();
        for _ in 0..20 {
            order.came_at_its_turn();
            for _ in 1..REFUSALS {
                order.refused(order.now());
            }
            order.leapt();
        }
        assert!(!order.is_sequential());
    }

    #[test]
    fn ranges_beyond_the_end_prove_nothing() {
        let mut order = Order::default();
        order.came_at_its_turn();
        order.came_at_its_turn();
        for _ in 0..20 {
            for _ in 1..REFUSALS {
                order.refused(order.now());
            }
            order.retract(REFUSALS - 1);
        }
        assert!(!order.is_sequential());
    }
}
