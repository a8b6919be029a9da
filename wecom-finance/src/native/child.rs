//! What only a worker process does, where nothing lives but the SDK.

use std::path::Path;

use wecom_finance_sys::{Library, LoadError};

/// Loads the SDK that the program of this worker named.
pub(crate) fn load(path: &Path) -> Result<Library, LoadError> {
    // SAFETY: the user of the program named the file as the vendor's library, for this process to run its initialisers.
    unsafe { Library::open(path) }
}

/// Closes what the program let slip into this process: descriptors of its own that were not marked to stay behind.
///
/// Only with a single thread in the process, which is how a program begins: others may have begun to use descriptors.
/// Gives back whether it did.
pub(crate) fn close_inherited_descriptors() -> bool {
    let (Some(threads), Some(descriptors)) = (numbers_in("/proc/self/task"), numbers_in("/proc/self/fd"))
    else {
        return false;
    };
    if threads.len() != 1 {
        return false;
    }
    for descriptor in descriptors.into_iter().filter(|number| *number > libc::STDERR_FILENO) {
        // SAFETY: a descriptor that was open before `main` in a process of one thread, whose `main` begins here, so
        // that nothing in this program owns it. The one that the list itself was read with is closed already, and
        // closing it once more is an error that changes nothing.
        unsafe { libc::close(descriptor) };
    }
    true
}

/// The entries of a folder of `/proc` that are numbers.
fn numbers_in(folder: &str) -> Option<Vec<libc::c_int>> {
    let entries = std::fs::read_dir(folder).ok()?;
    Some(entries.flatten().filter_map(|entry| entry.file_name().to_str()?.parse().ok()).collect())
}

/// Hands on what the SDK has printed so far. The C library holds it back where stdout is a pipe.
pub(crate) fn flush_c_streams() {
    // SAFETY: NULL means all output streams of this process; the C library locks each.
    unsafe { libc::fflush(std::ptr::null_mut()) };
}

/// Ends the process without running what the SDK's C++ has registered for its end: other threads may be inside the SDK.
pub(crate) fn exit_at_once(code: u8) -> ! {
    // SAFETY: ends the process; nothing of it is used afterwards.
    unsafe { libc::_exit(i32::from(code)) }
}
