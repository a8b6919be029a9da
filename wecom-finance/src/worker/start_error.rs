use std::io;
use std::path::PathBuf;

use super::WorkerEnd;
use crate::Language;

/// Why there is no worker process. That the SDK cannot be loaded there is [`Error::Load`](crate::Error::Load).
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum WorkerStartError {
    /// This system has no worker processes.
    #[error("worker processes need a Unix system")]
    Unsupported,
    /// The program cannot be started.
    #[error("the worker {} cannot be started", program.display())]
    #[non_exhaustive]
    Spawn {
        /// The program that was to be the worker.
        program: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// The program was started, and did something else than being a worker.
    #[error("{} is no worker: it {end}", program.display())]
    #[non_exhaustive]
    NotAWorker {
        /// The program that was to be the worker.
        program: PathBuf,
        /// What became of it.
        end: WorkerEnd,
    },
    /// This process was itself started as a worker, and went on as if it was not.
    #[error(
        "this process was started as a worker and does not begin with wecom_finance::worker::run_if_child()"
    )]
    Nested,
    /// Program and worker were built from versions of this crate that do not understand each other.
    #[error(
        "the worker {} speaks version {worker} of the protocol, this program version {own}",
        program.display()
    )]
    #[non_exhaustive]
    VersionMismatch {
        /// The program that was to be the worker.
        program: PathBuf,
        /// The worker's version.
        worker: u32,
        /// The version of this program.
        own: u32,
    },
    /// The worker ended while it loaded the SDK.
    #[error("the worker {} {end} while it loaded {}", program.display(), library.display())]
    #[non_exhaustive]
    DiedLoading {
        /// The program that was to be the worker.
        program: PathBuf,
        /// The SDK.
        library: PathBuf,
        /// What became of it.
        end: WorkerEnd,
    },
}

impl WorkerStartError {
    /// Whether there may be one later: the system is short of processes, descriptors or memory now, or somebody ended
    /// the one that there was to be.
    pub(crate) fn is_retryable(&self) -> bool {
        match self {
            Self::Spawn { source, .. } => {
                matches!(source.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::OutOfMemory)
            }
            Self::DiedLoading { end, .. } => end.came_from_outside(),
            Self::Unsupported | Self::NotAWorker { .. } | Self::Nested | Self::VersionMismatch { .. } => {
                false
            }
        }
    }

    /// Whether it was ended by a signal that a process does not send itself. A program that is no worker may be among them:
    /// it was ended from here.
    pub(super) fn was_ended_from_outside(&self) -> bool {
        match self {
            Self::NotAWorker { end, .. } | Self::DiedLoading { end, .. } => end.came_from_outside(),
            Self::Unsupported | Self::Spawn { .. } | Self::Nested | Self::VersionMismatch { .. } => false,
        }
    }

    pub(crate) fn remedy(&self, language: Language) -> &'static str {
        let (english, chinese) = match self {
            Self::Unsupported => (
                "call the SDK in this process: load it with Library::open",
                "请在本进程内加载 SDK（Library::open）",
            ),
            Self::Spawn { .. } => (
                "give the path of a program that can be executed, such as wecom-finance, and check the limits of \
                 processes and descriptors",
                "请指定可执行的程序路径（例如 wecom-finance），并检查进程数和文件描述符的限制",
            ),
            Self::NotAWorker { .. } | Self::Nested => (
                "begin the main function of that program with wecom_finance::worker::run_if_child(), or name the \
                 wecom-finance program as the worker",
                "请在该程序 main 函数的第一行调用 wecom_finance::worker::run_if_child()，或改用 wecom-finance 程序作为工作进程",
            ),
            Self::VersionMismatch { .. } => {
                ("use the same version of wecom-finance for both", "请让两者使用同一版本的 wecom-finance")
            }
            Self::DiedLoading { .. } => (
                "raise the memory limit of the worker; if it is linked to other C++ libraries, name the wecom-finance \
                 program as the worker",
                "请提高工作进程的内存上限；若该程序链接了其他 C++ 库，请改用 wecom-finance 程序作为工作进程",
            ),
        };
        match language {
            Language::Chinese => chinese,
            Language::English => english,
        }
    }
}
