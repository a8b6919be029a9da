//! What holds for any index token, and for a reader that gets any answers. Shared by the fuzz target and the test that
//! replays its findings.

use std::sync::{Arc, Mutex};

use bytes::Bytes;
use wecom_finance::{
    Backend, Error, IndexToken, MediaChunk, PageSize, RandomKey, RetryPolicy, Sdk, SdkFileId, Session,
};

/// Each line is an answer of the SDK to a request for a piece of a file: two characters that say what is true about it,
/// then its index token.
struct Script(Arc<Mutex<Vec<Vec<u8>>>>);

impl Backend for Script {
    fn session(&self) -> Result<Box<dyn Session>, Error> {
        Ok(Box::new(Self(Arc::clone(&self.0))))
    }

    fn open(&self, _random_key: &RandomKey, _encrypt_chat_msg: &str) -> Result<Bytes, Error> {
        Ok(Bytes::new())
    }
}

impl Session for Script {
    fn chat_page(&mut self, _after: u64, _limit: PageSize) -> Result<Bytes, Error> {
        Ok(Bytes::new())
    }

    fn media_chunk(&mut self, _: &SdkFileId, token: Option<&IndexToken>) -> Result<MediaChunk, Error> {
        let Some(line) = self.0.lock().expect("nobody panicked").pop() else {
            return Ok(MediaChunk::new(Bytes::new(), b"", true));
        };
        let asked = token.copied().unwrap_or_else(IndexToken::first);
        let asked_len = usize::try_from(asked.len()).unwrap_or(usize::MAX).min(1 << 21);
        let len = match line.first() {
            Some(b'=') => asked_len,
            Some(short) => usize::from(*short),
            None => 0,
        };
        let is_last = line.get(1) == Some(&b'.');
        let token = match line.get(2..).unwrap_or_default() {
            b"next" => IndexToken::containing(asked.end()).to_string().into_bytes(),
            other => other.to_vec(),
        };
        Ok(MediaChunk::new(Bytes::from(vec![7; len]), &token, is_last))
    }
}

/// Fails if a token changes on its way through text, or a reader does not get to an end.
pub(crate) fn index_token(bytes: &[u8]) {
    let lines: Vec<&[u8]> = bytes.split(|byte| *byte == b'\n').collect();
    for line in &lines {
        let token = std::str::from_utf8(line).ok().and_then(|text| text.parse::<IndexToken>().ok());
        let Some(token) = token else { continue };
        assert!(token.start() % 16 == 0 && token.len() % 16 == 0 && token.start() < token.end());
        assert_eq!(token.to_string().parse::<IndexToken>().ok(), Some(token));
    }

    let answers = lines.len();
    let script = Script(Arc::new(Mutex::new(lines.iter().rev().map(|line| line.to_vec()).collect())));
    let sdk = Sdk::with_backend("ww0123456789abcdef", script).retry(RetryPolicy::never()).build();
    let sdk = sdk.expect("the arguments are sound");
    let mut reader = sdk.media("ZmlsZQ==").expect("a sound id");
    let mut read = 0_u64;
    for _ in 0..=answers + 1 {
        match reader.next_chunk() {
            Ok(Some(chunk)) => read += u64::try_from(chunk.len()).expect("a chunk fits"),
            Ok(None) => break,
            Err(error) => drop(format!("{error} {error:?}")),
        }
        assert_eq!(reader.position(), read);
        if let Some(token) = reader.index_token() {
            assert!(token.start() <= read && read < token.end(), "the token leads on from here");
        }
    }
    assert!(reader.is_done(), "every answer is used once, and the last ends the file");
    drop(format!("{reader:?} {:?}", reader.verify()));
}
