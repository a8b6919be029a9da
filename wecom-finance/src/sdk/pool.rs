use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::Error;
use crate::backend::{Backend, Session};

/// Sessions that are not in use. A session is with one call at a time (C2), and keeps its access token between calls.
#[derive(Default)]
pub(super) struct SessionPool {
    idle: Mutex<Vec<Box<dyn Session>>>,
}

impl SessionPool {
    pub(super) fn borrow(&self, backend: &dyn Backend) -> Result<Box<dyn Session>, Error> {
        let idle = self.lock().pop();
        idle.map_or_else(|| backend.session(), Ok)
    }

    pub(super) fn give_back(&self, session: Box<dyn Session>) {
        self.lock().push(session);
    }

    /// Forgets the idle sessions: the server gives all sessions of a corp the same token, so they share its fate.
    pub(super) fn clear(&self) {
        // Dropped after the lock is released: it calls into the SDK.
        drop(std::mem::take(&mut *self.lock()));
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Box<dyn Session>>> {
        // Pushing and popping cannot leave the list half done.
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
