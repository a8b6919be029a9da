//! What is needed to talk to WeCom, as far as it can be told without talking.

use std::env::consts::{ARCH, OS};

use wecom_finance::{KeyRing, Library};

use super::check::Checks;
use super::key_pair::list;
use crate::args::{CommonArgs, Isolation};
use crate::connect;
use crate::failure::{Failure, musl_remedy};
use crate::language::say;

/// Gives the keys that the options name, if they can be used.
pub(super) fn check(checks: &mut Checks, common: &CommonArgs) -> Option<KeyRing> {
    if common.demo {
        let detail = say(
            "the built-in stand-in takes the place of the SDK, with keys of its own",
            "由内置的模拟实现代替 SDK，使用其自带的密钥",
        );
        checks.ok("demo", detail);
        return None;
    }
    platform(checks, Build { os: OS, arch: ARCH, is_musl: cfg!(target_env = "musl") });
    sdk(checks, common);
    corp_id(checks, common);
    secret(checks, common);
    let keys = keys(checks, common);
    proxy(checks, common);
    tls(checks, common);
    keys
}

fn keys(checks: &mut Checks, common: &CommonArgs) -> Option<KeyRing> {
    match connect::load_keys(common) {
        Ok(keys) => {
            let versions = list(keys.versions());
            checks.ok("keys", say(&format!("versions {versions}"), &format!("版本 {versions}")));
            Some(keys)
        }
        Err(failure) => {
            checks.failure("keys", &failure);
            None
        }
    }
}

fn tls(checks: &mut Checks, common: &CommonArgs) {
    match connect::tls(common) {
        Ok(Some(_)) => checks.ok("tls", say("WeCom's certificate is checked", "校验企业微信的证书")),
        Ok(None) => checks.warn_of(
            "tls",
            "tls_not_checked",
            say("WeCom's certificate is not checked", "未校验企业微信的证书"),
            say(
                "leave --tls sdk out, unless every part of the way is yours",
                "除非整条链路可信，否则请去掉 --tls sdk",
            ),
        ),
        Err(failure) => checks.failure("tls", &failure),
    }
}

fn proxy(checks: &mut Checks, common: &CommonArgs) {
    match connect::proxy(common) {
        Ok(Some(proxy)) => checks.ok("proxy", proxy.url()),
        Ok(None) => unused_proxy(checks),
        Err(failure) => checks.failure("proxy", &failure),
    }
}

/// Other programs would use it: whoever set it may think that this one does.
fn unused_proxy(checks: &mut Checks) {
    let is_set = |name: &str| std::env::var_os(name).is_some_and(|value| !value.is_empty());
    if let Some(name) =
        ["https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"].into_iter().find(|name| is_set(name))
    {
        checks.warn_of(
            "proxy",
            "proxy_not_used",
            say(&format!("{name} is set and not used"), &format!("设置了 {name}，但不会被使用")),
            say("give the proxy with --proxy or WECOM_PROXY", "请用 --proxy 或 WECOM_PROXY 指定代理"),
        );
    }
}

/// What this program was built for.
struct Build {
    os: &'static str,
    arch: &'static str,
    is_musl: bool,
}

fn platform(checks: &mut Checks, Build { os, arch, is_musl }: Build) {
    if is_musl {
        checks.fail_of(
            "platform",
            "musl",
            say(
                "this program is built for musl, and the SDK needs glibc",
                "本程序是 musl 构建，而 SDK 需要 glibc",
            ),
            musl_remedy(),
        );
    } else if matches!(os, "linux" | "windows") && matches!(arch, "x86_64" | "aarch64") {
        checks.ok("platform", format!("{os} {arch}"));
    } else {
        checks.fail_of(
            "platform",
            "no_sdk_for_platform",
            say(&format!("there is no SDK for {os} {arch}"), &format!("没有适用于 {os} {arch} 的 SDK")),
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
        Err(failure) => return checks.failure(blamed(&failure), &failure),
    };
    checks.ok("sdk", path.display().to_string());
    match build {
        Some(build) if !build.is_known() => checks.warn_of(
            "sdk build",
            "sdk_build_unknown",
            say(&build.to_string(), &format!("未知版本，sha256 {}", build.sha256())),
            say(
                "check that the file comes from the vendor; its behaviour is not known to this program",
                "请确认文件来自官方；本程序未验证过该版本的行为",
            ),
        ),
        Some(build) => checks.ok("sdk build", build.to_string()),
        None => {}
    }
}

/// A worker that cannot be started has nothing to do with the file.
fn blamed(failure: &Failure) -> &'static str {
    if failure.named() == Some("worker_start") { "worker" } else { "sdk" }
}

fn corp_id(checks: &mut Checks, common: &CommonArgs) {
    match connect::required_corp_id(common) {
        Ok(corp_id) if has_usual_form(&corp_id) => checks.ok("corp id", corp_id),
        Ok(corp_id) => checks.warn_of(
            "corp id",
            "corp_id_unusual",
            say(
                &format!("{corp_id} has not the usual form, ww and 16 letters and digits"),
                &format!("{corp_id} 不是常见的形式（ww 加 16 位字母数字）"),
            ),
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
        Ok(Some(secret)) if secret.expose().iter().any(u8::is_ascii_whitespace) => checks.warn_of(
            "secret",
            "secret_has_spaces",
            say("given, with a space or a line end inside", "已提供，但其中有空格或换行"),
            say("copy it again, alone and on one line", "请重新复制，确保只有一行且无空格"),
        ),
        Ok(Some(_)) => checks.ok("secret", say("given", "已提供")),
        Ok(None) => checks.failure("secret", &connect::missing_secret()),
        Err(failure) => checks.failure("secret", &failure),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_has_no_sdk_is_told_before_the_sdk_is_looked_for() {
        for (os, arch, is_musl, passes) in [
            ("linux", "x86_64", false, true),
            ("linux", "aarch64", false, true),
            ("windows", "x86_64", false, true),
            ("linux", "x86_64", true, false),
            ("linux", "riscv64", false, false),
            ("macos", "aarch64", false, false),
        ] {
            let mut checks = Checks::default();
            platform(&mut checks, Build { os, arch, is_musl });
            assert_eq!(checks.are_passed(), passes, "{os} {arch} {is_musl}");
            assert_eq!(checks.all().iter().any(|check| check.detail.contains("musl")), is_musl);
        }
    }
}
