use std::fmt;
use std::sync::atomic::{AtomicU32, Ordering};

use wecom_finance_sys::contracts::MAX_CHAT_LIMIT;

use crate::Error;

/// How many messages to ask for at once: 1 to 1,000 (C10).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PageSize(u32);

impl PageSize {
    /// 1,000 messages, as many as WeCom hands out at once.
    pub const MAX: Self = Self(MAX_CHAT_LIMIT);

    /// Accepts 1 to 1,000.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidArgument`] for anything else, which the SDK would refuse with 10000.
    pub fn new(messages: u32) -> Result<Self, Error> {
        if (1..=MAX_CHAT_LIMIT).contains(&messages) {
            Ok(Self(messages))
        } else {
            Err(Error::InvalidArgument { argument: "page size", problem: "must be from 1 to 1000 messages" })
        }
    }

    /// The number of messages.
    #[must_use]
    pub const fn get(self) -> u32 {
        self.0
    }
}

impl Default for PageSize {
    fn default() -> Self {
        Self::MAX
    }
}

impl fmt::Debug for PageSize {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} messages", self.0)
    }
}

/// Pages that follow a page which went through at a reduced size, until a larger one is tried.
const PAGES_BEFORE_GROWING: u32 = 8;

/// The page size in use: halved when WeCom says that a page is too large (301058) or when one does not come in time,
/// doubled again after a while.
#[derive(Debug)]
pub(super) struct AdaptivePageSize {
    configured: PageSize,
    current: AtomicU32,
    successes: AtomicU32,
}

impl AdaptivePageSize {
    pub(super) fn new(configured: PageSize) -> Self {
        Self { configured, current: AtomicU32::new(configured.get()), successes: AtomicU32::new(0) }
    }

    pub(super) fn current(&self) -> PageSize {
        PageSize(self.current.load(Ordering::Relaxed))
    }

    /// Halves the size that was refused. `false` if it was 1 already.
    pub(super) fn shrink(&self, refused: PageSize) -> bool {
        if refused.get() == 1 {
            return false;
        }
        self.successes.store(0, Ordering::Relaxed);
        // Another thread may have gone lower already.
        self.current.fetch_min(refused.get() / 2, Ordering::Relaxed);
        true
    }

    pub(super) fn succeeded(&self, used: PageSize) {
        if used >= self.configured
            || self.successes.fetch_add(1, Ordering::Relaxed) + 1 < PAGES_BEFORE_GROWING
        {
            return;
        }
        self.successes.store(0, Ordering::Relaxed);
        let grown = used.get().saturating_mul(2).min(self.configured.get());
        // Only if nobody changed it in the meantime; otherwise the next page decides.
        let _unchanged =
            self.current.compare_exchange(used.get(), grown, Ordering::Relaxed, Ordering::Relaxed).is_ok();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn page_sizes_are_what_the_sdk_accepts() {
        assert!(PageSize::new(0).is_err());
        assert!(PageSize::new(1001).is_err());
        assert_eq!(PageSize::new(1).unwrap().get(), 1);
        assert_eq!(PageSize::new(1000).unwrap(), PageSize::MAX);
    }

    #[test]
    fn it_shrinks_at_once_and_grows_back_slowly() {
        let size = AdaptivePageSize::new(PageSize::new(300).unwrap());
        assert!(size.shrink(size.current()));
        assert_eq!(size.current().get(), 150);
        for _ in 1..PAGES_BEFORE_GROWING {
            size.succeeded(size.current());
            assert_eq!(size.current().get(), 150);
        }
        size.succeeded(size.current());
        assert_eq!(size.current().get(), 300);
        size.succeeded(size.current());
        assert_eq!(size.current().get(), 300);
    }

    #[test]
    fn it_never_goes_below_one() {
        let size = AdaptivePageSize::new(PageSize::new(3).unwrap());
        assert!(size.shrink(size.current()));
        assert_eq!(size.current().get(), 1);
        assert!(!size.shrink(size.current()));
    }
}
