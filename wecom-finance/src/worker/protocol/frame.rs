use std::fmt;
use std::io::{self, Read};

use serde::{Deserialize, Serialize};

/// The longest body: the largest reply of a server that passes, 64 MiB, and what goes around it.
pub(crate) const MAX_BODY_BYTES: usize = (64 << 20) + (64 << 10);

/// Taken at once for a body of any announced length; more as it arrives.
const FIRST_ALLOCATION: usize = 1 << 20;

const ID_BYTES: usize = size_of::<u64>();
pub(super) const HEAD_BYTES: usize = size_of::<u32>() + ID_BYTES;
const MAGIC: [u8; 8] = *b"wecom-wp";

/// What arrived in one piece.
pub(crate) struct Frame {
    /// Which request it is, or which one it answers.
    pub(crate) id: u64,
    pub(crate) body: Vec<u8>,
}

/// Reads a body, which must be one message to its last byte.
pub(crate) fn decode<'a, T: Deserialize<'a>>(body: &'a [u8]) -> Result<T, Malformed> {
    match postcard::take_from_bytes(body) {
        Ok((message, [])) => Ok(message),
        _ => Err(Malformed),
    }
}

/// What no well-behaved other side sends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Malformed;

impl fmt::Display for Malformed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("not a message of this protocol")
    }
}

impl std::error::Error for Malformed {}

impl From<Malformed> for io::Error {
    fn from(malformed: Malformed) -> Self {
        Self::new(io::ErrorKind::InvalidData, malformed)
    }
}

/// The bytes of a frame. `expected_bytes` should not be less than the body will have: growing leaves copies behind, and
/// a body may hold secrets.
pub(crate) fn encode(id: u64, message: &impl Serialize, expected_bytes: usize) -> Result<Vec<u8>, Malformed> {
    let mut bytes = Vec::with_capacity(HEAD_BYTES.saturating_add(expected_bytes));
    bytes.extend([0; size_of::<u32>()]);
    bytes.extend(id.to_le_bytes());
    finish(postcard::to_extend(message, bytes).map_err(|_unencodable| Malformed)?)
}

/// The frame that comes first, in both directions.
pub(crate) fn hello(version: u32) -> Vec<u8> {
    let mut bytes = vec![0; HEAD_BYTES];
    bytes.extend(MAGIC);
    bytes.extend(version.to_le_bytes());
    finish(bytes).unwrap_or_default()
}

/// The version that the other side greets with. Bytes after it are left to later versions.
pub(crate) fn read_hello(frame: &Frame) -> Result<u32, Malformed> {
    let (0, Some(rest)) = (frame.id, frame.body.strip_prefix(&MAGIC)) else { return Err(Malformed) };
    rest.first_chunk().map(|version| u32::from_le_bytes(*version)).ok_or(Malformed)
}

fn finish(mut frame: Vec<u8>) -> Result<Vec<u8>, Malformed> {
    let counted = frame.len().saturating_sub(size_of::<u32>());
    if counted > ID_BYTES.saturating_add(MAX_BODY_BYTES) {
        return Err(Malformed);
    }
    let length = u32::try_from(counted).map_err(|_too_long| Malformed)?;
    *frame.first_chunk_mut().ok_or(Malformed)? = length.to_le_bytes();
    Ok(frame)
}

/// The next frame; `None` where the other side has closed its end between two of them.
///
/// # Errors
///
/// Those of `reader`; `UnexpectedEof` for a frame that ends early, `InvalidData` for a length that cannot be.
pub(crate) fn read_frame(reader: &mut impl Read) -> io::Result<Option<Frame>> {
    let mut head = [0; HEAD_BYTES];
    let mut filled = 0;
    while let Some(free) = head.get_mut(filled..).filter(|free| !free.is_empty()) {
        match reader.read(free) {
            Ok(0) if filled == 0 => return Ok(None),
            Ok(0) => return Err(io::ErrorKind::UnexpectedEof.into()),
            Ok(read) => filled = filled.saturating_add(read),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    let [l0, l1, l2, l3, id @ ..] = head;
    let counted = usize::try_from(u32::from_le_bytes([l0, l1, l2, l3])).map_err(|_too_long| Malformed)?;
    let len = counted.checked_sub(ID_BYTES).filter(|len| *len <= MAX_BODY_BYTES).ok_or(Malformed)?;
    let mut body = Vec::with_capacity(len.min(FIRST_ALLOCATION));
    let announced = u64::try_from(len).map_err(|_too_long| Malformed)?;
    if reader.take(announced).read_to_end(&mut body)? < len {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    Ok(Some(Frame { id: u64::from_le_bytes(id), body }))
}
