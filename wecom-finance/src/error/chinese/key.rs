use crate::keys::{KeyError, KeyErrorKind, KeyOrigin};

pub(super) fn describe(error: &KeyError) -> String {
    let origin = match error.origin() {
        KeyOrigin::Path(path) => path.display().to_string(),
        KeyOrigin::Version(version) => format!("版本 {version} 的私钥"),
        KeyOrigin::Text => "私钥".to_owned(),
    };
    let cause = std::error::Error::source(error).map_or_else(String::new, |cause| format!("：{cause}"));
    format!("{origin}：{}{cause}", problem(error.kind()))
}

fn problem(kind: KeyErrorKind) -> String {
    match kind {
        KeyErrorKind::Unreadable => "无法读取",
        KeyErrorKind::NoKeyFiles => "目录中没有私钥；每个版本应有一个以版本号命名的 PEM 文件：1.pem、2.pem…",
        KeyErrorKind::DoubleVersion { version } => {
            return format!("版本 {version} 有两个文件，请只保留一个");
        }
        KeyErrorKind::NotPem => {
            "不是 PEM 文件，没有 -----BEGIN PRIVATE KEY----- 之类的内容；若为 DER，请用 openssl pkey -inform DER -in FILE -out NEW.pem 转换"
        }
        KeyErrorKind::NoPrivateKey => "该 PEM 文件中没有私钥；请使用 openssl genrsa 生成的文件",
        KeyErrorKind::PublicKey => "这是公钥；请提供与之配对的私钥，公钥应填入企业微信管理后台",
        KeyErrorKind::Certificate => "这是证书；请提供 RSA 私钥，会话内容存档不使用证书",
        KeyErrorKind::NotRsa { algorithm } => {
            return format!("这是 {algorithm} 私钥；会话内容存档需要 RSA，请用 openssl genrsa 2048 生成");
        }
        KeyErrorKind::KeySize { bits } => {
            return format!("该 RSA 密钥为 {bits} 位；企业微信只接受 2048 位，因此它不可能是存档的密钥");
        }
        KeyErrorKind::PassphraseMissing => "该私钥已加密，请提供口令",
        KeyErrorKind::PassphraseWrong => "口令不能解开该私钥",
        KeyErrorKind::TraditionalEncryption => {
            "该私钥使用 OpenSSL 传统格式加密（Proc-Type: 4,ENCRYPTED）；请用 openssl pkcs8 -topk8 -in FILE -out NEW.pem 转换"
        }
        KeyErrorKind::UnsupportedEncryption => {
            "该私钥的加密算法不受支持；请用 openssl pkcs8 -topk8 -v2 aes-256-cbc -in FILE -out NEW.pem 转换"
        }
        KeyErrorKind::OpenSsh => "该私钥为 OpenSSH 格式；请用 ssh-keygen -p -m PEM -f COPY 转换其副本",
        KeyErrorKind::Malformed => "私钥已损坏或不完整；请重新复制，从 -----BEGIN 到 -----END",
    }
    .to_owned()
}
