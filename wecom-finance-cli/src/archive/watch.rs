//! What a run notices beside the messages: holes in the sequence, and a clock that is wrong.

use std::fmt::{self, Write as _};

use wecom_finance::ClockSkew;

use crate::clock;
use crate::gaps::{gaps_of, seqs_of};
use crate::language::say;
use crate::store::{Appended, FoundGap, GapReason};

/// A hole as large as a page is worth a word, whatever the reason: WeCom leaves out single seqs.
const LARGE: u64 = 1_000;

/// What was noticed so far.
#[derive(Debug, Default)]
pub(crate) struct Watch {
    unexplained: Holes,
    lost: Holes,
    filled: u64,
    clock: Option<ClockSkew>,
}

#[derive(Debug, Default)]
struct Holes {
    count: u64,
    seqs: u64,
}

impl Watch {
    /// Counts the holes of a page, and tells the log.
    pub(super) fn heed(&mut self, appended: &Appended) {
        for gap in &appended.gaps {
            tell(gap);
            let holes = match gap.reason {
                GapReason::Retention => &mut self.lost,
                GapReason::Unexplained => &mut self.unexplained,
            };
            holes.count += 1;
            holes.seqs = holes.seqs.saturating_add(gap.seqs());
        }
        self.filled += appended.gaps_filled;
    }

    /// Notes how the clock is by now. Tells the log the first time that it is wrong, unless the egress has done so.
    pub(super) fn look_at_clock(&mut self, skew: Option<ClockSkew>, is_told: bool) {
        let wrong = skew.filter(|skew| skew.is_wrong());
        if let (Some(skew), None, false) = (wrong, self.clock, is_told) {
            tracing::warn!("{skew}; {}", clock::remedy());
        }
        self.clock = wrong;
    }

    /// Holes that were not known before this run.
    pub(super) fn gaps(&self) -> u64 {
        self.unexplained.count.saturating_add(self.lost.count)
    }

    /// Of them, those that retention explains.
    pub(super) fn lost(&self) -> u64 {
        self.lost.count
    }

    pub(super) fn clock_seconds(&self) -> Option<i64> {
        let seconds = |by: std::time::Duration| i64::try_from(by.as_secs()).unwrap_or(i64::MAX);
        match self.clock? {
            ClockSkew::Behind(by) => Some(seconds(by).saturating_neg()),
            skew => Some(seconds(skew.amount())),
        }
    }

    pub(super) fn write(&self, text: &mut String) -> fmt::Result {
        if self.unexplained.count > 0 {
            let Holes { count, seqs } = self.unexplained;
            writeln!(
                text,
                "  gaps         {count} ({} that WeCom left out; no message is known to be missing)",
                seqs_of(seqs)
            )?;
        }
        if self.lost.count > 0 {
            let Holes { count, seqs } = self.lost;
            writeln!(
                text,
                "  LOST         {} in {}: WeCom forgot the messages before they were pulled",
                seqs_of(seqs),
                gaps_of(count)
            )?;
            writeln!(text, "      → {}", remedy())?;
        }
        if self.filled > 0 {
            writeln!(text, "  gaps filled  {}", self.filled)?;
        }
        if let Some(skew) = self.clock {
            writeln!(text, "  clock        {skew}\n      → {}", clock::remedy())?;
        }
        Ok(())
    }
}

/// What to do about messages that are lost.
pub(crate) fn remedy() -> &'static str {
    say(
        "archive at least daily or with --follow: WeCom keeps messages for a few days only; `gaps` says which are missing, and \
         from when to when",
        "请至少每天运行一次 archive 或使用 --follow：企业微信只保留最近几天的消息；缺少哪些消息、属于哪段时间，可用 gaps 查看",
    )
}

fn tell(gap: &FoundGap) {
    let (first, last, seqs) = (gap.first, gap.last, gap.seqs());
    match gap.reason {
        GapReason::Retention => {
            tracing::warn!(
                first,
                last,
                seqs,
                "WeCom forgot the messages of these seqs before they were pulled"
            );
        }
        GapReason::Unexplained if seqs >= LARGE => {
            tracing::warn!(first, last, seqs, "WeCom left out many seqs, and nothing explains it");
        }
        GapReason::Unexplained => tracing::info!(first, last, seqs, "WeCom left out these seqs"),
    }
}
