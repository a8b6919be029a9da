//! The environment variable that would lead the SDK past its proxy.

use super::HOST;
use crate::{Error, Result};

/// Refuses an environment in which the SDK would not use the egress: its libcurl obeys `no_proxy` even where the program
/// names a proxy, and would then connect to WeCom by itself, unverified.
pub(super) fn check_no_proxy() -> Result<()> {
    // As libcurl has it: the name in capitals counts if the other is unset or empty.
    let set = |name| std::env::var_os(name).filter(|value| !value.is_empty());
    let exceptions = set("no_proxy").or_else(|| set("NO_PROXY")).unwrap_or_default();
    if exempts(&exceptions.to_string_lossy(), HOST) {
        return Err(Error::InvalidArgument {
            argument: "no_proxy",
            problem: "in the environment names WeCom's host, so that the SDK would go past the verified egress: \
                      remove it for this program",
        });
    }
    Ok(())
}

/// Whether libcurl 8.8, which is in the SDK, makes this host an exception.
fn exempts(exceptions: &str, host: &str) -> bool {
    if exceptions.trim() == "*" {
        return true;
    }
    exceptions.split([' ', ',', '\t']).any(|exception| {
        let exception = exception.strip_prefix('.').unwrap_or(exception);
        let exception = exception.strip_suffix('.').unwrap_or(exception).to_ascii_lowercase();
        let before = host.strip_suffix(exception.as_str());
        !exception.is_empty() && before.is_some_and(|before| before.is_empty() || before.ends_with('.'))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What the genuine SDK was seen to do.
    #[test]
    fn exceptions_are_read_as_the_sdk_reads_them() {
        for exempting in [
            "*",
            "qq.com",
            ".qq.com",
            "weixin.qq.com,foo",
            "foo weixin.qq.com",
            "QYAPI.weixin.qq.com",
            "qyapi.weixin.qq.com.",
            "weixin.qq.com.",
            "localhost, .weixin.qq.com",
        ] {
            assert!(exempts(exempting, HOST), "{exempting}");
        }
        for other in
            ["", " , ", "a.com", "xqq.com", "qyapi.weixin.qq.com:443", "10.0.0.0/8", "api.weixin.qq.com", "."]
        {
            assert!(!exempts(other, HOST), "{other}");
        }
    }
}
