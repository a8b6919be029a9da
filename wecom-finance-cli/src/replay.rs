//! `replay`: the quarantine once more, with the keys of today.

use crate::archive::Run;
use crate::args::{CommonArgs, ReplayArgs};
use crate::connect::{self, Manner, Purpose};
use crate::export::known;
use crate::failure::{Exit, Failure};
use crate::language::say;
use crate::output::Output;
use crate::shelf;
use crate::stop::Stop;
use crate::store::Store;

pub(crate) fn run(common: &CommonArgs, args: &ReplayArgs, output: &mut Output) -> Result<Exit, Failure> {
    shelf::place(&args.place.media, &args.place.db)?;
    let store = Store::open_existing(&args.place.db).map_err(|error| error.about(&args.place.db))?;
    let corp_id = match connect::corp_id(common)? {
        Some(corp_id) => known(&store, corp_id)?,
        None => only_corp(&store)?,
    };
    let connection = connect::connect(common, &corp_id, Purpose::Open, Manner::default())?;
    let stop = Stop::on_signals().map_err(|error| Failure::stop(format!("signals: {error}"), ""))?;
    let mut run = Run::begin(store, connection, corp_id, &args.place, &args.fetch, stop)?;
    let replayed = run.open_left_over().and_then(|()| run.replay());
    if replayed.is_err() {
        run.abandon_files();
    }
    let outcome = replayed.and(run.finish_files());
    run.report(outcome, output)
}

/// Opening needs no corp id; which messages are meant must be clear all the same.
fn only_corp(store: &Store) -> Result<String, Failure> {
    let mut corps = store.corps().map_err(|error| error.about(store.path()))?;
    match (corps.pop(), corps.is_empty()) {
        (Some(corp_id), true) => Ok(corp_id),
        (None, _) => Err(Failure::stop(
            format!("database {} holds nothing yet", store.path().display()),
            say("run `archive` first", "请先运行 archive"),
        )),
        (Some(last), false) => Err(Failure::usage(
            format!("database {} holds several corps: {}, {last}", store.path().display(), corps.join(", ")),
            say("choose one with --corp-id or WECOM_CORP_ID", "请用 --corp-id 或 WECOM_CORP_ID 选择其一"),
        )),
    }
}
