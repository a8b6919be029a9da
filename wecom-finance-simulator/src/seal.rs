//! Sealing of messages, as WeCom does it, and their opening, as `DecryptData` does it.
//!
//! A message is encrypted twice over: its text under one AES-256 key, that key together with the layout of the sealed
//! text under another one that travels inside the sealed text, and the result of that under the corp's RSA key.

use aes::cipher::{BlockModeDecrypt, BlockModeEncrypt, KeyIvInit, block_padding::Pkcs7};
use base64::{Engine, engine::general_purpose::STANDARD};

use crate::{keys::PublicKey, protobuf};

/// Bytes before the outer key in a sealed message. `DecryptData` skips them.
pub(crate) const PREFIX: usize = 13;
const KEY: usize = 32;
const IV: usize = 16;

/// Where the pieces of a sealed body lie, in bytes, as the sealed key information announces it.
#[allow(clippy::struct_field_names, reason = "the names of the format's description")]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Layout {
    pub(crate) pre_len: i32,
    pub(crate) end_len: i32,
    pub(crate) s_len: i32,
}

/// The two sealed texts of a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Sealed {
    /// Base64 of the RSA ciphertext.
    pub(crate) encrypt_random_key: String,
    pub(crate) encrypt_chat_msg: String,
}

/// Seals `plaintext` for `key`.
///
/// All randomness but that of the RSA padding comes from `rng`. `announced` replaces the true layout in the key
/// information: that is how a message is made whose lengths do not fit.
pub(crate) fn seal(
    plaintext: &[u8],
    key: &PublicKey,
    prefix: [u8; PREFIX],
    announced: Option<Layout>,
    rng: &mut fastrand::Rng,
) -> Sealed {
    let outer = ascii::<KEY>(rng);
    let inner = ascii::<KEY>(rng);
    let body = encrypt(&inner, plaintext, rng);
    let (pre_len, end_len) = (rng.i32(0..=40), rng.i32(0..=40));
    // Base64 of an IV and at least one block: never shorter than 44 characters.
    let s_len = rng.i32(1..=20);
    let layout = Layout { pre_len, end_len, s_len };

    let mut info = Vec::new();
    let shown = announced.unwrap_or(layout);
    protobuf::put_bytes(&mut info, 1, &inner);
    protobuf::put_int32(&mut info, 2, shown.pre_len);
    protobuf::put_int32(&mut info, 3, shown.end_len);
    protobuf::put_int32(&mut info, 4, shown.s_len);
    let encrypt_key = encrypt(&outer, &info, rng);

    let (head, tail) = body.split_at_checked(to_len(s_len)).unwrap_or((&body, ""));
    let mut message = String::with_capacity(PREFIX + KEY + body.len() + 100);
    message.extend(prefix.iter().copied().map(char::from));
    message.extend(outer.iter().copied().map(char::from));
    push_junk(&mut message, to_len(pre_len), rng);
    message.push_str(head);
    push_junk(&mut message, to_len(s_len), rng);
    message.push_str(tail);
    push_junk(&mut message, to_len(end_len), rng);
    Sealed {
        encrypt_random_key: STANDARD.encode(key.encrypt(encrypt_key.as_bytes())),
        encrypt_chat_msg: message,
    }
}

/// `base64(IV ‖ AES-256-CBC(data))`, the archive's way of encrypting a text.
fn encrypt(key: &[u8; KEY], data: &[u8], rng: &mut fastrand::Rng) -> String {
    let mut iv = [0; IV];
    rng.fill(&mut iv);
    let sealed = cbc::Encryptor::<aes::Aes256>::new(key.into(), &iv.into()).encrypt_padded_vec::<Pkcs7>(data);
    let mut whole = iv.to_vec();
    whole.extend_from_slice(&sealed);
    STANDARD.encode(whole)
}

/// Undoes [`encrypt`]. The key's first 32 bytes count.
pub(crate) fn decrypt(key: &[u8], text: &[u8]) -> Option<Vec<u8>> {
    let key: &[u8; KEY] = key.first_chunk()?;
    let whole = STANDARD.decode(text).ok()?;
    let (iv, sealed) = whole.split_first_chunk::<IV>()?;
    cbc::Decryptor::<aes::Aes256>::new(key.into(), iv.into()).decrypt_padded_vec::<Pkcs7>(sealed).ok()
}

const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/// The character of the six low bits.
pub(crate) fn letter(bits: u64) -> u8 {
    usize::try_from(bits & 63).ok().and_then(|index| ALPHABET.get(index)).copied().unwrap_or(b'A')
}

/// The six bits of a character of the alphabet.
pub(crate) fn letter_bits(letter: u8) -> Option<u64> {
    ALPHABET.iter().position(|&known| known == letter).and_then(|index| u64::try_from(index).ok())
}

fn ascii<const N: usize>(rng: &mut fastrand::Rng) -> [u8; N] {
    std::array::from_fn(|_| letter(rng.u64(..)))
}

fn push_junk(out: &mut String, len: usize, rng: &mut fastrand::Rng) {
    out.extend((0..len).map(|_| char::from(letter(rng.u64(..)))));
}

fn to_len(len: i32) -> usize {
    usize::try_from(len).unwrap_or(0)
}
