//! `doctor`: everything that can be wrong, each with its remedy.

mod check;
mod connection;
mod key_pair;
mod live;
mod page;
mod place;

use serde::Serialize;

use crate::args::{CommonArgs, DoctorArgs};
use crate::failure::{Exit, Failure};
use crate::output::{Output, printed};
use crate::progress;
use check::{Check, Checks};

pub(crate) fn run(common: &CommonArgs, args: &DoctorArgs, output: &mut Output) -> Result<Exit, Failure> {
    let mut checks = Checks::default();
    let keys = connection::check(&mut checks, common);
    let cursor = place::check(&mut checks, common, &args.place);
    let bar = progress::spinner("asking WeCom for a page");
    live::check(&mut checks, common, keys, &args.place.db, cursor);
    bar.finish_and_clear();
    let works = checks.are_passed();
    let result = ForMachines {
        ok: works,
        begin_with: checks.first_to_correct().map(|check| check.name),
        checks: checks.all(),
    };
    let columns = output.columns();
    printed(output.result(&result, || page::of(&checks, columns)))?;
    Ok(if works { Exit::Success } else { Exit::Stopped })
}

#[derive(Serialize)]
struct ForMachines<'a> {
    ok: bool,
    /// The check that is to be corrected first: others may have failed on its account.
    begin_with: Option<&'static str>,
    checks: &'a [Check],
}
