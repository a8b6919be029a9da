//! Whether the server answers ranges out of order. WeCom does. A server that does not looks like one that fails, and
//! what tells the two apart is that each range comes as soon as it is due, while those after it go on being refused.

/// As often as that in a row, a range came at its turn and others had been refused meanwhile. Of a server that loses
/// every fifth reply at random, some early range comes in between.
const TURNS: u32 = 4;

#[derive(Debug, Default)]
pub(super) struct Order {
    is_sequential: bool,
    /// Ranges that came at their turn, ever.
    turns: u64,
    /// Early ranges refused since the last of them.
    refusals: u32,
    /// Turns in a row with refusals before them.
    telling_turns: u32,
}

impl Order {
    /// Only in sequence, from now on.
    pub(super) fn is_sequential(&self) -> bool {
        self.is_sequential
    }

    /// A range came early.
    pub(super) fn came_early(&mut self) {
        (self.refusals, self.telling_turns) = (0, 0);
    }

    /// An attempt at a range failed that began early. `true` if that counts: in an outage, no range comes at its turn,
    /// so that most of its failures began long before the last one that did.
    pub(super) fn refused(&mut self, began: Began) -> bool {
        let counts = self.turns > 0 && began.turns.saturating_add(1) >= self.turns;
        self.refusals = self.refusals.saturating_add(u32::from(counts));
        counts
    }

    /// A range came at the first attempt once it was due, and had failed when it was asked for early.
    pub(super) fn came_at_its_turn(&mut self) {
        self.turns = self.turns.saturating_add(1);
        if std::mem::take(&mut self.refusals) == 0 {
            return;
        }
        self.telling_turns = self.telling_turns.saturating_add(1);
        if !self.is_sequential && self.telling_turns >= TURNS {
            tracing::info!(
                "the server refuses ranges out of order: files are fetched in sequence from now on"
            );
            self.is_sequential = true;
        }
    }

    /// So many refusals were of ranges beyond the end of a file whose stated length is wrong.
    pub(super) fn retract(&mut self, refusals: u32) {
        self.refusals = self.refusals.saturating_sub(refusals);
    }

    /// What was known when an attempt began.
    pub(super) fn now(&self) -> Began {
        Began { turns: self.turns }
    }
}

/// See [`Order::now`].
#[derive(Clone, Copy, Debug)]
pub(super) struct Began {
    turns: u64,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn turns_tell_if_others_were_refused_meanwhile() {
        let mut order = Order::default();
        order.came_at_its_turn();
        for _ in 0..TURNS {
            assert!(!order.is_sequential());
            assert!(order.refused(order.now()));
            order.came_at_its_turn();
        }
        assert!(order.is_sequential());
    }

    #[test]
    fn an_outage_tells_little_however_long_it_is() {
        let mut order = Order::default();
        for _ in 0..100 {
            assert!(!order.refused(order.now()), "no range came at its turn yet");
        }
        let in_the_outage = order.now();
        for _ in 0..100 {
            order.came_at_its_turn();
        }
        assert!(!order.refused(in_the_outage));
        for _ in 0..100 {
            assert!(order.refused(order.now()), "the next one");
        }
        for _ in 0..100 {
            order.came_at_its_turn();
        }
        assert!(!order.is_sequential());
    }

    #[test]
    fn one_early_range_that_came_refutes_it() {
        let mut order = Order::default();
        order.came_at_its_turn();
        for _ in 0..20 {
            for _ in 1..TURNS {
                order.refused(order.now());
                order.came_at_its_turn();
            }
            order.came_early();
        }
        assert!(!order.is_sequential());
    }

    #[test]
    fn ranges_beyond_the_end_prove_nothing() {
        let mut order = Order::default();
        for _ in 0..20 {
            order.came_at_its_turn();
            order.refused(order.now());
            order.refused(order.now());
            order.retract(2);
        }
        assert!(!order.is_sequential());
    }
}
