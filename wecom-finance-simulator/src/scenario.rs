//! The description of a stand-in: corp, keys, messages, media, faults.

use std::{
    collections::BTreeMap,
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};

use serde::{Deserialize, Serialize};

use crate::{Error, World, keys};

pub(crate) mod conversation;
mod demo;
pub(crate) mod fault;
pub(crate) mod media;
pub(crate) mod message;

pub use fault::{ContentRange, Effect, Fault, FaultBody, Operation};
pub use media::{Media, MediaFile, MediaKind};
pub use message::{MessageSpec, Sealing};

/// A stretch of the message stream.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Block {
    /// Invented text messages.
    Texts { count: u64 },
    /// Invented messages of all kinds, referring to the scenario's media.
    Conversation { count: u64 },
    /// One message for the media file with this id.
    Carrying { file: String },
    /// The hostile messages of the corpus, or the others.
    Corpus { hostile: bool },
    /// One given message.
    Message(MessageSpec),
    /// Seqs that no message has.
    Gap { seqs: u64 },
}

/// Describes a corp, its messages, media and keys, and what goes wrong; [`build`](Self::build) makes it a [`World`].
///
/// It is plain data: as JSON it describes the stand-in to other processes ([`to_json`](Self::to_json)). The same
/// scenario gives the same messages and media everywhere; of the sealed texts only the randomness differs.
///
/// ```
/// use wecom_finance_simulator::{Effect, Fault, Scenario};
///
/// let world = Scenario::new()
///     .texts(100)
///     .media(3)
///     .key_version(2)
///     .fault(Fault::chat(Effect::ErrCode(45_009)).nth(2))
///     .revoke_token_after(5)
///     .build();
/// assert_eq!(world.messages().count(), 103);
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Scenario {
    pub(crate) corp_id: String,
    pub(crate) secret: String,
    #[serde(default)]
    pub(crate) seed: u64,
    /// Private keys in PEM by version.
    #[serde(default = "first_key")]
    keys: BTreeMap<u32, Option<String>>,
    #[serde(default)]
    pub(crate) blocks: Vec<Block>,
    #[serde(default)]
    pub(crate) media: Vec<MediaFile>,
    #[serde(default)]
    pub(crate) faults: Vec<Fault>,
    #[serde(default)]
    pub(crate) server: ServerOptions,
}

fn first_key() -> BTreeMap<u32, Option<String>> {
    BTreeMap::from([(1, None)])
}

/// How the server behaves when nothing goes wrong.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct ServerOptions {
    pub(crate) first_seq: u64,
    pub(crate) token_lifetime: Duration,
    pub(crate) revoke_token_after: Option<u64>,
    pub(crate) calls_per_minute: Option<u64>,
    pub(crate) empty_array_at_head: bool,
    pub(crate) retained_from: u64,
    pub(crate) media_in_sequence_only: bool,
    pub(crate) members_in_scope: u64,
}

impl Default for ServerOptions {
    fn default() -> Self {
        Self {
            first_seq: 1,
            token_lifetime: Duration::from_secs(7_200),
            revoke_token_after: None,
            calls_per_minute: None,
            empty_array_at_head: false,
            retained_from: 0,
            media_in_sequence_only: false,
            members_in_scope: 12,
        }
    }
}

impl Default for Scenario {
    fn default() -> Self {
        Self::new()
    }
}

impl Scenario {
    /// A corp with an id of its own within this process, key version 1, and no messages.
    #[must_use]
    pub fn new() -> Self {
        static COUNT: AtomicU64 = AtomicU64::new(1);
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        Self {
            corp_id: format!("wwsim{number:013}"),
            secret: format!("simulated-secret-{number}"),
            seed: 0,
            keys: BTreeMap::new(),
            blocks: Vec::new(),
            media: Vec::new(),
            faults: Vec::new(),
            server: ServerOptions::default(),
        }
    }

    /// A busy little company: 5,400 messages of all 34 types in Chinese and English (those of
    /// [`corpus`](Self::corpus) among them), three key versions, 92 media files from nothing to 3 MiB. The same in every
    /// process, and always of the corp [`Scenario::DEMO_CORP_ID`].
    #[must_use]
    pub fn demo() -> Self {
        demo::scenario()
    }

    /// The corp id of [`Scenario::demo`].
    pub const DEMO_CORP_ID: &'static str = "wwsimulateddemo001";

    /// The secret of [`Scenario::demo`].
    pub const DEMO_SECRET: &'static str = "simulated-demo-secret";

    /// Reads what [`to_json`](Self::to_json) wrote, or a hand-written description.
    ///
    /// # Errors
    ///
    /// [`Error::Scenario`] when it is no scenario, [`Error::Key`] when it has a key that cannot be read.
    pub fn from_json(json: &str) -> Result<Self, Error> {
        let scenario: Self =
            serde_json::from_str(json).map_err(|error| Error::Scenario { reason: error.to_string() })?;
        scenario.with_checked_keys()
    }

    /// Reads a JSON array of scenarios, one a corp, or a single scenario.
    ///
    /// # Errors
    ///
    /// As for [`from_json`](Self::from_json).
    pub fn list_from_json(json: &str) -> Result<Vec<Self>, Error> {
        if !json.trim_start().starts_with('[') {
            return Ok(vec![Self::from_json(json)?]);
        }
        let scenarios: Vec<Self> =
            serde_json::from_str(json).map_err(|error| Error::Scenario { reason: error.to_string() })?;
        scenarios.into_iter().map(Self::with_checked_keys).collect()
    }

    fn with_checked_keys(self) -> Result<Self, Error> {
        for pem in self.keys.values().flatten() {
            keys::PublicKey::of_private_pem(pem)?;
        }
        Ok(self)
    }

    /// The whole scenario as JSON.
    ///
    /// # Errors
    ///
    /// [`Error::Scenario`], should it not be serializable (a fault's probability that is not a number).
    pub fn to_json(&self) -> Result<String, Error> {
        serde_json::to_string_pretty(self).map_err(|error| Error::Scenario { reason: error.to_string() })
    }

    /// Sets the corp id. Worlds in one process need different ones.
    #[must_use]
    pub fn corp_id(mut self, corp_id: impl Into<String>) -> Self {
        self.corp_id = corp_id.into();
        self
    }

    /// Sets the secret that `gettoken` accepts.
    #[must_use]
    pub fn secret(mut self, secret: impl Into<String>) -> Self {
        self.secret = secret.into();
        self
    }

    /// Sets what all invented content is computed from.
    #[must_use]
    pub fn seed(mut self, seed: u64) -> Self {
        self.seed = seed;
        self
    }

    /// Adds a key version. Versions 1 to 3 have fixed test keys, others are generated when the world is built.
    /// Without any there is version 1. Messages announce the newest unless they say otherwise; invented ones change
    /// over from version to version in the course of the stream.
    #[must_use]
    pub fn key_version(mut self, version: u32) -> Self {
        self.keys.entry(version).or_insert(None);
        self
    }

    /// Adds a key version with a private key of your own, in PEM (PKCS#1 or PKCS#8).
    ///
    /// # Errors
    ///
    /// [`Error::Key`] when it is no such RSA key.
    pub fn key(mut self, version: u32, pem: impl Into<String>) -> Result<Self, Error> {
        let pem = pem.into();
        keys::PublicKey::of_private_pem(&pem)?;
        self.keys.insert(version, Some(pem));
        Ok(self)
    }

    /// Adds `count` invented text messages. They are computed when asked for: millions cost nothing.
    #[must_use]
    pub fn texts(mut self, count: u64) -> Self {
        self.blocks.push(Block::Texts { count });
        self
    }

    /// Adds `count` invented messages of eight types: text, image, voice, video, emotion, file, revoke and switch.
    /// Those with media refer to the scenario's media files, and turn into text where there is none of the kind.
    #[must_use]
    pub fn conversation(mut self, count: u64) -> Self {
        self.blocks.push(Block::Conversation { count });
        self
    }

    /// Adds the corpus: several hundred messages, written by hand, that show every type there is, what sources disagree
    /// about and what may be missing, with the media files they refer to.
    ///
    /// All of them are valid JSON, and all their files can be fetched. A few are of types that no reader knows yet.
    #[must_use]
    pub fn corpus(self) -> Self {
        self.with_corpus(false)
    }

    /// Adds the hostile part of the corpus: invalid JSON, text that is not UTF-8, file names that climb out of their
    /// directory, numbers beyond all bounds, files that are not there.
    #[must_use]
    pub fn hostile_corpus(self) -> Self {
        self.with_corpus(true)
    }

    fn with_corpus(mut self, hostile: bool) -> Self {
        for file in crate::corpus::media_files() {
            if !self.media.contains(&file) {
                self.media.push(file);
            }
        }
        self.blocks.push(Block::Corpus { hostile });
        self
    }

    /// Adds `count` generated media files of different kinds and sizes, each with a message that carries it.
    #[must_use]
    pub fn media(mut self, count: u64) -> Self {
        const KINDS: [MediaKind; 6] = [
            MediaKind::Image,
            MediaKind::Voice,
            MediaKind::File,
            MediaKind::Video,
            MediaKind::Gif,
            MediaKind::Png,
        ];
        for kind in KINDS.into_iter().cycle().take(usize::try_from(count).unwrap_or(usize::MAX)) {
            let number = self.media.len();
            let size = 1_000 + crate::random::mix(u64::try_from(number).unwrap_or(0)) % 700_000;
            self = self.media_file(MediaFile::generated(format!("media-{number}"), kind, size));
        }
        self
    }

    /// Adds a media file and a message that carries it.
    #[must_use]
    pub fn media_file(mut self, file: MediaFile) -> Self {
        self.blocks.push(Block::Carrying { file: file.id().to_owned() });
        self.media.push(file);
        self
    }

    /// Adds a message that carries a media file that was added before: several messages may carry one file.
    #[must_use]
    pub fn carrying(mut self, file_id: impl Into<String>) -> Self {
        self.blocks.push(Block::Carrying { file: file_id.into() });
        self
    }

    /// Adds a media file and no message.
    #[must_use]
    pub fn loose_media_file(mut self, file: MediaFile) -> Self {
        self.media.push(file);
        self
    }

    /// Adds a message: a plaintext, or a [`MessageSpec`].
    #[must_use]
    pub fn message(mut self, message: impl Into<MessageSpec>) -> Self {
        self.blocks.push(Block::Message(message.into()));
        self
    }

    /// Leaves out so many seqs, as WeCom does now and then.
    #[must_use]
    pub fn gap(mut self, seqs: u64) -> Self {
        self.blocks.push(Block::Gap { seqs });
        self
    }

    /// Sets the seq of the first message; otherwise 1.
    #[must_use]
    pub fn first_seq(mut self, seq: u64) -> Self {
        self.server.first_seq = seq;
        self
    }

    /// Adds a fault.
    #[must_use]
    pub fn fault(mut self, fault: Fault) -> Self {
        self.faults.push(fault);
        self
    }

    /// Sets how long an access token lives; otherwise two hours. Whole seconds are announced as `expires_in`.
    #[must_use]
    pub fn token_lifetime(mut self, lifetime: Duration) -> Self {
        self.server.token_lifetime = lifetime;
        self
    }

    /// Lets every access token be revoked after so many calls with it: the next one is answered with 40014.
    #[must_use]
    pub fn revoke_token_after(mut self, calls: u64) -> Self {
        self.server.revoke_token_after = Some(calls);
        self
    }

    /// Answers more than so many `GetChatData` calls within a minute with 45009. WeCom allows 600; without this
    /// setting there is no limit.
    #[must_use]
    pub fn calls_per_minute(mut self, calls: u64) -> Self {
        self.server.calls_per_minute = Some(calls);
        self
    }

    /// At the head of the stream the reply holds `"chatdata":[]`; otherwise the field is absent. Both occur.
    #[must_use]
    pub fn empty_array_at_head(mut self) -> Self {
        self.server.empty_array_at_head = true;
        self
    }

    /// Messages before this seq have left the window of a few days: they are silently not handed out. In JSON it is
    /// `"server":{"retained_from":…}`; a running world is told by [`World::forget_before`].
    #[must_use]
    pub fn retained_from(mut self, seq: u64) -> Self {
        self.server.retained_from = seq;
        self
    }

    /// Refuses ranges of a file out of order, with HTTP 416: only its beginning is answered, and the range that begins
    /// where the last proper reply for this file ended. WeCom answers any.
    #[must_use]
    pub fn media_in_sequence_only(mut self) -> Self {
        self.server.media_in_sequence_only = true;
        self
    }

    /// Sets how many members `msgaudit/get_permit_user_list` names; otherwise 12. Who writes the messages does not depend on it.
    #[must_use]
    pub fn members_in_scope(mut self, members: u64) -> Self {
        self.server.members_in_scope = members;
        self
    }

    /// Private keys in PEM by version, with those filled in that are fixed or have to be made.
    pub(crate) fn pems(&self) -> Result<BTreeMap<u32, String>, Error> {
        let versions = if self.keys.is_empty() { &first_key() } else { &self.keys };
        versions
            .iter()
            .map(|(version, pem)| match pem {
                Some(pem) => Ok((*version, pem.clone())),
                None => keys::private_pem(*version).map(|pem| (*version, pem)),
            })
            .collect()
    }

    /// Fixes the keys to these.
    pub(crate) fn with_pems(mut self, pems: BTreeMap<u32, String>) -> Self {
        self.keys = pems.into_iter().map(|(version, pem)| (version, Some(pem))).collect();
        self
    }

    /// Builds the world: from here on it is served and counted.
    ///
    /// # Panics
    ///
    /// When a key has to be generated and the system has no randomness.
    #[must_use]
    #[allow(
        clippy::expect_used,
        reason = "keys were checked when they came in, and without randomness nothing else would work either"
    )]
    pub fn build(self) -> World {
        World::of(self).expect("a checked scenario builds")
    }
}
