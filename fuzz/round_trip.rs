//! What holds for any bytes. Shared by the fuzz target and the test that replays its findings.

use wecom_finance::message::{ForwardedItem, MixedItem, NoteItem, Quote};
use wecom_finance::{Body, Message};

/// Fails if the model breaks one of its promises over these bytes.
pub(crate) fn message(bytes: &[u8]) {
    let Ok(message) = Message::from_json(bytes) else { return };
    assert_eq!(message.raw(), bytes, "the text is kept");

    let media: Vec<_> = message.media().collect();
    assert!(media.iter().all(|media| !media.file_id().is_empty()));
    let extra = message.extra();
    assert!(extra.iter().all(|(pointer, _)| pointer.starts_with('/')));
    drop(format!("{message:?} {media:?}"));

    if let Message::Chat(chat) = &message {
        assert!(chat.room.is_none() || chat.conversation().is_some());
        body(&chat.body, 0);
    }

    let written = serde_json::to_string(&message).expect("a message is JSON");
    let again = Message::from_json(written.as_bytes()).expect("JSON is a message");
    assert_eq!(again, message, "what is written says the same");
    assert_eq!(again.media().collect::<Vec<_>>(), media, "and refers to the same files");
    assert_eq!(again.extra().len(), extra.len(), "and has the same rest");

    let typed = serde_json::to_string(&message.typed()).expect("typed values are JSON");
    let again = Message::from_json(typed.as_bytes()).expect("JSON is a message");
    assert_eq!(again, message, "the typed values alone say the same");
}

/// Reads all parts of a body, down to where the library stops.
fn body(of: &Body, depth: usize) {
    assert!(depth <= 8, "nested without end");
    let parts: Vec<Body> = match of {
        Body::Text(text) => {
            quotes(text.content.as_str());
            return;
        }
        Body::ChatRecord(forwarded) => {
            assert!(forwarded.items.iter().all(|item| item.time().is_some() == item.msgtime.is_some()));
            forwarded.items.iter().map(ForwardedItem::body).collect()
        }
        Body::Mixed(mixed) => mixed.items.iter().map(MixedItem::body).collect(),
        Body::Note(note) => note.items.iter().map(NoteItem::body).collect(),
        _ => return,
    };
    for part in &parts {
        body(part, depth + 1);
    }
}

/// Takes apart a text, its quoted text, and so on for a few levels. Each is shorter than the one that it stands in.
fn quotes(text: &str) {
    let mut text = text;
    for _ in 0..8 {
        let Some(quote) = Quote::parse(text) else { return };
        assert!(quote.author.len() + quote.quoted.len() + quote.reply.len() < text.len());
        assert!(text.ends_with(quote.reply) && text.contains(quote.quoted));
        text = quote.quoted;
    }
}
