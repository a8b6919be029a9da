//! A long conversation with many faults, the same for the genuine SDK and the stand-in.
//!
//! `transcript.txt` was recorded on the genuine SDK: `RECORD_TRANSCRIPT=1` with the SDK at hand writes it anew.

use std::fmt::Write as _;

use base64::{Engine, engine::general_purpose::STANDARD};
use wecom_finance_simulator::{ContentRange, Control, Effect, Fault, MediaFile, MediaKind, Scenario, World};

use crate::caller::{Caller, Chunk, Keys, Page, genuine};

const TRANSCRIPT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/suite/transcript.txt");

pub(crate) fn scenario() -> Scenario {
    Scenario::new()
        .texts(3)
        .media_file(MediaFile::generated("big", MediaKind::File, 600_000))
        .media_file(MediaFile::generated("small", MediaKind::File, 100))
}

struct Talk<'a> {
    world: &'a World,
    caller: &'a Caller,
    lines: String,
}

#[test]
fn genuine_sdk_says_what_was_recorded() {
    let Some(library) = genuine() else { return };
    let world = scenario().build();
    let server = world.serve().unwrap();
    let said = talk(&world, &Caller::genuine(library, &server.proxy_url()));
    if std::env::var_os("RECORD_TRANSCRIPT").is_some() {
        std::fs::write(TRANSCRIPT, &said).unwrap();
    }
    compare(&said);
}

#[test]
fn stand_in_says_what_was_recorded() {
    let world = scenario().build();
    says_what_was_recorded(&world, &Caller::stand_in(&world));
}

pub(crate) fn says_what_was_recorded(world: &World, caller: &Caller) {
    compare(&talk(world, caller));
}

fn compare(said: &str) {
    let recorded = std::fs::read_to_string(TRANSCRIPT).unwrap();
    let differing: Vec<_> =
        said.lines().zip(recorded.lines()).filter(|(said, recorded)| said != recorded).collect();
    assert!(differing.is_empty(), "said, recorded: {differing:#?}");
    assert_eq!(said.lines().count(), recorded.lines().count());
}

fn talk(world: &World, caller: &Caller) -> String {
    let mut talk = Talk { world, caller, lines: String::new() };
    talk.index_tokens();
    talk.content_ranges();
    talk.media_replies();
    talk.transport();
    talk.paddings();
    talk.file_ids();
    talk.arguments();
    talk.token_replies();
    talk.token_life();
    talk.opening();
    talk.lines
}

impl Talk<'_> {
    fn head(&mut self, title: &str) {
        writeln!(self.lines, "\n# {title}").unwrap();
    }

    fn chunk(&mut self, what: &str, chunk: &Chunk) {
        let Chunk { code, token, data, finish } = chunk;
        let end = if *finish { ", end" } else { "" };
        writeln!(self.lines, "{what}: {code}, {} bytes, next {token:?}{end}", data.len()).unwrap();
    }

    fn id(&self, name: &str) -> String {
        self.world.media(name).unwrap().sdk_file_id().to_owned()
    }

    /// The first and the last chunk of a long file, and a short file.
    fn three_chunks(&mut self, what: &str) {
        let mut handle = self.caller.handle(self.world);
        let (big, small) = (self.id("big"), self.id("small"));
        self.chunk(&format!("{what} first"), &handle.chunk(Some(""), Some(&big)));
        let last = handle.chunk(Some("Range:bytes=524288-600015"), Some(&big));
        self.chunk(&format!("{what} last"), &last);
        self.chunk(&format!("{what} only"), &handle.chunk(None, Some(&small)));
    }

    fn with_fault(&mut self, fault: Fault, then: impl FnOnce(&mut Self)) {
        self.caller.tell(self.world, &Control::SetFault(fault));
        then(self);
        self.caller.tell(self.world, &Control::ClearFaults);
    }

    fn index_tokens(&mut self) {
        self.head("index tokens");
        let big = self.id("big");
        let mut handle = self.caller.handle(self.world);
        let ranges = [
            "0-15",
            "16-47",
            "524288-1048575",
            "0-1048575",
            "599984-600015",
            "600000-600015",
            "600016-600031",
            "0-16",
            "1-16",
            "15-0",
            "0-",
            "-",
            "",
            "0-15x",
            "-16-15",
            "+0-15",
            " 0-15",
            "0-15,16-31",
            "00-15",
            "0--1",
            "4294967296-4294967311",
            "0-4294967295",
            "99999999999999999999-99999999999999999999",
        ];
        let tokens = ranges.map(|range| format!("Range:bytes={range}"));
        let odd = ["", "bytes=0-15", "Range: bytes=0-15", "range:bytes=0-15", " Range:bytes=0-15", "junk"];
        for token in odd.into_iter().chain(tokens.iter().map(String::as_str)) {
            let chunk = handle.chunk(Some(token), Some(&big));
            self.chunk(&format!("{token:?}"), &chunk);
        }
        let chunk = handle.chunk(None, Some(&big));
        self.chunk("NULL", &chunk);
    }

    fn content_ranges(&mut self) {
        self.head("CONTENT-RANGE");
        let values = [
            "BYTES 0-524287/600016",
            "BYTES 0-15/600016",
            "bytes 0-524287/600016",
            "BYTES=0-524287/600016",
            "BYTES 0-524287/*",
            "BYTES 0-524287",
            "BYTES 0-",
            "BYTES 5",
            "junk",
            "",
            "BYTES 0-600015/600016",
            "BYTES 0-600016/600016",
            "BYTES 0-524287/0",
            "BYTES -5-10/600016",
            "BYTES 100-50/600016",
            "BYTES 0-99999999999/600016",
            "BYTES 0-524287/99999999999999",
            "BYTES  0-524287/600016",
            "BYTES 524288-600014/600016",
            "BYTES 0--1/0",
            "BYTES 0-0/1",
        ];
        let changes = values.map(|value| ContentRange::Value(value.to_owned()));
        let kinds = [
            ContentRange::Missing,
            ContentRange::Lowercase,
            ContentRange::StandsStill,
            ContentRange::Backwards,
        ];
        for change in kinds.into_iter().chain(changes) {
            let fault = Fault::media(Effect::ContentRange(change.clone()));
            self.with_fault(fault, |talk| talk.three_chunks(&format!("{change:?}")));
        }
    }

    fn media_replies(&mut self) {
        self.head("media replies");
        let bodies = [
            r#"{"errcode":0,"content":""}"#,
            r#"{"errcode":0,"content":null}"#,
            r#"{"errcode":0,"content":5}"#,
            r#"{"errcode":0,"content":[]}"#,
            r#"{"errcode":0}"#,
            "{}",
            "[]",
            "5",
            "null",
            r#""x""#,
            "",
            " ",
            "<html>",
            r#"{"errcode":0,"content":"AAAA"#,
            r#"{"errcode":0,"content":"AAAA"}"#,
            r#"{"errcode":0,"content":"!!!!"}"#,
            r#"{"errcode":0,"content":"AAAAAAAAAAAAAAAAAAAAA"}"#,
            r#"{"errcode":"0","content":"AAAA"}"#,
            r#"{"content":"AAAA"}"#,
            r#"{"errcode":null}"#,
            r#"{"errcode":true}"#,
            r#"{"errcode":-1}"#,
            r#"{"errcode":"40014"}"#,
            r#"{"errcode":40014}"#,
            r#"{"errcode":42001}"#,
            r#"{"errcode":45009}"#,
            r#"{"errcode":301042}"#,
            r#"{"errcode":"301042"}"#,
            r#"{"errcode":301042.0}"#,
            r#"{"errcode":301042} junk"#,
            r#"{"errcode":301048}"#,
            r#"{"errcode":301052}"#,
            r#"{"errcode":4295268338}"#,
            r#"{"errcode":99999999999999999999}"#,
        ];
        for body in bodies {
            let small = self.id("small");
            self.with_fault(Fault::media(Effect::Body(body.into())), |talk| {
                let chunk = talk.caller.handle(talk.world).chunk(None, Some(&small));
                talk.chunk(body, &chunk);
            });
        }
    }

    fn transport(&mut self) {
        self.head("transport");
        let statuses = [201, 204, 206, 299, 300, 302, 399, 400, 404, 500, 503].map(Effect::Status);
        let cuts = [0, 10, 17, 60, 100, 250, 300].map(|bytes| Effect::Cut { bytes });
        let others = [
            Effect::Truncate { bytes: 100 },
            Effect::Truncate { bytes: 0 },
            Effect::Nested { depth: 100 },
            Effect::Nested { depth: 5_000 },
            Effect::Corrupt,
            Effect::Shorten { bytes: 5 },
            Effect::Shorten { bytes: 1 << 20 },
            Effect::NoContent,
            Effect::ErrCode(45_009),
        ];
        for effect in statuses.into_iter().chain(cuts).chain(others) {
            let what = format!("{effect:?}");
            self.with_fault(Fault::media(effect.clone()), |talk| talk.three_chunks(&what));
            self.with_fault(Fault::chat(effect), |talk| {
                let (code, body) = talk.caller.handle(talk.world).chat(0, 2);
                let beginning: String = String::from_utf8_lossy(&body).chars().take(40).collect();
                writeln!(talk.lines, "{what} chat: {code}, {} bytes, {beginning:?}", body.len()).unwrap();
            });
        }
    }

    fn paddings(&mut self) {
        self.head("last byte of a last chunk");
        for last in [0, 1, 2, 15, 16, 17, 32, 255] {
            let mut bytes = [7; 32];
            bytes[31] = last;
            let file = MediaFile::given(format!("padding-{last}"), MediaKind::File, bytes);
            if self.caller.control.is_some() {
                self.caller.tell(self.world, &Control::AddMedia(file.clone()));
            }
            let media = self.world.add_media(file);
            self.with_fault(Fault::media(Effect::Shorten { bytes: 16 }), |talk| {
                let chunk = talk.caller.handle(talk.world).chunk(None, Some(media.sdk_file_id()));
                talk.chunk(&format!("{last}"), &chunk);
            });
        }
    }

    fn file_ids(&mut self) {
        self.head("file ids");
        let message = |fields: &[(u8, &[u8])]| {
            let parts = fields.iter().flat_map(|(field, bytes)| {
                [&[field << 3 | 2, u8::try_from(bytes.len()).unwrap()], *bytes].concat()
            });
            STANDARD.encode(parts.collect::<Vec<_>>())
        };
        let good = self.id("small");
        let raw = STANDARD.decode(&good).unwrap();
        let auth = &raw[9..41];
        let digits = b"00112233445566778899aabbccddeeff";
        let upper = [&raw[..raw.len() - 32], &raw[raw.len() - 32..].to_ascii_uppercase()].concat();
        let ids = [
            ("empty", String::new()),
            ("abc", "abc".to_owned()),
            ("junk", STANDARD.encode("junk")),
            ("with a newline", format!("{good}\n")),
            ("cut", STANDARD.encode(&raw[..raw.len() - 1])),
            ("with an unknown field", STANDARD.encode([&raw[..], &[0x22, 1, 65]].concat())),
            ("capital digits", STANDARD.encode(upper)),
            ("no key", message(&[(1, b"small"), (2, auth)])),
            ("empty key", message(&[(1, b"small"), (2, auth), (3, b"")])),
            ("short key", message(&[(1, b"small"), (2, auth), (3, &digits[..30])])),
            ("long key", message(&[(1, b"small"), (2, auth), (3, &[&digits[..], b"00"].concat())])),
            ("no digits", message(&[(1, b"small"), (2, auth), (3, &[b'z'; 32])])),
            ("wrong authkey", message(&[(1, b"small"), (2, b"x"), (3, digits)])),
            ("no file", message(&[(2, auth), (3, digits)])),
            ("unknown file", message(&[(1, b"nope"), (2, auth), (3, digits)])),
        ];
        let mut handle = self.caller.handle(self.world);
        for (what, id) in ids {
            let chunk = handle.chunk(None, Some(&id));
            self.chunk(what, &chunk);
        }
        let chunk = handle.chunk(None, None);
        self.chunk("NULL", &chunk);
    }

    fn arguments(&mut self) {
        self.head("arguments");
        for arguments in [(None, Some("x")), (Some("x"), None), (Some(""), Some("x")), (Some("x"), Some(""))]
        {
            let code = self.caller.init(arguments.0, arguments.1);
            writeln!(self.lines, "Init {arguments:?}: {code}").unwrap();
        }
        for limit in [0, 1, 1_000, 1_001, u32::MAX] {
            let (code, body) = self.caller.handle(self.world).chat(u64::MAX, limit);
            let body = String::from_utf8_lossy(&body);
            writeln!(self.lines, "limit {limit} at the head: {code} {body}").unwrap();
        }
        let (code, _) = self.caller.handle_for("nobody", "x").chat(0, 1);
        writeln!(self.lines, "unknown corp: {code}").unwrap();
        let (code, _) = self.caller.handle_for(self.world.corp_id(), "x").chat(0, 1);
        writeln!(self.lines, "wrong secret: {code}").unwrap();
    }

    fn token_replies(&mut self) {
        self.head("gettoken");
        let bodies = [
            r#"{"errcode":0,"access_token":"","expires_in":7200}"#,
            r#"{"errcode":0,"expires_in":7200}"#,
            r#"{"errcode":0,"access_token":"x"}"#,
            r#"{"access_token":"x","expires_in":7200}"#,
            r#"{"errcode":0,"access_token":"x","expires_in":"7200"}"#,
            r#"{"errcode":0,"access_token":5,"expires_in":7200}"#,
            r#"{"errcode":1,"access_token":"x","expires_in":7200}"#,
            "",
            "<html>",
            "[]",
        ];
        let effects = bodies.map(|body| (body.to_owned(), Effect::Body(body.into())));
        let others =
            [Effect::Status(500), Effect::Cut { bytes: 5 }, Effect::ErrCode(60_020), Effect::ErrCode(-1)];
        for (what, effect) in effects.into_iter().chain(others.map(|effect| (format!("{effect:?}"), effect)))
        {
            let mut handle = self.caller.handle(self.world);
            let calls = |caller: &Caller, world: &World| {
                (caller.tell(world, &Control::TokenCalls), caller.tell(world, &Control::ChatCalls))
            };
            let (tokens, chats) = calls(self.caller, self.world);
            self.with_fault(Fault::token(effect), |talk| {
                let codes = [handle.chat(0, 1).0, handle.chat(0, 1).0];
                let now = calls(talk.caller, talk.world);
                let (tokens, chats) = (now.0 - tokens, now.1 - chats);
                writeln!(talk.lines, "{what}: {codes:?}, {tokens} gettoken, {chats} getchatdata").unwrap();
            });
            let (code, _) = handle.chat(0, 1);
            writeln!(self.lines, "  afterwards {code}").unwrap();
        }
    }

    fn token_life(&mut self) {
        self.head("lost tokens");
        for (what, lose) in [("expired", Control::ExpireTokens), ("revoked", Control::RevokeTokens)] {
            let small = self.id("small");
            let mut handle = self.caller.handle(self.world);
            handle.chat(0, 1);
            self.caller.tell(self.world, &lose);
            for (who, handle) in [("same", &mut handle), ("fresh", &mut self.caller.handle(self.world))] {
                let (code, body) = handle.chat(0, 1);
                let errcode = serde_json::from_slice::<Page>(&body).unwrap().errcode;
                let media = handle.chunk(None, Some(&small)).code;
                writeln!(self.lines, "{what}, {who} handle: chat {code} {errcode}, media {media}").unwrap();
            }
        }
    }

    fn opening(&mut self) {
        self.head("DecryptData");
        let (_, body) = self.caller.handle(self.world).chat(0, 1);
        let page: Page = serde_json::from_slice(&body).unwrap();
        let sealed = &page.chatdata[0];
        let key = Keys::of(self.world).unlock(sealed).unwrap();
        let message = sealed.encrypt_chat_msg.as_bytes();
        let longer = [message, b"AAAA"].concat();
        let with_newline = [&key[..], b"\n"].concat();
        let tries: Vec<(&str, [Option<&[u8]>; 2])> = vec![
            ("right", [Some(&key), Some(message)]),
            ("NULL key", [None, Some(message)]),
            ("NULL message", [Some(&key), None]),
            ("empty key", [Some(b""), Some(message)]),
            ("junk key", [Some(b"junk"), Some(message)]),
            ("other key", [Some(&[b'A'; 88]), Some(message)]),
            ("short key", [Some(&key[..44]), Some(message)]),
            ("key still sealed", [Some(sealed.encrypt_random_key.as_bytes()), Some(message)]),
            ("key with a newline", [Some(&with_newline), Some(message)]),
            ("longer message", [Some(&key), Some(&longer)]),
            ("message of 13", [Some(&key), Some(&message[..13])]),
            ("message of 14", [Some(&key), Some(&message[..14])]),
            ("message of 44", [Some(&key), Some(&message[..44])]),
            ("message of 45", [Some(&key), Some(&message[..45])]),
        ];
        for (what, [key, message]) in tries {
            let (code, opened) = self.caller.decrypt(key, message);
            writeln!(self.lines, "{what}: {code}, {} bytes", opened.len()).unwrap();
        }
    }
}
