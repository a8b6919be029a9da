//! What WeCom's replies may look like, and what the SDK is given in their place.
//!
//! The SDK's JSON code does not survive every reply (C12). It gets none that was not read here first: replies to token and media
//! requests are written anew from the few fields that it needs. Replies to chat requests it never reads; they go
//! through unchanged.

use std::borrow::Cow;
use std::time::Duration;

use bytes::Bytes;
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use super::failure::Failure;
use super::http::Reply;
use super::token::Granted;
use super::upstream::UpstreamReply;

/// A token reply has some 300 bytes.
pub(super) const TOKEN_LIMIT: usize = 16 * 1024;
/// A page of 1,000 messages has some megabytes; WeCom refuses pages that it finds too large (301058).
pub(super) const CHAT_LIMIT: usize = 64 * 1024 * 1024;
/// The piece of a file that the SDK asks for when it is not told which.
const CHUNK: u64 = 512 * 1024;
/// Beside the base64 of the piece itself.
const MEDIA_ENVELOPE: u64 = 16 * 1024;
/// More than anybody asks for at once.
const LONGEST_RANGE: u64 = 32 * 1024 * 1024;

const LONGEST_TOKEN: usize = 2048;
const LONGEST_ERRMSG: usize = 1024;
/// The longest chat reply that can be a refusal: those are short.
const LONGEST_REFUSAL: usize = 8 * 1024;

/// First and last byte of what a media request asks for.
pub(super) fn media_span(range: Option<&str>) -> Result<(u64, u64), Failure> {
    match range {
        None => Ok((0, CHUNK - 1)),
        Some(range) => span(range.strip_prefix("bytes=").unwrap_or_default())
            .ok_or_else(|| Failure::unusable("the request's range is not one")),
    }
}

/// How many bytes the reply to a request for these bytes may have.
pub(super) fn media_limit((first, last): (u64, u64)) -> Result<usize, Failure> {
    let bytes = last.saturating_sub(first).saturating_add(1);
    if bytes > LONGEST_RANGE {
        return Err(Failure::unusable("the request's range is longer than 32 MiB"));
    }
    let base64 = bytes.div_ceil(3).saturating_mul(4);
    Ok(usize::try_from(base64.saturating_add(MEDIA_ENVELOPE)).unwrap_or(usize::MAX))
}

/// `first-last`, in this order.
fn span(text: &str) -> Option<(u64, u64)> {
    let (first, last) = text.split_once('-')?;
    let (first, last) = (first.trim().parse().ok()?, last.trim().parse().ok()?);
    (first <= last).then_some((first, last))
}

/// The grant in the reply to `gettoken`.
pub(super) fn granted(reply: &UpstreamReply) -> Result<Granted, Failure> {
    #[derive(Deserialize)]
    struct Grant<'a> {
        #[serde(default)]
        errcode: i64,
        #[serde(borrow)]
        errmsg: Option<Cow<'a, str>>,
        #[serde(borrow)]
        access_token: Option<Cow<'a, str>>,
        expires_in: Option<u64>,
    }
    let grant: Grant<'_> = read(&reply.body)?;
    refusal(grant.errcode, grant.errmsg)?;
    let token = grant.access_token.map(|token| Zeroizing::new(token.into_owned()));
    let token = token.ok_or_else(|| Failure::unusable("there is no access token in it"))?;
    // The SDK puts it into the next request's line as it is.
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.~+/=".contains(&byte);
    if !(1..=LONGEST_TOKEN).contains(&token.len()) || !token.bytes().all(plain) {
        return Err(Failure::unusable("its access token is not one"));
    }
    let expires_in =
        grant.expires_in.ok_or_else(|| Failure::unusable("it does not say when the token expires"))?;
    // A day is far beyond the two hours that WeCom grants.
    Ok(Granted { token, expires_in: Duration::from_secs(expires_in.min(86_400)) })
}

pub(super) fn token_reply(granted: &Granted) -> Reply {
    #[derive(Serialize)]
    struct Grant<'a> {
        errcode: i64,
        errmsg: &'static str,
        access_token: &'a str,
        expires_in: u64,
    }
    let (access_token, expires_in) = (granted.token.as_str(), granted.expires_in.as_secs());
    Reply::json(&Grant { errcode: 0, errmsg: "ok", access_token, expires_in })
}

/// The reply to a media request as the SDK may see it, and the length of the file where the server tells it.
pub(super) fn media_reply(reply: &UpstreamReply) -> Result<(Reply, Option<u64>), Failure> {
    #[derive(Deserialize)]
    struct Chunk<'a> {
        #[serde(default)]
        errcode: i64,
        #[serde(borrow)]
        errmsg: Option<Cow<'a, str>>,
        #[serde(borrow)]
        content: Option<Cow<'a, str>>,
    }
    let chunk: Chunk<'_> = read(&reply.body)?;
    refusal(chunk.errcode, chunk.errmsg)?;
    let content = chunk.content.ok_or_else(|| Failure::unusable("there is no content in it"))?;
    if !is_base64(&content) {
        return Err(Failure::unusable("its content is not base64"));
    }
    let content = match content {
        Cow::Borrowed(text) => reply.body.slice_ref(text.as_bytes()),
        Cow::Owned(text) => Bytes::from(text),
    };
    let head = Bytes::from_static(br#"{"errcode":0,"errmsg":"ok","content":""#);
    let whole = Reply::ok(vec![head, content, Bytes::from_static(br#""}"#)]);
    let Some(range) = reply.content_range.as_deref() else { return Ok((whole, None)) };
    let (first, last, total) =
        content_range(range).ok_or_else(|| Failure::unusable("its Content-Range is not one"))?;
    Ok((whole.content_range(first, last, total), Some(total)))
}

#[allow(clippy::needless_bitwise_bool, reason = "without branches, many bytes are looked at together")]
fn is_base64(text: &str) -> bool {
    text.bytes().fold(true, |fine, byte| {
        fine & (byte.is_ascii_alphanumeric() | (byte == b'+') | (byte == b'/') | (byte == b'='))
    })
}

/// `bytes first-last/total`, in any capitals.
fn content_range(value: &str) -> Option<(u64, u64, u64)> {
    let (unit, rest) = value.trim().split_once(' ')?;
    let (range, total) = rest.split_once('/')?;
    let (first, last) = span(range)?;
    let total = total.trim().parse().ok()?;
    (unit.eq_ignore_ascii_case("bytes") && last < total).then_some((first, last, total))
}

/// The reply to a chat request, unchanged, and the refusal that it may hold.
pub(super) fn chat_reply(reply: UpstreamReply) -> (Reply, Option<i64>) {
    #[derive(Deserialize)]
    struct Refusal {
        errcode: i64,
    }
    let refused = (reply.body.len() <= LONGEST_REFUSAL)
        .then(|| serde_json::from_slice::<Refusal>(&reply.body).ok())
        .flatten()
        .map(|refusal| refusal.errcode)
        .filter(|errcode| *errcode != 0);
    (Reply::ok(vec![reply.body]), refused)
}

/// The refusal that a reply of any request may hold.
pub(super) fn read_refusal(body: &[u8]) -> Result<(), Failure> {
    #[derive(Deserialize)]
    struct Outcome<'a> {
        #[serde(default)]
        errcode: i64,
        #[serde(borrow)]
        errmsg: Option<Cow<'a, str>>,
    }
    let outcome: Outcome<'_> = read(body)?;
    refusal(outcome.errcode, outcome.errmsg)
}

fn refusal(errcode: i64, errmsg: Option<Cow<'_, str>>) -> Result<(), Failure> {
    if errcode == 0 {
        return Ok(());
    }
    if i32::try_from(errcode).is_err() {
        return Err(Failure::unusable("its errcode is not one"));
    }
    let message =
        errmsg.unwrap_or_default().chars().filter(|c| !c.is_control()).take(LONGEST_ERRMSG).collect();
    Err(Failure::Refused { code: errcode, message })
}

/// Reads nothing deeper than serde_json's 128 levels into values, and skips the rest without recursion.
pub(super) fn read<'a, T: Deserialize<'a>>(body: &'a [u8]) -> Result<T, Failure> {
    serde_json::from_slice(body).map_err(|error| {
        // Not the error's text, which can quote the reply.
        let what = match error.classify() {
            serde_json::error::Category::Data => "it is not the JSON that was expected",
            _ if body.is_empty() => "it is empty",
            _ => "it is not JSON",
        };
        Failure::unusable(format!("{what} ({} bytes)", body.len()))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reply(body: impl AsRef<[u8]>, content_range: Option<&str>) -> UpstreamReply {
        let body = Bytes::copy_from_slice(body.as_ref());
        UpstreamReply { body, content_range: content_range.map(str::to_owned) }
    }

    fn written(reply: &Reply) -> String {
        let mut bytes = Vec::new();
        reply.write(&mut bytes).unwrap();
        String::from_utf8(bytes).unwrap()
    }

    fn nested(levels: usize) -> String {
        format!("{}{}", "[".repeat(levels), "]".repeat(levels))
    }

    #[test]
    fn hostile_replies_stop_here() {
        let deep = nested(100_000);
        for body in [
            String::new(),
            "<html></html>".to_owned(),
            "{".to_owned(),
            "null".to_owned(),
            "[]".to_owned(),
            "\0".to_owned(),
            deep.clone(),
            format!(r#"{{"errcode":{deep}}}"#),
            format!(r#"{{"content":{deep}}}"#),
            format!(r#"{{"access_token":{deep},"expires_in":7200}}"#),
            r#"{"errcode":"40014"}"#.to_owned(),
            r#"{"errcode":99999999999999999999}"#.to_owned(),
            r#"{"errcode":9223372036854775807,"errmsg":"x"}"#.to_owned(),
            r#"{"errcode":0,"errmsg":"ok"}"#.to_owned(),
            r#"{"errcode":0,"content":5,"access_token":5}"#.to_owned(),
            r#"{"errcode":0,"content":"a\u0000b","access_token":"a\u0000b","expires_in":7200}"#.to_owned(),
            r#"{"errcode":0,"content":"a b","access_token":"a b","expires_in":7200}"#.to_owned(),
            r#"{"errcode":0,"content":"é","access_token":"a\r\nHost: evil","expires_in":7200}"#.to_owned(),
        ] {
            let start: String = body.chars().take(60).collect();
            let reply = reply(&body, Some("BYTES 0-15/16"));
            assert!(matches!(media_reply(&reply), Err(Failure::Unusable { .. })), "{start}");
            assert!(matches!(granted(&reply), Err(Failure::Unusable { .. })), "{start}");
        }
        let negative = r#"{"errcode":0,"access_token":"a","expires_in":-1}"#;
        assert!(matches!(granted(&reply(negative, None)), Err(Failure::Unusable { .. })));
    }

    #[test]
    fn what_the_sdk_does_not_need_it_does_not_get() {
        let deep = nested(100_000);
        let body = format!(r#"{{"errcode":0,"errmsg":{{}},"extra":{deep},"content":"QUJD\/w=="}}"#);
        assert!(media_reply(&reply(&body, None)).is_err(), "errmsg is no text");
        let body = body.replace(r#""errmsg":{}"#, r#""errmsg":null"#);
        let seen = written(&media_reply(&reply(&body, Some("bytes 16-31/48"))).unwrap().0);
        assert!(
            seen.ends_with("\r\n\r\n{\"errcode\":0,\"errmsg\":\"ok\",\"content\":\"QUJD/w==\"}"),
            "{seen}"
        );
        assert!(seen.contains("\r\nCONTENT-RANGE: BYTES 16-31/48\r\n"), "{seen}");

        let body = format!(r#"{{"extra":{deep},"access_token":"a-_b","expires_in":7200}}"#);
        let granted = granted(&reply(&body, None)).unwrap();
        assert_eq!((granted.token.as_str(), granted.expires_in.as_secs()), ("a-_b", 7200));
        let seen = written(&token_reply(&granted));
        assert!(
            seen.ends_with(r#"{"errcode":0,"errmsg":"ok","access_token":"a-_b","expires_in":7200}"#),
            "{seen}"
        );
    }

    #[test]
    fn refusals_keep_code_and_text() {
        let body = r#"{"errcode":60020,"errmsg":"not allow, \u001b from ip: 203.0.113.9"}"#;
        for outcome in [media_reply(&reply(body, None)).err(), granted(&reply(body, None)).err()] {
            let Some(Failure::Refused { code, message }) = outcome else { panic!("no refusal") };
            assert_eq!((code, message.as_str()), (60020, "not allow,  from ip: 203.0.113.9"));
        }
        let (_, refused) = chat_reply(reply(r#"{"errcode":40014,"errmsg":"x"}"#, None));
        assert_eq!(refused, Some(40014));
        for other in [r#"{"errcode":0}"#, "<html>", "", r#"{"errcode":"40014"}"#] {
            let (same, refused) = chat_reply(reply(other, None));
            assert_eq!(refused, None, "{other}");
            assert!(written(&same).ends_with(&format!("Content-Length: {}\r\n\r\n{other}", other.len())));
        }
    }

    #[test]
    fn ranges_are_read_in_any_capitals_and_nothing_else() {
        assert_eq!(content_range("BYTES 0-524287/1048576"), Some((0, 524_287, 1_048_576)));
        assert_eq!(content_range("bytes 16-31/32"), Some((16, 31, 32)));
        for wrong in [
            "",
            "bytes",
            "bytes 0-15",
            "bytes 0--1/16",
            "bytes 15-0/16",
            "bytes 0-16/16",
            "bytes */16",
            "octets 0-15/16",
        ] {
            assert_eq!(content_range(wrong), None, "{wrong}");
        }
        assert_eq!(media_limit((0, 524_287)).unwrap(), 699_052 + 16_384);
        assert_eq!(media_span(Some("bytes=16-31")).unwrap(), (16, 31));
        assert_eq!(media_span(None).unwrap(), (0, 524_287));
        assert!(media_limit((0, 99_999_999_999)).is_err());
        for wrong in ["", "bytes=", "bytes=1-0", "0-15", "bytes=0-1,5-6"] {
            assert!(media_span(Some(wrong)).is_err(), "{wrong}");
        }
    }
}
