//! All the files of a corp's messages: several pieces at once, resumed where they stopped, checked at the end.
//!
//! ```text
//! cargo run -p wecom-finance-examples --example download            # into ./wecom-media
//! cargo run -p wecom-finance-examples --example download -- DIR
//! ```
//!
//! The stand-in plays WeCom on a bad day: every seventh piece fails. With the genuine SDK, connect as in `pull.rs`.

use std::error::Error;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::{env, fmt};

use wecom_finance::{ChatRecord, Downloader, MediaReference, RetryPolicy, Verdict};
use wecom_finance_simulator::{Effect, Fault, Scenario, World};

fn main() -> Result<(), Box<dyn Error>> {
    let folder = env::args_os().nth(1).map_or_else(|| PathBuf::from("wecom-media"), PathBuf::from);
    let tally = download_all(&bad_day(), &folder, &mut io::stdout().lock())?;
    writeln!(io::stdout(), "{tally}")?;
    Ok(())
}

fn bad_day() -> World {
    Scenario::new().media(20).fault(Fault::media(Effect::Status(502)).every(7)).build()
}

fn download_all(world: &World, folder: &Path, out: &mut dyn Write) -> Result<Tally, Box<dyn Error>> {
    // The default policy would retry each piece until it comes, and nothing would be left to show.
    let sdk = world.sdk_builder().retry(RetryPolicy::never()).build()?;
    // Shared by all files. For several files at once, give it to several threads: it takes care of sessions and memory.
    let downloader = sdk.downloader().build()?;
    fs::create_dir_all(folder)?;
    let mut tally = Tally::default();
    for record in sdk.chat(&world.keys()?) {
        let record = record?;
        // A message can hold several files. Those that WeCom has no more (after some days) stay errors for ever; here
        // three attempts are enough.
        for media in record.media() {
            let path = folder.join(file_name(&record, &media));
            for _attempt in 0..3 {
                match download(&downloader, &media, &path) {
                    Ok(outcome) => {
                        tally.count(&outcome);
                        writeln!(out, "{outcome:?}: {}", path.display())?;
                        break;
                    }
                    Err(error) => {
                        tally.interrupted += 1;
                        writeln!(out, "interrupted ({error}): {}", path.display())?;
                    }
                }
            }
        }
    }
    Ok(tally)
}

/// Fetches a file, or the rest of it, and moves it to `path` once it is whole.
fn download(downloader: &Downloader, media: &MediaReference, path: &Path) -> Result<Outcome, Box<dyn Error>> {
    if path.exists() {
        return Ok(Outcome::AlreadyThere);
    }
    let (part, stored_token) = (path.with_extension("part"), path.with_extension("token"));
    let mut file = OpenOptions::new().create(true).append(true).read(true).open(&part)?;
    let done = file.metadata()?.len();

    // Size and MD5 as the message states them, where it does. With the size, pieces are fetched ahead.
    let mut reader = downloader.download(media.file_id())?.expecting(media);
    if done > 0 {
        reader = match fs::read_to_string(&stored_token) {
            // The token says which piece comes next. It works in any process, and on another machine, too.
            Ok(token) => reader.resume(token.parse()?, done)?,
            // The process died before it could store one: a file can be entered anywhere.
            Err(_) => reader.resume_at(done),
        };
        // The MD5 is that of the whole file, so the part on disk has to be read again, though not fetched.
        reader = reader.rehash(File::open(&part)?)?;
    }

    if let Err(error) = io::copy(&mut reader, &mut file) {
        // What has arrived is on disk; remember where to go on.
        if let Some(token) = reader.index_token() {
            fs::write(&stored_token, token.to_string())?;
        }
        return Err(error.into());
    }
    let outcome = match reader.verify() {
        Verdict::Match | Verdict::LengthOnly | Verdict::NothingToCheck => Outcome::Stored,
        // Keep it, and mark it: WeCom's MD5 is wrong at times, for stickers most of all.
        Verdict::Md5Differs { expected, actual } => Outcome::Suspicious { expected, actual },
        // Fewer or more bytes than the message says (or an answer that does not exist yet): from the beginning, next time.
        verdict => {
            fs::remove_file(&part)?;
            return Err(format!("{verdict:?}").into());
        }
    };
    // On disk before it gets its name: whatever has the name is whole.
    file.sync_all()?;
    fs::rename(&part, path)?;
    if stored_token.exists() {
        fs::remove_file(stored_token)?;
    }
    Ok(outcome)
}

/// Message and place in the message name a file. The sender's own file name is not to be trusted with a path.
fn file_name(record: &ChatRecord, media: &MediaReference) -> String {
    let name = format!("{}{}.{}", record.msgid, media.path, media.extension().unwrap_or("bin"));
    name.replace(|letter: char| !letter.is_ascii_alphanumeric() && !"._-".contains(letter), "-")
}

#[derive(Debug)]
enum Outcome {
    Stored,
    #[allow(dead_code, reason = "printed by Debug")]
    Suspicious {
        expected: String,
        actual: String,
    },
    AlreadyThere,
}

#[derive(Debug, Default, PartialEq, Eq)]
struct Tally {
    stored: u32,
    suspicious: u32,
    already_there: u32,
    interrupted: u32,
}

impl Tally {
    fn count(&mut self, outcome: &Outcome) {
        match outcome {
            Outcome::Stored => self.stored += 1,
            Outcome::Suspicious { .. } => self.suspicious += 1,
            Outcome::AlreadyThere => self.already_there += 1,
        }
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { stored, suspicious, already_there, interrupted } = self;
        write!(
            f,
            "{stored} stored, {suspicious} with another MD5, {already_there} there already, {interrupted} interruptions"
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_file_arrives_whole_through_the_interruptions() {
        let world = bad_day();
        let folder = tempfile::tempdir().unwrap();
        let tally = download_all(&world, folder.path(), &mut Vec::new()).unwrap();
        assert_eq!((tally.stored, tally.suspicious), (20, 0));
        assert!(tally.interrupted > 0);
        let mut arrived: Vec<Vec<u8>> = fs::read_dir(folder.path())
            .unwrap()
            .map(|file| fs::read(file.unwrap().path()).unwrap())
            .collect();
        let mut sent: Vec<Vec<u8>> = world.media_files().iter().map(|media| media.bytes()).collect();
        arrived.sort();
        sent.sort();
        assert!(arrived == sent);

        let again = download_all(&world, folder.path(), &mut Vec::new()).unwrap();
        assert_eq!(again, Tally { already_there: 20, ..Tally::default() });
    }
}
