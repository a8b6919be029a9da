//! The exported C functions of the `cdylib`, which is loaded in the place of the genuine library.
//!
//! The library has no caller that could build a world for it: the first `Init` does it, from the scenario that the
//! environment names, or else from the demo.

use std::{
    ffi::{CStr, c_int},
    sync::LazyLock,
};

use wecom_finance_sys::implement::{Implementation, MediaReply};

use crate::{
    Control, Scenario, World, registry,
    sdk::{StandIn, noise},
};

/// Names the file with the scenario in JSON, or with an array of them for several corps.
const SCENARIO: &str = "WECOM_SIMULATOR_SCENARIO";

/// The worlds of this library, or why there are none.
static WORLDS: LazyLock<Result<Vec<World>, String>> = LazyLock::new(|| {
    let scenarios = match std::env::var_os(SCENARIO) {
        None => vec![Scenario::demo()],
        Some(path) => {
            let json = std::fs::read_to_string(&path).map_err(|error| error.to_string())?;
            Scenario::list_from_json(&json).map_err(|error| error.to_string())?
        }
    };
    scenarios.into_iter().map(|scenario| World::of(scenario).map_err(|error| error.to_string())).collect()
});

/// [`StandIn`] with a world of its own.
#[derive(Debug)]
struct Exported(StandIn);

impl Implementation for Exported {
    fn new() -> Self {
        noise::make_noisy();
        Self(StandIn::new())
    }

    fn init(&mut self, corp_id: Option<&CStr>, secret: Option<&CStr>) -> c_int {
        if corp_id.and_then(|corp_id| registry::find(corp_id.to_str().ok()?)).is_none()
            && let Err(reason) = &*WORLDS
        {
            report(reason);
        }
        self.0.init(corp_id, secret)
    }

    fn get_chat_data(
        &mut self,
        seq: u64,
        limit: u32,
        proxy: Option<&CStr>,
        passwd: Option<&CStr>,
        timeout: c_int,
    ) -> Result<Vec<u8>, c_int> {
        self.0.get_chat_data(seq, limit, proxy, passwd, timeout)
    }

    fn decrypt_data(encrypt_key: Option<&CStr>, encrypt_msg: Option<&CStr>) -> Result<Vec<u8>, c_int> {
        // Needs no handle, so there may have been no `Init`; the faults of the scenario count all the same.
        LazyLock::force(&WORLDS);
        StandIn::decrypt_data(encrypt_key, encrypt_msg)
    }

    fn get_media_data(
        &mut self,
        index_buf: Option<&CStr>,
        file_id: Option<&CStr>,
        proxy: Option<&CStr>,
        passwd: Option<&CStr>,
        timeout: c_int,
    ) -> Result<MediaReply, c_int> {
        self.0.get_media_data(index_buf, file_id, proxy, passwd, timeout)
    }
}

/// The C ABI has no other way to say it: without this the caller would see 10001 and never know why.
#[allow(
    clippy::print_stderr,
    reason = "a library with a C ABI has only stderr to say what is wrong with its setup"
)]
fn report(reason: &str) {
    eprintln!("wecom-finance-simulator: the scenario in {SCENARIO} cannot be used: {reason}");
}

#[allow(
    unsafe_code,
    reason = "exporting C functions is unsafe to Rust; the functions are those of wecom-finance-sys"
)]
mod functions {
    wecom_finance_sys::export_sdk!(super::Exported);
    wecom_finance_sys::export_control!(WecomSimulatorControl, super::control);
}

/// `WecomSimulatorControl(corp_id, json)`: a [`Control`] for a corp of this library. The answer to a question is a
/// count, to an order 0, to what cannot be understood -1.
fn control(corp_id: Option<&CStr>, json: Option<&CStr>) -> i64 {
    let text = |argument: Option<&CStr>| argument.and_then(|text| text.to_str().ok()).map(str::to_owned);
    let done = LazyLock::force(&WORLDS).as_ref().map_err(Clone::clone).and_then(|worlds| {
        let (corp_id, json) = (text(corp_id).unwrap_or_default(), text(json).unwrap_or_default());
        let world = worlds.iter().find(|world| world.corp_id() == corp_id).ok_or("there is no such corp")?;
        Ok(world.control(Control::from_json(&json).map_err(|error| error.to_string())?))
    });
    match done {
        Ok(count) => i64::try_from(count).unwrap_or(i64::MAX),
        Err(reason) => {
            report(&reason);
            -1
        }
    }
}
