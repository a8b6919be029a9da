//! One real call, which tells what nothing else can.

use std::path::Path;

use wecom_finance::{ChatPage, Egress, Error, KeyRing, Operation, PageSize, RetryPolicy};

use super::check::Checks;
use super::{key_pair, place};
use crate::args::CommonArgs;
use crate::connect::{self, Connection, Manner, Purpose};
use crate::failure::Failure;
use crate::language::say;

/// Somebody is waiting for the answer.
const RETRIES: u32 = 1;

const NEEDS: [&str; 7] = ["platform", "sdk", "worker", "corp id", "secret", "proxy", "tls"];

/// `keys` are those of the options, if they can be used; the cursor is the one that an archive run would begin with.
pub(super) fn check(checks: &mut Checks, common: &CommonArgs, keys: Option<KeyRing>, db: &Path, cursor: u64) {
    if checks.skip_without(&["call", "key pair"], &NEEDS) {
        return;
    }
    let manner = Manner { retry: RetryPolicy::default().max_retries(RETRIES), ..Manner::default() };
    // Without keys there is a call all the same.
    let connection = connect::required_corp_id(common)
        .and_then(|corp_id| connect::connect(common, &corp_id, Purpose::Fetch, manner));
    let mut connection = match connection {
        Ok(connection) => connection,
        Err(failure) => {
            checks.failure("call", &failure);
            checks.skip_without(&["key pair"], &["call"]);
            return;
        }
    };
    let page = match connection.sdk.page(cursor) {
        Ok(page) => page,
        Err(error) => return failed(checks, &connection, error),
    };
    succeeded(checks, &connection);
    checks.ok("call", waiting(page.as_ref()));
    members(checks, connection.sdk.egress(), cursor == 0 && page.is_none());
    if !checks.skip_without(&["key pair"], &["keys"]) {
        if let Some(keys) = keys {
            connection.keys = keys;
        }
        key_pair::check(checks, &connection, page.as_ref(), db);
    }
    place::clock_against_wecom(checks, &connection);
}

/// Where the call ended says what came before it.
fn failed(checks: &mut Checks, connection: &Connection, error: Error) {
    let step = match &error {
        Error::CertificateRejected { .. } | Error::Unreachable { .. } | Error::EgressSetup { .. } => {
            "connection"
        }
        Error::Server { operation: Operation::Token, .. }
        | Error::UnusableReply { operation: Operation::Token, .. } => {
            reached(checks, connection.sdk.egress());
            "access"
        }
        // Without an egress the SDK calls all of this a network failure.
        Error::Sdk { .. } => "call",
        _ => {
            succeeded(checks, connection);
            "call"
        }
    };
    checks.failure(step, &Failure::from(error));
    let rest = ["access", "call", "key pair"];
    let rest = rest.iter().position(|name| *name == step).map_or(&rest[..], |done| rest.split_at(done + 1).1);
    checks.skip_without(rest, &[step]);
}

fn succeeded(checks: &mut Checks, connection: &Connection) {
    reached(checks, connection.sdk.egress());
    checks.ok(
        "access",
        say("WeCom accepts corp id, secret and this machine's IP", "企业 ID、Secret 和本机 IP 均被接受"),
    );
}

/// Who is at the other end. Without a certificate there was no connection: the stand-in needs none.
fn reached(checks: &mut Checks, egress: Option<&Egress>) {
    let Some(certificate) = egress.and_then(Egress::certificate) else { return };
    let issuer = &certificate.issuer;
    let until = certificate.not_after.map_or_else(String::new, |until| until.to_string());
    let until = until.split('T').next().unwrap_or_default();
    if certificate.is_public {
        let detail = say(
            &format!("WeCom's certificate is signed by {issuer}, valid until {until}"),
            &format!("企业微信的证书由 {issuer} 签发，有效期至 {until}"),
        )
        .to_owned();
        return checks.ok("connection", detail);
    }
    let sha256 = &certificate.sha256;
    checks.warn_of(
        "connection",
        "tls_intercepted",
        say(
            &format!(
                "TLS is intercepted: the certificate presented for WeCom is signed by {issuer}, which is trusted here and is \
                 no public authority (valid until {until}, sha256: {sha256})"
            ),
            &format!(
                "TLS 被拦截：以企业微信名义出示的证书由 {issuer} 签发，本机信任它，但它不是公共证书颁发机构（有效期至 {until}，sha256：{sha256}）"
            ),
        ),
        say(
            "fine if that is your company's own proxy, which then reads the secret and all messages; otherwise stop, and \
             take that root out of --ca-file or of this machine's roots",
            "若是公司自己的代理则属正常，但它能看到 Secret 和全部消息；否则请立即停止，并从 --ca-file 或本机根证书中移除该根证书",
        ),
    );
}

fn waiting(page: Option<&ChatPage>) -> String {
    let Some(page) = page else {
        return say("WeCom answers; no new messages", "企业微信应答正常；没有新消息").to_owned();
    };
    let messages = page.messages().len();
    let is_full = messages >= usize::try_from(PageSize::MAX.get()).unwrap_or(usize::MAX);
    let (at_least, at_least_zh) = if is_full { ("at least ", "至少 ") } else { ("", "") };
    say(
        &format!("WeCom answers; {at_least}{messages} new messages"),
        &format!("企业微信应答正常；{at_least_zh}{messages} 条新消息"),
    )
    .to_owned()
}

/// With nobody in scope everything works and nothing comes. `is_empty`: no message was ever seen.
fn members(checks: &mut Checks, egress: Option<&Egress>, is_empty: bool) {
    let name = "members";
    let asked = egress.map_or(Ok(None), Egress::members_in_scope);
    match asked {
        Ok(Some(0)) => checks.warn_of(
            name,
            "nobody_in_scope",
            say(
                "nobody is in the archive's scope: there will be no messages",
                "存档范围内没有任何成员：不会有消息",
            ),
            add_members(),
        ),
        Ok(Some(members)) => {
            let (yet, yet_zh) =
                if is_empty { (", and no messages yet", "，尚无消息") } else { ("", "") };
            let detail = say(
                &format!("{members} members in the archive's scope{yet}"),
                &format!("存档范围内有 {members} 名成员{yet_zh}"),
            )
            .to_owned();
            checks.ok(name, detail);
        }
        Ok(None) if is_empty => checks.warn_of(
            name,
            "no_messages",
            say(
                "there is no message at all: the archive is new, or nobody is in its scope",
                "一条消息也没有：存档刚刚开启，或存档范围内没有成员",
            ),
            add_members(),
        ),
        Ok(None) => {}
        Err(error) => {
            let failure = Failure::from(error);
            checks.skip(name, "not_told", failure.what());
        }
    }
}

fn add_members() -> &'static str {
    say(
        "add members to its scope: admin console, conversation archive, scope (开启范围)",
        "请在管理后台 →「会话内容存档」→「开启范围」中添加成员",
    )
}
