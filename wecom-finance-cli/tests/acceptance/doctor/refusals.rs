//! What WeCom refuses.

use std::fs;
use std::process::Command;

use wecom_finance_simulator::{Effect, Fault, MediaFile, MediaKind, Scenario};

use super::Cause;
use crate::office::Office;

const AFTER_ACCESS: &[&str] = &["call", "key pair"];
const AFTER_CALL: &[&str] = &["key pair"];

const WRONG_SECRET: Cause = Cause {
    check: "access",
    skipped: AFTER_ACCESS,
    code: "invalid_secret",
    english: (&["wrong secret (40001)", "hint: ["], &["Copy the archive's secret again", "this corp id"]),
    chinese: (&["Secret 不正确（40001）", "hint: ["], &["重新复制 Secret"]),
};

const WRONG_CORP: Cause = Cause {
    check: "access",
    skipped: AFTER_ACCESS,
    code: "invalid_corp_id",
    english: (&["wrong corp id (40013)"], &["Copy the corp id again", "My Company"]),
    chinese: (&["企业 ID 不正确（40013）"], &["重新复制企业 ID"]),
};

const IP_FOR_TOKENS: Cause = Cause {
    check: "access",
    skipped: AFTER_ACCESS,
    code: "ip_not_allowed",
    english: (&["this IP address is not allowed (60020)"], &["add 203.0.113.9 to the trusted IPs"]),
    chinese: (&["本机 IP 不被允许（60020）"], &["将 203.0.113.9 加入会话内容存档的可信 IP"]),
};

const IP_FOR_MESSAGES: Cause = Cause {
    check: "call",
    skipped: AFTER_CALL,
    code: "archive_ip_not_allowed",
    english: (&["not among the archive's trusted IPs (301042)"], &["add 203.0.113.9 to the trusted IPs"]),
    chinese: (&["不在会话内容存档的可信 IP 之列（301042）"], &["将 203.0.113.9 加入会话内容存档的可信 IP"]),
};

const ANOTHER_APPS_SECRET: Cause = Cause {
    check: "call",
    skipped: AFTER_CALL,
    code: "api_forbidden",
    english: (&["this secret may not use the archive (48002)"], &["the archive's own secret"]),
    chinese: (&["该 Secret 无权使用会话内容存档（48002）"], &["会话内容存档自己的 Secret"]),
};

const NOT_OPENED: Cause = Cause {
    check: "call",
    skipped: AFTER_CALL,
    code: "archive_not_enabled",
    english: (
        &["the archive is not enabled (301053)"],
        &["Enable the conversation archive in the admin console"],
    ),
    chinese: (&["会话内容存档未开启（301053）"], &["在管理后台开启会话内容存档"]),
};

const EXPIRED: Cause = Cause {
    check: "call",
    skipped: AFTER_CALL,
    code: "archive_expired",
    english: (&["the archive service has expired (301052)"], &["Renew the corp's conversation archive"]),
    chinese: (&["会话内容存档服务已到期（301052）"], &["在管理后台续费"]),
};

fn unchanged(_: &mut Command) {}

fn refused_at(cause: &Cause, fault: Fault) {
    let Some(office) = Office::open(Scenario::new().texts(3).fault(fault)) else { return };
    cause.is_named(&office, &unchanged, &[&["archive", "--json"], &["archive"]]);
}

#[test]
fn a_wrong_secret() {
    let file = MediaFile::generated("file", MediaKind::File, 100);
    let Some(office) = Office::open(Scenario::new().media_file(file)) else { return };
    fs::write(office.path("secret"), "not-the-secret").unwrap();
    let file = office.world.media("file").unwrap().sdk_file_id().to_owned();
    WRONG_SECRET.is_named(&office, &unchanged, &[&["archive"], &["media", &file, "-o", "file"]]);
}

#[test]
fn a_corp_that_does_not_exist() {
    let Some(office) = Office::open(Scenario::new().texts(3)) else { return };
    let another = |command: &mut Command| {
        command.env("WECOM_CORP_ID", "ww0000000000000000");
    };
    WRONG_CORP.is_named(&office, &another, &[&["archive"]]);
}

#[test]
fn an_ip_that_may_get_no_token() {
    let file = MediaFile::generated("file", MediaKind::File, 100);
    let scenario = Scenario::new().media_file(file).fault(Fault::token(Effect::ErrCode(60_020)));
    let Some(office) = Office::open(scenario) else { return };
    let file = office.world.media("file").unwrap().sdk_file_id().to_owned();
    IP_FOR_TOKENS.is_named(&office, &unchanged, &[&["archive"], &["media", &file, "-o", "file"]]);
}

#[test]
fn an_ip_that_may_get_no_messages() {
    refused_at(&IP_FOR_MESSAGES, Fault::chat(Effect::ErrCode(301_042)));
}

#[test]
fn the_secret_of_another_application() {
    refused_at(&ANOTHER_APPS_SECRET, Fault::chat(Effect::ErrCode(48_002)));
}

#[test]
fn an_archive_that_is_not_opened() {
    refused_at(&NOT_OPENED, Fault::chat(Effect::ErrCode(301_053)));
}

#[test]
fn an_archive_that_has_expired() {
    refused_at(&EXPIRED, Fault::chat(Effect::ErrCode(301_052)));
}

/// Where the SDK connects by itself, the reason comes from what it prints.
#[test]
fn without_the_egress_the_cause_is_the_same() {
    let Some(office) = Office::open(Scenario::new().fault(Fault::token(Effect::ErrCode(60_020)))) else {
        return;
    };
    let by_itself = |command: &mut Command| {
        command.env_remove("WECOM_CA_FILE").args(["--tls", "sdk"]);
    };
    IP_FOR_TOKENS.is_named(&office, &by_itself, &[&["archive"]]);
}
