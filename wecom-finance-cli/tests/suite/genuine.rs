//! The vendor's library behind the program, talking to the stand-in's server. Skipped where the library is not there.

use std::path::{Path, PathBuf};

use wecom_finance_simulator::{Effect, Fault, Scenario};

use crate::Ran;
use crate::corp::Corp;

/// From the file that `WECOM_FINANCE_SDK` names, or where `tests/fetch-sdk` puts it.
fn sdk() -> Option<PathBuf> {
    let fetched =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/wecom-finance-sdk/libWeWorkFinanceSdk_C.so");
    let path = std::env::var_os("WECOM_FINANCE_SDK").map_or(fetched, PathBuf::from);
    if path.exists() {
        return Some(path);
    }
    assert!(std::env::var_os("WECOM_FINANCE_REQUIRE_SDK").is_none(), "no genuine SDK at {}", path.display());
    println!("skipped: no genuine SDK at {}", path.display());
    None
}

#[test]
fn everything_arrives_and_stdout_holds_the_result_only() {
    let Some(sdk) = sdk() else { return };
    let corp = Corp::new(
        Scenario::new()
            .key_version(1)
            .key_version(2)
            .texts(1_200)
            .media(6)
            // The SDK prints what the server answers, on the C library's stdout.
            .fault(Fault::token(Effect::ErrCode(60_020)).nth(1)),
    );
    let server = corp.world.serve().unwrap();
    let run = |arguments: &[&str]| {
        let mut command = corp.command(arguments);
        Ran::of(command.env("WECOM_FINANCE_SDK", &sdk).env("WECOM_PROXY", server.proxy_url()))
    };
    let doctor = run(&["doctor", "--json"]);
    assert_eq!(doctor.stdout.lines().count(), 1, "{}", doctor.stdout);
    let ran = run(&["archive", "--json"]).exits_with(0);
    assert_eq!(ran.stdout.lines().count(), 1, "{}", ran.stdout);
    let result = ran.result();
    assert_eq!((result["stored"].as_u64(), result["media_fetched"].as_u64()), (Some(1_206), Some(6)));
    let exported = corp.export();
    for (message, (seq, plaintext)) in exported.iter().zip(corp.world.messages()) {
        assert_eq!(message["seq"], seq);
        assert_eq!(message["raw"].as_str().unwrap().as_bytes(), plaintext);
    }
    run(&["doctor"]).exits_with(0);
}
