//! One real call, which tells what nothing else can.

use std::collections::BTreeSet;

use wecom_finance::{ChatPage, PageSize, RetryPolicy};

use super::{Checks, place};
use crate::args::CommonArgs;
use crate::connect::{self, Connection, Manner, Purpose};
use crate::failure::Failure;
use crate::language;

/// Somebody is waiting for the answer.
const RETRIES: u32 = 1;

pub(super) fn check(checks: &mut Checks, common: &CommonArgs, cursor: u64) {
    let manner = Manner { retry: RetryPolicy::default().max_retries(RETRIES), ..Manner::default() };
    let connection = connect::required_corp_id(common)
        .and_then(|corp_id| connect::connect(common, &corp_id, Purpose::Pull, manner));
    let connection = match connection {
        Ok(connection) => connection,
        Err(failure) => return checks.failure("call", &failure),
    };
    match connection.sdk.page(cursor) {
        Ok(None) => checks.ok("call", "WeCom answers; no new messages"),
        Ok(Some(page)) => {
            let waiting = page.messages().len();
            let at_least = if waiting >= usize::try_from(PageSize::MAX.get()).unwrap_or(usize::MAX) {
                "at least "
            } else {
                ""
            };
            checks.ok("call", format!("WeCom answers; {at_least}{waiting} new messages"));
            key_pairs(checks, &connection, &page);
        }
        Err(error) => checks.failure("call", &Failure::from(error)),
    }
    place::clock_against_wecom(checks, &connection);
}

/// Opens the first message of every key version.
fn key_pairs(checks: &mut Checks, connection: &Connection, page: &ChatPage) {
    let mut seen = BTreeSet::new();
    for message in page.messages().iter().filter(|message| seen.insert(message.publickey_ver)) {
        let version = message.publickey_ver;
        match connection.keys.open(&connection.sdk, message) {
            Ok(_opened) => checks.ok("key pair", format!("the key of version {version} opens messages")),
            Err(error) => checks.fail("key pair", error.to_string(), error.remedy(language::current())),
        }
    }
}
