use std::fmt;
use std::time::Duration;

/// How a worker process ended, if it was not told to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum WorkerEnd {
    /// A signal ended it: SIGABRT and SIGSEGV are how the SDK crashes.
    Signal(i32),
    /// It exited with this status.
    Exited(i32),
    /// It took longer than this over one call, and was stopped.
    TimedOut(Duration),
    /// It answered what no worker answers, and was stopped.
    BrokeProtocol,
    /// It is gone, and the system does not tell how: somebody else in this process waits for its children.
    Unknown,
}

impl WorkerEnd {
    /// The signal that ended it, if one did: a program for quarantines and logs prints it as `SIGABRT (6)`.
    #[must_use]
    pub fn signal(self) -> Option<i32> {
        match self {
            Self::Signal(signal) => Some(signal),
            Self::Exited(_) | Self::TimedOut(_) | Self::BrokeProtocol | Self::Unknown => None,
        }
    }

    /// Whether it was ended from outside, by an operator or by a kernel that is short of memory: then what it was
    /// doing is not to blame.
    #[must_use]
    pub fn came_from_outside(self) -> bool {
        match self {
            Self::Signal(signal) => !is_a_crash(signal),
            Self::Unknown => true,
            Self::Exited(_) | Self::TimedOut(_) | Self::BrokeProtocol => false,
        }
    }

    #[cfg(unix)]
    pub(super) fn of(status: std::process::ExitStatus) -> Self {
        use std::os::unix::process::ExitStatusExt as _;
        match (status.signal(), status.code()) {
            (Some(signal), _) => Self::Signal(signal),
            (None, Some(code)) => Self::Exited(code),
            (None, None) => Self::Unknown,
        }
    }
}

impl fmt::Display for WorkerEnd {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Signal(signal) => match name(*signal) {
                Some(name) => write!(f, "was ended by {name} ({signal})"),
                None => write!(f, "was ended by signal {signal}"),
            },
            Self::Exited(status) => write!(f, "exited with status {status}"),
            Self::TimedOut(limit) => {
                write!(f, "did not answer within {} s and was stopped", limit.as_secs())
            }
            Self::BrokeProtocol => f.write_str("answered with what is no answer and was stopped"),
            Self::Unknown => f.write_str("ended, and the system does not tell how"),
        }
    }
}

/// The signals by which a process ends itself.
#[cfg(unix)]
const CRASHES: &[(i32, &str)] = &[
    (libc::SIGABRT, "SIGABRT"),
    (libc::SIGSEGV, "SIGSEGV"),
    (libc::SIGBUS, "SIGBUS"),
    (libc::SIGFPE, "SIGFPE"),
    (libc::SIGILL, "SIGILL"),
    (libc::SIGTRAP, "SIGTRAP"),
    (libc::SIGSYS, "SIGSYS"),
];

/// Signals that others send.
#[cfg(unix)]
const FROM_OUTSIDE: &[(i32, &str)] = &[
    (libc::SIGKILL, "SIGKILL"),
    (libc::SIGTERM, "SIGTERM"),
    (libc::SIGINT, "SIGINT"),
    (libc::SIGHUP, "SIGHUP"),
    (libc::SIGQUIT, "SIGQUIT"),
    (libc::SIGXCPU, "SIGXCPU"),
];

#[cfg(not(unix))]
const CRASHES: &[(i32, &str)] = &[];
#[cfg(not(unix))]
const FROM_OUTSIDE: &[(i32, &str)] = &[];

fn is_a_crash(signal: i32) -> bool {
    CRASHES.iter().any(|(number, _)| *number == signal)
}

fn name(signal: i32) -> Option<&'static str> {
    let known = CRASHES.iter().chain(FROM_OUTSIDE).find(|(number, _)| *number == signal);
    known.map(|(_, name)| *name)
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    #[test]
    fn ends_are_named_for_people() {
        for (end, text) in [
            (WorkerEnd::Signal(libc::SIGABRT), "was ended by SIGABRT (6)"),
            (WorkerEnd::Signal(64), "was ended by signal 64"),
            (WorkerEnd::Exited(3), "exited with status 3"),
            (WorkerEnd::TimedOut(Duration::from_secs(70)), "did not answer within 70 s and was stopped"),
        ] {
            assert_eq!(end.to_string(), text);
        }
    }

    #[test]
    fn a_crash_is_told_from_a_kill() {
        assert!(!WorkerEnd::Signal(libc::SIGSEGV).came_from_outside());
        assert!(!WorkerEnd::TimedOut(Duration::ZERO).came_from_outside());
        assert!(WorkerEnd::Signal(libc::SIGKILL).came_from_outside());
    }
}
