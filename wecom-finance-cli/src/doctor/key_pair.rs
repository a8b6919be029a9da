//! Whether the private keys belong to the public ones: by opening messages.

use std::collections::BTreeMap;
use std::path::Path;

use wecom_finance::{ChatPage, Error, SealedMessage, UnopenedReason};

use super::check::Checks;
use crate::connect::Connection;
use crate::failure::Failure;
use crate::language::{self, say};
use crate::store::Store;

const NAME: &str = "key pair";

/// One message may be damaged; a key that opens none of these does not fit.
const TRIED: usize = 3;

/// How many of the newest messages are looked at where there are no new ones: old keys may have been taken away.
const NEWEST: usize = 200;

pub(super) fn check(checks: &mut Checks, connection: &Connection, page: Option<&ChatPage>, db: &Path) {
    let stored = if page.is_none() { newest_stored(connection, db) } else { Vec::new() };
    let messages = page.map_or(stored.as_slice(), ChatPage::messages);
    let mut by_version: BTreeMap<u32, Vec<&SealedMessage>> = BTreeMap::new();
    for message in messages {
        by_version.entry(message.publickey_ver).or_default().push(message);
    }
    if by_version.is_empty() {
        let detail =
            say("not tried, because there is no message to open yet", "未检查，因为还没有可供解密的消息");
        return checks.skip(NAME, "no_messages", detail);
    }
    let mut fitting = Vec::new();
    for (version, messages) in by_version {
        match open_one(connection, &messages) {
            Ok(()) => fitting.push(version),
            Err(error) => no_fit(checks, connection, version, error),
        }
    }
    if !fitting.is_empty() {
        let versions = list(fitting);
        let detail = say(
            &format!("the keys of these versions open messages: {versions}"),
            &format!("以下版本的私钥可以解密消息：{versions}"),
        )
        .to_owned();
        checks.ok(NAME, detail);
    }
}

/// What an earlier run stored as WeCom sealed it. A database that cannot be read has a line of its own.
fn newest_stored(connection: &Connection, db: &Path) -> Vec<SealedMessage> {
    Store::open_for_reading(db)
        .and_then(|store| store.newest_sealed(connection.sdk.corp_id(), NEWEST))
        .unwrap_or_default()
}

fn open_one(connection: &Connection, messages: &[&SealedMessage]) -> Result<(), Error> {
    let mut outcome = Ok(());
    for message in messages.iter().take(TRIED) {
        outcome = connection.keys.open(&connection.sdk, message).map(drop);
        // Only these are matters of the message.
        if outcome.as_ref().map_or_else(|error| error.unopened().is_none(), |()| true) {
            break;
        }
    }
    outcome
}

fn no_fit(checks: &mut Checks, connection: &Connection, version: u32, error: Error) {
    match error.unopened().map(|unopened| &unopened.reason) {
        Some(UnopenedReason::MissingKey { .. }) => {
            let present = list(connection.keys.versions());
            checks.fail_of(
                NAME,
                "missing_key",
                say(
                    &format!("WeCom seals messages for key version {version}, which is not here; there are: {present}"),
                    &format!("企业微信使用版本 {version} 的公钥加密消息，但这里没有该版本的私钥；现有版本：{present}"),
                ),
                say(
                    &format!(
                        "add its private key as {version}.pem to the keys; the version is the one that the admin console \
                         shows beside the public key"
                    ),
                    &format!("请将该版本的私钥以 {version}.pem 为名放入私钥目录；版本号见管理后台公钥旁的显示"),
                ),
            );
        }
        Some(UnopenedReason::CannotDecrypt) => checks.fail_of(
            NAME,
            "cannot_decrypt",
            say(
                &format!(
                    "the key of version {version} does not open messages that are sealed for this version"
                ),
                &format!("版本 {version} 的私钥不能解密为该版本加密的消息"),
            ),
            error.remedy(language::current()),
        ),
        _ => checks.failure(NAME, &Failure::from(error)),
    }
}

pub(super) fn list(versions: impl IntoIterator<Item = u32>) -> String {
    versions.into_iter().map(|version| version.to_string()).collect::<Vec<_>>().join(", ")
}
