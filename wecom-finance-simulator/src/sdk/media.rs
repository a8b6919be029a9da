//! Media chunks: index tokens, file ids, and the way from a reply to bytes.

use std::ffi::c_int;

use aes::cipher::{BlockCipherDecrypt, KeyInit};
use base64::{Engine, engine::general_purpose::STANDARD};
use serde::Serialize;
use wecom_finance_sys::implement::MediaReply;

use super::{
    code,
    reply::{self, Arrived},
};
use crate::{
    protobuf,
    wecom::{CHUNK, parse_range},
};

/// The range that an index token asks for.
#[derive(Debug)]
pub(super) struct Range {
    pub(super) first: u64,
    header: String,
}

impl Range {
    /// Reads `Range:bytes=a-b` as C's `sscanf` does, the empty token as the first chunk. `None` when the SDK refuses:
    /// it wants whole blocks, but not that they begin at a block's beginning.
    pub(super) fn of_token(token: &str) -> Option<Self> {
        if token.is_empty() {
            return Some(Self { first: 0, header: format!("bytes=0-{}", CHUNK - 1) });
        }
        let header = token.strip_prefix("Range:")?;
        let mut scan = Scan(header.strip_prefix("bytes=")?.as_bytes());
        let first = scan.unsigned()?;
        let last = if scan.literal(b'-') { scan.unsigned().unwrap_or(0) } else { 0 };
        let len = last.wrapping_sub(first).wrapping_add(1);
        (last >= first && len.is_multiple_of(16)).then(|| Self { first, header: header.to_owned() })
    }

    /// The SDK sends the token's text on as it is; the server may read it differently.
    pub(super) fn as_server_reads_it(&self) -> Option<(u64, u64)> {
        parse_range(&self.header)
    }
}

/// What an `sdkfileid` says.
#[derive(Debug)]
pub(super) struct FileId {
    file: Vec<u8>,
    auth_key: Vec<u8>,
    aes_key: Vec<u8>,
}

impl FileId {
    pub(super) fn read(text: &str) -> Option<Self> {
        let message = STANDARD.decode(text.trim_end()).ok()?;
        let fields = protobuf::fields(&message)?;
        let of = |field| protobuf::bytes_of(&fields, field).unwrap_or_default().to_vec();
        Some(Self { file: of(1), auth_key: of(2), aes_key: of(3) })
    }

    pub(super) fn file(&self) -> String {
        String::from_utf8_lossy(&self.file).into_owned()
    }

    /// The body of the request.
    pub(super) fn request(&self) -> Vec<u8> {
        #[derive(Serialize)]
        struct Request<'a> {
            fileid: &'a str,
            authkey: &'a str,
            version: u32,
        }
        let request =
            Request { fileid: &self.file(), authkey: &String::from_utf8_lossy(&self.auth_key), version: 3 };
        serde_json::to_vec(&request).unwrap_or_default()
    }

    fn key(&self) -> Option<[u8; 16]> {
        let digits: &[u8; 32] = self.aes_key.as_slice().try_into().ok()?;
        let mut key = [0; 16];
        for (byte, pair) in key.iter_mut().zip(digits.chunks_exact(2)) {
            *byte = u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()?;
        }
        Some(key)
    }
}

/// The SDK's reading of `CONTENT-RANGE`: what it cannot read is 0.
#[derive(Debug, Default)]
struct Told {
    last: i64,
    total: i64,
}

impl Told {
    fn read(header: &str) -> Self {
        let mut told = Self::default();
        let Some(rest) = header.strip_prefix("BYTES") else { return told };
        let mut scan = Scan(rest.as_bytes());
        if scan.signed().is_none() || !scan.literal(b'-') {
            return told;
        }
        let Some(last) = scan.signed() else { return told };
        told.last = last;
        if scan.literal(b'/') {
            told.total = scan.signed().unwrap_or(0);
        }
        told
    }

    fn is_end(&self) -> bool {
        self.last == self.total.wrapping_sub(1)
    }

    fn next_token(&self) -> String {
        let chunk = i64::try_from(CHUNK).unwrap_or(i64::MAX);
        let end = self.last.saturating_add(chunk);
        let end = if self.total > 0 { end.min(self.total.saturating_sub(1)) } else { end };
        format!("Range:bytes={}-{end}", self.last.saturating_add(1))
    }
}

/// From the reply to the caller's bytes. Without a header the chunk is taken for the last, and the last is where the
/// padding is; the announced range is not compared with what came.
pub(super) fn read(arrived: &Arrived, file: &FileId) -> Result<MediaReply, c_int> {
    let content = reply::content(&arrived.body)?;
    let mut bytes = STANDARD.decode(content).map_err(|_| code::DECRYPT)?;
    let key = file.key().ok_or(code::DECRYPT)?;
    if bytes.is_empty() || !bytes.len().is_multiple_of(16) {
        return Err(code::DECRYPT);
    }
    let cipher = aes::Aes128::new(&key.into());
    for block in bytes.chunks_exact_mut(16) {
        if let Ok(block) = block.try_into() {
            cipher.decrypt_block(block);
        }
    }
    let told = arrived.content_range.as_deref().map(Told::read);
    if let Some(told) = told.filter(|told| !told.is_end()) {
        return Ok(MediaReply {
            out_index_buf: told.next_token().into_bytes(),
            data: bytes,
            is_finish: false,
        });
    }
    strip_padding(&mut bytes).ok_or(code::DECRYPT)?;
    Ok(MediaReply { out_index_buf: Vec::new(), data: bytes, is_finish: true })
}

/// Only the last byte is looked at.
fn strip_padding(bytes: &mut Vec<u8>) -> Option<()> {
    let padding = bytes.last().copied().filter(|padding| (1..=16).contains(padding))?;
    let len = bytes.len().checked_sub(usize::from(padding))?;
    bytes.truncate(len);
    Some(())
}

/// C's `sscanf`, for numbers.
struct Scan<'a>(&'a [u8]);

impl Scan<'_> {
    fn literal(&mut self, wanted: u8) -> bool {
        match self.0.split_first() {
            Some((first, rest)) if *first == wanted => {
                self.0 = rest;
                true
            }
            _ => false,
        }
    }

    /// Sign and digits after any space; `%llu` and `%lld` take the same texts.
    fn number(&mut self) -> Option<(bool, u128)> {
        self.0 = self.0.trim_ascii_start();
        let negative = self.literal(b'-');
        if !negative {
            self.literal(b'+');
        }
        let digits = self.0.iter().take_while(|byte| byte.is_ascii_digit()).count();
        let (number, rest) = self.0.split_at_checked(digits).filter(|(number, _)| !number.is_empty())?;
        self.0 = rest;
        let value = number.iter().fold(0_u128, |value, digit| {
            value.saturating_mul(10).saturating_add(u128::from(digit.saturating_sub(b'0')))
        });
        Some((negative, value))
    }

    fn unsigned(&mut self) -> Option<u64> {
        let (negative, value) = self.number()?;
        let value = u64::try_from(value).unwrap_or(u64::MAX);
        Some(if negative && value < u64::MAX { value.wrapping_neg() } else { value })
    }

    fn signed(&mut self) -> Option<i64> {
        let (negative, value) = self.number()?;
        let value = i64::try_from(value).unwrap_or(i64::MAX);
        Some(if negative { value.wrapping_neg() } else { value })
    }
}
