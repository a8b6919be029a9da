//! `archive`: pull, open, store, fetch the files.

mod files;
mod open;
mod report;
mod run;
mod watch;

use std::time::Duration;

use wecom_finance::PageSize;

use crate::args::{ArchiveArgs, CommonArgs};
use crate::connect::{self, Manner, Purpose};
use crate::failure::{Exit, Failure};
use crate::language::say;
use crate::output::{self, Output};
use crate::shelf;
use crate::stop::Stop;
use crate::store::Store;

use run::PullError;
pub(crate) use run::Run;
pub(crate) use watch::remedy as lost_remedy;

pub(crate) fn run(common: &CommonArgs, args: &ArchiveArgs, output: &mut Output) -> Result<Exit, Failure> {
    let corp_id = connect::required_corp_id(common)?;
    let manner = Manner { page_size: PageSize::new(args.limit)?, ..Manner::default() };
    // Before any file is made: a run that cannot begin leaves nothing behind.
    shelf::place(&args.place.media, &args.place.db)?;
    let connection = connect::connect(common, &corp_id, Purpose::Pull, manner)?;
    let stop = Stop::on_signals().map_err(|error| Failure::stop(format!("signals: {error}"), ""))?;
    let store = Store::open_or_create(&args.place.db).map_err(|error| error.about(&args.place.db))?;
    let mut run = Run::begin(store, connection, corp_id, &args.place, &args.fetch, stop)?;
    let outcome = if args.follow { follow(&mut run, Duration::from_secs(args.poll)) } else { once(&mut run) };
    run.report(outcome, output)
}

/// Up to the head of the stream.
fn once(run: &mut Run) -> Result<(), Failure> {
    let pulled = run.open_left_over().map_err(PullError::from).and_then(|()| run.pull());
    end(run, pulled)?;
    if run.stop().is_requested() {
        return Err(Failure::stop(
            "stopped by a signal",
            say("run the command again: it goes on where it stopped", "重新运行即可从中断处继续"),
        ));
    }
    Ok(())
}

/// Again and again, until somebody says stop: that is how it is meant to end.
fn follow(run: &mut Run, pause: Duration) -> Result<(), Failure> {
    let pulled = pull_again_and_again(run, pause);
    end(run, pulled)?;
    output::note("stopped");
    Ok(())
}

fn pull_again_and_again(run: &mut Run, pause: Duration) -> Result<(), PullError> {
    run.open_left_over()?;
    loop {
        match run.pull() {
            Err(PullError::Wecom(error)) if error.is_retryable() => {
                tracing::warn!(%error, ?pause, "this time no messages could be had");
            }
            outcome => outcome?,
        }
        if !run.pause(pause) {
            return Ok(());
        }
    }
}

/// The files are fetched even if the pull failed: they expire. Not if this machine is what failed.
fn end(run: &mut Run, pulled: Result<(), PullError>) -> Result<(), Failure> {
    if matches!(pulled, Err(PullError::Local(_))) {
        run.abandon_files();
    }
    let fetched = run.finish_files();
    pulled?;
    fetched
}
