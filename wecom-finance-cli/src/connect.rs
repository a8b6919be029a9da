//! From options to a connection: the library, the keys, the secret, the proxy.

mod keys;
mod search;
mod secrets;

use std::path::Path;
use std::time::Duration;

use wecom_finance::{KeyRing, PageSize, Proxy, RetryPolicy, Sdk, SdkBuild, SdkBuilder, Secret, Tls, Worker};
use wecom_finance_simulator::Scenario;

use crate::args::{CommonArgs, Isolation, TlsChoice};
use crate::failure::Failure;
use crate::language::{self, say};

pub(crate) use keys::load as load_keys;
pub(crate) use search::{file as library_file, find as find_sdk, open as open_library};
pub(crate) use secrets::{archive_secret, missing as missing_secret};

/// The SDK refuses an empty secret, and opening messages uses none.
const NOT_USED: &str = "not-used-for-opening";

/// A corp's archive, and the keys to it.
#[derive(Debug)]
pub(crate) struct Connection {
    pub(crate) sdk: Sdk,
    pub(crate) keys: KeyRing,
    /// Whether WeCom can be asked for anything; messages can be opened in any case.
    pub(crate) has_secret: bool,
    /// Whether it is the stand-in that answers, whose messages are of no time.
    pub(crate) is_demo: bool,
}

/// What a command needs of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// Asks WeCom for messages.
    Pull,
    /// Asks WeCom for files, and opens nothing.
    Fetch,
    /// Opens messages; without a secret that is all.
    Open,
}

/// How to ask for pages.
#[derive(Clone, Debug)]
pub(crate) struct Manner {
    pub(crate) page_size: PageSize,
    pub(crate) retry: RetryPolicy,
}

impl Default for Manner {
    fn default() -> Self {
        Self { page_size: PageSize::MAX, retry: RetryPolicy::default() }
    }
}

/// The corp that the options name.
pub(crate) fn corp_id(common: &CommonArgs) -> Result<Option<String>, Failure> {
    if common.demo {
        return Ok(Some(Scenario::DEMO_CORP_ID.to_owned()));
    }
    let Some(corp_id) = common.corp_id.as_deref().map(str::trim).filter(|corp_id| !corp_id.is_empty()) else {
        return Ok(None);
    };
    // It becomes the name of a directory.
    if corp_id.len() <= 64
        && corp_id.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte))
    {
        Ok(Some(corp_id.to_owned()))
    } else {
        Err(Failure::usage(
            say("the corp id holds characters that no corp id has", "企业 ID 中有不应出现的字符"),
            say(
                "copy it from the admin console, My Company: ww and 16 letters and digits (--corp-id, WECOM_CORP_ID)",
                "请从管理后台「我的企业」复制企业 ID：ww 加 16 位字母数字（--corp-id 或 WECOM_CORP_ID）",
            ),
        )
        .code("corp_id_invalid"))
    }
}

/// The corp that the options name, which they must.
pub(crate) fn required_corp_id(common: &CommonArgs) -> Result<String, Failure> {
    corp_id(common)?.ok_or_else(|| {
        Failure::usage(
            say("no corp id is given", "未指定企业 ID"),
            say(
                "give it with --corp-id or WECOM_CORP_ID (admin console, My Company), or try --demo",
                "请用 --corp-id 或 WECOM_CORP_ID 指定企业 ID（管理后台「我的企业」），或用 --demo 试用",
            ),
        )
        .code("corp_id_missing")
    })
}

/// Whom to trust to be WeCom; `None` leaves it to the SDK.
pub(crate) fn tls(common: &CommonArgs) -> Result<Option<Tls>, Failure> {
    let ca_file = common.ca_file.as_ref().filter(|path| !path.as_os_str().is_empty());
    match (common.tls, ca_file) {
        (TlsChoice::Sdk, Some(_)) => Err(Failure::usage(
            say(
                "--ca-file (WECOM_CA_FILE) has no meaning with --tls sdk, which checks no certificate",
                "--tls sdk 不校验证书，因此 --ca-file（WECOM_CA_FILE）没有意义",
            ),
            say("leave one of the two out", "请去掉其中一个选项"),
        )
        .code("tls_options")),
        (TlsChoice::Sdk, None) => Ok(None),
        (TlsChoice::Verify, None) => Ok(Some(Tls::default())),
        (TlsChoice::Verify, Some(path)) => Ok(Some(Tls::default().add_root_file(path)?)),
    }
}

/// Makes the connection. Nothing is sent yet.
pub(crate) fn connect(
    common: &CommonArgs,
    corp_id: &str,
    purpose: Purpose,
    manner: Manner,
) -> Result<Connection, Failure> {
    if common.demo {
        return demo(common, manner);
    }
    // What can be wrong with the options comes before loading, which cannot be undone.
    let secret = archive_secret(common)?;
    if secret.is_none() && purpose != Purpose::Open {
        return Err(missing_secret());
    }
    let keys = match purpose {
        Purpose::Fetch => KeyRing::new(),
        Purpose::Pull | Purpose::Open => load_keys(common)?,
    };
    let (proxy, tls) = (proxy(common)?, tls(common)?);
    let sdk = find_sdk(common)?;
    let has_secret = secret.is_some();
    let secret = secret.unwrap_or_else(|| Secret::new(NOT_USED));
    let mut builder = match common.isolation {
        Isolation::Worker => {
            Sdk::builder(library_file(&sdk)?, corp_id, secret).isolated(Worker::this_program())
        }
        Isolation::None => Sdk::builder(open_library(&sdk)?, corp_id, secret),
    };
    if let Some(proxy) = proxy {
        builder = builder.proxy(proxy);
    }
    match tls {
        // Opening messages needs no network.
        _ if !has_secret => {}
        Some(tls) => builder = builder.verified_tls(tls),
        None => tracing::warn!(
            "--tls sdk: WeCom's certificate is not checked; whoever is on the way can read the secret and forge messages"
        ),
    }
    Ok(Connection { sdk: finish(builder, common, manner)?, keys, has_secret, is_demo: false })
}

/// Loads the library in a worker, for nothing but to see that it can be.
pub(crate) fn try_in_worker(path: &Path) -> Result<SdkBuild, Failure> {
    let file = library_file(path)?;
    let build = file.build();
    // A corp and a secret that are never used.
    Sdk::builder(file, NOT_USED, NOT_USED).isolated(Worker::this_program()).build()?;
    Ok(build)
}

fn finish(builder: SdkBuilder, common: &CommonArgs, manner: Manner) -> Result<Sdk, Failure> {
    let timeout = Duration::from_secs(common.timeout);
    Ok(builder.timeout(timeout).page_size(manner.page_size).retry(manner.retry).build()?)
}

fn demo(common: &CommonArgs, manner: Manner) -> Result<Connection, Failure> {
    let world = Scenario::demo().build();
    let keys = world.keys().map_err(wecom_finance::Error::from)?;
    Ok(Connection {
        sdk: finish(world.sdk_builder(), common, manner)?,
        keys,
        has_secret: true,
        is_demo: true,
    })
}

pub(crate) fn proxy(common: &CommonArgs) -> Result<Option<Proxy>, Failure> {
    let Some(url) = common.proxy.as_deref().filter(|url| !url.is_empty()) else { return Ok(None) };
    let proxy = Proxy::parse(url).map_err(|error| {
        Failure::usage(
            error.describe(language::current()),
            say(
                "correct --proxy or WECOM_PROXY: http://host:port or socks5://host:port, credentials in \
                 --proxy-auth-file",
                "请更正 --proxy 或 WECOM_PROXY：http://host:port 或 socks5://host:port，账号密码放入 --proxy-auth-file",
            ),
        )
        .code("proxy_invalid")
    })?;
    Ok(Some(match secrets::proxy_login(common)? {
        Some(login) => proxy.login(login),
        None => proxy,
    }))
}

/// What the log says about the library, which is foreign code.
fn announce(path: &Path, build: &SdkBuild) {
    if build.is_known() {
        tracing::info!(path = %path.display(), %build, "this SDK is used");
    } else {
        tracing::warn!(path = %path.display(), sha256 = %build.sha256(), "the SDK is a build that is not known");
    }
}
