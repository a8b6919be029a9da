//! `export`: the stored messages for other programs, one JSON object a line.

use crate::args::{CommonArgs, ExportArgs};
use crate::connect;
use crate::failure::{Exit, Failure};
use crate::language::say;
use crate::output::{Output, printed};
use crate::store::Store;

pub(crate) fn run(common: &CommonArgs, args: &ExportArgs, output: &mut Output) -> Result<Exit, Failure> {
    let mut store = Store::open_for_reading(&args.db).map_err(|error| error.about(&args.db))?;
    for corp_id in corps(common, &store)? {
        let outcome = if args.quarantine {
            store.export_quarantine(&corp_id, |message| output.json_line(message))
        } else {
            store.export(&corp_id, |message| output.json_line(message))
        };
        let reader_is_there = printed(outcome.map_err(|error| error.about(&args.db))?)?;
        if !reader_is_there {
            break;
        }
    }
    Ok(Exit::Success)
}

/// The corp that the options name, or all that the database holds.
pub(crate) fn corps(common: &CommonArgs, store: &Store) -> Result<Vec<String>, Failure> {
    match connect::corp_id(common)? {
        Some(corp_id) => Ok(vec![known(store, corp_id)?]),
        None => store.corps().map_err(|error| error.about(store.path())),
    }
}

/// The corp, if the database has anything of it.
pub(crate) fn known(store: &Store, corp_id: String) -> Result<String, Failure> {
    let corps = store.corps().map_err(|error| error.about(store.path()))?;
    if corps.contains(&corp_id) {
        return Ok(corp_id);
    }
    let holds = if corps.is_empty() { "nothing yet".to_owned() } else { corps.join(", ") };
    Err(Failure::stop(
        format!("database {} holds nothing of corp {corp_id}; it holds {holds}", store.path().display()),
        say(
            "give another --corp-id, or leave it out (WECOM_CORP_ID, too)",
            "请更换 --corp-id，或不指定（包括 WECOM_CORP_ID）",
        ),
    ))
}
