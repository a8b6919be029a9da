//! The worker's side: reads requests, calls the SDK, answers.

mod calls;
mod pool;

use std::ffi::OsStr;
use std::io::{self, Write as _};
use std::os::unix::net::UnixStream;
use std::panic;
use std::sync::Arc;
use std::time::Duration;

use zeroize::Zeroizing;

use self::calls::Sdk;
use self::pool::Pool;
use super::MARK;
use super::launch::{not_started, path};
use super::protocol::{self, Malformed, Reply, Request, Start, read_frame};
use crate::native::child::{close_inherited_descriptors, exit_at_once, load};
use crate::native::{CText, Connection, SecretText, return_freed_memory};
use crate::{Error, Secret};

/// The end of a worker whose program is no program that uses workers.
const NOT_A_WORKER: u8 = 64;

/// Is a worker, until the program that started it has enough.
pub(super) fn run(mark: &OsStr) -> ! {
    let inherits_nothing = close_inherited_descriptors();
    return_freed_memory();
    let socket = match take_socket() {
        Ok(socket) => socket,
        Err(error) => refuse(mark, &error),
    };
    if let Err(error) = limit_process() {
        say(&format!("a limit of this worker process could not be set: {error}"));
    }
    if !inherits_nothing {
        say(
            "run_if_child() is not the first line of main: descriptors of the program may be open in its worker",
        );
    }
    // Whoever unwinds leaves a call without an answer; and what is said may hold anything.
    panic::set_hook(Box::new(|panic| {
        if let Some(location) = panic.location() {
            say(&format!("the worker panicked at {location}"));
        }
        exit_at_once(101)
    }));
    match serve(socket) {
        Ok(()) => exit_at_once(0),
        Err(error) => {
            say(&format!("the worker cannot go on: {error}"));
            exit_at_once(1)
        }
    }
}

/// The socket that the program gave for stdin. The SDK gets nothing to read instead.
fn take_socket() -> io::Result<UnixStream> {
    let socket = UnixStream::from(rustix::io::fcntl_dupfd_cloexec(io::stdin(), 3)?);
    socket.peer_addr()?;
    rustix::stdio::dup2_stdin(std::fs::File::open("/dev/null")?)?;
    Ok(socket)
}

fn refuse(mark: &OsStr, error: &io::Error) -> ! {
    say(&format!(
        "{MARK}={} makes this program the worker process of another one, and stdin does not lead to that: {error}. \
         Unset the variable to use the program.",
        mark.display()
    ));
    exit_at_once(NOT_A_WORKER)
}

/// On stderr, which the program that started this worker reads.
fn say(text: &str) {
    // Nobody is left to be told that nobody listens.
    drop(writeln!(io::stderr(), "{text}"));
}

fn limit_process() -> io::Result<()> {
    use rustix::process::{Resource, Rlimit, setrlimit};
    #[cfg(target_os = "linux")]
    {
        // Beside the end of the socket, which somebody else may hold open: a process that the program has forked.
        rustix::process::set_parent_process_death_signal(Some(rustix::process::Signal::KILL))?;
        rustix::thread::set_name(c"wecom-worker")?;
    }
    // A core file would hold the secret.
    setrlimit(Resource::Core, Rlimit { current: Some(0), maximum: Some(0) })?;
    Ok(())
}

#[cfg(target_os = "linux")]
fn limit_memory(bytes: u64) -> io::Result<()> {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    // Not `As`: what allocators reserve and never use would count.
    let maximum = getrlimit(Resource::Data).maximum.map_or(bytes, |maximum| maximum.min(bytes));
    Ok(setrlimit(Resource::Data, Rlimit { current: Some(maximum), maximum: Some(maximum) })?)
}

#[cfg(not(target_os = "linux"))]
fn limit_memory(_bytes: u64) -> io::Result<()> {
    Ok(())
}

fn serve(mut socket: UnixStream) -> io::Result<()> {
    socket.write_all(&protocol::hello(protocol::VERSION))?;
    let Some(greeting) = read_frame(&mut socket)? else { return Ok(()) };
    if protocol::read_hello(&greeting)? != protocol::VERSION {
        // The program has been told, and says so.
        return Ok(());
    }
    let Some(first) = read_frame(&mut socket)? else { return Ok(()) };
    let first = Zeroizing::new(first.body);
    let Ok(Request::Start(start)) = protocol::decode(&first) else { return Err(Malformed.into()) };
    let Some(sdk) = start_sdk(&start, &mut socket)? else { return Ok(()) };
    drop(first);

    let socket = Arc::new(socket);
    let mut pool = Pool::new(sdk, Arc::clone(&socket));
    // The end of the requests is the end of the program, or of its need: what is still being called is for nobody.
    while let Some(frame) = read_frame(&mut &*socket)? {
        pool.serve(frame)?;
    }
    Ok(())
}

fn start_sdk(start: &Start<'_>, socket: &mut UnixStream) -> io::Result<Option<Sdk>> {
    if let Some(bytes) = start.memory_limit {
        limit_memory(bytes)?;
    }
    let connection = connection(start).map_err(|error| io::Error::other(error.to_string()))?;
    let library = match load(path(start.library)) {
        Ok(library) => library,
        Err(error) => {
            let mut answer = Err(Malformed);
            not_started(&error, |reason| answer = protocol::encode(0, &Reply::NotStarted(reason), 0));
            socket.write_all(&answer?)?;
            return Ok(None);
        }
    };
    socket.write_all(&protocol::encode(0, &Reply::Started, 0)?)?;
    Ok(Some(Sdk::new(library, connection)))
}

fn connection(start: &Start<'_>) -> Result<Connection, Error> {
    let login = start.proxy_login.map(|login| SecretText::new("proxy password", login.0)).transpose()?;
    let proxy = start.proxy.map(|url| CText::new("proxy", url)).transpose()?;
    Ok(Connection::new(
        CText::new("corp id", start.corp_id)?,
        SecretText::of("secret", &Secret::new(start.secret.0))?,
        proxy.map(|proxy| (proxy, login)),
        Duration::from_secs(start.timeout_seconds),
    ))
}
