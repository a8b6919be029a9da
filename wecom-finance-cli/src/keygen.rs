//! `keygen`: a key pair for the archive.

use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der, PublicKeyX509Der};
use aws_lc_rs::rsa::{KeySize, PrivateDecryptingKey};
use pkcs8::der::Document;
use pkcs8::{LineEnding, SecretDocument};
use serde::Serialize;

use crate::args::KeygenArgs;
use crate::download::{disk_failure, sync_directory_of};
use crate::failure::{Exit, Failure};
use crate::language::say;
use crate::output::{self, Output, printed};

#[derive(Serialize)]
struct ForMachines<'a> {
    version: u32,
    private_key: String,
    public_key_pem: &'a str,
}

pub(crate) fn run(args: &KeygenArgs, output: &mut Output) -> Result<Exit, Failure> {
    let path = args.out.join(format!("{}.pem", args.key_version));
    // Before the work, and again when the file is made: there may be messages that only the old key opens.
    if path.exists() {
        return Err(there_already(&path));
    }
    let key = PrivateDecryptingKey::generate(KeySize::Rsa2048).map_err(|_unspecified| no_key())?;
    let private: Pkcs8V1Der<'_> = key.as_der().map_err(|_unspecified| no_key())?;
    let public: PublicKeyX509Der<'_> = key.public_key().as_der().map_err(|_unspecified| no_key())?;
    let private = SecretDocument::try_from(private.as_ref()).map_err(|_invalid| no_key())?;
    let private = private.to_pem("PRIVATE KEY", LineEnding::LF).map_err(|_invalid| no_key())?;
    let public = Document::try_from(public.as_ref()).map_err(|_invalid| no_key())?;
    let public = public.to_pem("PUBLIC KEY", LineEnding::LF).map_err(|_invalid| no_key())?;

    make_directory(&args.out).map_err(|error| disk_failure(&args.out, &error))?;
    write_new(&path, private.as_bytes()).map_err(|error| match error.kind() {
        io::ErrorKind::AlreadyExists => there_already(&path),
        _ => disk_failure(&path, &error),
    })?;
    let result = ForMachines {
        version: args.key_version,
        private_key: path.display().to_string(),
        public_key_pem: &public,
    };
    printed(output.result(&result, || public.clone()))?;
    output::note(&hint(&path, args.key_version));
    Ok(Exit::Success)
}

fn hint(path: &Path, version: u32) -> String {
    let path = path.display();
    let text = say(
        "The private key is in {path}: keep a copy in a safe place, nobody else has it.\n\
         Paste the public key above into the admin console (conversation archive, message encryption public key). The \
         console then shows its version: it must be {version}, otherwise rename the file.\n\
         Keep the keys of old versions: older messages open with nothing else.",
        "私钥已写入 {path}：请妥善备份，他人没有副本。\n\
         请将上面的公钥粘贴到管理后台（会话内容存档 → 消息加密公钥）。后台随后会显示版本号：应为 {version}，否则请重命名文件。\n\
         请保留旧版本的私钥：旧消息只能用旧私钥打开。",
    );
    text.replace("{path}", &path.to_string()).replace("{version}", &version.to_string())
}

fn there_already(path: &Path) -> Failure {
    Failure::stop(
        format!("{} is there already, and stays as it is", path.display()),
        say(
            "choose another --version or another --out: messages that were sealed for that key open with nothing else",
            "请更换 --version 或 --out：用该公钥加密的消息只能用它打开",
        ),
    )
}

fn no_key() -> Failure {
    Failure::stop(
        "no key can be made",
        say("check that this system has a source of randomness", "请检查系统的随机数来源"),
    )
}

fn make_directory(path: &Path) -> io::Result<()> {
    if path.is_dir() {
        return Ok(());
    }
    if let Some(parent) = path.parent().filter(|parent| !parent.as_os_str().is_empty()) {
        fs::create_dir_all(parent)?;
    }
    let mut builder = fs::DirBuilder::new();
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(path)
}

/// Makes the file for its owner alone, or nothing.
fn write_new(path: &Path, content: &[u8]) -> io::Result<()> {
    let mut options = File::options();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(path)?;
    let written = file.write_all(content).and_then(|()| file.sync_all());
    if written.is_err() {
        // Half a key is worse than none.
        fs::remove_file(PathBuf::from(path)).unwrap_or_default();
    }
    written.and_then(|()| sync_directory_of(path))
}
