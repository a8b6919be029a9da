//! `gaps`: the holes in the sequence found so far.

use std::fmt::Write as _;

use serde::Serialize;
use wecom_finance::Timestamp;

use crate::args::{CommonArgs, GapsArgs};
use crate::export;
use crate::failure::{Exit, Failure};
use crate::language::say;
use crate::output::{Output, printed};
use crate::store::{GapReason, GapTotals, ListedGap, Store};

pub(crate) fn run(common: &CommonArgs, args: &GapsArgs, output: &mut Output) -> Result<Exit, Failure> {
    let store = Store::open_for_reading(&args.db).map_err(|error| error.about(&args.db))?;
    let mut all = GapTotals::default();
    for corp_id in export::corps(common, &store)? {
        let listed = store.each_gap(&corp_id, |gap| {
            if common.json { output.json_line(gap) } else { output.line(&for_people(gap)) }
        });
        let reader_is_there = printed(listed.map_err(|error| error.about(&args.db))?)?;
        if !reader_is_there {
            return Ok(Exit::Success);
        }
        all.add(&store.gap_totals(&corp_id).map_err(|error| error.about(&args.db))?);
    }
    printed(output.result(&ForMachines::from(&all), || summary(&all)))?;
    Ok(Exit::Success)
}

/// The last line. What is filled is not counted but in `filled`.
#[derive(Serialize)]
struct ForMachines {
    gaps: u64,
    seqs: u64,
    lost: u64,
    lost_seqs: u64,
    filled: u64,
}

impl From<&GapTotals> for ForMachines {
    fn from(totals: &GapTotals) -> Self {
        let GapTotals { gaps, seqs, lost, lost_seqs, filled, lost_latest: _ } = *totals;
        Self { gaps, seqs, lost, lost_seqs, filled }
    }
}

fn for_people(gap: &ListedGap) -> String {
    let ListedGap { corp_id, first_seq, last_seq, seqs, missing, .. } = gap;
    let mut text = format!("{corp_id}  {first_seq}-{last_seq}  {}", seqs_of(*seqs));
    let verdict = match gap.filled {
        Some(_) => "filled",
        None if gap.reason == GapReason::Retention.as_str() => "LOST (forgotten by WeCom)",
        None => "unexplained",
    };
    // Writing to a String cannot fail.
    write!(text, "  {verdict}").unwrap_or_default();
    if gap.filled.is_none() && missing < seqs {
        write!(text, ", {missing} still missing").unwrap_or_default();
    }
    let time =
        |millis: Option<i64>| millis.map_or("?".to_owned(), |time| Timestamp::from_millis(time).to_string());
    write!(text, "  sent between {} and {}", time(gap.msgtime_before), time(gap.msgtime_after))
        .unwrap_or_default();
    write!(text, "  found {}", time(Some(gap.found))).unwrap_or_default();
    if gap.filled.is_some() {
        write!(text, "  filled {}", time(gap.filled)).unwrap_or_default();
    }
    text
}

/// What there is altogether, in words.
pub(crate) fn summary(totals: &GapTotals) -> String {
    let GapTotals { gaps, seqs, lost, lost_seqs, filled, .. } = *totals;
    let (unexplained, left_out) = (gaps.saturating_sub(lost), seqs.saturating_sub(lost_seqs));
    let mut parts = Vec::new();
    if lost > 0 {
        let english =
            format!("{lost} LOST ({}, forgotten by WeCom before they were pulled)", seqs_of(lost_seqs));
        parts.push(
            say(&english, &format!("{lost} 处丢失（{lost_seqs} 个 seq，企业微信在拉取前已清除）")).to_owned(),
        );
    }
    if unexplained > 0 {
        let english = format!(
            "{unexplained} unexplained ({} that WeCom left out, nothing known to be missing)",
            seqs_of(left_out)
        );
        let chinese = format!("{unexplained} 处原因不明（企业微信跳过了 {left_out} 个 seq，未发现消息缺失）");
        parts.push(say(&english, &chinese).to_owned());
    }
    let filled = match filled {
        0 => String::new(),
        filled => say(&format!("; {filled} filled since"), &format!("；其后已补齐 {filled} 处")).to_owned(),
    };
    if parts.is_empty() {
        return format!("{}{filled}", say("no gaps", "没有缺口"));
    }
    let found = say(&format!("{}: ", gaps_of(gaps)), &format!("{gaps} 处缺口：")).to_owned();
    format!("{found}{}{filled}", parts.join(say(", ", "，")))
}

/// So many gaps, in words.
pub(crate) fn gaps_of(count: u64) -> String {
    if count == 1 { "1 gap".to_owned() } else { format!("{count} gaps") }
}

/// So many seqs, in words.
pub(crate) fn seqs_of(count: u64) -> String {
    if count == 1 { "1 seq".to_owned() } else { format!("{count} seqs") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_totals_say_what_is_lost_and_what_is_not() {
        let none = GapTotals::default();
        assert_eq!(summary(&none), "no gaps");
        assert_eq!(summary(&GapTotals { filled: 2, ..none }), "no gaps; 2 filled since");
        let left = GapTotals { gaps: 1, seqs: 1, ..none };
        let unexplained = "1 unexplained (1 seq that WeCom left out, nothing known to be missing)";
        assert_eq!(summary(&left), format!("1 gap: {unexplained}"));
        let both = GapTotals { gaps: 3, seqs: 108, lost: 1, lost_seqs: 100, filled: 1, lost_latest: Some(7) };
        let text = summary(&both);
        assert!(
            text.starts_with("3 gaps: 1 LOST (100 seqs, ") && text.contains("2 unexplained (8 seqs"),
            "{text}"
        );
        assert!(text.ends_with("; 1 filled since"), "{text}");
    }
}
