use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use wecom_finance_sys::Library;

use super::{AdaptivePageSize, Inner, PageSize, RetryPolicy, Sdk, SessionPool};
use crate::backend::{Backend, InProcess};
use crate::native::{CText, Connection, SecretText};
#[cfg(feature = "egress")]
use crate::{Egress, Tls};
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
    #[cfg(feature = "egress")]
    egress: Option<ChosenEgress>,
}

/// How the calls are to be verified.
#[cfg(feature = "egress")]
#[derive(Debug)]
enum ChosenEgress {
    /// By an egress of the `Sdk`'s own.
    Own(Tls),
    Shared(Egress),
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
            #[cfg(feature = "egress")]
            egress: None,
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

    /// Checks WeCom's certificate, which the SDK does not, and more: see [`Egress`]. The way then leads through an egress of
    /// this [`Sdk`]'s own, and from there through the [`proxy`](Self::proxy), if there is one; the environment's
    /// `https_proxy` is ignored.
    ///
    /// ```no_run
    /// use wecom_finance::{Library, Sdk, Secret, Tls};
    ///
    /// // SAFETY: the vendor's library.
    /// let library = unsafe { Library::open("/opt/wecom/libWeWorkFinanceSdk_C.so") }?;
    /// let sdk = Sdk::builder(library, "ww0123456789abcdef", Secret::from_file("secret")?)
    ///     .verified_tls(Tls::default())
    ///     .build()?;
    /// # Ok::<(), wecom_finance::Error>(())
    /// ```
    #[cfg(feature = "egress")]
    pub fn verified_tls(mut self, tls: Tls) -> Self {
        self.egress = Some(ChosenEgress::Own(tls));
        self
    }

    /// The same with an egress that others use, too: sessions of all of them share its connections, its access token and its
    /// quota. A proxy has to be given to the egress, not here.
    #[cfg(feature = "egress")]
    pub fn egress(mut self, egress: Egress) -> Self {
        self.egress = Some(ChosenEgress::Shared(egress));
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
    /// [`Error::InvalidArgument`] for an empty corp id or secret, a timeout of zero, and text with a NUL inside. With an egress also
    /// for what contradicts it, a `no_proxy` in the environment that names WeCom's host among it, and what
    /// [`EgressBuilder::start`](crate::EgressBuilder::start) says.
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
            #[cfg(feature = "egress")]
            Source::Backend(_) if self.egress.is_some() => {
                return Err(Error::InvalidArgument {
                    argument: "egress",
                    problem: "has no effect on a backend of one's own, which has to take `Egress::session` itself",
                });
            }
            Source::Backend(backend) => backend,
            Source::Library { library, secret } => {
                not_empty("secret", secret.expose().is_empty())?;
                let connection = Connection::new(
                    CText::new("corp id", &self.corp_id)?,
                    SecretText::of("secret", &secret)?,
                    self.proxy.as_ref().map(Proxy::to_c).transpose()?,
                    self.timeout,
                );
                #[cfg(feature = "egress")]
                match self.egress {
                    None => Box::new(InProcess::new(library, connection)),
                    Some(chosen) => {
                        let egress = chosen.start(&self.corp_id, self.proxy, self.timeout)?;
                        Box::new(InProcess::through(library, connection, egress, self.timeout)?)
                    }
                }
                #[cfg(not(feature = "egress"))]
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

#[cfg(feature = "egress")]
impl ChosenEgress {
    fn start(self, corp_id: &str, proxy: Option<Proxy>, timeout: Duration) -> Result<Egress> {
        let invalid = |argument, problem| Err(Error::InvalidArgument { argument, problem });
        match (self, proxy) {
            (Self::Own(tls), proxy) => {
                let builder = Egress::builder(corp_id).tls(tls).timeout(timeout);
                match proxy {
                    Some(proxy) => builder.proxy(proxy),
                    None => builder,
                }
                .start()
            }
            (Self::Shared(_), Some(_)) => invalid("proxy", "has to be given to the egress"),
            (Self::Shared(egress), None) if egress.corp_id() != corp_id => {
                invalid("egress", "is another corp's")
            }
            (Self::Shared(egress), None) => Ok(egress),
        }
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
