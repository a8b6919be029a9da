//! What people see: a page on a terminal, a line for each check elsewhere.

use std::fmt::Write as _;

use unicode_width::UnicodeWidthChar as _;

use super::check::{Check, Checks, Status};
use crate::language::say;

/// Longer lines are hard to read.
const WIDEST: usize = 100;
const NARROWEST: usize = 40;

/// `columns` are those of the terminal, if it is one.
pub(super) fn of(checks: &Checks, columns: Option<usize>) -> String {
    let names = checks.all().iter().map(|check| check.name.len()).max().unwrap_or_default();
    let mut text = String::new();
    for check in checks.all() {
        let head = format!("{:<5} {:<names$}  ", word(check.status), check.name);
        match columns {
            Some(columns) => on_a_page(&mut text, &head, check, columns.clamp(NARROWEST, WIDEST)),
            None => on_a_line(&mut text, &head, check),
        }
    }
    text.push('\n');
    text.push_str(&verdict(checks));
    text
}

fn word(status: Status) -> &'static str {
    match status {
        Status::Ok => "ok",
        Status::Warn => "warn",
        Status::Fail => "FAIL",
        Status::Skip => "skip",
    }
}

fn on_a_line(text: &mut String, head: &str, Check { detail, remedy, .. }: &Check) {
    let arrow = if remedy.is_empty() { "" } else { " → " };
    // Writing to a String cannot fail.
    writeln!(text, "{head}{detail}{arrow}{remedy}").unwrap_or_default();
}

fn on_a_page(text: &mut String, head: &str, Check { detail, remedy, .. }: &Check, columns: usize) {
    let indent = " ".repeat(head.len());
    fill(text, head, &indent, detail, columns);
    if !remedy.is_empty() {
        fill(text, &format!("{indent}→ "), &format!("{indent}  "), remedy, columns);
    }
}

/// Writes a paragraph in lines of at most so many columns, if its words allow it.
fn fill(text: &mut String, first_indent: &str, indent: &str, paragraph: &str, columns: usize) {
    text.push_str(first_indent);
    let room = columns.saturating_sub(width(indent));
    let mut used = 0_usize;
    for (space, word) in words(paragraph) {
        let space = if used == 0 { "" } else { space };
        let wide = width(&word);
        if used > 0 && used.saturating_add(space.len()).saturating_add(wide) > room {
            text.push('\n');
            text.push_str(indent);
            used = 0;
        } else {
            text.push_str(space);
            used = used.saturating_add(space.len());
        }
        text.push_str(&word);
        used = used.saturating_add(wide);
    }
    text.push('\n');
}

/// What lines can be broken between, each with the space in front of it: words, and the characters of Chinese, but for
/// punctuation that must not begin or end a line.
fn words(paragraph: &str) -> Vec<(&'static str, String)> {
    let mut words: Vec<(&'static str, String)> = Vec::new();
    for spaced in paragraph.split(' ').filter(|word| !word.is_empty()) {
        let mut before: Option<char> = None;
        for c in spaced.chars() {
            let is_glued = before.is_some_and(|before| {
                let is_latin = !is_wide(before) && !is_wide(c);
                is_latin || "，。；：、？！）」』》…".contains(c) || "（「『《".contains(before)
            });
            match words.last_mut() {
                Some((_, word)) if is_glued => word.push(c),
                _ => words.push((if before.is_none() { " " } else { "" }, c.to_string())),
            }
            before = Some(c);
        }
    }
    words
}

fn is_wide(c: char) -> bool {
    c.width() == Some(2)
}

fn width(text: &str) -> usize {
    text.chars().filter_map(unicode_width::UnicodeWidthChar::width).sum()
}

/// Whether an archive run would work, and what to do first.
fn verdict(checks: &Checks) -> String {
    let (failed, warnings) = (checks.count(Status::Fail), checks.count(Status::Warn));
    let first = checks.first_to_correct().map_or("", |check| check.name);
    let (english, chinese) = match (failed, warnings) {
        (0, 0) => ("An archive run would work.".to_owned(), "archive 可以正常运行。".to_owned()),
        (0, _) => (
            format!("An archive run would work. {}: look at `{first}` first.", times(warnings, "warning")),
            format!("archive 可以运行，但有 {warnings} 项警告，请先查看 {first}。"),
        ),
        _ => (
            format!("An archive run would not work. {}: begin with `{first}`.", times(failed, "failure")),
            format!("archive 无法正常运行：{failed} 项未通过，请先处理 {first}。"),
        ),
    };
    say(&english, &chinese).to_owned()
}

fn times(count: usize, what: &str) -> String {
    format!("{count} {what}{}", if count == 1 { "" } else { "s" })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn checks() -> Checks {
        let mut checks = Checks::default();
        checks.ok("platform", "linux x86_64");
        checks.fail(
            "access",
            "the secret ".repeat(20).trim(),
            "请在管理后台的会话内容存档页面重新复制。".repeat(6),
        );
        checks.skip_without(&["call", "key pair"], &["access"]);
        checks
    }

    #[test]
    fn a_page_is_aligned_and_no_wider_than_the_terminal() {
        for columns in [0, 60, 100, 400] {
            let text = of(&checks(), Some(columns));
            let widest = columns.clamp(NARROWEST, WIDEST);
            let lines: Vec<&str> = text.lines().collect();
            let (body, verdict) = lines.split_at(lines.len() - 2);
            for line in body {
                assert!(width(line) <= widest, "{columns}: {line}");
                let (head, rest) = line.split_at(16);
                assert!(head.ends_with("  ") && !rest.starts_with("   "), "{line}");
            }
            assert_eq!(verdict, ["", "An archive run would not work. 1 failure: begin with `access`."]);
            assert_eq!(text.matches('→').count(), 1, "{text}");
        }
    }

    #[test]
    fn no_line_begins_or_ends_with_the_wrong_punctuation() {
        let mut text = String::new();
        fill(&mut text, "", "", "请检查（网络）、代理，以及 TLS 1.3：a-very-long-word-indeed。", 12);
        assert_eq!(text, "请检查（网\n络）、代理，\n以及 TLS\n1.3：\na-very-long-word-indeed。\n");
    }

    #[test]
    fn elsewhere_a_check_is_a_line() {
        let text = of(&checks(), None);
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines.len(), 6, "{text}");
        assert_eq!(lines.first(), Some(&"ok    platform  linux x86_64"));
        assert!(lines.get(1).is_some_and(|line| line.contains("the secret → 请在")), "{text}");
        assert_eq!(lines.get(2), Some(&"skip  call      not tried, because `access` failed"));
    }

    #[test]
    fn the_verdict_names_what_comes_first() {
        let mut checks = Checks::default();
        assert_eq!(verdict(&checks), "An archive run would work.");
        checks.warn("tls", "x", "y");
        assert_eq!(verdict(&checks), "An archive run would work. 1 warning: look at `tls` first.");
        checks.fail("keys", "x", "y");
        checks.fail("call", "x", "y");
        assert_eq!(verdict(&checks), "An archive run would not work. 2 failures: begin with `keys`.");
    }
}
