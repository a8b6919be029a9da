use std::ffi::OsString;
use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use wecom_finance_sys::LibraryFile;

use crate::Secret;
use crate::backend::Route;

/// Which program is the worker process, and what limits it has. Given to
/// [`SdkBuilder::isolated`](crate::SdkBuilder::isolated).
///
/// ```
/// use std::time::Duration;
/// use wecom_finance::Worker;
///
/// let worker = Worker::program("/usr/local/bin/wecom-finance")
///     .grace(Duration::from_secs(5))
///     .memory_limit(512 * 1024 * 1024);
/// ```
#[derive(Clone)]
#[must_use]
pub struct Worker {
    pub(super) program: Program,
    pub(super) grace: Duration,
    pub(super) memory_limit: Option<u64>,
    pub(super) max_calls: u64,
    pub(super) max_bytes: u64,
    pub(super) max_network_failures: u64,
    pub(super) variables: Vec<(OsString, OsString)>,
}

/// What the worker loads, and what it makes calls with.
#[derive(Debug)]
pub(crate) struct Access {
    pub(crate) library: LibraryFile,
    pub(crate) corp_id: String,
    pub(crate) secret: Secret,
    pub(crate) route: Route,
    pub(crate) timeout: Duration,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Program {
    This,
    Other(PathBuf),
}

/// What a program that uses a proxy is told through its environment, in both spellings.
const PROXY_VARIABLES: [&str; 8] = [
    "https_proxy",
    "HTTPS_PROXY",
    "http_proxy",
    "HTTP_PROXY",
    "all_proxy",
    "ALL_PROXY",
    "no_proxy",
    "NO_PROXY",
];

impl Worker {
    /// This same program, which has to begin with [`run_if_child`](super::run_if_child).
    ///
    /// Libraries that it is linked to are in the worker, too: where that is a protobuf (see
    /// [`Clash`](crate::Clash)), use [`Worker::program`].
    pub fn this_program() -> Self {
        Self::new(Program::This)
    }

    /// Another program that begins with [`run_if_child`](super::run_if_child), such as `wecom-finance`. It has to be
    /// built from the same version of this crate.
    pub fn program(path: impl Into<PathBuf>) -> Self {
        Self::new(Program::Other(path.into()))
    }

    fn new(program: Program) -> Self {
        Self {
            program,
            grace: Duration::from_secs(10),
            // What a sanitizer reserves counts as data: see `tests/sanitize`.
            memory_limit: (!cfg!(sanitized)).then_some(1 << 30),
            max_calls: 1_000_000,
            max_bytes: 16 << 30,
            max_network_failures: 100,
            variables: Vec::new(),
        }
    }

    /// How much longer than it may a call can last before the worker is stopped: after this time beyond twice the
    /// [timeout](crate::SdkBuilder::timeout), since the SDK gives the whole of it to each of a call's two requests.
    /// 10 seconds unless set.
    pub fn grace(mut self, grace: Duration) -> Self {
        self.grace = grace;
        self
    }

    /// How much memory for data the worker may have, in bytes (`RLIMIT_DATA`, where the system has it). A worker that
    /// needs more crashes. 1 GiB unless set.
    pub fn memory_limit(mut self, bytes: u64) -> Self {
        self.memory_limit = Some(bytes);
        self
    }

    /// After how many calls a fresh worker takes over; each opened message is one. Calls in progress are finished.
    /// 1,000,000 unless set.
    pub fn recycle_after_calls(mut self, calls: u64) -> Self {
        self.max_calls = calls;
        self
    }

    /// After how many bytes of answers a fresh worker takes over. 16 GiB unless set.
    pub fn recycle_after_bytes(mut self, bytes: u64) -> Self {
        self.max_bytes = bytes;
        self
    }

    /// After how many calls that failed with 10001 a fresh worker takes over: the SDK loses two descriptors and some
    /// memory over each that WeCom or a proxy answers with an HTTP status from 400 up. 100 unless set.
    pub fn recycle_after_network_failures(mut self, failures: u64) -> Self {
        self.max_network_failures = failures;
        self
    }

    /// Passes this program's `https_proxy`, `http_proxy`, `all_proxy` and `no_proxy` on, which the SDK honours where no
    /// [proxy](crate::SdkBuilder::proxy) is set.
    pub fn proxy_from_environment(mut self) -> Self {
        for name in PROXY_VARIABLES {
            if let Some(value) = std::env::var_os(name) {
                self = self.env(name, value);
            }
        }
        self
    }

    /// Sets a variable of the worker's environment, which is otherwise nearly empty. It is no place for secrets.
    pub fn env(mut self, name: impl Into<OsString>, value: impl Into<OsString>) -> Self {
        self.variables.push((name.into(), value.into()));
        self
    }
}

impl fmt::Debug for Worker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let variables: Vec<_> = self.variables.iter().map(|(name, _)| name).collect();
        f.debug_struct("Worker")
            .field("program", &self.program)
            .field("grace", &self.grace)
            .field("memory_limit", &self.memory_limit)
            .field("max_calls", &self.max_calls)
            .field("max_bytes", &self.max_bytes)
            .field("max_network_failures", &self.max_network_failures)
            .field("variables", &variables)
            .finish()
    }
}
