use crate::{SdkCode, ServerCode};

pub(super) fn of_sdk(code: SdkCode) -> &'static str {
    match code {
        SdkCode::InvalidArgument => "参数无效",
        SdkCode::Network => "网络故障，或 access_token 被拒绝",
        SdkCode::UnreadableReply => "服务器的回复无法使用",
        SdkCode::System => "服务器的回复没有内容",
        SdkCode::EncryptionKey => "加密密钥错误",
        SdkCode::InvalidFileId => "sdkfileid 无效，或消息格式错误",
        SdkCode::DecryptionFailed => "解密失败",
        SdkCode::NoPrivateKey => "没有该版本的私钥",
        SdkCode::InvalidRandomKey => "解密得到的随机密钥不正确",
        SdkCode::IpNotAllowed => "本机 IP 不被允许",
        SdkCode::Expired => "文件已过期",
        SdkCode::Certificate => "证书错误",
        SdkCode::Unknown(_) => "文档中没有的错误码",
    }
}

pub(super) fn of_server(code: ServerCode) -> &'static str {
    match code {
        ServerCode::Busy => "服务器繁忙",
        ServerCode::InvalidSecret => "Secret 不正确",
        ServerCode::InvalidCorpId => "企业 ID 不正确",
        ServerCode::InvalidToken => "access_token 无效",
        ServerCode::CustomerNotConsented => "客户未同意会话存档",
        ServerCode::TokenExpired => "access_token 已过期",
        ServerCode::RateLimited => "调用过于频繁",
        ServerCode::ApiForbidden => "该 Secret 无权使用会话内容存档",
        ServerCode::IpNotAllowed => "本机 IP 不被允许",
        ServerCode::ArchiveIpNotAllowed => "本机 IP 不在会话内容存档的可信 IP 之列",
        ServerCode::FileExpired => "文件已过期",
        ServerCode::ArchiveExpired => "会话内容存档服务已到期",
        ServerCode::ArchiveNotEnabled => "会话内容存档未开启",
        ServerCode::PageTooLarge => "单次拉取的数据过大",
        ServerCode::NotInternalRoom => "不是内部群",
        ServerCode::Unknown(_) => "文档中没有的错误码",
    }
}
