use std::num::NonZero;
use std::path::PathBuf;

use clap::{Args, Subcommand};

use crate::store::KEPT_DAYS;

/// The commands.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Pull everything from the stored cursor on, open it, store it, fetch its media.
    ///
    /// Exit status: 0 all is stored; 3 finished, but something is quarantined, failed or pending, or WeCom had forgotten
    /// messages before they were pulled; 1 could not run or had to stop; 2 wrong usage.
    ///
    /// In the result of --json, `gaps` counts the holes in the sequence that this run found, `gaps_lost` those of them whose
    /// messages WeCom had forgotten. `clock_skew_seconds` is there only if this machine's clock is wrong: how far it is ahead of
    /// WeCom's, negative if it is behind.
    Archive(ArchiveArgs),
    /// Print the stored messages as JSON, one a line. Needs neither SDK nor keys nor secret.
    Export(ExportArgs),
    /// Print the holes in the sequence of messages found so far, one a line: which seqs are missing, from when to when, and
    /// whether WeCom forgot their messages before they were pulled. Needs neither SDK nor keys nor secret.
    ///
    /// With --json each is an object on a line of its own, and the last line is the result, with the totals. Exit status: 0
    /// they are printed, if there are any; 1 could not run; 2 wrong usage.
    Gaps(GapsArgs),
    /// Try to open the quarantined messages again, after a key was added.
    Replay(ReplayArgs),
    /// Fetch one file by its sdkfileid. Run it again to go on where it stopped.
    Media(MediaArgs),
    /// Make an RSA-2048 key pair and print the public key for the admin console.
    Keygen(KeygenArgs),
    /// Check everything that can be wrong, with a remedy for what is.
    Doctor(DoctorArgs),
}

/// Where the archive is kept.
#[derive(Debug, Args)]
pub(crate) struct ArchivePlace {
    /// The database (SQLite).
    #[arg(long, value_name = "PATH", default_value = "wecom-archive.db")]
    pub(crate) db: PathBuf,

    /// The directory of the media files. In a build with the feature `object-store` also the address of a place in an
    /// object store: s3://bucket/prefix, gs://bucket/prefix, az://container/prefix.
    #[arg(long, value_name = "DIR", default_value = "wecom-media")]
    pub(crate) media: PathBuf,

    /// Leave the media files: they stay pending.
    #[arg(long)]
    pub(crate) no_media: bool,
}

/// How media files are fetched.
#[derive(Debug, Args)]
pub(crate) struct FetchArgs {
    /// How many days WeCom keeps a message and its files. Files are fetched in the order in which this time is over, and
    /// given up some time after it; seqs that are missing after a pause of that length are taken for lost.
    #[arg(long, value_name = "N", default_value_t = KEPT_DAYS)]
    #[arg(value_parser = clap::value_parser!(u64).range(1..=3_650))]
    pub(crate) retention_days: u64,

    /// Try the pending media files at once. Otherwise each one that failed rests a while first, longer every time.
    #[arg(long)]
    pub(crate) retry_now: bool,

    #[command(flatten)]
    pub(crate) connections: Connections,
}

#[derive(Clone, Copy, Debug, Args)]
pub(crate) struct Connections {
    /// How many pieces of media files are fetched at once, over all files.
    #[arg(long, value_name = "N", default_value_t = DEFAULT_CONNECTIONS)]
    #[arg(value_parser = parse_connections)]
    pub(crate) connections: NonZero<usize>,
}

const DEFAULT_CONNECTIONS: NonZero<usize> = NonZero::new(8).unwrap();

/// Every piece is a connection of its own: more would be an attack.
const MOST_CONNECTIONS: usize = 64;

fn parse_connections(text: &str) -> Result<NonZero<usize>, String> {
    let connections = text.parse().ok().filter(|number: &NonZero<usize>| number.get() <= MOST_CONNECTIONS);
    connections.ok_or_else(|| format!("give a number from 1 to {MOST_CONNECTIONS}"))
}

#[derive(Debug, Args)]
pub(crate) struct ArchiveArgs {
    #[command(flatten)]
    pub(crate) place: ArchivePlace,

    #[command(flatten)]
    pub(crate) fetch: FetchArgs,

    /// Stop at the head of the stream. This is what happens unless --follow is given.
    #[arg(long, conflicts_with = "follow")]
    pub(crate) once: bool,

    /// Stay, and look for new messages again and again, until Ctrl-C or SIGTERM.
    #[arg(long)]
    pub(crate) follow: bool,

    /// The pause between two looks of --follow, in seconds.
    #[arg(long, value_name = "SECS", default_value_t = 15, requires = "follow")]
    #[arg(value_parser = clap::value_parser!(u64).range(1..=86_400))]
    pub(crate) poll: u64,

    /// How many messages to ask for at once.
    #[arg(long, value_name = "N", default_value_t = 1_000)]
    #[arg(value_parser = clap::value_parser!(u32).range(1..=1_000))]
    pub(crate) limit: u32,
}

#[derive(Debug, Args)]
pub(crate) struct ExportArgs {
    /// The database (SQLite).
    #[arg(long, value_name = "PATH", default_value = "wecom-archive.db")]
    pub(crate) db: PathBuf,

    /// Print the quarantined messages instead, with the reason for each.
    #[arg(long)]
    pub(crate) quarantine: bool,
}

#[derive(Debug, Args)]
pub(crate) struct GapsArgs {
    /// The database (SQLite).
    #[arg(long, value_name = "PATH", default_value = "wecom-archive.db")]
    pub(crate) db: PathBuf,
}

#[derive(Debug, Args)]
pub(crate) struct ReplayArgs {
    #[command(flatten)]
    pub(crate) place: ArchivePlace,

    #[command(flatten)]
    pub(crate) fetch: FetchArgs,
}

#[derive(Debug, Args)]
pub(crate) struct MediaArgs {
    /// The id that the message names, whole. `-` reads it from stdin: it contains the file's key, and arguments can be
    /// seen by others.
    #[arg(value_name = "SDKFILEID")]
    pub(crate) sdkfileid: String,

    /// The file to write.
    #[arg(short, long, value_name = "FILE")]
    pub(crate) output: PathBuf,

    #[command(flatten)]
    pub(crate) connections: Connections,
}

#[derive(Debug, Args)]
pub(crate) struct KeygenArgs {
    /// The directory of the keys.
    #[arg(long, value_name = "DIR")]
    pub(crate) out: PathBuf,

    /// The version (publickey_ver) that the admin console shows for the new public key.
    #[arg(long = "version", value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) key_version: u32,
}

#[derive(Debug, Args)]
pub(crate) struct DoctorArgs {
    #[command(flatten)]
    pub(crate) place: ArchivePlace,
}
