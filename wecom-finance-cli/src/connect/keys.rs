//! The private keys that the options name.

use wecom_finance::{Error, KeyError, KeyErrorKind, KeyRing};

use super::secrets;
use crate::args::CommonArgs;
use crate::failure::Failure;
use crate::language::{self, say};

/// All keys: those of the directory, and on top of them the single ones.
pub(crate) fn load(common: &CommonArgs) -> Result<KeyRing, Failure> {
    let passphrase = secrets::key_passphrase(common)?;
    let directory = common.keys.as_ref().filter(|directory| !directory.as_os_str().is_empty());
    if directory.is_none() && common.key.is_empty() {
        return Err(Failure::usage(
            say("no private keys are given", "未指定私钥"),
            say(
                "give their directory with --keys or WECOM_KEYS (1.pem, 2.pem, …), or single ones with --key VER=PATH; \
                 `keygen` makes a new pair",
                "请用 --keys 或 WECOM_KEYS 指定私钥目录（1.pem、2.pem…），或用 --key 版本=路径 指定单个私钥；keygen 可生成新密钥对",
            ),
        )
        .code("keys_missing"));
    }
    let mut ring = match directory {
        Some(directory) => KeyRing::from_dir_with(directory, passphrase.as_ref()).map_err(unusable)?,
        None => KeyRing::new(),
    };
    for key in &common.key {
        ring.insert_file(key.version, &key.path, passphrase.as_ref()).map_err(unusable)?;
    }
    Ok(ring)
}

/// The library's words say what to do about the file; which option it is about is ours to say.
fn unusable(error: KeyError) -> Failure {
    let remedy = match error.kind() {
        KeyErrorKind::PassphraseMissing | KeyErrorKind::PassphraseWrong => say(
            "give the passphrase with --key-passphrase-file or WECOM_KEY_PASSPHRASE",
            "请用 --key-passphrase-file 或 WECOM_KEY_PASSPHRASE 提供私钥口令",
        ),
        KeyErrorKind::NoKeyFiles => say(
            "give the directory of the keys with --keys or WECOM_KEYS; `keygen --out DIR --version N` makes a first one",
            "请用 --keys 或 WECOM_KEYS 指定私钥目录；keygen --out DIR --version N 可生成第一个密钥",
        ),
        _ => say(
            "correct the file, or the option that names it: --keys, WECOM_KEYS or --key",
            "请更正该文件，或指向它的选项：--keys、WECOM_KEYS 或 --key",
        ),
    };
    Failure::usage(Error::from(error).describe(language::current()), remedy).code("key_unusable")
}
