//! The SDK in a process of its own, where its crashes, hangs and prints hurt nobody.
//!
//! [`SdkBuilder::isolated`](crate::SdkBuilder::isolated) leaves the SDK to a worker: a child process that alone loads
//! it. A message that kills it (contract C8) is an error of that message, a hostile reply to a media request (C12) one
//! of that file; a call that hangs is ended; a C++ library that the SDK cannot live beside is not there; and the reason
//! of a refused token, which the SDK only prints, arrives as an error. Private keys stay here: the worker is handed the
//! random keys of single messages.
//!
//! The worker is this same program, or any other that begins with [`run_if_child`]:
//!
//! ```no_run
//! use wecom_finance::{LibraryFile, Sdk, Secret, Worker};
//!
//! fn main() -> wecom_finance::Result<()> {
//!     wecom_finance::worker::run_if_child();
//!
//!     // Not loaded here, so there is no `unsafe`.
//!     let library = LibraryFile::at("/opt/wecom/libWeWorkFinanceSdk_C.so")?;
//!     let sdk = Sdk::builder(library, "ww0123456789abcdef", Secret::from_file("secret")?)
//!         .isolated(Worker::this_program())
//!         .build()?;
//!     println!("{:?}", sdk.page(0)?);
//!     Ok(())
//! }
//! ```
//!
//! # How it goes on
//!
//! One worker serves all threads of an [`Sdk`](crate::Sdk). When it ends, every call that was in it is made once more in
//! a worker that has nothing else to do; one that ends this one, too, fails with [`Error::WorkerDied`], or, for a
//! message, with [`UnopenedReason::KilledWorker`]. All others have been answered by then. So a message is blamed for what
//! it did alone, twice, and never for its neighbours. Ends that come from outside ([`WorkerEnd::came_from_outside`]) are
//! forgiven a few times more.
//!
//! The worker ends with its program, however that ends. It inherits no descriptors and no environment except what the
//! loader needs (`LD_LIBRARY_PATH`, `TZ`, `LANG`) and [`Worker`] is told to pass on. What it prints is kept away from the
//! program's own output.
//!
//! [`Error::WorkerDied`]: crate::Error::WorkerDied
//! [`UnopenedReason::KilledWorker`]: crate::UnopenedReason::KilledWorker

#[cfg(unix)]
mod backend;
#[cfg(unix)]
mod child;
mod end;
#[cfg(unix)]
mod launch;
#[cfg(unix)]
mod output;
#[cfg(unix)]
mod process;
#[cfg(unix)]
mod protocol;
mod settings;
mod start_error;
mod stats;
#[cfg(unix)]
mod supervisor;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

pub use end::WorkerEnd;
pub(crate) use settings::Access;
pub use settings::Worker;
pub use start_error::WorkerStartError;
pub(crate) use stats::Counters;
pub use stats::WorkerStats;

use crate::Result;
use crate::backend::Backend;

/// Starts a worker, and gives what uses it.
#[cfg(unix)]
pub(crate) fn start(settings: Worker, access: Access) -> Result<(Box<dyn Backend>, Arc<Counters>)> {
    let isolated = backend::Isolated::start(launch::Launch::new(settings, access)?)?;
    let counters = isolated.counters();
    Ok((Box::new(isolated), counters))
}

#[cfg(not(unix))]
pub(crate) fn start(_: Worker, _: Access) -> Result<(Box<dyn Backend>, Arc<Counters>)> {
    Err(WorkerStartError::Unsupported.into())
}

/// A poisoned lock guards data that are valid at every step: going on is right.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Set in the environment of a worker: the version of the protocol.
#[cfg(unix)]
const MARK: &str = "WECOM_FINANCE_WORKER";

/// Where this process was started as a worker: be one, and never return. Otherwise: do nothing.
///
/// Make it the first line of `main`, before there are threads (an async runtime has some) or open files: a worker closes
/// all descriptors that it inherited.
pub fn run_if_child() {
    #[cfg(unix)]
    if let Some(mark) = std::env::var_os(MARK) {
        child::run(&mark)
    }
}
