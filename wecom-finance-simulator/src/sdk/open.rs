//! `DecryptData`: the opening of a sealed message, with the genuine library's way of failing.

use std::ffi::c_int;

use super::code;
use crate::{
    protobuf,
    seal::{self, PREFIX},
};

/// How it fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Failure {
    Code(c_int),
    /// The genuine library throws an exception that nobody catches.
    Abort,
}

const KEY: i64 = 32;

/// The checks come in the genuine library's order, including the one that it lacks: that the first part of the body
/// ends within the message.
pub(super) fn open(key: &[u8], message: &[u8]) -> Result<Vec<u8>, Failure> {
    let refused = |code| move || Failure::Code(code);
    let outer = message.get(PREFIX..).ok_or(Failure::Abort)?;
    let info = seal::decrypt(outer, key).ok_or_else(refused(code::ENCRYPT_KEY))?;
    let fields = protobuf::fields(&info).ok_or_else(refused(code::ENCRYPT_KEY))?;
    let inner = protobuf::bytes_of(&fields, 1).ok_or_else(refused(code::ENCRYPT_KEY))?;
    let length = |field| i64::from(protobuf::int32_of(&fields, field).unwrap_or(0));
    let (pre_len, end_len, s_len) = (length(2), length(3), length(4));

    let len = i64::try_from(message.len()).map_err(|_| Failure::Code(code::FILE_ID))?;
    let prefix = i64::try_from(PREFIX).unwrap_or(0);
    let start = prefix.saturating_add(KEY).saturating_add(pre_len);
    if s_len < 1 || s_len * 2 >= len || end_len < 0 || start < 0 || start > len {
        return Err(Failure::Code(code::FILE_ID));
    }
    let split = start.saturating_add(s_len);
    if split > len {
        return Err(Failure::Abort);
    }
    let resumed = split.saturating_add(s_len).min(len);
    let second_len = len.saturating_sub(resumed).saturating_sub(end_len);
    // The end may take more than the second part, but not more than both.
    if second_len.saturating_add(s_len) < 0 {
        return Err(Failure::Code(code::FILE_ID));
    }
    let piece = |from: i64, to: i64| {
        let range = usize::try_from(from).ok().zip(usize::try_from(to).ok());
        range.and_then(|(from, to)| message.get(from..to)).unwrap_or_default()
    };
    let first = piece(start, split.saturating_add(second_len.min(0)));
    let second = piece(resumed, resumed.saturating_add(second_len.max(0)));
    seal::decrypt(inner, &[first, second].concat()).ok_or_else(refused(code::DECRYPT))
}
