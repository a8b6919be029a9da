//! Invented conversation: each message is computed from the seed and its place, none is kept.

use std::{fmt::Write as _, sync::Arc};

use serde_json::{Value, json};

use super::media::{Media, MediaKind};
use crate::random;

/// 2026-03-26 06:00 UTC, in milliseconds.
const BEGINNING: u64 = 1_774_504_800_000;

const MEMBERS: [&str; 6] = ["lin.yu", "chen.bo", "wang-xiaoming", "ZhaoMin", "13800000000", "sam_lee"];
const CUSTOMERS: [&str; 5] = [
    "wmSimuAAAAh3Jd81kLmNoPqRsTuVwXyZ",
    "wmSimuAAAAk2Lm93pQrStUvWxYz01234",
    "wmSimuAAAAm4No15rStUvWxYz0123456",
    "woSimuAAAAp6Qr37tUvWxYz012345678",
    "woSimuAAAAs8Tu59vWxYz01234567890",
];
const ROOMS: [&str; 4] = [
    "wrSimuAAAA1r00mR00mR00mR00mR00mR",
    "wrSimuAAAA2r00mR00mR00mR00mR00mR",
    "wrSimuAAAA3r00mR00mR00mR00mR00mR",
    "wrSimuAAAA4r00mR00mR00mR00mR00mR",
];
const SAYINGS: [&str; 16] = [
    "明天上午十点发货[微笑]\n收到请回复",
    "好的，收到 👍",
    "Could you send me the quotation again? The last one seems to be for 50 units.",
    "我看一下合同，下午给您答复",
    "Sure — see you at 3pm 🙂",
    "@陈博 这个客户的回款到了吗？",
    "价格可以再商量，量大从优 💰",
    "这是一段引用：\n------\n「王小明：周五之前给结果」",
    "Thanks! 谢谢！",
    "👨‍👩‍👧‍👦🎉🎉",
    "请问发票抬头是\"示例科技（上海）有限公司\"吗？",
    "路径是 C:\\share\\报价\\2026，密码稍后发您",
    "OK",
    "在吗？",
    "The delivery will be delayed by two days because of the typhoon; our apologies for the inconvenience.",
    "𠮷野家见，十二点半 🍚",
];
const FILES: [(&str, &str); 6] = [
    ("报价单", "xlsx"),
    ("采购合同 (终稿)", "docx"),
    ("meeting notes 2026-03", "pdf"),
    ("产品手册", "pdf"),
    ("photos", "zip"),
    ("无扩展名", ""),
];

/// The media of a scenario in the order of their creation, for messages to refer to.
pub(crate) type MediaList = [Arc<Media>];

/// What one invented message is made from.
pub(crate) struct Place<'a> {
    pub(crate) seed: u64,
    pub(crate) seq: u64,
    pub(crate) media: &'a MediaList,
}

/// Its kind by place: of twenty messages twelve are text.
fn kind(index: u64) -> Kind {
    match index % 20 {
        2 => Kind::Media(MediaKind::Image),
        5 => Kind::Media(MediaKind::Voice),
        8 => Kind::Media(MediaKind::Video),
        11 => Kind::Media(if index % 40 < 20 { MediaKind::Gif } else { MediaKind::Png }),
        14 => Kind::Media(MediaKind::File),
        17 => Kind::Revoke,
        19 if index % 100 == 99 => Kind::Switch,
        _ => Kind::Text,
    }
}

#[derive(Debug, Clone, Copy)]
enum Kind {
    Text,
    Media(MediaKind),
    Revoke,
    Switch,
}

impl Place<'_> {
    /// The msgid of the message at `seq`, which others may refer to.
    fn msgid(&self, seq: u64, kind: Kind) -> String {
        let random = random::mix(self.seed ^ random::mix(seq));
        if matches!(kind, Kind::Switch) {
            return format!("{:021}", u128::from(random) * 43);
        }
        let suffix = if self.is_external(seq) { "_external" } else { "" };
        format!("{}_{}{suffix}", random, Self::time(seq).saturating_add(random % 3_000))
    }

    fn is_external(&self, seq: u64) -> bool {
        !random::mix(self.seed ^ seq).is_multiple_of(3)
    }

    fn time(seq: u64) -> u64 {
        BEGINNING.saturating_add(seq.saturating_mul(1_731))
    }

    /// A text message.
    pub(crate) fn text(&self) -> Vec<u8> {
        self.render(Kind::Text)
    }

    /// A message of one of the eight kinds, by `index`, its place in the conversation.
    pub(crate) fn any(&self, index: u64) -> Vec<u8> {
        self.render(kind(index))
    }

    /// A message that carries the file.
    pub(crate) fn carrying(&self, media: &Media) -> Vec<u8> {
        self.envelope(Kind::Media(media.kind()), &self.media_body(media))
    }

    fn render(&self, kind: Kind) -> Vec<u8> {
        let mut rng = random::for_index(self.seed, self.seq);
        match kind {
            Kind::Text => {
                let mut content = pick(&mut rng, &SAYINGS).to_owned();
                if rng.u8(..) < 80 {
                    _ = write!(content, " #{}", self.seq);
                }
                self.envelope(kind, &json!({ "content": content }))
            }
            Kind::Media(wanted) => {
                let fitting: Vec<_> = self.media.iter().filter(|media| media.kind() == wanted).collect();
                match rng.choice(fitting) {
                    Some(media) => self.envelope(kind, &self.media_body(media)),
                    None => self.render(Kind::Text),
                }
            }
            // The three before it are text, media and text: never a revocation itself.
            Kind::Revoke => {
                let before = self.seq.saturating_sub(rng.u64(1..=2)).max(1);
                self.envelope(kind, &json!({ "pre_msgid": self.msgid(before, Kind::Text) }))
            }
            Kind::Switch => {
                let user = pick(&mut rng, &MEMBERS);
                let msgid = self.msgid(self.seq, kind);
                to_bytes(
                    &json!({ "msgid": msgid, "action": "switch", "time": Self::time(self.seq), "user": user }),
                )
            }
        }
    }

    fn envelope(&self, kind: Kind, body: &Value) -> Vec<u8> {
        let mut rng = random::for_index(self.seed ^ 1, self.seq);
        let member = pick(&mut rng, &MEMBERS);
        let partner = loop {
            let partner = if self.is_external(self.seq) {
                pick(&mut rng, &CUSTOMERS)
            } else {
                pick(&mut rng, &MEMBERS)
            };
            if partner != member {
                break partner;
            }
        };
        let (from, to) = if rng.bool() { (member, partner) } else { (partner, member) };
        let (room, tolist) = if rng.u8(..) < 90 {
            let others = MEMBERS.iter().copied().filter(|name| *name != from && *name != to);
            (pick(&mut rng, &ROOMS), [to].into_iter().chain(others).collect())
        } else {
            ("", vec![to])
        };
        let (action, msgtype) = match kind {
            Kind::Text => ("send", "text"),
            Kind::Revoke => ("recall", "revoke"),
            Kind::Switch => ("switch", "switch"),
            Kind::Media(MediaKind::Image) => ("send", "image"),
            Kind::Media(MediaKind::Voice) => ("send", "voice"),
            Kind::Media(MediaKind::Video) => ("send", "video"),
            Kind::Media(MediaKind::Gif | MediaKind::Png) => ("send", "emotion"),
            Kind::Media(MediaKind::File) => ("send", "file"),
        };
        // Written piece by piece to keep the order of the genuine article: the body last, under the type's name.
        let head = json!(self.msgid(self.seq, kind));
        let text = format!(
            r#"{{"msgid":{head},"action":"{action}","from":{},"tolist":{},"roomid":"{room}","msgtime":{},"msgtype":"{msgtype}","{msgtype}":{body}}}"#,
            json!(from),
            json!(tolist),
            Self::time(self.seq),
        );
        text.into_bytes()
    }

    fn media_body(&self, media: &Media) -> Value {
        let mut rng = random::for_name(self.seed, media.id());
        let (md5, size, id) = (media.announced_md5(), media.announced_size(), media.sdk_file_id());
        match media.kind() {
            MediaKind::Image => json!({ "md5sum": md5, "filesize": size, "sdkfileid": id }),
            MediaKind::Voice => {
                json!({ "md5sum": md5, "voice_size": size, "play_length": size / 1_600 + 1, "sdkfileid": id })
            }
            MediaKind::Video => {
                json!({ "md5sum": md5, "filesize": size, "play_length": size / 100_000 + 1, "sdkfileid": id })
            }
            MediaKind::Gif | MediaKind::Png => json!({
                "type": if media.kind() == MediaKind::Gif { 1 } else { 2 },
                "width": 240, "height": 240, "imagesize": size, "md5sum": md5, "sdkfileid": id,
            }),
            MediaKind::File => {
                let (name, extension) = rng.choice(FILES).unwrap_or_default();
                let dot = if extension.is_empty() { "" } else { "." };
                json!({
                    "md5sum": md5, "filename": format!("{name}{dot}{extension}"), "fileext": extension,
                    "filesize": size, "sdkfileid": id,
                })
            }
        }
    }
}

fn pick(rng: &mut fastrand::Rng, of: &[&'static str]) -> &'static str {
    rng.choice(of.iter().copied()).unwrap_or_default()
}

fn to_bytes(value: &Value) -> Vec<u8> {
    value.to_string().into_bytes()
}
