//! Who ends TLS.

use std::process::Command;

use wecom_finance_simulator::{Loopback, Scenario, ServerCertificate};

use super::{Cause, doctor_is_content, of_name};
use crate::office::Office;

const SKIPPED: &[&str] = &["access", "call", "key pair"];
const ATTACK: &[&str] = &["--ca-file", "treat it as an attack", "The secret was not sent"];
const ATTACK_ZH: &[&str] = &["--ca-file", "按攻击处理", "Secret 尚未发出"];

fn refused(
    certificate: ServerCertificate,
    is_root_trusted: bool,
    code: &'static str,
    english: (&'static [&'static str], &'static [&'static str]),
    chinese: (&'static [&'static str], &'static [&'static str]),
) {
    let Some(office) = Office::behind(Scenario::new().texts(3), Loopback::builder().certificate(certificate))
    else {
        return;
    };
    let trusting = |command: &mut Command| {
        if !is_root_trusted {
            command.env_remove("WECOM_CA_FILE");
        }
    };
    let cause = Cause { check: "connection", skipped: SKIPPED, code, english, chinese };
    cause.is_named(&office, &trusting, &[&["archive"]]);
    let heard = (office.world.token_calls(), office.world.chat_calls());
    assert_eq!(heard, (0, 0), "{code}: nothing was said to it, the secret least of all");
}

#[test]
fn a_certificate_that_signed_itself() {
    refused(
        ServerCertificate::SelfSigned,
        false,
        "certificate_unknown_issuer",
        (&["signed by nobody who is trusted here", "issuer: ", "sha256: ", "valid: "], ATTACK),
        (&["颁发者不在本机信任之列", "颁发者：", "sha256：", "有效期："], ATTACK_ZH),
    );
}

#[test]
fn an_unknown_authority() {
    refused(
        ServerCertificate::Signed,
        false,
        "certificate_unknown_issuer",
        (&["issuer: CN=The simulator's authority", "subject: CN=qyapi.weixin.qq.com"], ATTACK),
        (&["颁发者：CN=The simulator's authority", "主体：CN=qyapi.weixin.qq.com"], ATTACK_ZH),
    );
}

#[test]
fn a_certificate_for_another_host() {
    refused(
        ServerCertificate::OtherHost,
        true,
        "certificate_other_host",
        (&["it is for another host", "for: other.example"], ATTACK),
        (&["证书属于其他主机", "适用于：other.example"], ATTACK_ZH),
    );
}

#[test]
fn an_expired_certificate() {
    refused(
        ServerCertificate::Expired,
        true,
        "certificate_expired",
        (
            &["it has expired", "to 2021-01-01"],
            &["Check this machine's clock first", "The secret was not sent"],
        ),
        (&["证书已过期", "至 2021-01-01"], &["请先检查本机时钟", "Secret 尚未发出"]),
    );
}

#[test]
fn a_company_proxy_is_recognised_and_let_through() {
    let Some(office) =
        Office::behind(Scenario::new().texts(3), Loopback::builder().certificate(ServerCertificate::Signed))
    else {
        return;
    };
    let found = doctor_is_content(&office);
    let check = of_name(&found, "connection");
    assert_eq!((&check["status"], &check["code"]), (&"warn".into(), &"tls_intercepted".into()));
    let detail = check["detail"].as_str().unwrap();
    assert!(
        detail.contains("signed by CN=The simulator's authority") && detail.contains("sha256: "),
        "{detail}"
    );
    assert_eq!(found["begin_with"], "connection");
}
