//! Messages that kill the process they are opened in, each tried in a child process.

use std::process::Command;

use wecom_finance_simulator::{MessageSpec, Scenario, Sealing};

use crate::caller::{Caller, Keys, Page, genuine};

/// Length to which every sealed message is brought, so that the lengths below mean something.
const LEN: usize = 251;

/// What `DecryptData` does; measured on the genuine SDK.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum End {
    Code(i32),
    Abort,
}

fn cut(bytes: usize) -> Sealing {
    Sealing::CutTo { bytes }
}

fn lengths(pre_len: i32, end_len: i32, s_len: i32) -> Sealing {
    Sealing::Lengths { pre_len, end_len, s_len }
}

fn cases() -> Vec<(Sealing, End)> {
    use End::{Abort, Code};
    vec![
        (cut(0), Abort),
        (cut(1), Abort),
        (cut(12), Abort),
        (cut(13), Code(10008)),
        (lengths(0, 0, 1), Code(10006)),
        (lengths(0, 0, 0), Code(10005)),
        (lengths(0, 0, -1), Code(10005)),
        (lengths(0, 0, 125), Code(10006)),
        (lengths(0, 0, 126), Code(10005)),
        (lengths(-45, 0, 1), Code(10006)),
        (lengths(-46, 0, 1), Code(10005)),
        (lengths(205, 0, 1), Code(10006)),
        (lengths(206, 0, 1), Abort),
        (lengths(207, 0, 1), Code(10005)),
        (lengths(200, 0, 6), Code(10006)),
        (lengths(200, 0, 7), Abort),
        (lengths(87, 0, 120), Abort),
        (lengths(0, 87, 120), Code(10006)),
        (lengths(0, 205, 1), Code(10006)),
        (lengths(0, 206, 1), Code(10005)),
        (lengths(206, 1, 1), Abort),
        (lengths(1, -1, 1), Code(10005)),
        (lengths(-45, 250, 1), Code(10006)),
        (lengths(-45, 251, 1), Code(10005)),
        (lengths(i32::MAX, i32::MAX, i32::MAX), Code(10005)),
        (lengths(i32::MIN, i32::MIN, i32::MIN), Code(10005)),
    ]
}

const CASE: &str = "DEADLY_CASE";

fn try_all(child: &str) {
    for (index, (sealing, expected)) in cases().into_iter().enumerate() {
        let output = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "--nocapture", "--ignored", child])
            .env(CASE, index.to_string())
            .output()
            .unwrap();
        let text = String::from_utf8_lossy(&output.stdout);
        let code = text.lines().find_map(|line| line.strip_prefix("DecryptData ")?.parse().ok());
        let end = match (output.status.success(), code) {
            (true, Some(code)) => End::Code(code),
            (false, None) => End::Abort,
            _ => panic!("{sealing:?}: {}", String::from_utf8_lossy(&output.stderr)),
        };
        assert_eq!(end, expected, "{sealing:?}");
    }
}

/// Where the message is opened.
#[derive(Clone, Copy)]
enum Ground {
    Genuine,
    Table,
    Cdylib,
}

fn child(ground: Ground) {
    let Ok(index) = std::env::var(CASE) else { return };
    let (sealing, _) = cases().swap_remove(index.parse().unwrap());
    let resized = matches!(sealing, Sealing::Lengths { .. });
    let world = Scenario::new().message(MessageSpec::new([b'x'; 70]).sealing(sealing)).build();
    let (_, body) = {
        let stand_in = Caller::stand_in(&world);
        stand_in.handle(&world).chat(0, 1)
    };
    let page: Page = serde_json::from_slice(&body).unwrap();
    let key = Keys::of(&world).unlock(&page.chatdata[0]).unwrap();
    let mut message = page.chatdata[0].encrypt_chat_msg.clone();
    if resized {
        message.push_str(&"A".repeat(LEN));
        message.truncate(LEN);
    }
    let caller = match ground {
        Ground::Genuine => Caller::genuine(genuine().unwrap(), ""),
        Ground::Table => Caller::stand_in(&world),
        Ground::Cdylib => Caller::genuine(crate::cdylib::library().unwrap(), ""),
    };
    let (code, _) = caller.decrypt(Some(&key), Some(message.as_bytes()));
    println!("\nDecryptData {code}");
}

#[test]
fn genuine_sdk_dies_of_the_same() {
    if genuine().is_some() {
        try_all("deadly::child_of_genuine");
    }
}

#[test]
fn stand_in_dies_of_the_same() {
    try_all("deadly::child_of_stand_in");
}

#[test]
fn cdylib_dies_of_the_same() {
    if crate::cdylib::library_path().is_some() {
        try_all("deadly::child_of_cdylib");
    }
}

#[test]
#[ignore = "the child process of another test"]
fn child_of_genuine() {
    child(Ground::Genuine);
}

#[test]
#[ignore = "the child process of another test"]
fn child_of_stand_in() {
    child(Ground::Table);
}

#[test]
#[ignore = "the child process of another test"]
fn child_of_cdylib() {
    child(Ground::Cdylib);
}
