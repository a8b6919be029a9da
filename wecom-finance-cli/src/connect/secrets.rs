//! Secrets come from files and from the environment, never from arguments: those can be seen by others.

use std::env;
use std::path::{Path, PathBuf};

use wecom_finance::{Error, Secret};

use crate::args::CommonArgs;
use crate::failure::Failure;
use crate::language::{self, say};

/// The archive's secret, if there is one.
pub(crate) fn archive_secret(common: &CommonArgs) -> Result<Option<Secret>, Failure> {
    if let Some(path) = &common.secret_file {
        return read(path, "--secret-file").map(Some);
    }
    if let Some(secret) = variable("WECOM_SECRET") {
        return Ok(Some(secret));
    }
    match env::var_os("WECOM_SECRET_FILE").filter(|path| !path.is_empty()) {
        Some(path) => read(&PathBuf::from(path), "WECOM_SECRET_FILE").map(Some),
        None => Ok(None),
    }
}

pub(crate) fn missing() -> Failure {
    Failure::usage(
        say("no archive secret is given", "未提供会话内容存档 Secret"),
        say(
            "put it into a file and give that with --secret-file or WECOM_SECRET_FILE, or set WECOM_SECRET (admin \
             console, conversation archive)",
            "请将会话内容存档的 Secret 写入文件并用 --secret-file 或 WECOM_SECRET_FILE 指定，或设置 WECOM_SECRET（管理后台 → \
             会话内容存档）",
        ),
    )
    .code("secret_missing")
}

/// The proxy's `user:password`, if there is one.
pub(super) fn proxy_login(common: &CommonArgs) -> Result<Option<Secret>, Failure> {
    let path = common.proxy_auth_file.as_ref().filter(|path| !path.as_os_str().is_empty());
    path.map(|path| read(path, "--proxy-auth-file or WECOM_PROXY_AUTH_FILE")).transpose()
}

/// The passphrase of encrypted keys, if there is one.
pub(super) fn key_passphrase(common: &CommonArgs) -> Result<Option<Secret>, Failure> {
    match &common.key_passphrase_file {
        Some(path) => read(path, "--key-passphrase-file").map(Some),
        None => Ok(variable("WECOM_KEY_PASSPHRASE")),
    }
}

fn variable(name: &str) -> Option<Secret> {
    env::var_os(name).filter(|value| !value.is_empty()).map(|value| Secret::new(value.into_encoded_bytes()))
}

fn read(path: &Path, option: &str) -> Result<Secret, Failure> {
    Secret::from_file(path).map_err(|error| {
        let correct = say("correct the path in", "请更正路径：");
        Failure::usage(Error::from(error).describe(language::current()), format!("{correct} {option}"))
            .code("secret_unreadable")
    })
}
