//! What to do about each code, in the two languages our users read.

#[cfg(feature = "native")]
use super::{CertificateProblem, UnreachableKind};
use super::{SdkCode, ServerCode};

/// A language for texts that are meant for people.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[non_exhaustive]
pub enum Language {
    /// English.
    #[default]
    English,
    /// Simplified Chinese.
    Chinese,
}

/// One text in every language.
struct Remedy {
    english: &'static str,
    chinese: &'static str,
}

impl Remedy {
    const fn new(english: &'static str, chinese: &'static str) -> Self {
        Self { english, chinese }
    }

    const fn text(&self, language: Language) -> &'static str {
        match language {
            Language::English => self.english,
            Language::Chinese => self.chinese,
        }
    }
}

// Several codes of the two enumerations are the same fact under two numbers, so their texts are shared.
const FILE_EXPIRED: Remedy = Remedy::new(
    "Give this file up: WeCom keeps archived data for about five days. Fetch media soon after their messages.",
    "放弃该文件：企业微信只保留最近约五天的存档数据。请在收到消息后尽快下载媒体文件。",
);
const ARCHIVE_IP: Remedy = Remedy::new(
    "Add this server's egress IP address to the archive's trusted IPs (admin console, conversation archive). \
     Behind a proxy or NAT it is the outer address that counts.",
    "请把本服务器的出口 IP 加入会话存档的可信 IP（管理后台 → 会话内容存档）。使用代理或 NAT 时，以最外层的出口地址为准。",
);
const NEW_TOKEN: Remedy = Remedy::new(
    "Repeat the request with a new SDK handle: it fetches a new access token. If this happens all the time, \
     look for another program that uses the same secret.",
    "请使用新的 SDK 句柄重试，它会重新获取 access_token。若频繁出现，请检查是否有其他程序在使用同一 Secret。",
);

impl SdkCode {
    /// What to do about this code: full sentences for people, not for programs.
    #[must_use]
    pub const fn remedy(self, language: Language) -> &'static str {
        let remedy = match self {
            Self::InvalidArgument => Remedy::new(
                "Check that corp id, secret and sdkfileid are not empty, that a page asks for 1 to 1,000 messages, and \
                 that a stored index token was not altered.",
                "请检查 corpid、secret、sdkfileid 是否为空，每页条数是否在 1 到 1000 之间，以及保存的 indexbuf 是否被改动。",
            ),
            Self::Network => Remedy::new(
                "Check network, proxy and timeout. The SDK hides every failure of gettoken behind this code as well: \
                 check the corp id and the archive's own secret (40001), and that this server's egress IP is among the \
                 archive's trusted IPs (60020). The server's true reply is on the standard output of the process that \
                 loaded the SDK.",
                "请检查网络、代理和超时设置。SDK 会把 gettoken 的所有失败都归为此错误码：还需确认 corpid 与会话存档专用 Secret \
                 是否正确（40001），以及本服务器的出口 IP 是否已加入会话存档的可信 IP（60020）。服务器的真实回复会打印在加载 \
                 SDK 的进程的标准输出中。",
            ),
            Self::UnreadableReply => Remedy::new(
                "Repeat the request with a new SDK handle: the usual cause is an access token that has expired or was \
                 revoked. If it stays, the server refuses this file for a reason that the SDK does not pass on.",
                "请使用新的 SDK 句柄重试：最常见的原因是 access_token 已过期或被吊销。若仍然失败，说明服务器拒绝了该文件，而 SDK \
                 没有透露原因。",
            ),
            Self::System => Remedy::new(
                "Repeat the request after a short pause; the server answered without content.",
                "服务器返回的内容为空，请稍候重试。",
            ),
            Self::EncryptionKey => Remedy::new(
                "This code is deprecated: check the version of the SDK and update it to the vendor's current one.",
                "该错误码已废弃：请检查 SDK 版本，并升级到官方最新版本。",
            ),
            Self::InvalidFileId => Remedy::new(
                "Do not retry. For media: pass the sdkfileid exactly as the message has it, and store it as unlimited \
                 text. For a message: keep its ciphertext in quarantine, it arrived damaged.",
                "请勿重试。媒体文件：请原样传入消息中的 sdkfileid，保存时不要截断。消息：密文已损坏，请保留密文并隔离。",
            ),
            Self::DecryptionFailed => Remedy::new(
                "Keep the ciphertext and check that the private key belongs to the message's publickey_ver. For media, \
                 download the chunk again.",
                "请保留密文，并确认所用私钥与消息的 publickey_ver 对应。若为媒体文件，请重新下载该分片。",
            ),
            Self::NoPrivateKey => Remedy::new(
                "Add the private key of the message's publickey_ver; keep the keys of old versions. The code itself is \
                 deprecated: update the SDK.",
                "请补充与消息 publickey_ver 对应的私钥，旧版本的私钥也要保留。该错误码已废弃，请升级 SDK。",
            ),
            Self::InvalidRandomKey => Remedy::new(
                "Check that the private key is the one of the message's publickey_ver, and the order of the steps: \
                 base64-decode encrypt_random_key, decrypt it with RSA PKCS#1 v1.5, pass the result to DecryptData \
                 unchanged.",
                "请确认私钥与消息的 publickey_ver 版本一致，并检查步骤顺序：先对 encrypt_random_key 做 base64 解码，再用 RSA \
                 PKCS#1 v1.5 解密，最后将结果原样传给 DecryptData。",
            ),
            Self::IpNotAllowed => ARCHIVE_IP,
            Self::Expired => FILE_EXPIRED,
            Self::Certificate => Remedy::new(
                "Check for a proxy that intercepts TLS, this machine's clock and its root certificates.",
                "请检查是否有拦截 TLS 的代理，以及本机的时钟和根证书。",
            ),
            Self::Unknown(_) => Remedy::new(
                "Look the number up in the vendor's documentation \
                 (https://developer.work.weixin.qq.com/document/path/91774); the SDK may be newer than this program.",
                "请在官方文档（https://developer.work.weixin.qq.com/document/path/91774）中查询该错误码；SDK 可能比本程序新。",
            ),
        };
        remedy.text(language)
    }
}

impl ServerCode {
    /// What to do about this code: full sentences for people, not for programs.
    #[must_use]
    pub const fn remedy(self, language: Language) -> &'static str {
        let remedy = match self {
            Self::Busy => Remedy::new(
                "Repeat the request after a few seconds; WeCom's server is busy.",
                "企业微信服务器繁忙，请等待数秒后重试。",
            ),
            Self::InvalidSecret => Remedy::new(
                "Copy the archive's secret again from the admin console (conversation archive), and check that it belongs \
                 to this corp id.",
                "请在管理后台的会话内容存档页面重新复制 Secret，并确认它属于该 corpid。",
            ),
            Self::InvalidCorpId => Remedy::new(
                "Copy the corp id again from the admin console (My Company, Company Info): ww and 16 letters and digits.",
                "请在管理后台「我的企业」→「企业信息」重新复制企业 ID：ww 加 16 位字母数字。",
            ),
            Self::InvalidToken | Self::TokenExpired => NEW_TOKEN,
            Self::CustomerNotConsented => Remedy::new(
                "Nothing can be read until the customer agrees: ask the customer for consent to being archived, then go on.",
                "客户尚未同意会话存档，暂时无法读取。请先征得客户同意。",
            ),
            Self::RateLimited => Remedy::new(
                "Wait a minute, then ask less often: 600 pages a minute are allowed for each corp, all programs together.",
                "请等待一分钟并降低调用频率：每个企业每分钟最多拉取 600 次，所有程序合计。",
            ),
            Self::ApiForbidden => Remedy::new(
                "Use the archive's own secret: admin console, conversation archive. The secret of another application, or \
                 that of the address book, is not accepted.",
                "请使用会话内容存档自己的 Secret（管理后台 → 会话内容存档），其他应用或通讯录的 Secret 无效。",
            ),
            Self::IpNotAllowed | Self::ArchiveIpNotAllowed => ARCHIVE_IP,
            Self::FileExpired => FILE_EXPIRED,
            Self::ArchiveExpired => Remedy::new(
                "Renew the corp's conversation archive in the admin console; its service period has ended.",
                "会话内容存档服务已到期，请在管理后台续费。",
            ),
            Self::ArchiveNotEnabled => Remedy::new(
                "Enable the conversation archive in the admin console, set its scope and its public key, and use its secret.",
                "请在管理后台开启会话内容存档，设置存档范围和消息加密公钥，并使用其 Secret。",
            ),
            Self::PageTooLarge => Remedy::new(
                "Ask for fewer messages at once: halve the limit until the page passes.",
                "单次拉取的数据过大，请减小 limit（可逐次减半）后重试。",
            ),
            Self::NotInternalRoom => Remedy::new(
                "Ask the customer-contact interface about this room: the archive's own interface knows internal rooms only.",
                "该群不是内部群，请改用客户联系的客户群接口查询。",
            ),
            Self::Unknown(_) => Remedy::new(
                "Look the number up in WeCom's table of error codes (https://developer.work.weixin.qq.com/devtool/query).",
                "请在企业微信错误码查询工具（https://developer.work.weixin.qq.com/devtool/query）中查询该错误码。",
            ),
        };
        remedy.text(language)
    }
}

#[cfg(feature = "native")]
impl CertificateProblem {
    /// What to do about this problem: full sentences for people, not for programs.
    #[must_use]
    pub const fn remedy(self, language: Language) -> &'static str {
        let remedy = match self {
            Self::UnknownIssuer | Self::OtherHost | Self::Revoked | Self::Invalid => Remedy::new(
                "Somebody ends TLS between this machine and WeCom. If it is your company's proxy (its name is the issuer), \
                 get its root certificate from its administrators and add it (--ca-file, Tls::add_root_file); otherwise \
                 treat it as an attack. The secret was not sent.",
                "本机与企业微信之间有人截断了 TLS。若是公司代理（见证书颁发者），请向管理员索取其根证书并加入信任（--ca-file 或 \
                 Tls::add_root_file）；否则请按攻击处理。Secret 尚未发出。",
            ),
            Self::Expired | Self::NotYetValid => Remedy::new(
                "Check this machine's clock first. If it is right, somebody ends TLS between this machine and WeCom with a \
                 certificate out of its time: a company proxy has to renew it, anything else is to be treated as an attack. \
                 The secret was not sent.",
                "请先检查本机时钟。若时钟正确，则本机与企业微信之间有人用不在有效期内的证书截断了 TLS：公司代理应更新证书，\
                 其他情况请按攻击处理。Secret 尚未发出。",
            ),
        };
        remedy.text(language)
    }
}

#[cfg(feature = "native")]
impl UnreachableKind {
    /// What to do about it, with or without a proxy on the way: full sentences for people, not for programs.
    #[must_use]
    pub const fn remedy(self, by_proxy: bool, language: Language) -> &'static str {
        let remedy = match (self, by_proxy) {
            (Self::ProxyLogin, _) => Remedy::new(
                "Give the proxy's user and password (--proxy-auth-file, Proxy::credentials), or correct them.",
                "请提供代理的用户名和密码（--proxy-auth-file 或 Proxy::credentials），或更正已提供的账号。",
            ),
            (Self::ProxyRefused, _) => Remedy::new(
                "Ask the proxy's administrators to allow CONNECT to qyapi.weixin.qq.com:443.",
                "请联系代理管理员，允许 CONNECT 到 qyapi.weixin.qq.com:443。",
            ),
            (Self::NotAProxy, _) => Remedy::new(
                "Check the proxy's address and port, and whether it speaks http:// or socks5://.",
                "请检查代理的地址和端口，以及协议应为 http:// 还是 socks5://。",
            ),
            (Self::NameNotFound, true) => Remedy::new(
                "Check the proxy's host name and this machine's DNS.",
                "请检查代理的主机名以及本机的 DNS 设置。",
            ),
            (Self::NameNotFound, false) => Remedy::new(
                "Check this machine's DNS: it does not know qyapi.weixin.qq.com. Without DNS of its own, give it a proxy.",
                "请检查本机 DNS：无法解析 qyapi.weixin.qq.com。若本机没有 DNS，请配置代理。",
            ),
            (Self::Refused, true) => Remedy::new(
                "Check the proxy's address and port, and that it runs.",
                "请检查代理的地址、端口及其是否在运行。",
            ),
            (Self::Tls, _) => Remedy::new(
                "Check what answers in WeCom's place: a captive portal or a proxy that expects another protocol.",
                "请检查是什么在代替企业微信应答：可能是认证门户，或使用其他协议的代理。",
            ),
            (Self::Refused | Self::TimedOut | Self::Interrupted | Self::Other, _) => Remedy::new(
                "Check network, firewall and proxy: this machine needs a way to qyapi.weixin.qq.com, port 443.",
                "请检查网络、防火墙和代理：本机需要能访问 qyapi.weixin.qq.com 的 443 端口。",
            ),
        };
        remedy.text(language)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_han(c: char) -> bool {
        ('\u{4e00}'..='\u{9fff}').contains(&c)
    }

    fn check(code: &dyn std::fmt::Display, remedy: impl Fn(Language) -> &'static str) {
        let (english, chinese) = (remedy(Language::English), remedy(Language::Chinese));
        assert!(english.ends_with('.'), "{code}: {english}");
        assert!(!english.chars().any(is_han), "{code}: {english}");
        assert!(chinese.chars().filter(|c| is_han(*c)).count() >= 8, "{code}: {chinese}");
        for text in [english, chinese] {
            assert!(!text.contains("  ") && !text.contains('\n'), "{code}: {text}");
        }
    }

    #[test]
    fn every_code_has_a_remedy_in_both_languages() {
        for code in SdkCode::ALL.iter().copied().chain([SdkCode::Unknown(1)]) {
            check(&code, |language| code.remedy(language));
        }
        for code in ServerCode::ALL.iter().copied().chain([ServerCode::Unknown(1)]) {
            check(&code, |language| code.remedy(language));
        }
    }

    #[test]
    #[cfg(feature = "native")]
    fn what_ends_the_way_has_a_remedy_in_both_languages() {
        use CertificateProblem::{Expired, Invalid, NotYetValid, OtherHost, Revoked, UnknownIssuer};
        use UnreachableKind::{
            Interrupted, NameNotFound, NotAProxy, Other, ProxyLogin, ProxyRefused, Refused, TimedOut, Tls,
        };
        for problem in [UnknownIssuer, OtherHost, Expired, NotYetValid, Revoked, Invalid] {
            check(&problem, |language| problem.remedy(language));
        }
        for kind in
            [NameNotFound, Refused, TimedOut, ProxyLogin, ProxyRefused, NotAProxy, Tls, Interrupted, Other]
        {
            check(&kind, |language| kind.remedy(true, language));
            check(&kind, |language| kind.remedy(false, language));
        }
    }

    #[test]
    fn the_remedies_name_the_hidden_causes() {
        for language in [Language::English, Language::Chinese] {
            let network = SdkCode::Network.remedy(language);
            assert!(network.contains("gettoken") && network.contains("40001") && network.contains("60020"));
            assert!(SdkCode::InvalidRandomKey.remedy(language).contains("publickey_ver"));
            assert!(ServerCode::ApiForbidden.remedy(language).contains(match language {
                Language::English => "the archive's own secret",
                Language::Chinese => "会话内容存档自己的 Secret",
            }));
        }
    }
}
