use std::borrow::Cow;
use std::fmt;

use bytes::Bytes;
use serde::Deserialize;
use serde_json::value::RawValue;

use super::SealedMessage;
use super::gap::{self, Gap};
use super::sealed::Text;
use crate::{Error, Operation};

/// Up to 1,000 sealed messages, in the SDK's own buffer.
#[derive(Clone)]
pub struct ChatPage {
    reply: Bytes,
    messages: Vec<SealedMessage>,
    malformed: Vec<MalformedItem>,
    after: u64,
    last_seq: u64,
}

/// An item of a page that is not a sealed message: damaged on its way. It is kept as it came.
#[derive(Clone)]
#[non_exhaustive]
pub struct MalformedItem {
    /// The seq of the message before it, or the one the page was asked for.
    pub after: u64,
    /// The item's JSON text.
    pub raw: Bytes,
}

impl ChatPage {
    /// Reads the server's reply to "messages after this seq". `None` is the head of the stream.
    pub(crate) fn read(after: u64, reply: Bytes) -> Result<Option<Self>, Error> {
        let parsed: Reply<'_> = serde_json::from_slice(&reply).map_err(|error| unreadable(&reply, &error))?;
        let errcode = parsed.errcode.as_ref().and_then(Number::signed);
        match (errcode, &parsed.chatdata) {
            (Some(0), _) | (None, Some(_)) => {}
            (Some(errcode), _) => {
                let errmsg = parsed.errmsg.unwrap_or_default();
                return Err(Error::refused(Operation::Chat, errcode, &errmsg));
            }
            (None, None) => return Err(unreadable_because("it has neither errcode nor chatdata")),
        }
        let items = parsed.chatdata.unwrap_or_default();
        if items.is_empty() {
            return Ok(None);
        }
        let mut messages = Vec::with_capacity(items.len());
        let mut malformed = Vec::new();
        let mut last_seq = after;
        for item in items {
            match read_item(&reply, item) {
                Some(message) => {
                    last_seq = last_seq.max(message.seq);
                    messages.push(message);
                }
                None => malformed
                    .push(MalformedItem { after: last_seq, raw: reply.slice_ref(item.get().as_bytes()) }),
            }
        }
        if last_seq == after {
            return Err(unreadable_because("no message in it comes after the one that was asked for"));
        }
        Ok(Some(Self { reply, messages, malformed, after, last_seq }))
    }

    /// The messages, in the order of the reply.
    #[must_use]
    pub fn messages(&self) -> &[SealedMessage] {
        &self.messages
    }

    /// The messages, for keeping.
    #[must_use]
    pub fn into_messages(self) -> Vec<SealedMessage> {
        self.messages
    }

    /// Items that are no sealed messages. There should be none.
    #[must_use]
    pub fn malformed(&self) -> &[MalformedItem] {
        &self.malformed
    }

    /// The largest `seq` of the page: the cursor to store with it, and to ask for the next page with.
    #[must_use]
    pub fn last_seq(&self) -> u64 {
        self.last_seq
    }

    /// The holes in the sequence that show in this page, in order: between the cursor that it was asked for with and its last
    /// message. With cursor 0 the page begins where WeCom does, and nothing is missing before that.
    #[must_use]
    pub fn gaps(&self) -> Vec<Gap> {
        let malformed: Vec<u64> = self.malformed.iter().map(|item| item.after).collect();
        gap::gaps(self.after, self.messages.iter().map(|message| message.seq), &malformed)
    }

    /// The server's reply, as the SDK handed it out.
    #[must_use]
    pub fn raw(&self) -> &Bytes {
        &self.reply
    }
}

impl fmt::Debug for ChatPage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ChatPage")
            .field("messages", &self.messages.len())
            .field("malformed", &self.malformed.len())
            .field("last_seq", &self.last_seq)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for MalformedItem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MalformedItem").field("after", &self.after).field("bytes", &self.raw.len()).finish()
    }
}

#[derive(Deserialize)]
struct Reply<'a> {
    errcode: Option<Number<'a>>,
    #[serde(borrow)]
    errmsg: Option<Cow<'a, str>>,
    #[serde(borrow)]
    chatdata: Option<Vec<&'a RawValue>>,
}

#[derive(Deserialize)]
struct Item<'a> {
    #[serde(borrow)]
    seq: Number<'a>,
    #[serde(borrow)]
    msgid: Option<&'a RawValue>,
    #[serde(borrow)]
    publickey_ver: Option<Number<'a>>,
    #[serde(borrow)]
    encrypt_random_key: Option<&'a RawValue>,
    #[serde(borrow)]
    encrypt_chat_msg: Option<&'a RawValue>,
}

/// A number, or a number in quotes.
#[derive(Deserialize)]
struct Number<'a>(#[serde(borrow)] &'a RawValue);

impl Number<'_> {
    fn digits(&self) -> &str {
        let text = self.0.get();
        text.strip_prefix('"').and_then(|text| text.strip_suffix('"')).unwrap_or(text)
    }

    fn signed(&self) -> Option<i64> {
        self.digits().parse().ok()
    }
}

/// Only the seq is indispensable: what else is missing shows when the message is opened, and does not lose it.
fn read_item(page: &Bytes, item: &RawValue) -> Option<SealedMessage> {
    let item: Item<'_> = serde_json::from_str(item.get()).ok()?;
    let seq = item.seq.digits().parse().ok()?;
    let publickey_ver =
        item.publickey_ver.and_then(|version| version.digits().parse().ok()).unwrap_or_default();
    let text = |value: Option<&RawValue>| value.and_then(|value| read_text(page, value)).unwrap_or_default();
    Some(SealedMessage::from_texts(
        seq,
        publickey_ver,
        text(item.msgid),
        text(item.encrypt_random_key),
        text(item.encrypt_chat_msg),
    ))
}

fn read_text(page: &Bytes, value: &RawValue) -> Option<Text> {
    let text: Borrowable<'_> = serde_json::from_str(value.get()).ok()?;
    Some(match text.0 {
        Cow::Borrowed(text) => Text::inside(page, text),
        // With escapes in it (`\/` is legal): has to be copied.
        Cow::Owned(text) => Text::from(text),
    })
}

#[derive(Deserialize)]
struct Borrowable<'a>(#[serde(borrow)] Cow<'a, str>);

fn unreadable(reply: &[u8], error: &serde_json::Error) -> Error {
    use serde_json::error::Category;
    let kind = match reply.iter().find(|byte| !byte.is_ascii_whitespace()) {
        None => return unreadable_because("it is empty"),
        Some(b'<') => return unreadable_because("it is an HTML or XML page, as a proxy or a gateway sends"),
        Some(_) => match error.classify() {
            Category::Eof => "it ends too early",
            Category::Data => "it is JSON of another shape",
            Category::Syntax | Category::Io => "it is not JSON",
        },
    };
    let (line, column, len) = (error.line(), error.column(), reply.len());
    Error::UnreadablePage { detail: format!("{kind}, at line {line} column {column} of {len} bytes") }
}

fn unreadable_because(detail: &str) -> Error {
    Error::UnreadablePage { detail: detail.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ServerCode;

    fn read(after: u64, reply: &str) -> Result<Option<ChatPage>, Error> {
        ChatPage::read(after, Bytes::copy_from_slice(reply.as_bytes()))
    }

    const TWO: &str = r#"{"errcode":0,"errmsg":"ok","chatdata":[
        {"seq":7,"msgid":"a_external","publickey_ver":2,"encrypt_random_key":"a2V5","encrypt_chat_msg":"bXNn"},
        {"seq":"9","msgid":"b","publickey_ver":"3","encrypt_random_key":"a\/2V5","encrypt_chat_msg":"bXNn","new":[]}
    ]}"#;

    #[test]
    fn a_page_borrows_from_the_reply() {
        let reply = Bytes::from_static(TWO.as_bytes());
        let page = ChatPage::read(6, reply.clone()).unwrap().unwrap();
        assert_eq!(page.last_seq(), 9);
        let [first, second] = page.messages() else { panic!("{page:?}") };
        assert_eq!((first.seq, first.msgid(), first.publickey_ver), (7, "a_external", 2));
        assert_eq!((second.seq, second.encrypt_random_key(), second.publickey_ver), (9, "a/2V5", 3));
        assert!(reply.as_ptr_range().contains(&first.encrypt_chat_msg().as_ptr()));
        assert!(!reply.as_ptr_range().contains(&first.detached().encrypt_chat_msg().as_ptr()));
        assert_eq!(first, &first.detached());
    }

    #[test]
    fn the_head_of_the_stream_is_not_an_error() {
        for reply in [
            r#"{"errcode":0,"errmsg":"ok"}"#,
            r#"{"errcode":0,"errmsg":"ok","chatdata":[]}"#,
            r#"{"errcode":"0","chatdata":null}"#,
        ] {
            assert!(read(5, reply).unwrap().is_none(), "{reply}");
        }
    }

    #[test]
    fn a_refusal_carries_its_code_and_words() {
        let error = read(0, r#"{"errcode":301053,"errmsg":"not open"}"#).unwrap_err();
        assert_eq!(error.server_code(), Some(ServerCode::from_raw(301_053)));
        assert!(error.to_string().ends_with("(not open)"), "{error}");
        let long = format!(r#"{{"errcode":1,"errmsg":"{}"}}"#, "长".repeat(100_000));
        assert!(read(0, &long).unwrap_err().to_string().chars().count() < 500);
    }

    #[test]
    fn what_is_no_page_says_what_it_is() {
        for (reply, words) in [
            ("", "empty"),
            ("  \n", "empty"),
            ("<html>502</html>", "HTML"),
            ("{\"errcode\":0,\"chatdata\":[{", "too early"),
            ("[]", "another shape"),
            ("{}", "neither errcode nor chatdata"),
            ("{\"errcode\":0,\"chatdata\":7}", "another shape"),
            ("hello", "not JSON"),
            (r#"{"errcode":0,"chatdata":[{"seq":5}]}"#, "comes after"),
            (r#"{"errcode":0,"chatdata":[{"seq":99999999999999999999}]}"#, "comes after"),
        ] {
            let error = read(5, reply).unwrap_err();
            assert!(matches!(error, Error::UnreadablePage { .. }), "{error:?}");
            assert!(error.to_string().contains(words), "{reply}: {error}");
            assert!(error.is_retryable());
        }
    }

    #[test]
    fn one_damaged_item_costs_nothing_but_itself() {
        let page = read(0, r#"{"errcode":0,"chatdata":[{"seq":1},{"seq":null},17,{"seq":3,"msgid":[1]}]}"#);
        let page = page.unwrap().unwrap();
        assert_eq!(page.messages().iter().map(|message| message.seq).collect::<Vec<_>>(), [1, 3]);
        let kept: Vec<_> = page.malformed().iter().map(|item| (item.after, item.raw.as_ref())).collect();
        assert_eq!(kept, [(1, &b"{\"seq\":null}"[..]), (1, b"17")]);
        assert_eq!(page.gaps(), [], "one of the two had seq 2");
    }

    #[test]
    fn a_page_knows_what_is_missing_in_front_of_it_and_inside() {
        let page = read(5, TWO).unwrap().unwrap();
        let gaps: Vec<_> = page.gaps().iter().map(|gap| (gap.first, gap.last, gap.at_cursor)).collect();
        assert_eq!(gaps, [(6, 6, true), (8, 8, false)]);
    }
}
