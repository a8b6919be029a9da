//! The only place that writes to stdout and stderr.
//!
//! The SDK prints what the server answers through C's stdio, and what it holds back lands on descriptor 1 when the
//! process ends, after our own last line. So descriptor 1 is given to nobody before the SDK is loaded, and results go
//! through a duplicate of the real one.

use std::fs::File;
use std::io::{self, BufWriter, Write as _};

use serde::Serialize;

use crate::failure::Failure;
use crate::language::say;
use crate::progress;

/// Where results go.
#[derive(Debug)]
pub(crate) struct Output {
    stdout: BufWriter<File>,
    json: bool,
}

impl Output {
    /// Takes stdout away from everybody else in this process.
    pub(crate) fn take_stdout(json: bool) -> Result<Self, Failure> {
        let stdout = take_descriptor().map_err(|error| {
            Failure::stop(
                format!("stdout cannot be used: {error}"),
                say("leave the standard output of this program open", "请保持本程序的标准输出为打开状态"),
            )
        })?;
        Ok(Self { stdout: BufWriter::new(stdout), json })
    }

    /// How many columns the terminal has that results go to; `None` if it is none: then a line is one line.
    #[cfg(unix)]
    pub(crate) fn columns(&self) -> Option<usize> {
        let size = rustix::termios::tcgetwinsize(self.stdout.get_ref()).ok()?;
        // Some terminals do not know.
        Some(if size.ws_col == 0 { 80 } else { usize::from(size.ws_col) })
    }

    #[cfg(not(unix))]
    pub(crate) fn columns(&self) -> Option<usize> {
        None
    }

    /// One line of a result.
    pub(crate) fn line(&mut self, text: &str) -> io::Result<()> {
        self.stdout.write_all(text.as_bytes())?;
        self.stdout.write_all(b"\n")
    }

    /// One line of a result, as JSON.
    pub(crate) fn json_line(&mut self, value: &impl Serialize) -> io::Result<()> {
        serde_json::to_writer(&mut self.stdout, value)?;
        self.stdout.write_all(b"\n")
    }

    /// The result of the command: JSON for machines, text for people.
    pub(crate) fn result(
        &mut self,
        for_machines: &impl Serialize,
        for_people: impl FnOnce() -> String,
    ) -> io::Result<()> {
        if self.json { self.json_line(for_machines) } else { self.line(for_people().trim_end()) }
    }

    /// Hands over what is still held back. A reader that went away is no error: it had enough.
    pub(crate) fn finish(&mut self) -> Result<(), Failure> {
        printed(self.stdout.flush()).map(|_reader_is_there| ())
    }

    /// The failure, for people and, if they asked for it, for machines.
    pub(crate) fn failure(&mut self, failure: &Failure) {
        #[derive(Serialize)]
        struct ForMachines<'a> {
            error: &'a str,
            remedy: &'a str,
            #[serde(skip_serializing_if = "Option::is_none")]
            code: Option<&'a str>,
        }
        note(&format!("error: {failure}"));
        if self.json {
            let object =
                ForMachines { error: failure.what(), remedy: failure.remedy(), code: failure.named() };
            // Nothing is left to be done about an error here.
            self.json_line(&object).and_then(|()| self.stdout.flush()).unwrap_or_default();
        }
    }
}

/// Sorts out what became of something printed: `false` if the reader went away (`| head`), which is no failure.
pub(crate) fn printed(outcome: io::Result<()>) -> Result<bool, Failure> {
    match outcome {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(false),
        Err(error) => Err(Failure::stop(
            format!("the result cannot be written to stdout: {error}"),
            say(
                "make room where stdout goes, and run the command again",
                "请检查标准输出所指向位置的可用空间，然后重新运行",
            ),
        )),
    }
}

/// A line for people, on stderr.
pub(crate) fn note(text: &str) {
    // Without stderr there is nobody to tell.
    progress::bars().suspend(|| writeln!(io::stderr(), "{text}").unwrap_or_default());
}

#[cfg(unix)]
fn take_descriptor() -> io::Result<File> {
    let stdout = rustix::io::fcntl_dupfd_cloexec(io::stdout(), 3)?;
    let nowhere = File::options().write(true).open("/dev/null")?;
    rustix::stdio::dup2_stdout(&nowhere)?;
    Ok(File::from(stdout))
}

#[cfg(windows)]
fn take_descriptor() -> io::Result<File> {
    use std::os::windows::io::AsHandle as _;
    Ok(File::from(io::stdout().as_handle().try_clone_to_owned()?))
}
