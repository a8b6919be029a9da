use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use wecom_finance_sys::{Library, LibraryFile};

use super::{AdaptivePageSize, Inner, PageSize, RetryPolicy, Sdk, SessionPool};
use crate::backend::{Backend, InProcess, Route};
use crate::native::{CText, Connection, SecretText};
use crate::worker::{self, Access, Worker};
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
    worker: Option<Worker>,
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

/// The SDK, loaded into this process, or as a file for a [`Worker`] to load.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum LibrarySource {
    /// Loaded into this process. A worker loads the same file once more.
    Loaded(Library),
    /// Not loaded here.
    File(LibraryFile),
}

impl From<Library> for LibrarySource {
    fn from(library: Library) -> Self {
        Self::Loaded(library)
    }
}

impl From<LibraryFile> for LibrarySource {
    fn from(file: LibraryFile) -> Self {
        Self::File(file)
    }
}

impl LibrarySource {
    fn loaded(self) -> Result<Library> {
        match self {
            Self::Loaded(library) => Ok(library),
            Self::File(_) => Err(Error::InvalidArgument {
                argument: "library",
                problem: "is only named: leave it to a worker (SdkBuilder::isolated) or load it (Library::open)",
            }),
        }
    }

    fn file(self) -> Result<LibraryFile> {
        match self {
            Self::File(file) => Ok(file),
            Self::Loaded(library) => library.file().ok_or(Error::InvalidArgument {
                argument: "library",
                problem: "is a stand-in without a file, which no worker can load",
            }),
        }
    }
}

pub(super) enum Source {
    Library { library: LibrarySource, secret: Secret },
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
            worker: None,
        }
    }

    /// Leaves the SDK to a process of its own: see [`worker`](crate::worker). It is started by
    /// [`build`](Self::build), and ends with the last clone of the [`Sdk`].
    pub fn isolated(mut self, worker: Worker) -> Self {
        self.worker = Some(worker);
        self
    }

    /// Reaches WeCom through a proxy. Without one, the SDK honours the environment's `https_proxy`; in a worker, only
    /// if [told to](Worker::proxy_from_environment).
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
    /// [`Error::InvalidArgument`] for an empty corp id or secret, a timeout of zero, text with a NUL inside, and a
    /// library that is only named without a worker to load it. With a worker, [`Error::WorkerStart`], and
    /// [`Error::Load`] for an SDK that cannot be loaded there. With an egress also for what contradicts it, a `no_proxy` in
    /// the environment that names WeCom's host among it, and what
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
        #[cfg(feature = "egress")]
        let mut egress = None;
        let (backend, worker_counters) = match self.source {
            #[cfg(feature = "egress")]
            Source::Backend(_) if self.egress.is_some() => {
                return Err(Error::InvalidArgument {
                    argument: "egress",
                    problem: "has no effect on a backend of one's own, which has to take `Egress::session` itself",
                });
            }
            Source::Backend(_) if self.worker.is_some() => {
                return Err(Error::InvalidArgument {
                    argument: "worker",
                    problem: "is for the SDK itself, not for a backend that stands for it",
                });
            }
            Source::Backend(backend) => (backend, None),
            Source::Library { library, secret } => {
                not_empty("secret", secret.expose().is_empty())?;
                #[cfg(feature = "egress")]
                let route = match self.egress {
                    Some(chosen) => {
                        let started = chosen.start(&self.corp_id, self.proxy, self.timeout)?;
                        Route::Verified(egress.insert(started).clone())
                    }
                    None => Route::Own(self.proxy),
                };
                #[cfg(not(feature = "egress"))]
                let route = Route::Own(self.proxy);
                let timeout = self.timeout;
                // In any case: what the SDK would misread is an error here, and not in a worker.
                let connection = Connection::new(
                    CText::new("corp id", &self.corp_id)?,
                    SecretText::of("secret", &secret)?,
                    route.proxy().map(Proxy::to_c).transpose()?,
                    timeout,
                );
                match self.worker {
                    None => {
                        let backend = InProcess::new(library.loaded()?, connection, route, timeout)?;
                        (Box::new(backend) as Box<dyn Backend>, None)
                    }
                    Some(worker) => {
                        let (corp_id, library) = (self.corp_id.clone(), library.file()?);
                        let access = Access { library, corp_id, secret, route, timeout };
                        let (backend, counters) = worker::start(worker, access)?;
                        (backend, Some(counters))
                    }
                }
            }
        };
        Ok(Sdk {
            inner: Arc::new(Inner {
                backend,
                sessions: SessionPool::default(),
                retry: self.retry,
                page_size: AdaptivePageSize::new(self.page_size),
                corp_id: self.corp_id,
                worker_counters,
                #[cfg(feature = "egress")]
                egress,
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
            .field("worker", &self.worker)
            .finish_non_exhaustive()
    }
}
