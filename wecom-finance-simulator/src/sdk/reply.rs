//! What arrives of a reply, and what it says.

use std::{ffi::c_int, time::Duration};

use serde::Deserialize;
use serde_json::Value;

use super::code;
use crate::{
    World,
    loopback::{self, Clock},
    wecom::Reply,
};

/// A reply that came through.
#[derive(Debug)]
pub(super) struct Arrived {
    /// The value of `CONTENT-RANGE`, which the SDK only knows in capitals.
    pub(super) content_range: Option<String>,
    pub(super) body: Vec<u8>,
}

/// Waits for the reply as long as the caller is ready to.
pub(super) fn arrive(world: &World, reply: Reply, patience: Option<Duration>) -> Result<Arrived, c_int> {
    if reply.hang && !world.hang(patience) {
        return Err(code::NETWORK);
    }
    if patience.is_some_and(|patience| patience < reply.delay) {
        std::thread::sleep(patience.unwrap_or_default());
        return Err(code::NETWORK);
    }
    std::thread::sleep(reply.delay);
    world.sends(&reply);
    if !(200..300).contains(&reply.status) {
        return Err(code::NETWORK);
    }
    let head = reply.cut.map(|_| loopback::head(&reply, false, Clock::default()));
    let Reply { status, content_range, mut body, cut, .. } = reply;
    if status == 204 {
        // "No Content": whatever the server sends after the headers is not read.
        body.clear();
    }
    let content_range = content_range.filter(|(name, _)| *name == "CONTENT-RANGE").map(|(_, value)| value);
    let arrived = Arrived { content_range, body };
    let Some((cut, head)) = cut.zip(head) else { return Ok(arrived) };
    // A connection that ends within the headers is taken for a reply without a body; one that ends within the status
    // line or the body is not.
    let status_line = head.find('\n').unwrap_or(0);
    if cut <= status_line || (head.len()..head.len().saturating_add(arrived.body.len())).contains(&cut) {
        return Err(code::NETWORK);
    }
    if cut < head.len() {
        let whole_lines = head.get(..cut).and_then(|seen| seen.rfind('\n').and_then(|end| seen.get(..end)));
        let seen = whole_lines.is_some_and(|lines| lines.contains("CONTENT-RANGE:"));
        return Ok(Arrived { content_range: arrived.content_range.filter(|_| seen), body: Vec::new() });
    }
    Ok(arrived)
}

/// Token and lifetime in seconds from the reply of `gettoken`. The SDK does not look at its `errcode`.
pub(super) fn token(body: &[u8]) -> Option<(String, u64)> {
    #[derive(Deserialize)]
    struct Granted {
        access_token: Value,
        #[serde(default)]
        expires_in: Value,
    }
    let granted: Granted = first_value(body)?;
    let text = match granted.access_token {
        Value::String(text) => text,
        Value::Number(number) => number.to_string(),
        _ => return None,
    };
    let lifetime = number(&granted.expires_in).and_then(|seconds| u64::try_from(seconds).ok());
    Some((text, lifetime.unwrap_or(0))).filter(|(text, _)| !text.is_empty())
}

/// The bytes in a media reply.
pub(super) fn content(body: &[u8]) -> Result<String, c_int> {
    #[derive(Deserialize)]
    struct Chunk {
        #[serde(default)]
        errcode: Value,
        #[serde(default)]
        content: Value,
    }
    if nesting(body) >= FATAL_NESTING {
        // The genuine library recurses here until the stack is at its end.
        std::process::abort();
    }
    let chunk: Chunk = first_value(body).ok_or(code::SYSTEM)?;
    match number(&chunk.errcode).unwrap_or(0) {
        0 => {}
        301_042 => return Err(code::IP_NOT_ALLOWED),
        301_048 => return Err(code::EXPIRED),
        _ => return Err(code::REPLY),
    }
    match chunk.content {
        Value::String(content) if !content.is_empty() => Ok(content),
        _ => Err(code::SYSTEM),
    }
}

/// The first JSON value of the text: the SDK does not mind what follows it.
fn first_value<T: for<'de> Deserialize<'de>>(body: &[u8]) -> Option<T> {
    serde_json::Deserializer::from_slice(body).into_iter().next()?.ok()
}

/// A number, or a text that is one.
fn number(value: &Value) -> Option<i64> {
    match value {
        #[allow(
            clippy::as_conversions,
            clippy::cast_possible_truncation,
            reason = "a float saturates, which is as good a wrong errcode as any"
        )]
        Value::Number(number) => number.as_i64().or_else(|| number.as_f64().map(|float| float as i64)),
        Value::String(text) => text.trim().parse().ok(),
        _ => None,
    }
}

/// Nested brackets that no stack of ordinary size survives.
const FATAL_NESTING: usize = 100_000;

fn nesting(body: &[u8]) -> usize {
    let (mut depth, mut deepest) = (0_usize, 0);
    for byte in body {
        match byte {
            b'[' | b'{' => {
                depth = depth.saturating_add(1);
                deepest = deepest.max(depth);
            }
            b']' | b'}' => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    deepest
}
