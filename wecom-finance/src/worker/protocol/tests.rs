use std::io::{self, Cursor, Read};

use proptest::prelude::*;

use super::frame::HEAD_BYTES;
use super::*;

fn only_frame(bytes: &[u8]) -> Frame {
    let mut reader = Cursor::new(bytes);
    let frame = read_frame(&mut reader).unwrap().unwrap();
    assert!(read_frame(&mut reader).unwrap().is_none());
    frame
}

/// A few bytes at a time, as sockets do.
struct Trickle<'a>(&'a [u8], usize);

impl Read for Trickle<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let most = buffer.len().min(self.1);
        (&mut self.0).take(u64::try_from(most).unwrap()).read(buffer)
    }
}

#[test]
fn what_is_sent_arrives() {
    let sealed = SealedText { random_key: Blob(b"k\0\xff"), encrypt_chat_msg: "msg" };
    for request in [
        Request::Start(Start {
            library: Blob(b"/a/\xff.so"),
            corp_id: "ww",
            secret: Blob(b"s"),
            proxy: Some("http://127.0.0.1:1"),
            proxy_login: None,
            timeout_seconds: 30,
            memory_limit: Some(1 << 30),
        }),
        Request::ChatPage { session: u64::MAX, proxy: None, after: 0, limit: 1_000 },
        Request::MediaChunk {
            session: 1,
            proxy: Some(ProxyText { url: "http://127.0.0.1:1", login: Some(Blob(b"a:b")) }),
            file_id: "id",
            token: Some("Range:bytes=0-15"),
        },
        Request::Open(Batch(vec![sealed])),
        Request::Forget(Batch((0..256).collect())),
    ] {
        let frame = only_frame(&encode(7, &request, 0).unwrap());
        assert_eq!(frame.id, 7);
        assert_eq!(decode::<Request<'_>>(&frame.body), Ok(request));
    }
    for reply in [
        Reply::Started,
        Reply::NotStarted(NotStarted::PrivateLibstdcxx { library: None, users: Batch(vec!["a", "b"]) }),
        Reply::Page(Blob(&vec![0; 70_000])),
        Reply::Chunk { data: Blob(b""), next: "", is_last: true },
        Reply::Opened(Batch(vec![Ok(Blob(b"{}")), Err(Failure::Sdk(-7)), Err(Failure::TooLarge)])),
        Reply::Failed(Failure::OutOfMemory),
    ] {
        let frame = only_frame(&encode(u64::MAX, &reply, 0).unwrap());
        assert_eq!(decode::<Reply<'_>>(&frame.body), Ok(reply));
    }
}

#[test]
fn any_version_can_read_the_greeting_of_any_other() {
    let greeting = hello(7);
    assert_eq!(read_hello(&only_frame(&greeting)), Ok(7));
    let longer = Frame { id: 0, body: [&greeting[HEAD_BYTES..], b"what a later version says"].concat() };
    assert_eq!(read_hello(&longer), Ok(7));
    for (id, body) in
        [(1, &greeting[HEAD_BYTES..]), (0, &greeting[HEAD_BYTES..greeting.len() - 1]), (0, b"HTTP/1.1")]
    {
        assert_eq!(read_hello(&Frame { id, body: body.to_vec() }), Err(Malformed));
    }
}

#[test]
fn the_largest_body_passes_and_a_larger_one_is_refused() {
    let body = vec![7; MAX_BODY_BYTES - 8];
    let frame = encode(1, &Reply::Page(Blob(&body)), body.len() + 8).unwrap();
    let frame = only_frame(&frame);
    assert_eq!(decode(&frame.body), Ok(Reply::Page(Blob(&body))));
    let body = vec![7; MAX_BODY_BYTES];
    assert_eq!(encode(1, &Reply::Page(Blob(&body)), body.len() + 8), Err(Malformed));
    let mut announced = encode(1, &Reply::Started, 0).unwrap();
    announced[..4].copy_from_slice(&(u32::try_from(MAX_BODY_BYTES).unwrap() + 9).to_le_bytes());
    let error = read_frame(&mut Cursor::new(announced)).err().unwrap();
    assert_eq!(error.kind(), io::ErrorKind::InvalidData);
}

#[test]
fn memory_is_taken_for_what_arrives_and_not_for_what_is_announced() {
    /// Ends after the head, and tells how much it could have been asked to fill.
    struct Head<'a>(&'a [u8], &'a mut usize);
    impl Read for Head<'_> {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            *self.1 = buffer.len().max(*self.1);
            self.0.read(buffer)
        }
    }
    let mut head = u32::try_from(MAX_BODY_BYTES).unwrap().to_le_bytes().to_vec();
    head.extend([0; 8]);
    let mut most = 0;
    let error = read_frame(&mut Head(&head, &mut most)).err().unwrap();
    assert_eq!(error.kind(), io::ErrorKind::UnexpectedEof);
    assert!(most <= 1 << 20, "{most}");

    // 2^28 items that are not there.
    assert_eq!(decode::<Request<'_>>(&[4, 0xff, 0xff, 0xff, 0x7f]), Err(Malformed));
    // One item more than there may be, each of a byte.
    let too_many = Request::Forget(Batch(vec![1; MAX_BATCH + 1]));
    let frame = only_frame(&encode(1, &too_many, 0).unwrap());
    assert_eq!(decode::<Request<'_>>(&frame.body), Err(Malformed));
}

#[test]
fn a_frame_that_ends_early_is_an_error_wherever_it_ends() {
    let frame = encode(3, &Request::ChatPage { session: 1, proxy: None, after: 2, limit: 3 }, 0).unwrap();
    assert!(read_frame(&mut Cursor::new(&frame[..0])).unwrap().is_none());
    for end in 1..frame.len() {
        let error = read_frame(&mut Cursor::new(&frame[..end])).err().unwrap();
        assert_eq!(error.kind(), io::ErrorKind::UnexpectedEof, "{end}");
    }
    let mut trailing = frame[HEAD_BYTES..].to_vec();
    trailing.push(0);
    assert_eq!(decode::<Request<'_>>(&trailing), Err(Malformed), "nothing may follow");
}

#[test]
fn neither_secrets_nor_texts_are_printed() {
    let request = SealedText { random_key: Blob(b"canary"), encrypt_chat_msg: "" };
    assert!(!format!("{request:?}").contains("canary"));
}

proptest! {
    #[test]
    fn garbage_is_an_error_or_a_message(bytes in prop::collection::vec(any::<u8>(), 0..400), step in 1_usize..50) {
        let mut reader = Trickle(&bytes, step);
        while let Ok(Some(frame)) = read_frame(&mut reader) {
            let _version = read_hello(&frame);
            drop(decode::<Request<'_>>(&frame.body));
            drop(decode::<Reply<'_>>(&frame.body));
        }
        if let Ok(request) = decode::<Request<'_>>(&bytes) {
            let frame = only_frame(&encode(1, &request, 0).unwrap());
            prop_assert_eq!(decode::<Request<'_>>(&frame.body), Ok(request));
        }
        if let Ok(reply) = decode::<Reply<'_>>(&bytes) {
            let frame = only_frame(&encode(1, &reply, 0).unwrap());
            prop_assert_eq!(decode::<Reply<'_>>(&frame.body), Ok(reply));
        }
    }
}
