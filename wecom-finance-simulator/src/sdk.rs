//! The stand-in for the SDK: what the genuine library makes of the server's replies.
//!
//! Every odd rule here was measured on the genuine library, and the tests of this crate hold the two side by side.

use std::{
    ffi::{CStr, c_int},
    time::{Duration, SystemTime},
};

use wecom_finance_sys::implement::{Implementation, MediaReply};

use crate::{
    Effect, Operation, World, registry,
    scenario::fault::{Level, Subject},
    wecom::PAGE,
};

mod media;
pub(crate) mod noise;
mod open;
mod reply;

/// Return codes of the C functions.
mod code {
    use std::ffi::c_int;

    pub(super) const PARAMETER: c_int = 10000;
    pub(super) const NETWORK: c_int = 10001;
    pub(super) const REPLY: c_int = 10002;
    pub(super) const SYSTEM: c_int = 10003;
    pub(super) const FILE_ID: c_int = 10005;
    pub(super) const DECRYPT: c_int = 10006;
    pub(super) const ENCRYPT_KEY: c_int = 10008;
    pub(super) const IP_NOT_ALLOWED: c_int = 10009;
    pub(super) const EXPIRED: c_int = 10010;
}

/// One handle of the stand-in.
#[derive(Debug, Default)]
pub(crate) struct StandIn {
    corp_id: String,
    secret: String,
    token: Option<HeldToken>,
}

/// An access token as a handle keeps it. The SDK counts in whole seconds of the clock.
#[derive(Debug)]
struct HeldToken {
    text: String,
    valid_through: u64,
}

impl Implementation for StandIn {
    fn new() -> Self {
        Self::default()
    }

    fn init(&mut self, corp_id: Option<&CStr>, secret: Option<&CStr>) -> c_int {
        let (Some(corp_id), Some(secret)) = (text(corp_id), text(secret)) else { return code::PARAMETER };
        if let Some(world) = registry::find(&corp_id)
            && let Some(code) = strike_sdk(&world, Operation::Init, &Subject::default())
        {
            return code;
        }
        *self = Self { corp_id, secret, token: None };
        0
    }

    fn get_chat_data(
        &mut self,
        seq: u64,
        limit: u32,
        _proxy: Option<&CStr>,
        _passwd: Option<&CStr>,
        timeout: c_int,
    ) -> Result<Vec<u8>, c_int> {
        if limit == 0 || limit > PAGE {
            return Err(code::PARAMETER);
        }
        let world = self.world()?;
        let subject = Subject { seqs: world.span(seq, limit), limit: Some(limit), ..Subject::default() };
        if let Some(code) = strike_sdk(&world, Operation::Chat, &subject) {
            return Err(code);
        }
        let patience = patience(timeout);
        let token = self.token(&world, patience)?;
        let request = format!(r#"{{"seq":{seq},"limit":{limit},"version":3}}"#);
        reply::arrive(&world, world.get_chat_data(&token, request.as_bytes()), patience)
            .map(|arrived| arrived.body)
    }

    fn decrypt_data(encrypt_key: Option<&CStr>, encrypt_msg: Option<&CStr>) -> Result<Vec<u8>, c_int> {
        let (Some(key), Some(message)) = (encrypt_key, encrypt_msg) else { return Err(code::PARAMETER) };
        let (key, message) = (key.to_bytes(), message.to_bytes());
        let marked = |world: World| world.marked_seq(message).map(|seq| (world, seq));
        if let Some((world, seq)) = registry::all().into_iter().find_map(marked) {
            world.count(Operation::Decrypt);
            let subject = Subject { seqs: Some((seq, seq)), ..Subject::default() };
            if let Some(code) = strike_sdk(&world, Operation::Decrypt, &subject) {
                return Err(code);
            }
        }
        match open::open(key, message) {
            Ok(plaintext) => Ok(plaintext),
            Err(open::Failure::Code(code)) => Err(code),
            Err(open::Failure::Abort) => std::process::abort(),
        }
    }

    fn get_media_data(
        &mut self,
        index_buf: Option<&CStr>,
        file_id: Option<&CStr>,
        _proxy: Option<&CStr>,
        _passwd: Option<&CStr>,
        timeout: c_int,
    ) -> Result<MediaReply, c_int> {
        let file_id = text(file_id).ok_or(code::PARAMETER)?;
        let range = media::Range::of_token(&text(index_buf).unwrap_or_default()).ok_or(code::PARAMETER)?;
        let file = media::FileId::read(&file_id).ok_or(code::FILE_ID)?;
        let world = self.world()?;
        let name = file.file();
        let subject =
            Subject { file: Some([&file_id, &name]), offset: Some(range.first), ..Subject::default() };
        if let Some(code) = strike_sdk(&world, Operation::Media, &subject) {
            return Err(code);
        }
        let patience = patience(timeout);
        let token = self.token(&world, patience)?;
        let reply = world.get_media_data(&token, range.as_server_reads_it(), &file.request());
        media::read(&reply::arrive(&world, reply, patience)?, &file)
    }
}

impl StandIn {
    /// The world this handle talks to. A corp that nobody simulates, and a handle without `Init`, are refused by
    /// `gettoken`.
    fn world(&self) -> Result<World, c_int> {
        registry::find(&self.corp_id).ok_or(code::NETWORK)
    }

    /// The handle's token, or a new one. Each of the two requests has the whole timeout to itself.
    fn token(&mut self, world: &World, patience: Option<Duration>) -> Result<String, c_int> {
        let now = seconds_now();
        if let Some(held) = self.token.as_ref().filter(|held| now <= held.valid_through) {
            return Ok(held.text.clone());
        }
        self.token = None;
        if let Some(code) = strike_sdk(world, Operation::Token, &Subject::default()) {
            return Err(code);
        }
        let arrived = reply::arrive(world, world.get_token(&self.secret), patience)?;
        let Some((text, lifetime)) = reply::token(&arrived.body) else {
            noise::refused(&arrived.body);
            return Err(code::NETWORK);
        };
        self.token =
            Some(HeldToken { text: text.clone(), valid_through: seconds_now().saturating_add(lifetime) });
        Ok(text)
    }
}

/// The code to return at once, if a fault of the SDK itself strikes.
fn strike_sdk(world: &World, operation: Operation, subject: &Subject<'_>) -> Option<c_int> {
    for effect in world.strike(operation, Level::Sdk, subject) {
        match effect {
            Effect::Return(code) => return Some(code),
            Effect::Abort => std::process::abort(),
            Effect::Delay(time) => std::thread::sleep(time),
            Effect::Hang => _ = world.hang(None),
            _ => {}
        }
    }
    None
}

/// How long the SDK waits for a reply; `None` is for ever.
fn patience(timeout: c_int) -> Option<Duration> {
    u64::try_from(timeout).ok().filter(|seconds| *seconds > 0).map(Duration::from_secs)
}

/// The text of an argument; `None` when it is NULL or empty.
fn text(argument: Option<&CStr>) -> Option<String> {
    argument.map(|text| text.to_string_lossy().into_owned()).filter(|text| !text.is_empty())
}

fn seconds_now() -> u64 {
    SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).map_or(0, |since| since.as_secs())
}
