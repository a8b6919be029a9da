//! Why a command ends without success: what failed, what to do about it, and the exit status.

use std::fmt;
use std::process::ExitCode;

use crate::language;

/// The exit statuses of the contract.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Exit {
    /// All is well.
    Success,
    /// Could not run, or had to stop.
    Stopped,
    /// Wrong usage.
    Usage,
    /// Finished, but something is quarantined, failed or pending.
    Incomplete,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(match exit {
            Exit::Success => 0,
            Exit::Stopped => 1,
            Exit::Usage => 2,
            Exit::Incomplete => 3,
        })
    }
}

/// What failed, then what to do.
#[derive(Debug)]
pub(crate) struct Failure {
    exit: Exit,
    what: String,
    remedy: String,
}

impl Failure {
    /// The command could not run or had to stop.
    pub(crate) fn stop(what: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self { exit: Exit::Stopped, what: what.into(), remedy: remedy.into() }
    }

    /// The command was given too little, or something it cannot use.
    pub(crate) fn usage(what: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self { exit: Exit::Usage, what: what.into(), remedy: remedy.into() }
    }

    pub(crate) fn exit(&self) -> Exit {
        self.exit
    }

    pub(crate) fn what(&self) -> &str {
        &self.what
    }

    pub(crate) fn remedy(&self) -> &str {
        &self.remedy
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.what)?;
        if !self.remedy.is_empty() {
            write!(f, "\n  → {}", self.remedy)?;
        }
        Ok(())
    }
}

/// An error with everything that caused it, on one line.
pub(crate) fn with_causes(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let next = error.to_string();
        if !text.ends_with(&next) {
            text = format!("{text}: {next}");
        }
        cause = error.source();
    }
    text
}

impl From<wecom_finance::Error> for Failure {
    fn from(error: wecom_finance::Error) -> Self {
        use wecom_finance::Error;
        let remedy = match &error {
            Error::Load(_) => language::say(
                "then give the path of the library with --sdk or WECOM_FINANCE_SDK",
                "然后用 --sdk 或 WECOM_FINANCE_SDK 指定 SDK 路径",
            )
            .into(),
            // Their own words say what to do.
            Error::Key(_) | Error::Secret(_) => "".into(),
            _ => error.remedy(language::current()),
        };
        Self::stop(with_causes(&error), remedy)
    }
}
