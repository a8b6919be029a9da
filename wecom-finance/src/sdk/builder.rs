use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use wecom_finance_sys::Library;

use super::{AdaptivePageSize, Inner, PageSize, RetryPolicy, Sdk, SessionPool};
use crate::backend::{Backend, InProcess};
use crate::native::{CText, Connection, SecretText};
use crate::{Error, Proxy, Result, Secret};

const DEFAULT_TIMEOUT: Duration = Duration::from_secs(30);

/// Puts an [`Sdk`] together. Made by [`Sdk::builder`].
#[must_use]
pub struct SdkBuilder {
    source: Source,
    corp_id: String,
    proxy: Option<Proxy>,
    timeout: Duration,
    page_size: PageSize,
    retry: RetryPolicy,
}

pub(super) enum Source {
    Library { library: Library, secret: Secret },
    Backend(Box<dyn Backend>),
}

impl SdkBuilder {
    pub(super) fn new(source: Source, corp_id: String) -> Self {
        Self {
            source,
            corp_id,
            proxy: None,
            timeout: DEFAULT_TIMEOUT,
            page_size: PageSize::MAX,
            retry: RetryPolicy::default(),
        }
    }

    /// Reaches WeCom through a proxy. Without one, the SDK honours the environment's `https_proxy`.
    pub fn proxy(mut self, proxy: Proxy) -> Self {
        self.proxy = Some(proxy);
        self
    }

    /// The longest a single call may take, connecting included: whole seconds, rounded up, at least 1 (C9).
    /// 30 seconds unless set.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// How many messages to ask for at once. 1,000 unless set.
    pub fn page_size(mut self, page_size: PageSize) -> Self {
        self.page_size = page_size;
        self
    }

    /// How often and how patiently failed calls are repeated.
    pub fn retry(mut self, retry: RetryPolicy) -> Self {
        self.retry = retry;
        self
    }

    /// Checks the arguments. Nothing is sent yet: the first call is the first that can fail at WeCom.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidArgument`] for an empty corp id or secret, a timeout of zero, and text with a NUL inside.
    pub fn build(self) -> Result<Sdk> {
        let not_empty = |argument, empty| {
            if empty { Err(Error::InvalidArgument { argument, problem: "is empty" }) } else { Ok(()) }
        };
        not_empty("corp id", self.corp_id.is_empty())?;
        if self.timeout.is_zero() {
            return Err(Error::InvalidArgument {
                argument: "timeout",
                problem: "is zero, which would wait for ever",
            });
        }
        let backend: Box<dyn Backend> = match self.source {
            Source::Backend(backend) => backend,
            Source::Library { library, secret } => {
                not_empty("secret", secret.expose().is_empty())?;
                let connection = Connection::new(
                    CText::new("corp id", &self.corp_id)?,
                    SecretText::of("secret", &secret)?,
                    self.proxy.as_ref().map(Proxy::to_c).transpose()?,
                    self.timeout,
                );
                Box::new(InProcess::new(library, connection))
            }
        };
        Ok(Sdk {
            inner: Arc::new(Inner {
                backend,
                sessions: SessionPool::default(),
                retry: self.retry,
                page_size: AdaptivePageSize::new(self.page_size),
                corp_id: self.corp_id,
            }),
        })
    }
}

impl fmt::Debug for SdkBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SdkBuilder")
            .field("corp_id", &self.corp_id)
            .field("proxy", &self.proxy)
            .field("timeout", &self.timeout)
            .field("page_size", &self.page_size)
            .field("retry", &self.retry)
            .finish_non_exhaustive()
    }
}
