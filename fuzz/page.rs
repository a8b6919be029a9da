//! What holds for any reply to a request for a page. Shared by the fuzz target and the test that replays its findings.

use bytes::Bytes;
use wecom_finance::{
    Backend, Error, IndexToken, MediaChunk, PageSize, RandomKey, RetryPolicy, Sdk, SdkFileId, Session,
};

const AFTER: u64 = 1_000;

/// A server that always gives the same reply.
struct Replies(Bytes);

impl Backend for Replies {
    fn session(&self) -> Result<Box<dyn Session>, Error> {
        Ok(Box::new(Self(self.0.clone())))
    }

    fn open(&self, _random_key: &RandomKey, _encrypt_chat_msg: &str) -> Result<Bytes, Error> {
        Ok(Bytes::new())
    }
}

impl Session for Replies {
    fn chat_page(&mut self, _after: u64, _limit: PageSize) -> Result<Bytes, Error> {
        Ok(self.0.clone())
    }

    fn media_chunk(&mut self, _: &SdkFileId, _: Option<&IndexToken>) -> Result<MediaChunk, Error> {
        Ok(MediaChunk::new(Bytes::new(), b"", true))
    }
}

/// Fails if reading the reply loses something, or leads a pull in a circle.
pub(crate) fn page(bytes: &[u8]) {
    let reply = Bytes::copy_from_slice(bytes);
    let sdk = Sdk::with_backend("ww0123456789abcdef", Replies(reply)).retry(RetryPolicy::never()).build();
    let page = match sdk.expect("the arguments are sound").page(AFTER) {
        Ok(Some(page)) => page,
        Ok(None) => return,
        Err(error) => return drop(format!("{error} {error:?} {:?}", error.server_code())),
    };
    assert_eq!(page.raw().as_ref(), bytes);
    assert!(page.last_seq() > AFTER, "a pull goes forward");
    assert!(page.messages().iter().all(|message| message.seq <= page.last_seq()));
    assert!(page.messages().iter().any(|message| message.seq == page.last_seq()));
    for message in page.messages() {
        let text =
            message.msgid().len() + message.encrypt_random_key().len() + message.encrypt_chat_msg().len();
        assert!(text <= bytes.len(), "what a message holds comes from the reply");
    }
    let items = items(bytes);
    assert_eq!(page.messages().len() + page.malformed().len(), items, "no item is dropped");
    assert!(page.malformed().iter().all(|item| !item.raw.is_empty()));
    let mut known = AFTER;
    for gap in page.gaps() {
        assert!(gap.first > known && gap.last >= gap.first && gap.last < page.last_seq());
        assert_eq!(gap.at_cursor, gap.first == AFTER + 1);
        assert!(page.messages().iter().all(|message| message.seq < gap.first || message.seq > gap.last));
        known = gap.last;
    }
    drop(format!("{page:?}"));
}

/// How many items the reply has, whatever they are.
fn items(bytes: &[u8]) -> usize {
    #[derive(serde::Deserialize)]
    struct Reply<'a> {
        #[serde(borrow)]
        chatdata: Vec<&'a serde_json::value::RawValue>,
    }
    serde_json::from_slice::<Reply<'_>>(bytes).expect("a page is JSON").chatdata.len()
}
