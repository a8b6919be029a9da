//! What can be said on the command line. Every option has one meaning in all commands.

mod commands;

use std::path::PathBuf;

use clap::builder::{OsStringValueParser, TypedValueParser};
use clap::{Parser, ValueEnum};

pub(crate) use commands::{
    ArchiveArgs, ArchivePlace, Command, DoctorArgs, ExportArgs, FetchArgs, GapsArgs, KeygenArgs, MediaArgs,
    ReplayArgs,
};

/// Reads WeCom's (企业微信) conversation archive: pulls it, opens it, keeps it.
///
/// Without an account, try it with `--demo`: `wecom-finance archive --demo`.
#[derive(Debug, Parser)]
#[command(name = "wecom-finance", version, disable_help_subcommand = true)]
pub(crate) struct Cli {
    #[command(flatten)]
    pub(crate) common: CommonArgs,

    #[command(subcommand)]
    pub(crate) command: Command,
}

/// What all commands understand.
#[derive(Debug, clap::Args)]
pub(crate) struct CommonArgs {
    /// The vendor's library, libWeWorkFinanceSdk_C.so. Without this it is searched next to this program and in the
    /// loader's path.
    #[arg(long, global = true, value_name = "PATH", env = "WECOM_FINANCE_SDK", hide_env_values = true)]
    #[arg(value_parser = path(), help_heading = "Connection")]
    pub(crate) sdk: Option<PathBuf>,

    /// The corp id (企业 ID), ww…
    #[arg(long, global = true, value_name = "ID", env = "WECOM_CORP_ID", hide_env_values = true)]
    #[arg(help_heading = "Connection")]
    pub(crate) corp_id: Option<String>,

    /// The file with the archive's own secret. Or give the secret in WECOM_SECRET, or the file in WECOM_SECRET_FILE.
    #[arg(long, global = true, value_name = "PATH", help_heading = "Connection")]
    pub(crate) secret_file: Option<PathBuf>,

    /// A private key (PEM) and the publickey_ver that it belongs to. Repeatable.
    #[arg(long, global = true, value_name = "VER=PATH", value_parser = parse_key, help_heading = "Connection")]
    pub(crate) key: Vec<KeyFile>,

    /// The directory of the private keys, each named <publickey_ver>.pem.
    #[arg(long, global = true, value_name = "DIR", env = "WECOM_KEYS", hide_env_values = true)]
    #[arg(value_parser = path(), help_heading = "Connection")]
    pub(crate) keys: Option<PathBuf>,

    /// The file with the passphrase of encrypted private keys. Or give the passphrase in WECOM_KEY_PASSPHRASE.
    #[arg(long, global = true, value_name = "PATH", help_heading = "Connection")]
    pub(crate) key_passphrase_file: Option<PathBuf>,

    /// The proxy to reach WeCom through: http://host:port or socks5://host:port.
    #[arg(long, global = true, value_name = "URL", env = "WECOM_PROXY", hide_env_values = true)]
    #[arg(help_heading = "Connection")]
    pub(crate) proxy: Option<String>,

    /// The file with the proxy's user:password.
    #[arg(long, global = true, value_name = "PATH", env = "WECOM_PROXY_AUTH_FILE", hide_env_values = true)]
    #[arg(value_parser = path(), help_heading = "Connection")]
    pub(crate) proxy_auth_file: Option<PathBuf>,

    /// Extra roots (PEM) to trust with --tls verify: those of a company proxy that ends TLS.
    #[arg(long, global = true, value_name = "PATH", env = "WECOM_CA_FILE", hide_env_values = true)]
    #[arg(value_parser = path(), help_heading = "Connection")]
    pub(crate) ca_file: Option<PathBuf>,

    /// Who checks WeCom's certificate.
    #[arg(long, global = true, value_enum, default_value_t = TlsChoice::Verify, help_heading = "Connection")]
    pub(crate) tls: TlsChoice,

    /// Where the SDK runs.
    #[arg(long, global = true, value_enum, default_value_t = Isolation::DEFAULT, help_heading = "Connection")]
    pub(crate) isolation: Isolation,

    /// The longest that one call of the SDK may take, in seconds.
    #[arg(long, global = true, value_name = "SECS", default_value_t = 30, help_heading = "Connection")]
    #[arg(value_parser = clap::value_parser!(u64).range(1..=86_400))]
    pub(crate) timeout: u64,

    /// Use the built-in stand-in for WeCom and its SDK: no account, no network, keys of its own.
    #[arg(long, global = true)]
    pub(crate) demo: bool,

    /// Print the result as one JSON object on the last line of stdout.
    #[arg(long, global = true)]
    pub(crate) json: bool,

    /// Log more, on stderr: -v, -vv, -vvv. RUST_LOG says it in detail.
    #[arg(short, long, global = true, action = clap::ArgAction::Count)]
    pub(crate) verbose: u8,

    /// Log errors only, and show no progress.
    #[arg(short, long, global = true, conflicts_with = "verbose")]
    pub(crate) quiet: bool,

    /// The language of advice. Otherwise as LC_ALL and LANG say.
    #[arg(long, global = true, value_enum)]
    pub(crate) lang: Option<Lang>,
}

/// A path that may be empty, as in the environment of a container: that means that there is none.
fn path() -> impl TypedValueParser<Value = PathBuf> {
    OsStringValueParser::new().map(PathBuf::from)
}

/// A private key file and its version.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct KeyFile {
    pub(crate) version: u32,
    pub(crate) path: PathBuf,
}

fn parse_key(text: &str) -> Result<KeyFile, String> {
    let form = || "write the key version, = and the file, as in 2=keys/second.pem".to_owned();
    let (version, path) = text.split_once('=').ok_or_else(form)?;
    if path.is_empty() {
        return Err(form());
    }
    Ok(KeyFile { version: version.parse().map_err(|_not_a_number| form())?, path: path.into() })
}

/// Who checks WeCom's certificate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum TlsChoice {
    /// This program, before anything secret is sent.
    Verify,
    /// Nobody: it is left to the SDK, which checks nothing.
    Sdk,
}

/// Where the SDK runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Isolation {
    /// In a child process: whatever it does, this program goes on.
    Worker,
    /// In this process.
    None,
}

impl Isolation {
    /// Workers need sockets that can be handed on.
    const DEFAULT: Self = if cfg!(unix) { Self::Worker } else { Self::None };
}

/// The language of advice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Lang {
    /// English.
    En,
    /// Simplified Chinese.
    Zh,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_definition_is_sound() {
        use clap::CommandFactory as _;
        Cli::command().debug_assert();
    }

    #[test]
    fn common_options_stand_on_either_side_of_the_command() {
        for arguments in [["wecom-finance", "--json", "doctor"], ["wecom-finance", "doctor", "--json"]] {
            assert!(Cli::try_parse_from(arguments).unwrap().common.json);
        }
    }

    #[test]
    fn a_key_has_a_version_and_a_file() {
        assert_eq!(parse_key("2=a=b.pem"), Ok(KeyFile { version: 2, path: "a=b.pem".into() }));
        for wrong in ["2", "2=", "=a.pem", "x=a.pem", "-1=a.pem"] {
            assert!(parse_key(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn the_secret_is_never_an_argument() {
        assert!(Cli::try_parse_from(["wecom-finance", "archive", "--secret", "x"]).is_err());
    }

    #[test]
    fn limits_are_checked_before_anything_runs() {
        for arguments in [
            ["archive", "--limit", "0"],
            ["archive", "--limit", "1001"],
            ["archive", "--timeout", "0"],
            ["archive", "--poll", "0"],
            ["archive", "--connections", "0"],
            ["archive", "--connections", "65"],
            ["replay", "--retention-days", "0"],
        ] {
            let all = ["wecom-finance"].into_iter().chain(arguments);
            assert!(Cli::try_parse_from(all).is_err(), "{arguments:?}");
        }
    }
}
