//! The server, without its transport: what `gettoken`, `getchatdata` and `getchatmediadata` answer.

use std::time::Duration;

use base64::{Engine, engine::general_purpose::STANDARD};
use serde::{Deserialize, Serialize};

use crate::{
    ContentRange, Effect, Media, Operation, World,
    scenario::fault::{Level, Subject},
    world::lock,
};

pub(crate) mod tokens;

use tokens::Refusal;

/// The most messages in one page.
pub(crate) const PAGE: u32 = 1_000;
/// The address that refusals name as the client's, as WeCom's do. It belongs to documentation (RFC 5737).
const SEEN_ADDRESS: &str = "203.0.113.9";
/// The SDK's chunk of an encrypted media file, in bytes.
pub(crate) const CHUNK: u64 = 512 * 1024;

/// First and last byte of the value of a `Range` header.
pub(crate) fn parse_range(value: &str) -> Option<(u64, u64)> {
    let (first, last) = value.trim().strip_prefix("bytes=")?.split_once('-')?;
    Some((first.parse().ok()?, last.parse().ok()?))
}

/// An HTTP reply and what happens to it under way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    /// Name, in the letter case it has on the wire, and value.
    pub(crate) content_range: Option<(&'static str, String)>,
    pub(crate) body: Vec<u8>,
    pub(crate) delay: Duration,
    pub(crate) hang: bool,
    /// The connection ends after so many bytes.
    pub(crate) cut: Option<usize>,
    /// The file of which this is a proper piece, and where that ends.
    piece: Option<(String, u64)>,
}

impl Reply {
    fn ok(body: Vec<u8>) -> Self {
        Self {
            status: 200,
            content_range: None,
            body,
            delay: Duration::ZERO,
            hang: false,
            cut: None,
            piece: None,
        }
    }

    pub(crate) fn status(status: u16) -> Self {
        let body =
            format!("<html><head><title>{status}</title></head><body><h1>{status}</h1></body></html>\r\n");
        Self { status, ..Self::ok(body.into_bytes()) }
    }

    pub(crate) fn errcode(errcode: i64) -> Self {
        #[derive(Serialize)]
        struct Failure {
            errcode: i64,
            errmsg: String,
        }
        let errmsg = format!(
            "{}, hint: [simulated], from ip: {SEEN_ADDRESS}, more info at \
             https://open.work.weixin.qq.com/devtool/query?e={errcode}",
            describe(errcode)
        );
        Self::ok(json(&Failure { errcode, errmsg }))
    }
}

fn describe(errcode: i64) -> &'static str {
    match errcode {
        40_001 => "invalid credential",
        40_007 => "invalid media_id",
        40_013 => "invalid corpid",
        40_014 => "invalid access_token",
        41_053 => "customer has not agreed to the archive",
        42_001 => "access_token expired",
        45_009 => "api freq out of limit",
        47_001 => "data format error",
        48_002 => "api forbidden",
        60_020 | 301_042 => "not allow to access from your ip",
        301_048 => "media expired",
        301_052 => "msgaudit expired",
        301_053 => "msgaudit not opened",
        301_058 => "response too large",
        301_059 => "not an internal room",
        _ => "simulated failure",
    }
}

fn json(value: &impl Serialize) -> Vec<u8> {
    serde_json::to_vec(value).unwrap_or_default()
}

#[derive(Serialize)]
struct Page<'a> {
    errcode: i64,
    errmsg: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    chatdata: Option<Vec<SealedMessage<'a>>>,
}

#[derive(Serialize)]
struct SealedMessage<'a> {
    seq: u64,
    msgid: &'a str,
    publickey_ver: u32,
    encrypt_random_key: String,
    encrypt_chat_msg: String,
}

#[derive(Deserialize)]
struct ChatRequest {
    seq: u64,
    limit: u32,
}

#[derive(Deserialize)]
struct MediaRequest {
    fileid: String,
    #[serde(default)]
    authkey: String,
}

impl World {
    /// `GET /cgi-bin/gettoken`, for this world's corp.
    pub(crate) fn get_token(&self, secret: &str) -> Reply {
        #[derive(Serialize)]
        struct Granted {
            errcode: i64,
            errmsg: &'static str,
            access_token: String,
            expires_in: u64,
        }
        self.count(Operation::Token);
        let effects = self.strike(Operation::Token, Level::Server, &Subject::default());
        let reply = if secret == self.secret() {
            let (access_token, expires_in) = lock(&self.inner().tokens).issue();
            Reply::ok(json(&Granted { errcode: 0, errmsg: "ok", access_token, expires_in }))
        } else {
            Reply::errcode(40_001)
        };
        spoil(reply, effects, "errmsg")
    }

    /// `POST /cgi-bin/message/getchatdata`.
    pub(crate) fn get_chat_data(&self, access_token: &str, body: &[u8]) -> Reply {
        self.count(Operation::Chat);
        let Ok(ChatRequest { seq, limit }) = serde_json::from_slice(body) else {
            return Reply::errcode(47_001);
        };
        let limit = limit.min(PAGE);
        let subject = Subject { seqs: self.span(seq, limit), limit: Some(limit), ..Subject::default() };
        let effects = self.strike(Operation::Chat, Level::Server, &subject);
        if let Some(refusal) = self.refuse(access_token, &effects) {
            return spoil(refusal, effects, "chatdata");
        }
        // The page is expensive: not for nothing.
        if effects.iter().any(Effect::replaces_reply) {
            return spoil(Reply::ok(Vec::new()), effects, "chatdata");
        }
        if !lock(&self.inner().tokens).within_quota() {
            return spoil(Reply::errcode(45_009), effects, "chatdata");
        }
        let drafts = self.drafts(seq, usize::try_from(limit).unwrap_or(0));
        let page: Vec<_> = drafts
            .iter()
            .map(|draft| {
                let sealed = self.seal(draft);
                SealedMessage {
                    seq: draft.seq,
                    msgid: &draft.msgid,
                    publickey_ver: draft.key_version,
                    encrypt_random_key: sealed.encrypt_random_key,
                    encrypt_chat_msg: sealed.encrypt_chat_msg,
                }
            })
            .collect();
        let shown = !page.is_empty() || self.scenario().server.empty_array_at_head;
        let reply = Reply::ok(json(&Page { errcode: 0, errmsg: "ok", chatdata: shown.then_some(page) }));
        spoil(reply, effects, "chatdata")
    }

    /// `POST /cgi-bin/message/getchatmediadata` with a `Range` of these bytes, both inclusive.
    pub(crate) fn get_media_data(&self, access_token: &str, range: Option<(u64, u64)>, body: &[u8]) -> Reply {
        self.count(Operation::Media);
        let Ok(request) = serde_json::from_slice::<MediaRequest>(body) else { return Reply::errcode(47_001) };
        let (start, last) = range.unwrap_or((0, CHUNK - 1));
        let media = self.media(&request.fileid).filter(|media| media.id() == request.fileid);
        let names = media.as_deref().map(|media| [media.id(), media.sdk_file_id()]);
        let subject = Subject { file: names, offset: Some(start), ..Subject::default() };
        let effects = self.strike(Operation::Media, Level::Server, &subject);
        if let Some(refusal) = self.refuse(access_token, &effects) {
            return spoil(refusal, effects, "content");
        }
        let Some(media) = media.filter(|media| media.auth_key() == request.authkey) else {
            return spoil(Reply::errcode(40_007), effects, "content");
        };
        let in_sequence_only = self.scenario().server.media_in_sequence_only;
        if in_sequence_only && start != 0 && lock(&self.inner().media_sent_to).get(media.id()) != Some(&start)
        {
            return spoil(Reply::status(416), effects, "content");
        }
        let mut reply = chunk(&media, start, last, &effects);
        if in_sequence_only && effects.iter().all(|effect| matches!(effect, Effect::Delay(_))) {
            let end = last.saturating_add(1).min(media.encrypted_len());
            reply.piece = Some((media.id().to_owned(), end));
        }
        spoil(reply, effects, "content")
    }

    /// `POST /cgi-bin/msgaudit/get_permit_user_list`, which no SDK asks for.
    pub(crate) fn get_permit_user_list(&self, access_token: &str) -> Reply {
        #[derive(Serialize)]
        struct Permitted {
            errcode: i64,
            errmsg: &'static str,
            ids: Vec<String>,
        }
        self.refuse(access_token, &[]).unwrap_or_else(|| {
            let ids = (1..=self.scenario().server.members_in_scope).map(|number| format!("member{number}"));
            Reply::ok(json(&Permitted { errcode: 0, errmsg: "ok", ids: ids.collect() }))
        })
    }

    /// Told of every reply when it is sent.
    pub(crate) fn sends(&self, reply: &Reply) {
        if let Some((file, end)) = reply.piece.clone() {
            lock(&self.inner().media_sent_to).insert(file, end);
        }
    }

    fn refuse(&self, access_token: &str, effects: &[Effect]) -> Option<Reply> {
        let mut tokens = lock(&self.inner().tokens);
        if effects.contains(&Effect::RevokeToken) {
            tokens.revoke(access_token);
        }
        match tokens.spend(access_token) {
            Ok(()) => None,
            Err(Refusal::Invalid) => Some(Reply::errcode(40_014)),
            Err(Refusal::Expired) => Some(Reply::errcode(42_001)),
        }
    }
}

fn chunk(media: &Media, start: u64, last: u64, effects: &[Effect]) -> Reply {
    let total = media.encrypted_len();
    if start >= total || last < start {
        return Reply::status(416);
    }
    let end = last.min(total - 1);
    let mut bytes = media.encrypted(start, end);
    let mut header = Some(("CONTENT-RANGE", format!("BYTES {start}-{end}/{total}")));
    let mut given = true;
    for effect in effects {
        match effect {
            Effect::ContentRange(change) => header = change.header(start, end, total),
            Effect::Corrupt => {
                if let Some(byte) = bytes.first_mut() {
                    *byte ^= 1;
                }
            }
            Effect::Shorten { bytes: missing } => bytes.truncate(bytes.len().saturating_sub(*missing)),
            Effect::NoContent => given = false,
            _ => {}
        }
    }
    // By hand: a serializer would look at each of the 700,000 characters for what has to be escaped.
    let mut body = String::with_capacity(bytes.len() / 3 * 4 + 64);
    body.push_str(r#"{"errcode":0,"errmsg":"ok""#);
    if given {
        body.push_str(r#","content":""#);
        STANDARD.encode_string(bytes, &mut body);
        body.push('"');
    }
    body.push('}');
    Reply { content_range: header, ..Reply::ok(body.into_bytes()) }
}

impl ContentRange {
    fn header(&self, start: u64, end: u64, total: u64) -> Option<(&'static str, String)> {
        const NAME: &str = "CONTENT-RANGE";
        // The client goes on after the last byte it is told: to send it to `next`, the range has to end just before,
        // which for the beginning of the file is at -1.
        let leading_to = |next: u64| match next.checked_sub(1) {
            Some(before) => format!("BYTES {}-{before}/{total}", before.saturating_sub(CHUNK - 1)),
            None => format!("BYTES 0--1/{total}"),
        };
        match self {
            Self::Missing => None,
            Self::Lowercase => Some(("Content-Range", format!("bytes {start}-{end}/{total}"))),
            Self::StandsStill => Some((NAME, leading_to(start))),
            Self::Backwards => Some((NAME, leading_to(start.saturating_sub(CHUNK)))),
            Self::Value(value) => Some((NAME, value.clone())),
        }
    }
}

impl Effect {
    fn replaces_reply(&self) -> bool {
        matches!(
            self,
            Self::Status(_) | Self::ErrCode(_) | Self::Body(_) | Self::Huge { .. } | Self::Nested { .. }
        )
    }
}

/// Does to a reply what the faults say. `field` is the one that nested brackets go into.
fn spoil(mut reply: Reply, effects: Vec<Effect>, field: &str) -> Reply {
    for effect in effects {
        let (delay, hang, cut) = (reply.delay, reply.hang, reply.cut);
        match effect {
            Effect::Status(status) => reply = Reply { delay, hang, cut, ..Reply::status(status) },
            Effect::ErrCode(errcode) => reply = Reply { delay, hang, cut, ..Reply::errcode(errcode) },
            Effect::Body(body) => reply.body = body.0.0,
            Effect::Nested { depth } => {
                let (open, close) = ("[".repeat(depth), "]".repeat(depth));
                reply.body = format!(r#"{{"errcode":0,"errmsg":"ok","{field}":{open}{close}}}"#).into_bytes();
            }
            Effect::Huge { bytes } => reply.body = vec![b' '; bytes],
            Effect::Truncate { bytes } => reply.body.truncate(bytes),
            Effect::Delay(time) => reply.delay = reply.delay.saturating_add(time),
            Effect::Hang => reply.hang = true,
            Effect::Cut { bytes } => reply.cut = Some(reply.cut.map_or(bytes, |cut| cut.min(bytes))),
            // Done where the chunk or the token is at hand, or by the SDK's side.
            Effect::ContentRange(_)
            | Effect::Corrupt
            | Effect::Shorten { .. }
            | Effect::NoContent
            | Effect::RevokeToken
            | Effect::Return(_)
            | Effect::Abort => {}
        }
    }
    reply
}
