//! From private keys to printed messages.
//!
//! On the stand-in's demo corp, with nothing installed:
//!
//! ```text
//! cargo run -p wecom-finance-examples --example pull
//! ```
//!
//! On the genuine SDK, beginning after seq 4021:
//!
//! ```text
//! export WECOM_FINANCE_SDK=/opt/wecom/libWeWorkFinanceSdk_C.so
//! export WECOM_CORP_ID=ww0123456789abcdef WECOM_SECRET_FILE=secret WECOM_KEYS=keys
//! cargo run -p wecom-finance-examples --example pull -- 4021
//! ```

use std::env;
use std::error::Error;
use std::io::{self, Write};
use std::path::Path;

use wecom_finance::{Body, KeyRing, Language, Library, Message, Sdk, Secret};
use wecom_finance_simulator::Scenario;

fn main() -> Result<(), Box<dyn Error>> {
    let demo = env::args().skip(1).any(|argument| argument == "--demo");
    let after = env::args().skip(1).find_map(|argument| argument.parse().ok()).unwrap_or(0);
    let (sdk, keys) = match env::var_os("WECOM_FINANCE_SDK") {
        Some(path) if !demo => genuine(path.as_ref())?,
        _ => stand_in()?,
    };
    let cursor = pull(&sdk, &keys, after, &mut io::stdout().lock())?;
    writeln!(io::stderr(), "the next run goes on after {cursor}")?;
    Ok(())
}

#[allow(
    unsafe_code,
    reason = "loading a library runs its initialisers: the one line that nobody can check for us"
)]
fn genuine(path: &Path) -> Result<(Sdk, KeyRing), Box<dyn Error>> {
    // SAFETY: the vendor's library is trusted to run its initialisers.
    let library = unsafe { Library::open(path) }?;
    let keys = KeyRing::from_dir(env::var("WECOM_KEYS")?)?; // keys/1.pem, keys/2.pem, …
    let secret = Secret::from_file(env::var("WECOM_SECRET_FILE")?)?;
    let sdk = Sdk::builder(library, env::var("WECOM_CORP_ID")?, secret).build()?;
    Ok((sdk, keys))
}

/// The same types, without WeCom behind them.
fn stand_in() -> Result<(Sdk, KeyRing), Box<dyn Error>> {
    let world = Scenario::demo().build();
    Ok((world.sdk()?, world.keys()?))
}

/// Prints every message after `after` and gives the place to go on from.
fn pull(sdk: &Sdk, keys: &KeyRing, after: u64, out: &mut dyn Write) -> Result<u64, Box<dyn Error>> {
    let mut chat = sdk.chat(keys).after(after);
    for record in &mut chat {
        match record {
            Ok(record) => match record.message() {
                Message::Chat(m) => match &m.body {
                    Body::Text(text) => writeln!(out, "{} {} → {}: {}", m.time, m.from, m.to, text.content)?,
                    // What this version cannot read is still there as text.
                    Body::Unknown(other) => writeln!(out, "new type {}: {}", other.msgtype, record.raw())?,
                    _ => writeln!(out, "{} {} → {}: [{}]", m.time, m.from, m.to, m.msgtype)?,
                },
                Message::Switch(log) => writeln!(out, "{} {} switched corp", log.time, log.user)?,
                _ => {}
            },
            // One message that does not open costs nothing but itself. Its ciphertext is in the error: keep it, most
            // often a key is missing and will turn up.
            Err(error) if error.sealed().is_some() => writeln!(out, "{error}")?,
            // No page could be had, retries included. `chat.cursor()` is where a later run goes on.
            Err(error) => {
                let remedy = error.remedy(Language::English);
                return Err(format!("{error}: {remedy}").into());
            }
        }
    }
    Ok(chat.cursor())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_demo_corp_is_printed_to_its_end() {
        let (sdk, keys) = stand_in().unwrap();
        let mut printed = Vec::new();
        let cursor = pull(&sdk, &keys, 6_000, &mut printed).unwrap();
        let lines = String::from_utf8(printed).unwrap().lines().count();
        assert!(lines > 100, "{lines} lines");
        assert!(pull(&sdk, &keys, cursor, &mut Vec::new()).unwrap() == cursor, "nothing comes after the end");
    }
}
