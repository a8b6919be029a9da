//! What a corp says all day: messages and files, and what nobody can open.

use std::collections::{BTreeMap, VecDeque};
use std::time::{SystemTime, UNIX_EPOCH};

use fastrand::Rng;
use serde_json::json;
use wecom_finance_simulator::{MediaFile, MediaKind, MessageSpec, Sealing, World};
use wecom_finance_tests::deadly_message;

/// Files to which later messages may refer again.
const REMEMBERED: usize = 40;

/// One message in so many.
const WITH_FILE: u64 = 12;
const DEADLY: u64 = 400;
const UNREADABLE: u64 = 90;
const BEFORE_A_GAP: u64 = 150;

/// A key version whose key nobody has.
const NO_KEY: u32 = 99;

pub(super) struct Traffic {
    random: Rng,
    messages: u64,
    deadly: MessageSpec,
    /// What a key change leads to, and how much of the traffic it takes.
    next_version: Option<(u32, f64)>,
    files: VecDeque<String>,
    pub(super) files_made: u64,
    /// Why a message cannot be opened, by seq.
    pub(super) unopened: BTreeMap<u64, &'static str>,
}

impl Traffic {
    pub(super) fn new(seed: u64) -> Self {
        Self {
            random: Rng::with_seed(seed),
            messages: 0,
            deadly: deadly_message(""),
            next_version: None,
            files: VecDeque::new(),
            files_made: 0,
            unopened: BTreeMap::new(),
        }
    }

    /// From now on this share of the messages is sealed for another key version.
    pub(super) fn change_key(&mut self, version: u32, share: f64) {
        self.next_version = Some((version, share));
    }

    /// Adds so many messages, and some files.
    pub(super) fn flow(&mut self, world: &World, messages: u64) {
        for _ in 0..messages {
            self.messages += 1;
            if self.random.u64(..BEFORE_A_GAP) == 0 {
                world.add_gap(self.random.u64(1..30));
            }
            let (message, reason) = if self.random.u64(..DEADLY) == 0 {
                (self.deadly.clone().msgid(self.id("deadly")), Some("killed_worker"))
            } else if self.random.u64(..UNREADABLE) == 0 {
                let (message, reason) = self.unreadable();
                (message, Some(reason))
            } else {
                (self.readable(world), None)
            };
            let [seq] = world.add_messages([message])[..] else { panic!("one message has one seq") };
            if let Some(reason) = reason {
                self.unopened.insert(seq, reason);
            }
        }
    }

    /// A file that no message has carried before, for a fault of its own.
    pub(super) fn add_file(&mut self, world: &World) -> String {
        let media = self.new_file(world);
        let message = self.carrying(world, &media);
        world.add_messages([message]);
        media
    }

    fn id(&self, name: &str) -> String {
        format!("{name}-{}", self.messages)
    }

    fn unreadable(&mut self) -> (MessageSpec, &'static str) {
        let message = MessageSpec::new(self.text()).key_version(1);
        match self.random.u8(..4) {
            0 => (message.sealing(Sealing::CutTo { bytes: self.random.usize(..13) }), "too_short"),
            1 => (message.sealing(Sealing::ForVersion { version: 2 }), "cannot_decrypt"),
            2 => (MessageSpec::new("{\"msgid\": junk").msgid(self.id("junk")).key_version(1), "invalid_json"),
            _ => (message.key_version(NO_KEY), "missing_key"),
        }
    }

    fn readable(&mut self, world: &World) -> MessageSpec {
        if self.random.u64(..WITH_FILE) > 0 {
            let text = self.text();
            return self.sealed(text);
        }
        let again = self.files.len() >= REMEMBERED && self.random.u8(..10) == 0;
        let media =
            if again { self.random.choice(&self.files).unwrap().clone() } else { self.new_file(world) };
        self.carrying(world, &media)
    }

    fn sealed(&mut self, plaintext: String) -> MessageSpec {
        let version = match self.next_version {
            Some((version, share)) if self.random.f64() < share => version,
            _ => 1,
        };
        MessageSpec::new(plaintext).key_version(version)
    }

    fn text(&mut self) -> String {
        let content = "你好 ".repeat(self.random.usize(1..40));
        json!({ "msgid": self.id("text"), "action": "send", "from": "lin.yu", "tolist": ["chen.bo"], "msgtime": now(),
                "msgtype": "text", "text": { "content": content } })
        .to_string()
    }

    /// Small ones, a few of several pieces, and now and then the content of another one.
    fn new_file(&mut self, world: &World) -> String {
        self.files_made += 1;
        let id = format!("file-{}", self.files_made);
        let kind = self.random.choice([MediaKind::Image, MediaKind::Voice, MediaKind::File]).unwrap();
        let file = match self.random.u8(..20) {
            0 => MediaFile::generated(&id, kind, self.random.u64(524_280..1_600_000)),
            1 => MediaFile::given(&id, kind, vec![b'x'; self.random.usize(..20)]),
            _ => MediaFile::generated(&id, kind, self.random.u64(1..60_000)),
        };
        let media = world.add_media(file);
        self.files.push_back(media.id().to_owned());
        if self.files.len() > REMEMBERED {
            self.files.pop_front();
        }
        id
    }

    fn carrying(&mut self, world: &World, id: &str) -> MessageSpec {
        let media = world.media(id).unwrap();
        let (msgtype, size) = match media.kind() {
            MediaKind::Image => ("image", "filesize"),
            MediaKind::Voice => ("voice", "voice_size"),
            _ => ("file", "filesize"),
        };
        let message = json!({
            "msgid": format!("{}-{id}", self.id("carrying")), "action": "send", "from": "lin.yu", "tolist": ["chen.bo"],
            "msgtime": now(), "msgtype": msgtype,
            msgtype: { "sdkfileid": media.sdk_file_id(), "md5sum": media.md5(), size: media.len() },
        });
        self.sealed(message.to_string())
    }
}

fn now() -> u64 {
    let millis = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_millis();
    u64::try_from(millis).unwrap()
}
