//! The message stream: stretches of seqs, whose messages are computed when asked for.

use std::sync::Arc;

use crate::{
    corpus, random,
    scenario::{Block, Media, MessageSpec, Sealing, conversation::Place},
};

/// A message before it is sealed.
#[derive(Debug)]
pub(crate) struct Draft {
    pub(crate) seq: u64,
    pub(crate) msgid: String,
    pub(crate) key_version: u32,
    pub(crate) plaintext: Vec<u8>,
    pub(crate) sealing: Sealing,
}

#[derive(Debug)]
struct Stretch {
    first: u64,
    count: u64,
    /// Place in the whole stream of the stretch's first message, gaps not counted.
    index: u64,
    content: Content,
}

#[derive(Debug)]
enum Content {
    Texts,
    Conversation,
    Carrying(Arc<Media>),
    Given(Arc<MessageSpec>),
    Corpus(Vec<Vec<u8>>),
}

impl Stretch {
    fn last(&self) -> u64 {
        self.first.saturating_add(self.count).saturating_sub(1)
    }
}

#[derive(Debug)]
pub(crate) struct Store {
    seed: u64,
    key_versions: Vec<u32>,
    media: Vec<Arc<Media>>,
    stretches: Vec<Stretch>,
    next_seq: u64,
    count: u64,
}

/// Invented messages under one key version before the next one's turn.
const MESSAGES_PER_KEY: u64 = 700;

impl Store {
    pub(crate) fn new(seed: u64, first_seq: u64, key_versions: Vec<u32>, media: Vec<Arc<Media>>) -> Self {
        Self { seed, key_versions, media, stretches: Vec::new(), next_seq: first_seq, count: 0 }
    }

    /// Appends a block and gives the seqs of its messages, the first one and how many.
    pub(crate) fn push(&mut self, block: &Block) -> (u64, u64) {
        let (count, content) = match block {
            Block::Gap { seqs } => {
                self.next_seq = self.next_seq.saturating_add(*seqs);
                return (self.next_seq, 0);
            }
            Block::Texts { count } => (*count, Content::Texts),
            Block::Conversation { count } => (*count, Content::Conversation),
            Block::Message(spec) => (1, Content::Given(Arc::new(spec.clone()))),
            Block::Corpus { hostile } => {
                let messages = corpus::messages(*hostile, &self.media);
                (u64::try_from(messages.len()).unwrap_or(u64::MAX), Content::Corpus(messages))
            }
            Block::Carrying { file } => match self.media.iter().find(|media| media.id() == file) {
                Some(media) => (1, Content::Carrying(Arc::clone(media))),
                None => return (self.next_seq, 0),
            },
        };
        let first = self.next_seq;
        if count > 0 {
            self.stretches.push(Stretch { first, count, index: self.count, content });
            self.next_seq = first.saturating_add(count);
            self.count = self.count.saturating_add(count);
        }
        (first, count)
    }

    /// Up to `limit` seqs after `seq`, with their messages.
    pub(crate) fn after(&self, seq: u64, limit: usize) -> Vec<Draft> {
        let from = self.stretches.partition_point(|stretch| stretch.last() <= seq);
        self.stretches
            .iter()
            .skip(from)
            .flat_map(|stretch| {
                let start = stretch.first.max(seq.saturating_add(1));
                (start..=stretch.last()).map(move |seq| (stretch, seq))
            })
            .take(limit)
            .map(|(stretch, seq)| self.draft(stretch, seq))
            .collect()
    }

    /// The first and the last seq of the page after `seq`, without making its messages.
    pub(crate) fn span(&self, seq: u64, limit: u64) -> Option<(u64, u64)> {
        let from = self.stretches.partition_point(|stretch| stretch.last() <= seq);
        let mut left = limit;
        let mut span = None;
        for stretch in self.stretches.iter().skip(from) {
            if left == 0 {
                break;
            }
            let start = stretch.first.max(seq.saturating_add(1));
            let there = stretch.last().saturating_sub(start).saturating_add(1).min(left);
            left = left.saturating_sub(there);
            let end = start.saturating_add(there).saturating_sub(1);
            span = Some((span.map_or(start, |(first, _)| first), end));
        }
        span
    }

    fn draft(&self, stretch: &Stretch, seq: u64) -> Draft {
        let index = stretch.index.saturating_add(seq.saturating_sub(stretch.first));
        let place = Place { seed: self.seed, seq, media: &self.media };
        let mut key_version = self.key_at(index);
        let mut sealing = Sealing::Proper;
        let mut msgid = None;
        let plaintext = match &stretch.content {
            Content::Texts => place.text(),
            Content::Conversation => place.any(index),
            Content::Carrying(media) => place.carrying(media),
            Content::Corpus(messages) => usize::try_from(seq.saturating_sub(stretch.first))
                .ok()
                .and_then(|place| messages.get(place))
                .cloned()
                .unwrap_or_default(),
            Content::Given(spec) => {
                key_version = spec.key_version.or_else(|| self.key_versions.last().copied()).unwrap_or(1);
                sealing.clone_from(&spec.sealing);
                msgid.clone_from(&spec.msgid);
                spec.plaintext.0.clone()
            }
        };
        let msgid = msgid.or_else(|| msgid_of(&plaintext)).unwrap_or_else(|| {
            format!("{}_{}", random::mix(self.seed ^ seq), 1_774_504_800_000_u64.saturating_add(seq))
        });
        Draft { seq, msgid, key_version, plaintext, sealing }
    }

    /// Invented messages go through the key versions in order and stay with the newest.
    fn key_at(&self, index: u64) -> u32 {
        let turn = usize::try_from(index / MESSAGES_PER_KEY).unwrap_or(usize::MAX);
        self.key_versions.get(turn).or_else(|| self.key_versions.last()).copied().unwrap_or(1)
    }
}

fn msgid_of(plaintext: &[u8]) -> Option<String> {
    #[derive(serde::Deserialize)]
    struct Named {
        msgid: String,
    }
    serde_json::from_slice::<Named>(plaintext).ok().map(|named| named.msgid)
}
