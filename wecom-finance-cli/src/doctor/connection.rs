//! What is needed to talk to WeCom, as far as it can be told without talking.

use std::env::consts::{ARCH, OS};

use wecom_finance::Library;

use super::Checks;
use crate::args::{CommonArgs, Isolation};
use crate::connect;
use crate::language::say;

pub(super) fn check(checks: &mut Checks, common: &CommonArgs) {
    if common.demo {
        checks.ok("demo", "the built-in stand-in takes the place of the SDK, with keys of its own");
        return;
    }
    platform(checks);
    sdk(checks, common);
    corp_id(checks, common);
    secret(checks, common);
    match connect::load_keys(common) {
        Ok(keys) => {
            let versions: Vec<_> = keys.versions().map(|version| version.to_string()).collect();
            checks.ok("keys", format!("versions {}", versions.join(", ")));
        }
        Err(failure) => checks.failure("keys", &failure),
    }
    match connect::proxy(common) {
        Ok(Some(proxy)) => checks.ok("proxy", proxy.url()),
        Ok(None) => unused_proxy(checks),
        Err(failure) => checks.failure("proxy", &failure),
    }
    match connect::tls(common) {
        Ok(Some(_)) => checks.ok("tls", "WeCom's certificate is checked"),
        Ok(None) => checks.warn(
            "tls",
            "WeCom's certificate is not checked",
            say(
                "leave --tls sdk out, unless every part of the way is yours",
                "除非整条链路可信，否则请去掉 --tls sdk",
            ),
        ),
        Err(failure) => checks.failure("tls", &failure),
    }
}

/// Other programs would use it: whoever set it may think that this one does.
fn unused_proxy(checks: &mut Checks) {
    let is_set = |name: &str| std::env::var_os(name).is_some_and(|value| !value.is_empty());
    if let Some(name) =
        ["https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"].into_iter().find(|name| is_set(name))
    {
        checks.warn(
            "proxy",
            format!("{name} is set and not used"),
            say("give the proxy with --proxy or WECOM_PROXY", "请用 --proxy 或 WECOM_PROXY 指定代理"),
        );
    }
}

fn platform(checks: &mut Checks) {
    if cfg!(target_env = "musl") {
        checks.fail(
            "platform",
            "this program is built for musl, and the SDK needs glibc",
            say(
                "use the gnu build of this program on a glibc system, such as a Debian image instead of Alpine",
                "请在 glibc 系统（如 Debian 镜像，而非 Alpine）上使用本程序的 gnu 构建",
            ),
        );
    } else if cfg!(all(
        any(target_os = "linux", windows),
        any(target_arch = "x86_64", target_arch = "aarch64")
    )) {
        checks.ok("platform", format!("{OS} {ARCH}"));
    } else {
        checks.fail(
            "platform",
            format!("there is no SDK for {OS} {ARCH}"),
            say("run it on Linux (x86-64 or aarch64)", "请在 Linux（x86-64 或 aarch64）上运行"),
        );
    }
}

fn sdk(checks: &mut Checks, common: &CommonArgs) {
    let path = match connect::find_sdk(common) {
        Ok(path) => path,
        Err(failure) => return checks.failure("sdk", &failure),
    };
    // Reading and loading it tells apart what may be wrong with it: format, processor, what it needs, what is in its way.
    let build = match common.isolation {
        Isolation::Worker => connect::try_in_worker(&path).map(Some),
        Isolation::None => connect::open_library(&path).map(Library::build),
    };
    let build = match build {
        Ok(build) => build,
        Err(failure) => return checks.failure("sdk", &failure),
    };
    checks.ok("sdk", path.display().to_string());
    match build {
        Some(build) if !build.is_known() => checks.warn(
            "sdk build",
            build.to_string(),
            say(
                "check that the file comes from the vendor; its behaviour is not known to this program",
                "请确认文件来自官方；本程序未验证过该版本的行为",
            ),
        ),
        Some(build) => checks.ok("sdk build", build.to_string()),
        None => {}
    }
}

fn corp_id(checks: &mut Checks, common: &CommonArgs) {
    match connect::required_corp_id(common) {
        Ok(corp_id) if has_usual_form(&corp_id) => checks.ok("corp id", corp_id),
        Ok(corp_id) => checks.warn(
            "corp id",
            format!("{corp_id} has not the usual form, ww and 16 letters and digits"),
            say("compare it with the admin console, My Company", "请与管理后台「我的企业」中的企业 ID 核对"),
        ),
        Err(failure) => checks.failure("corp id", &failure),
    }
}

fn has_usual_form(corp_id: &str) -> bool {
    let rest = corp_id.strip_prefix("ww").or_else(|| corp_id.strip_prefix("wx"));
    rest.is_some_and(|rest| rest.len() == 16 && rest.bytes().all(|byte| byte.is_ascii_alphanumeric()))
}

fn secret(checks: &mut Checks, common: &CommonArgs) {
    match connect::archive_secret(common) {
        // Nothing of it is shown, not even its length.
        Ok(Some(secret)) if secret.expose().iter().any(u8::is_ascii_whitespace) => checks.warn(
            "secret",
            "given, with a space or a line end inside",
            say("copy it again, alone and on one line", "请重新复制，确保只有一行且无空格"),
        ),
        Ok(Some(_)) => checks.ok("secret", "given"),
        Ok(None) => checks.failure("secret", &connect::missing_secret()),
        Err(failure) => checks.failure("secret", &failure),
    }
}
