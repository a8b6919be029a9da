//! Faults of every kind, in random order and with random parameters.

use std::collections::BTreeSet;
use std::time::Duration;

use fastrand::Rng;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use wecom_finance::ServerCode;
use wecom_finance_simulator::{ContentRange, Effect, Fault, Operation};

/// What a program survives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Harm {
    /// It goes on by itself.
    Passing,
    /// As above, or it says what is wrong and ends, to be started again: a wrong secret, an address that is not
    /// allowed.
    Ending,
}

/// A kind of fault: where it strikes, and the name of its effect.
pub(super) type Kind = (Operation, String);

/// Every kind that there is. What the simulator learns later comes up here by itself.
pub(super) fn kinds() -> Vec<Kind> {
    let operations =
        names::<Operation>().into_iter().map(|name| serde_json::from_value(json!(name)).unwrap());
    let all =
        operations.flat_map(|operation| names::<Effect>().into_iter().map(move |name| (operation, name)));
    all.filter(|(operation, name)| has_meaning(*operation, name)).collect()
}

/// The names that serde knows for the variants of a type.
fn names<T: DeserializeOwned>() -> BTreeSet<String> {
    let Err(error) = serde_json::from_value::<T>(json!("none of them")) else { panic!("it is one of them") };
    let text = error.to_string();
    let (_, list) = text.split_once("expected one of ").unwrap_or_else(|| panic!("{text}"));
    list.split('`').skip(1).step_by(2).map(str::to_owned).collect()
}

fn has_meaning(operation: Operation, effect: &str) -> bool {
    match effect {
        // The stand-in's own, and not behind a server; killed workers stand for the latter.
        "return" | "abort" => false,
        "content_range" | "corrupt" | "shorten" | "no_content" => operation == Operation::Media,
        // Only calls with a token have one to lose.
        "revoke_token" => matches!(operation, Operation::Chat | Operation::Media),
        // Without a request there is nothing that a server could do.
        _ => !matches!(operation, Operation::Init | Operation::Decrypt),
    }
}

/// A fault of this kind, and whether a program may end over it. `file` is one that has never had a fault before.
pub(super) fn fault((operation, effect): &Kind, file: &str, worst: Harm, random: &mut Rng) -> (Fault, Harm) {
    let operation = *operation;
    let (effect, harm) = match effect.as_str() {
        "status" => (
            Effect::Status(random.choice([301, 400, 403, 404, 429, 500, 502, 503, 504]).unwrap()),
            Harm::Passing,
        ),
        "err_code" => return refusal(operation, file, worst, random),
        "body" => (Effect::Body(body(random).into()), Harm::Passing),
        "truncate" => (Effect::Truncate { bytes: random.usize(..400) }, Harm::Passing),
        "nested" => (Effect::Nested { depth: random.usize(1..200_000) }, Harm::Passing),
        "huge" => (Effect::Huge { bytes: random.usize(1..50_000_000) }, Harm::Passing),
        "delay" => (Effect::Delay(Duration::from_millis(random.u64(10..6_000))), Harm::Passing),
        "hang" => (Effect::Hang, Harm::Passing),
        "cut" => (Effect::Cut { bytes: random.usize(..2_000) }, Harm::Passing),
        "content_range" => (Effect::ContentRange(content_range(random)), Harm::Passing),
        "corrupt" => (Effect::Corrupt, Harm::Passing),
        "shorten" => (Effect::Shorten { bytes: random.usize(1..100) }, Harm::Passing),
        "no_content" => (Effect::NoContent, Harm::Passing),
        "revoke_token" => (Effect::RevokeToken, Harm::Passing),
        other => panic!("the soak does not know what to do with {other}"),
    };
    let fault = Fault::new(operation, effect);
    let fault = match fault.effect() {
        // What is wrong in the same way twice is taken for what WeCom has: see `archive::files::fetch`.
        Effect::Corrupt | Effect::Shorten { .. } | Effect::ContentRange(_) | Effect::Body(_) => {
            fault.probability(random.f64()).times(1)
        }
        Effect::Huge { .. } => fault.times(1),
        _ => sometimes(fault, random),
    };
    (fault, harm)
}

/// As often as chance has it.
fn sometimes(fault: Fault, random: &mut Rng) -> Fault {
    match random.u8(..4) {
        0 => fault,
        1 => fault.every(random.u64(1..4)),
        2 => fault.probability(0.2 + random.f64() / 2.0),
        _ => fault.times(random.u64(1..8)),
    }
}

/// A reply with an `errcode` of any kind.
fn refusal(operation: Operation, file: &str, worst: Harm, random: &mut Rng) -> (Fault, Harm) {
    let mut codes: Vec<i64> = ServerCode::ALL.iter().map(|code| code.raw()).collect();
    codes.extend([i64::MIN, -2, 1, 50_001, 4_294_967_296, i64::MAX]);
    let code = ServerCode::from_raw(random.choice(codes).unwrap());
    let fault = Fault::new(operation, Effect::ErrCode(code.raw()));
    if operation == Operation::Media {
        return match code {
            // Final: only for a file of which the harness knows.
            ServerCode::FileExpired => (fault.file(file).times(1), Harm::Passing),
            // A whole rest of fifteen seconds each time.
            ServerCode::RateLimited => (fault.times(1), Harm::Passing),
            _ => (sometimes(fault, random), Harm::Passing),
        };
    }
    match code {
        ServerCode::PageTooLarge if operation == Operation::Chat => {
            (fault.when_limit_above(random.u32(1..1_000)), Harm::Passing)
        }
        ServerCode::RateLimited => (fault.times(1), Harm::Passing),
        ServerCode::Busy => (sometimes(fault, random), Harm::Passing),
        // More of them in a row are a refusal like others.
        ServerCode::InvalidToken | ServerCode::TokenExpired => (fault.times(random.u64(1..4)), Harm::Passing),
        _ if worst == Harm::Ending => (sometimes(fault, random), Harm::Ending),
        _ => (Fault::new(operation, Effect::ErrCode(ServerCode::Busy.raw())).times(3), Harm::Passing),
    }
}

/// What stands in for a reply. None of them is one.
fn body(random: &mut Rng) -> Vec<u8> {
    let bodies: [&[u8]; 14] = [
        b"",
        b"\0",
        b"null",
        b"[]",
        b"{",
        b"<html><body>504</body></html>",
        b"\xff\xfe{\0}\0",
        br#"{"errcode":"0"}"#,
        br#"{"errcode":99999999999999999999}"#,
        br#"{"errcode":0,"errmsg":"ok","chatdata":{"seq":1},"content":7,"access_token":[]}"#,
        br#"{"errcode":0,"errmsg":"ok","chatdata":"none","content":"a b","access_token":"a b","expires_in":7200}"#,
        br#"{"errcode":0,"errmsg":"ok","content":"AAAA","access_token":"","expires_in":7200}"#,
        br#"{"errcode":0,"errmsg":"ok","content":"QUJD","access_token":"x","expires_in":-1}"#,
        br#"{"errcode":0,"errmsg":"ok","content":"a\u0000b","access_token":"a\r\nHost: evil","expires_in":7200}"#,
    ];
    random.choice(bodies).unwrap().to_vec()
}

fn content_range(random: &mut Rng) -> ContentRange {
    let name = random.choice(names::<ContentRange>()).unwrap();
    match name.as_str() {
        "missing" => ContentRange::Missing,
        "lowercase" => ContentRange::Lowercase,
        "stands_still" => ContentRange::StandsStill,
        "backwards" => ContentRange::Backwards,
        "value" => {
            let values =
                ["", "BYTES", "BYTES 0-15/16", "BYTES 9-1/3", "BYTES 0-99999999999999999999/1", "bytes */7"];
            ContentRange::Value(random.choice(values).unwrap().to_owned())
        }
        other => panic!("the soak does not know what to do with {other}"),
    }
}

/// The kind of a fault, as [`kinds`] has it.
pub(super) fn kind_of(fault: &Fault) -> Kind {
    let effect = match serde_json::to_value(fault.effect()).unwrap() {
        Value::String(name) => name,
        Value::Object(fields) => fields.keys().next().unwrap().clone(),
        other => panic!("{other}"),
    };
    (fault.operation(), effect)
}

#[test]
fn every_kind_of_fault_can_be_made() {
    let kinds = kinds();
    assert!(kinds.len() >= 30, "{}", kinds.len());
    let mut random = Rng::with_seed(1);
    for kind in &kinds {
        let (fault, _) = fault(kind, "file", Harm::Ending, &mut random);
        assert_eq!(kind_of(&fault), *kind);
    }
    let ranges: BTreeSet<String> = (0..500).map(|_| format!("{:?}", content_range(&mut random))).collect();
    assert!(ranges.len() >= names::<ContentRange>().len());
}
