//! `media`: one file by its sdkfileid.

use std::fs::{self, File, TryLockError};
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};
use std::time::Instant;

use indicatif::BinaryBytes;
use serde::Serialize;
use sha2::{Digest as _, Sha256};
use wecom_finance::Downloader;

use crate::args::{CommonArgs, MediaArgs};
use crate::connect::{self, Manner, Purpose};
use crate::download::{self, Interrupted, disk_failure, settle, with_suffix};
use crate::failure::{Exit, Failure};
use crate::language::say;
use crate::output::{Output, printed};
use crate::progress;
use crate::stop::Stop;

#[derive(Serialize)]
struct ForMachines {
    file: String,
    bytes: u64,
    md5: String,
    seconds: f64,
}

pub(crate) fn run(common: &CommonArgs, args: &MediaArgs, output: &mut Output) -> Result<Exit, Failure> {
    let began = Instant::now();
    let corp_id = connect::required_corp_id(common)?;
    if args.output.is_dir() {
        return Err(Failure::usage(
            format!("{} is a directory", args.output.display()),
            say("give a file with -o", "请用 -o 指定一个文件"),
        ));
    }
    let sdkfileid = sdkfileid(&args.sdkfileid)?;
    let connection = connect::connect(common, &corp_id, Purpose::Fetch, Manner::default())?;
    let stop = Stop::on_signals().map_err(|error| Failure::stop(format!("signals: {error}"), ""))?;
    let downloader = download::downloader(&connection.sdk, args.connections.connections)?;
    let (bytes, md5) = fetch(&downloader, &sdkfileid, &args.output, &stop)?;
    let result = ForMachines {
        file: args.output.display().to_string(),
        bytes,
        md5,
        seconds: (began.elapsed().as_secs_f64() * 1000.0).round() / 1000.0,
    };
    let text = || format!("{}: {bytes} bytes, md5 {}", result.file, result.md5);
    printed(output.result(&result, text))?;
    Ok(Exit::Success)
}

/// The id as given, or what stdin holds.
fn sdkfileid(argument: &str) -> Result<String, Failure> {
    if argument != "-" {
        return Ok(argument.trim().to_owned());
    }
    let mut text = String::new();
    io::stdin().read_to_string(&mut text).map_err(|error| {
        Failure::usage(
            format!("the sdkfileid cannot be read from stdin: {error}"),
            say("write it to stdin as text", "请通过标准输入以文本形式提供"),
        )
    })?;
    Ok(text.trim().to_owned())
}

fn fetch(
    downloader: &Downloader,
    sdkfileid: &str,
    target: &Path,
    stop: &Stop,
) -> Result<(u64, String), Failure> {
    let mut download = downloader.download(sdkfileid).map_err(|error| {
        let whole = say("copy it whole from the message", "请从消息中完整复制");
        Failure::usage(error.to_string(), whole)
    })?;
    let part = part_name(target, sdkfileid);
    let disk = |error: io::Error| disk_failure(&part, &error);
    let mut file = open_alone(&part)?;
    let done = file.metadata().map_err(disk)?.len();
    if done > 0 {
        tracing::info!(bytes = done, "going on after the part of an earlier run");
        // Reading what is there also moves the file's position to where to go on writing.
        download = download.resume_at(done).rehash(&file).map_err(disk)?;
    }
    let bar = progress::spinner(target.display().to_string());
    let outcome = download::copy(&mut download, &mut file, |download, _file| {
        bar.set_message(format!("{}: {}", target.display(), BinaryBytes(download.position())));
        if stop.is_requested() { Err(Interrupted::Stopped) } else { Ok(()) }
    });
    bar.finish_and_clear();
    match (outcome, download.md5()) {
        (Ok(()), Some(md5)) => {
            settle(&part, target).map_err(|error| disk_failure(target, &error))?;
            Ok((download.position(), md5))
        }
        (Ok(()), None) => {
            Err(Failure::stop("the file was not read to its end", say("run the command again", "请重新运行")))
        }
        (Err(interrupted), _) => {
            if download.position() == 0 {
                // Nothing to go on with; if it cannot be removed it does no harm.
                fs::remove_file(&part).unwrap_or_default();
            }
            Err(match interrupted {
                Interrupted::Unavailable(error) => error.into(),
                Interrupted::Disk(error) => disk(error),
                Interrupted::Failed(failure) => failure,
                Interrupted::Stopped => Failure::stop(
                    "stopped by a signal",
                    say("run the command again: it goes on where it stopped", "重新运行即可从中断处继续"),
                ),
            })
        }
    }
}

/// Beside the target, and told by the id: another file's part is never gone on with.
fn part_name(target: &Path, sdkfileid: &str) -> PathBuf {
    let digest = hex(&Sha256::digest(sdkfileid));
    with_suffix(target, &format!(".{}.part", digest.get(..12).unwrap_or(&digest)))
}

fn open_alone(part: &Path) -> Result<File, Failure> {
    let disk = |error: io::Error| disk_failure(part, &error);
    let file =
        File::options().read(true).write(true).create(true).truncate(false).open(part).map_err(disk)?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::Error(error)) => Err(disk(error)),
        Err(TryLockError::WouldBlock) => Err(Failure::stop(
            "another run fetches the same file to the same place",
            say("wait for it to end", "请等待其结束"),
        )),
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes
        .iter()
        .flat_map(|byte| [byte >> 4, byte & 15])
        .filter_map(|digit| char::from_digit(digit.into(), 16))
        .collect()
}
