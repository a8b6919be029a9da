//! A running stand-in: the scenario's messages and media, what clients did so far, and what goes wrong.

use std::{
    collections::HashMap,
    fmt,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError, RwLock,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use wecom_finance_sys::FunctionTable;

use crate::{
    Error, Loopback,
    keys::Keys,
    random, registry,
    scenario::{
        Block, Effect, Fault, Media, MediaFile, MessageSpec, Operation, Scenario, Sealing,
        fault::{ArmedFault, Level, Subject},
    },
    sdk::StandIn,
    seal::{self, PREFIX, Sealed},
    wecom::tokens::Tokens,
};

pub(crate) mod store;

use store::{Draft, Store};

/// A corp with its archive, as built from a [`Scenario`].
///
/// Clones are the same world. It can be served to the genuine SDK ([`serve`](Self::serve)) and through a C function
/// table in this process ([`table`](Self::table)), at the same time and by several threads.
///
/// ```
/// use wecom_finance_simulator::Scenario;
///
/// let world = Scenario::new().texts(2).build();
/// let (seq, plaintext) = world.messages().next().unwrap();
/// assert_eq!(seq, 1);
/// assert!(plaintext.starts_with(b"{\"msgid\":"));
/// ```
#[derive(Clone)]
pub struct World {
    inner: Arc<Inner>,
}

pub(crate) struct Inner {
    pub(crate) scenario: Scenario,
    keys: Keys,
    store: RwLock<Store>,
    media: RwLock<MediaIndex>,
    pub(crate) tokens: Mutex<Tokens>,
    faults: Mutex<Faults>,
    faults_cleared: AtomicU64,
    /// Where the piece ends that was sent last of a file, by its id; only where the server insists on sequence.
    pub(crate) media_sent_to: Mutex<HashMap<String, u64>>,
    any_fault: AtomicBool,
    counts: [AtomicU64; 4],
    /// Messages before this seq are not handed out any more.
    retained_from: AtomicU64,
}

#[derive(Debug, Default)]
struct MediaIndex {
    files: Vec<Arc<Media>>,
    by_name: HashMap<String, Arc<Media>>,
}

impl MediaIndex {
    fn add(&mut self, media: &Arc<Media>) {
        self.by_name.insert(media.id().to_owned(), Arc::clone(media));
        self.by_name.insert(media.sdk_file_id().to_owned(), Arc::clone(media));
        self.files.push(Arc::clone(media));
    }
}

#[derive(Debug)]
struct Faults {
    armed: Vec<ArmedFault>,
    rng: fastrand::Rng,
}

impl fmt::Debug for World {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("World").field("corp_id", &self.corp_id()).finish_non_exhaustive()
    }
}

impl World {
    pub(crate) fn of(scenario: Scenario) -> Result<Self, Error> {
        let pems = scenario.pems()?;
        let scenario = scenario.with_pems(pems.clone());
        let keys = Keys::from_pems(pems)?;
        let mut index = MediaIndex::default();
        for file in &scenario.media {
            index.add(&Arc::new(Media::new(file.clone(), scenario.seed)));
        }
        let mut store = Store::new(
            scenario.seed,
            scenario.server.first_seq,
            keys.versions().collect(),
            index.files.clone(),
        );
        for block in &scenario.blocks {
            store.push(block);
        }
        let armed: Vec<_> = scenario.faults.iter().cloned().map(ArmedFault::new).collect();
        let world = Self {
            inner: Arc::new(Inner {
                keys,
                store: RwLock::new(store),
                media: RwLock::new(index),
                tokens: Mutex::new(Tokens::new(&scenario)),
                any_fault: AtomicBool::new(!armed.is_empty()),
                faults: Mutex::new(Faults { armed, rng: random::for_index(scenario.seed, u64::MAX) }),
                faults_cleared: AtomicU64::new(0),
                media_sent_to: Mutex::default(),
                counts: Default::default(),
                retained_from: AtomicU64::new(scenario.server.retained_from),
                scenario,
            }),
        };
        registry::register(&world);
        Ok(world)
    }

    pub(crate) fn inner(&self) -> &Arc<Inner> {
        &self.inner
    }

    pub(crate) fn from_inner(inner: Arc<Inner>) -> Self {
        Self { inner }
    }

    /// The corp id to give to `Init`.
    #[must_use]
    pub fn corp_id(&self) -> &str {
        &self.inner.scenario.corp_id
    }

    /// The secret to give to `Init`.
    #[must_use]
    pub fn secret(&self) -> &str {
        &self.inner.scenario.secret
    }

    /// The scenario it was built from, with the keys that were generated for it: another process that builds this one
    /// has the same keys. What changed at run time is not in it.
    #[must_use]
    pub fn scenario(&self) -> &Scenario {
        &self.inner.scenario
    }

    /// The key versions, in ascending order.
    #[must_use]
    pub fn key_versions(&self) -> Vec<u32> {
        self.inner.keys.versions().collect()
    }

    /// The private key of a version in PEM, or `None` when there is none.
    #[must_use]
    pub fn key_pem(&self, version: u32) -> Option<&str> {
        self.inner.keys.pem(version)
    }

    /// All messages in order of seq, as (seq, plaintext): what a reader ought to end up with.
    pub fn messages(&self) -> impl Iterator<Item = (u64, Vec<u8>)> + use<> {
        self.all_drafts().map(|draft| (draft.seq, draft.plaintext))
    }

    /// The seq and msgid of all messages, in order of seq.
    pub fn msgids(&self) -> impl Iterator<Item = (u64, String)> + use<> {
        self.all_drafts().map(|draft| (draft.seq, draft.msgid))
    }

    /// A page at a time: holding the lock in between would keep others from adding.
    fn all_drafts(&self) -> impl Iterator<Item = Draft> + use<> {
        let world = self.clone();
        let mut after = Some(0);
        std::iter::from_fn(move || {
            let page = world.drafts(after?, 256);
            after = page.last().map(|draft| draft.seq);
            (!page.is_empty()).then_some(page)
        })
        .flatten()
    }

    /// A media file by its `sdkfileid`, or by the id the scenario gave it.
    #[must_use]
    pub fn media(&self, file_id: &str) -> Option<Arc<Media>> {
        read(&self.inner.media).by_name.get(file_id).cloned()
    }

    /// All media files.
    #[must_use]
    pub fn media_files(&self) -> Vec<Arc<Media>> {
        read(&self.inner.media).files.clone()
    }

    /// Adds messages at the end of the stream while it is being read, and gives their seqs.
    pub fn add_messages<M: Into<MessageSpec>>(&self, messages: impl IntoIterator<Item = M>) -> Vec<u64> {
        let blocks: Vec<_> = messages.into_iter().map(|message| Block::Message(message.into())).collect();
        let mut store = write(&self.inner.store);
        blocks.iter().map(|block| store.push(block).0).collect()
    }

    /// Adds `count` invented text messages at the end of the stream.
    pub fn add_texts(&self, count: u64) {
        write(&self.inner.store).push(&Block::Texts { count });
    }

    /// Forgets all messages before this seq, as WeCom does some days after they were sent: they are silently not handed out any
    /// more, whatever the cursor, and [`messages`](Self::messages) does not give them either. Their media files stay.
    pub fn forget_before(&self, seq: u64) {
        self.inner.retained_from.fetch_max(seq, Ordering::SeqCst);
    }

    fn last_forgotten(&self) -> u64 {
        self.inner.retained_from.load(Ordering::SeqCst).saturating_sub(1)
    }

    /// Adds a media file that no message carries yet.
    #[must_use]
    pub fn add_media(&self, file: MediaFile) -> Arc<Media> {
        let media = Arc::new(Media::new(file, self.inner.scenario.seed));
        write(&self.inner.media).add(&media);
        media
    }

    /// Adds a fault, whose calls are counted from now on.
    pub fn set_fault(&self, fault: Fault) {
        lock(&self.inner.faults).armed.push(ArmedFault::new(fault));
        self.inner.any_fault.store(true, Ordering::SeqCst);
    }

    /// Removes all faults and lets go of calls that hang.
    pub fn clear_faults(&self) {
        lock(&self.inner.faults).armed.clear();
        self.inner.any_fault.store(false, Ordering::SeqCst);
        self.inner.faults_cleared.fetch_add(1, Ordering::SeqCst);
    }

    /// Revokes all access tokens: calls with them are answered with 40014.
    pub fn revoke_tokens(&self) {
        lock(&self.inner.tokens).revoke_all();
    }

    /// Lets all access tokens expire: calls with them are answered with 42001.
    pub fn expire_tokens(&self) {
        lock(&self.inner.tokens).expire_all();
    }

    /// How often `gettoken` was called.
    #[must_use]
    pub fn token_calls(&self) -> u64 {
        self.count_of(Operation::Token)
    }

    /// How often chat data were asked for, refused requests included.
    #[must_use]
    pub fn chat_calls(&self) -> u64 {
        self.count_of(Operation::Chat)
    }

    /// How often media chunks were asked for, refused requests included.
    #[must_use]
    pub fn media_calls(&self) -> u64 {
        self.count_of(Operation::Media)
    }

    /// How often the stand-in for the SDK was asked to open one of this world's messages.
    #[must_use]
    pub fn decrypt_calls(&self) -> u64 {
        self.count_of(Operation::Decrypt)
    }

    /// The C functions of the stand-in for the SDK, in this process. They serve every world of the process by its
    /// corp id; this one is kept alive from now on, even when the last `World` of it is dropped.
    #[must_use]
    pub fn table(&self) -> &'static FunctionTable {
        registry::keep(self);
        FunctionTable::implemented_by::<StandIn>()
    }

    /// Serves this world on a loopback port, as the genuine SDK's proxy.
    ///
    /// # Errors
    ///
    /// When no port can be opened.
    pub fn serve(&self) -> std::io::Result<Loopback> {
        Loopback::builder().world(self).serve()
    }

    fn counter(&self, operation: Operation) -> Option<&AtomicU64> {
        let [token, chat, media, decrypt] = &self.inner.counts;
        match operation {
            Operation::Init => None,
            Operation::Token => Some(token),
            Operation::Chat => Some(chat),
            Operation::Media => Some(media),
            Operation::Decrypt => Some(decrypt),
        }
    }

    fn count_of(&self, operation: Operation) -> u64 {
        self.counter(operation).map_or(0, |count| count.load(Ordering::SeqCst))
    }

    pub(crate) fn count(&self, operation: Operation) {
        if let Some(counter) = self.counter(operation) {
            counter.fetch_add(1, Ordering::SeqCst);
        }
    }

    /// The effects that strike at this call.
    pub(crate) fn strike(&self, operation: Operation, level: Level, subject: &Subject<'_>) -> Vec<Effect> {
        if !self.inner.any_fault.load(Ordering::SeqCst) {
            return Vec::new();
        }
        let mut faults = lock(&self.inner.faults);
        let Faults { armed, rng } = &mut *faults;
        armed.iter_mut().filter_map(|fault| fault.strike(operation, level, subject, rng)).collect()
    }

    /// A mark that changes when the faults are cleared: what hangs compares it.
    pub(crate) fn faults_mark(&self) -> u64 {
        self.inner.faults_cleared.load(Ordering::SeqCst)
    }

    /// Sleeps up to `time` (for ever without), or until the faults are cleared: then `true`.
    pub(crate) fn hang(&self, time: Option<Duration>) -> bool {
        let (mark, since) = (self.faults_mark(), Instant::now());
        loop {
            let left = time.map(|time| time.saturating_sub(since.elapsed()));
            if left == Some(Duration::ZERO) {
                return false;
            }
            if self.faults_mark() != mark {
                return true;
            }
            std::thread::sleep(left.unwrap_or(Duration::MAX).min(Duration::from_millis(10)));
        }
    }

    pub(crate) fn drafts(&self, after: u64, limit: usize) -> Vec<Draft> {
        let after = after.max(self.last_forgotten());
        read(&self.inner.store).after(after, limit)
    }

    pub(crate) fn span(&self, after: u64, limit: u32) -> Option<(u64, u64)> {
        let after = after.max(self.last_forgotten());
        read(&self.inner.store).span(after, u64::from(limit))
    }

    /// Seals a message in the way it asks for.
    pub(crate) fn seal(&self, draft: &Draft) -> Sealed {
        let mut announced = None;
        let mut version = draft.key_version;
        match &draft.sealing {
            Sealing::Proper | Sealing::CutTo { .. } => {}
            Sealing::ForVersion { version: other } => version = *other,
            Sealing::Lengths { pre_len, end_len, s_len } => {
                announced = Some(seal::Layout { pre_len: *pre_len, end_len: *end_len, s_len: *s_len });
            }
            Sealing::Given { encrypt_random_key, encrypt_chat_msg } => {
                return Sealed {
                    encrypt_random_key: encrypt_random_key.clone(),
                    encrypt_chat_msg: encrypt_chat_msg.clone(),
                };
            }
        }
        let Some(key) = self.inner.keys.public(version) else {
            return Sealed { encrypt_random_key: String::new(), encrypt_chat_msg: String::new() };
        };
        let mut rng = random::for_index(self.inner.scenario.seed ^ 2, draft.seq);
        let mut sealed = seal::seal(&draft.plaintext, key, self.mark(draft.seq), announced, &mut rng);
        if let Sealing::CutTo { bytes } = draft.sealing {
            sealed.encrypt_chat_msg.truncate(bytes);
        }
        sealed
    }

    /// What the unused beginning of a sealed message holds: by it the stand-in's `DecryptData`, which is told neither
    /// corp nor seq, finds the faults that concern it.
    fn mark(&self, seq: u64) -> [u8; PREFIX] {
        let corp = random::hash(self.corp_id()) & 0x3ffff;
        let bits = u128::from(corp) << 60 | u128::from(seq & 0xfff_ffff_ffff_ffff);
        let mut shift = 6 * PREFIX;
        std::array::from_fn(|_| {
            shift = shift.saturating_sub(6);
            seal::letter(u64::try_from(bits >> shift & 63).unwrap_or(0))
        })
    }

    /// Whether the beginning of a sealed message is this world's, and the message's seq.
    pub(crate) fn marked_seq(&self, sealed: &[u8]) -> Option<u64> {
        let mark: &[u8; PREFIX] = sealed.first_chunk()?;
        let bits = mark.iter().try_fold(0_u128, |bits, letter| {
            seal::letter_bits(*letter).map(|value| bits << 6 | u128::from(value))
        })?;
        let seq = u64::try_from(bits & 0xfff_ffff_ffff_ffff).ok()?;
        (self.mark(seq) == *mark).then_some(seq)
    }
}

/// A poisoned lock guards data that are valid at every step: going on is right.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn read<T>(lock: &RwLock<T>) -> std::sync::RwLockReadGuard<'_, T> {
    lock.read().unwrap_or_else(PoisonError::into_inner)
}

fn write<T>(lock: &RwLock<T>) -> std::sync::RwLockWriteGuard<'_, T> {
    lock.write().unwrap_or_else(PoisonError::into_inner)
}
