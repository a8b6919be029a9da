//! Why a command ends without success: what failed, what to do about it, and the exit status.

mod code;

use std::borrow::Cow;
use std::fmt;
use std::process::ExitCode;

use crate::language::{self, say};

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
    code: Option<Cow<'static, str>>,
    what: String,
    remedy: String,
}

impl Failure {
    /// The command could not run or had to stop.
    pub(crate) fn stop(what: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self { exit: Exit::Stopped, code: None, what: what.into(), remedy: remedy.into() }
    }

    /// The command was given too little, or something it cannot use.
    pub(crate) fn usage(what: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self { exit: Exit::Usage, code: None, what: what.into(), remedy: remedy.into() }
    }

    /// Names the cause for programs. The name stays the same.
    pub(crate) fn code(self, code: impl Into<Cow<'static, str>>) -> Self {
        Self { code: Some(code.into()), ..self }
    }

    pub(crate) fn named(&self) -> Option<&str> {
        self.code.as_deref()
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

impl From<wecom_finance::Error> for Failure {
    fn from(error: wecom_finance::Error) -> Self {
        let language = language::current();
        Self::stop(error.describe(language), remedy(&error)).code(code::of(&error))
    }
}

/// What to do where there is no glibc, which the SDK needs.
pub(crate) fn musl_remedy() -> &'static str {
    say(
        "use the gnu build of this program on a glibc system, such as a Debian image instead of Alpine",
        "请在 glibc 系统（如 Debian 镜像，而非 Alpine）上使用本程序的 gnu 构建",
    )
}

/// The library's words, but for what has an option here.
fn remedy(error: &wecom_finance::Error) -> Cow<'static, str> {
    use wecom_finance::{Error, LoadError, WorkerStartError};
    match error {
        Error::Load(LoadError::SymbolClash { .. }) => say(
            "leave --isolation none out, or what preloads that library (LD_PRELOAD)",
            "请去掉 --isolation none，或不要预加载该库（LD_PRELOAD）",
        )
        .into(),
        Error::Load(LoadError::Musl { .. }) => musl_remedy().into(),
        Error::Load(LoadError::MissingDependency { .. } | LoadError::OldSystem { .. }) => {
            say("then run the command again", "然后重新运行本命令").into()
        }
        Error::Load(_) => say(
            "then give the path of the library with --sdk or WECOM_FINANCE_SDK",
            "然后用 --sdk 或 WECOM_FINANCE_SDK 指定 SDK 路径",
        )
        .into(),
        Error::WorkerStart(start) => match &**start {
            WorkerStartError::Spawn { .. } => say(
                "check the limits of processes and descriptors (ulimit -u, ulimit -n), and that /proc is there",
                "请检查进程数和文件描述符的限制（ulimit -u、ulimit -n），以及 /proc 是否可用",
            )
            .into(),
            WorkerStartError::DiedLoading { .. } => say(
                "check the limits of memory (ulimit -v, the container's), and that the file is the vendor's and whole",
                "请检查内存限制（ulimit -v、容器限制），并确认该文件来自官方且完整",
            )
            .into(),
            _ => error.remedy(language::current()),
        },
        // Their own words say what to do.
        Error::Key(_) | Error::Secret(_) => "".into(),
        _ => error.remedy(language::current()),
    }
}
