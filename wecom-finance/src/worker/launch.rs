//! From nothing to a worker that has the SDK loaded.

use std::ffi::OsStr;
use std::io::{self, Write as _};
use std::net::Shutdown;
use std::os::fd::OwnedFd;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::net::UnixStream;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use shared_child::SharedChild;
use wecom_finance_sys::{Clash, LoadError, SYMBOLS};
use zeroize::Zeroizing;

use super::output::Output;
use super::protocol::{self, Blob, Frame, NotStarted, Reply, Request, Start, read_frame};
use super::settings::{Access, Program, Worker};
use super::{MARK, WorkerEnd, WorkerStartError};
#[cfg(feature = "egress")]
use crate::backend::Route;
use crate::native::whole_seconds;
use crate::{Error, Proxy, Result};

/// What is passed on of the environment: where the loader finds libraries, and how time and text are written.
const KEPT_VARIABLES: [&str; 3] = ["LD_LIBRARY_PATH", "TZ", "LANG"];

/// How long a program may take to greet, which is the first thing that a worker does.
const GREETING_LIMIT: Duration = Duration::from_secs(20);

/// How long a worker may take to load the SDK: a cold disk is slow.
const LOADING_LIMIT: Duration = Duration::from_secs(60);

/// How to start a worker. The same each time.
#[derive(Debug)]
pub(super) struct Launch {
    program: PathBuf,
    /// What is executed. For this program it is not the path, which may be another version by the time of a restart.
    executed: PathBuf,
    settings: Worker,
    access: Access,
}

/// A worker that is ready for requests.
pub(super) struct Launched {
    pub(super) child: SharedChild,
    pub(super) socket: UnixStream,
    pub(super) output: Arc<Output>,
}

impl Launch {
    pub(super) fn new(settings: Worker, access: Access) -> Result<Self> {
        let (program, executed) = find(&settings.program)?;
        Ok(Self { program, executed, settings, access })
    }

    /// Whom sessions reach WeCom through, and the longest that a request takes there.
    #[cfg(feature = "egress")]
    pub(super) fn egress(&self) -> Option<(crate::Egress, Duration)> {
        match &self.access.route {
            Route::Verified(egress) => Some((egress.clone(), self.access.timeout)),
            Route::Own(_) => None,
        }
    }

    /// The longest that a call may take: two requests, and then some.
    pub(super) fn call_limit(&self) -> Duration {
        Duration::from_secs(whole_seconds(self.access.timeout))
            .saturating_mul(2)
            .saturating_add(self.settings.grace)
    }

    pub(super) fn settings(&self) -> &Worker {
        &self.settings
    }

    /// Starts a worker. The thread that calls this must live as long as the worker does: it ends with its thread.
    pub(super) fn launch(&self) -> Result<Launched> {
        if std::env::var_os(MARK).is_some() {
            return Err(WorkerStartError::Nested.into());
        }
        let (child, socket) = self.spawn().map_err(|source| self.spawn_error(source))?;
        match self.begin(&child, &socket) {
            Ok(output) => Ok(Launched { child, socket, output }),
            Err(problem) => {
                // It may wait for more; a worker that has ended is not killed again.
                drop(socket.shutdown(Shutdown::Both));
                drop(child.kill());
                Err(self.explain(problem, &child))
            }
        }
    }

    fn spawn(&self) -> io::Result<(SharedChild, UnixStream)> {
        let (socket, for_worker) = UnixStream::pair()?;
        let mut command = Command::new(&self.executed);
        command
            .arg0("wecom-finance-worker")
            .env_clear()
            .envs(KEPT_VARIABLES.iter().filter_map(|name| Some((name, std::env::var_os(name)?))))
            .envs(self.settings.variables.iter().map(|(name, value)| (name, value)))
            .env(MARK, protocol::VERSION.to_string())
            .current_dir("/")
            // Ctrl-C at a terminal is for the program, which ends its worker in its own time.
            .process_group(0)
            .stdin(OwnedFd::from(for_worker))
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let child = SharedChild::spawn(&mut command)?;
        // `command` holds the worker's end of the socket: with it, the end of the worker would go unnoticed.
        drop(command);
        Ok((child, socket))
    }

    fn begin(&self, child: &SharedChild, mut socket: &UnixStream) -> Result<Arc<Output>, Problem> {
        let streams = child.take_stdout().zip(child.take_stderr());
        let (stdout, stderr) = streams.ok_or(Problem::Io(io::ErrorKind::BrokenPipe.into()))?;
        let output = Output::capture(stdout.into(), stderr.into()).map_err(Problem::Io)?;
        let limit =
            |limit| socket.set_read_timeout(Some(limit)).and_then(|()| socket.set_write_timeout(Some(limit)));
        limit(GREETING_LIMIT).map_err(Problem::Io)?;
        socket.write_all(&protocol::hello(protocol::VERSION)).map_err(Problem::NotAWorker)?;
        let greeting = expect_frame(&mut socket).map_err(Problem::NotAWorker)?;
        let version = protocol::read_hello(&greeting).map_err(|error| Problem::NotAWorker(error.into()))?;
        if version != protocol::VERSION {
            return Err(Problem::Version(version));
        }
        limit(LOADING_LIMIT).map_err(Problem::Io)?;
        socket.write_all(&self.start_frame()?).map_err(Problem::Loading)?;
        let answer = expect_frame(&mut socket).map_err(Problem::Loading)?;
        match protocol::decode(&answer.body) {
            Ok(Reply::Started) => {}
            Ok(Reply::NotStarted(reason)) => return Err(Problem::Load(self.load_error(&reason))),
            _ => return Err(Problem::Loading(io::ErrorKind::InvalidData.into())),
        }
        socket.set_read_timeout(None).map_err(Problem::Io)?;
        // A worker that does not read is as dead as one that does not answer.
        socket.set_write_timeout(Some(self.call_limit())).map_err(Problem::Io)?;
        Ok(output)
    }

    /// The only way on which secrets reach a worker.
    fn start_frame(&self) -> Result<Zeroizing<Vec<u8>>, Problem> {
        let proxy = self.access.route.proxy();
        let login = proxy.and_then(Proxy::user_and_password);
        let start = Start {
            library: Blob(self.access.library.path().as_os_str().as_bytes()),
            corp_id: &self.access.corp_id,
            secret: Blob(self.access.secret.expose()),
            proxy: proxy.map(Proxy::url),
            proxy_login: login.map(|login| Blob(login.expose())),
            timeout_seconds: whole_seconds(self.access.timeout),
            memory_limit: self.settings.memory_limit,
        };
        let lengths = [
            start.library.0.len(),
            start.corp_id.len(),
            start.secret.0.len(),
            start.proxy.map_or(0, str::len),
            start.proxy_login.map_or(0, |login| login.0.len()),
        ];
        let expected = lengths.into_iter().fold(128_usize, usize::saturating_add);
        protocol::encode(0, &Request::Start(start), expected)
            .map(Zeroizing::new)
            .map_err(|error| Problem::Io(error.into()))
    }

    fn spawn_error(&self, source: io::Error) -> Error {
        WorkerStartError::Spawn { program: self.program.clone(), source }.into()
    }

    /// The error for a worker that did not get that far. Waits for its end, which it has been given.
    fn explain(&self, problem: Problem, child: &SharedChild) -> Error {
        let end = child.wait().map_or(WorkerEnd::Unknown, WorkerEnd::of);
        let end_after = |error: &io::Error, limit| match error.kind() {
            io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut => WorkerEnd::TimedOut(limit),
            io::ErrorKind::InvalidData => WorkerEnd::BrokeProtocol,
            _ => end,
        };
        let program = self.program.clone();
        match problem {
            Problem::Io(source) => self.spawn_error(source),
            Problem::Load(error) => error.into(),
            Problem::NotAWorker(error) => {
                WorkerStartError::NotAWorker { program, end: end_after(&error, GREETING_LIMIT) }.into()
            }
            Problem::Version(worker) => {
                WorkerStartError::VersionMismatch { program, worker, own: protocol::VERSION }.into()
            }
            Problem::Loading(error) => {
                let library = self.access.library.path().to_owned();
                WorkerStartError::DiedLoading { program, library, end: end_after(&error, LOADING_LIMIT) }
                    .into()
            }
        }
    }

    fn load_error(&self, reason: &NotStarted<'_>) -> LoadError {
        let path = self.access.library.path().to_owned();
        let owned = |path: Option<&str>| path.map(PathBuf::from);
        match reason {
            NotStarted::MissingDependency { library } => {
                LoadError::MissingDependency { path, library: (*library).to_owned() }
            }
            NotStarted::OldSystem { version } => {
                LoadError::OldSystem { path, version: (*version).to_owned() }
            }
            NotStarted::MissingSymbol { symbol } => match SYMBOLS.into_iter().find(|name| name == symbol) {
                Some(symbol) => LoadError::MissingSymbol { path, symbol },
                None => LoadError::NotLoadable { path, detail: "it is not the SDK".to_owned() },
            },
            NotStarted::GlobalProtobuf { library } => {
                let clash = Clash::GlobalProtobuf { library: owned(*library) };
                LoadError::SymbolClash { path, clash }
            }
            NotStarted::PrivateLibstdcxx { library, users } => {
                let users = users.0.iter().map(PathBuf::from).collect();
                let clash = Clash::PrivateLibstdcxx { library: owned(*library), users };
                LoadError::SymbolClash { path, clash }
            }
            NotStarted::NotLoadable { detail } => {
                LoadError::NotLoadable { path, detail: (*detail).to_owned() }
            }
        }
    }
}

/// How far a worker came.
enum Problem {
    Io(io::Error),
    NotAWorker(io::Error),
    Version(u32),
    Loading(io::Error),
    Load(LoadError),
}

fn expect_frame(socket: &mut &UnixStream) -> io::Result<Frame> {
    read_frame(socket)?.ok_or_else(|| io::ErrorKind::UnexpectedEof.into())
}

/// The program as people know it, and what to execute.
fn find(program: &Program) -> Result<(PathBuf, PathBuf)> {
    const THIS: &str = "/proc/self/exe";
    let unusable = |program: &Path, source| WorkerStartError::Spawn { program: program.to_owned(), source };
    match program {
        Program::This => {
            let path = std::env::current_exe().map_err(|source| unusable(Path::new(THIS), source))?;
            let executed = if Path::new(THIS).exists() { THIS.into() } else { path.clone() };
            Ok((path, executed))
        }
        Program::Other(path) => {
            let absolute = path.canonicalize().map_err(|source| unusable(path, source))?;
            Ok((absolute.clone(), absolute))
        }
    }
}

/// What of a load error only the worker can know.
pub(super) fn not_started(error: &LoadError, answer: impl FnOnce(NotStarted<'_>)) {
    let text = |path: &Path| path.display().to_string();
    match error {
        LoadError::MissingDependency { library, .. } => answer(NotStarted::MissingDependency { library }),
        LoadError::OldSystem { version, .. } => answer(NotStarted::OldSystem { version }),
        LoadError::MissingSymbol { symbol, .. } => answer(NotStarted::MissingSymbol { symbol }),
        LoadError::SymbolClash { clash: Clash::GlobalProtobuf { library }, .. } => {
            let library = library.as_deref().map(text);
            answer(NotStarted::GlobalProtobuf { library: library.as_deref() });
        }
        LoadError::SymbolClash { clash: Clash::PrivateLibstdcxx { library, users }, .. } => {
            let library = library.as_deref().map(text);
            let users: Vec<String> = users.iter().take(protocol::MAX_BATCH).map(|path| text(path)).collect();
            let users = protocol::Batch(users.iter().map(String::as_str).collect());
            answer(NotStarted::PrivateLibstdcxx { library: library.as_deref(), users });
        }
        LoadError::NotLoadable { detail, .. } => answer(NotStarted::NotLoadable { detail }),
        // The file was looked at before: it has changed since.
        other => answer(NotStarted::NotLoadable { detail: &other.to_string() }),
    }
}

/// A path that came in a request.
pub(super) fn path(bytes: Blob<'_>) -> &Path {
    Path::new(OsStr::from_bytes(bytes.0))
}
