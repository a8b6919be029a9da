//! `doctor`: everything that can be wrong, each with its remedy.

mod connection;
mod live;
mod place;

use std::fmt::Write as _;

use serde::Serialize;

use crate::args::{CommonArgs, DoctorArgs};
use crate::failure::{Exit, Failure};
use crate::language::say;
use crate::output::{Output, printed};
use crate::progress;

pub(crate) fn run(common: &CommonArgs, args: &DoctorArgs, output: &mut Output) -> Result<Exit, Failure> {
    let mut checks = Checks::default();
    connection::check(&mut checks, common);
    let stored = place::check(&mut checks, common, &args.place);
    if checks.are_passed() {
        let bar = progress::spinner("asking WeCom for a page");
        live::check(&mut checks, common, stored);
        bar.finish_and_clear();
    } else {
        checks.warn("call", "not tried", say("correct what failed above first", "请先解决上面的失败项"));
    }
    let works = checks.are_passed();
    let result = ForMachines { ok: works, checks: &checks.done };
    printed(output.result(&result, || checks.for_people()))?;
    Ok(if works { Exit::Success } else { Exit::Stopped })
}

#[derive(Serialize)]
struct ForMachines<'a> {
    ok: bool,
    checks: &'a [Check],
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
enum Status {
    Ok,
    /// An archive run works all the same.
    Warn,
    /// An archive run would not work.
    Fail,
}

#[derive(Debug, Serialize)]
struct Check {
    name: &'static str,
    status: Status,
    detail: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    remedy: String,
}

#[derive(Debug, Default)]
struct Checks {
    done: Vec<Check>,
}

impl Checks {
    fn ok(&mut self, name: &'static str, detail: impl Into<String>) {
        self.add(name, Status::Ok, detail.into(), String::new());
    }

    fn warn(&mut self, name: &'static str, detail: impl Into<String>, remedy: impl Into<String>) {
        self.add(name, Status::Warn, detail.into(), remedy.into());
    }

    fn fail(&mut self, name: &'static str, detail: impl Into<String>, remedy: impl Into<String>) {
        self.add(name, Status::Fail, detail.into(), remedy.into());
    }

    /// Adds what a command would have ended with.
    fn failure(&mut self, name: &'static str, failure: &Failure) {
        self.fail(name, failure.what(), failure.remedy());
    }

    fn add(&mut self, name: &'static str, status: Status, detail: String, remedy: String) {
        self.done.push(Check { name, status, detail, remedy });
    }

    fn are_passed(&self) -> bool {
        self.done.iter().all(|check| check.status != Status::Fail)
    }

    fn for_people(&self) -> String {
        let mut text = String::new();
        for Check { name, status, detail, remedy } in &self.done {
            let status = match status {
                Status::Ok => "ok",
                Status::Warn => "warn",
                Status::Fail => "FAIL",
            };
            // Writing to a String cannot fail.
            write!(text, "{status:<5} {name:<10} {detail}").unwrap_or_default();
            if !remedy.is_empty() {
                write!(text, " → {remedy}").unwrap_or_default();
            }
            text.push('\n');
        }
        text
    }
}
