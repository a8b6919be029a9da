//! Every message of the corpus, and how it is understood: reviewed by eye, kept in `snapshots/`.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test may panic")]

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;
use wecom_finance::Timestamp;
use wecom_finance::message::{Body, ChatMessage, Conversation, Message, MsgType, Quote};

// The corpus belongs to the stand-in, whose demo is made of it.
#[path = "../../wecom-finance-simulator/src/corpus/notation.rs"]
mod notation;

use notation::Entry;

/// Longer lines are cut, and longer lists: what is long in the corpus is so only to be long.
const LINE: usize = 700;
const ITEMS: usize = 20;
const QUOTES: usize = 5;

/// The files of the corpus by name, in order.
fn files() -> Vec<(String, Vec<Entry>)> {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("../wecom-finance-simulator/corpus");
    let mut paths: Vec<PathBuf> = fs::read_dir(directory)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "txt"))
        .collect();
    paths.sort();
    let name = |path: &Path| path.file_stem().unwrap().to_string_lossy().into_owned();
    paths.iter().map(|path| (name(path), notation::parse(&fs::read_to_string(path).unwrap()))).collect()
}

fn entries() -> impl Iterator<Item = (String, Entry)> {
    files().into_iter().flat_map(|(file, entries)| {
        entries.into_iter().map(move |entry| (format!("{file}: {}", entry.name), entry))
    })
}

#[test]
fn how_every_message_is_understood() {
    let mut settings = insta::Settings::clone_current();
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    settings.bind(|| {
        for (file, entries) in files() {
            let understood: Vec<String> = entries.iter().map(understood).collect();
            insta::assert_snapshot!(file, understood.join("\n\n"));
        }
    });
}

/// A message in a form for people.
fn understood(entry: &Entry) -> String {
    let mut lines = vec![format!("== {}", entry.name)];
    match Message::from_json(&entry.text) {
        Err(error) => lines.push(format!("no message: {error}")),
        Ok(message) => describe(&message, &entry.text, &mut lines),
    }
    lines.iter().map(|line| shortened(line)).collect::<Vec<_>>().join("\n")
}

fn describe(message: &Message, text: &[u8], lines: &mut Vec<String>) {
    match message {
        Message::Chat(chat) => {
            envelope(chat, lines);
            body(&chat.body, "", lines);
        }
        Message::Switch(log) => {
            lines.push(format!("switch    {} {} {}", show(&log.msgid), show(&log.user), log.time));
        }
        _ => panic!("a kind of entry without a description"),
    }
    let media = message.media();
    let incomplete = !media.is_complete();
    for file in media {
        let size = file.size().map(|size| format!("{size} bytes"));
        let md5 = file.md5().map(|md5| format!("md5 {md5}"));
        let name = file.file_name().map(|name| format!("{name:?}"));
        let extension = file.extension().map(|extension| format!(".{}", extension.escape_debug()));
        let mut line = format!("media     {} {}", file.path.escape_debug(), file.kind);
        for part in [size, md5, name, extension].into_iter().flatten() {
            write!(line, ", {part}").unwrap();
        }
        lines.push(format!("{line}, {:?}", file.file_id()));
    }
    if incomplete {
        lines.push("media     … and perhaps more, too deep to look".to_owned());
    }
    for (path, value) in message.extra() {
        lines.push(format!("extra     {} {}", path.escape_debug(), printable(value.get())));
    }
    if message.json().as_bytes() != text {
        lines.push("repaired".to_owned());
    }
}

fn envelope(chat: &ChatMessage, lines: &mut Vec<String>) {
    let ChatMessage { msgid, action, from, to, msgtype, .. } = chat;
    let suffix = match (msgid.is_external(), msgid.is_updown_stream()) {
        (true, _) => " (external)",
        (_, true) => " (upstream/downstream)",
        _ => "",
    };
    let conversation = match chat.conversation() {
        Some(Conversation::Room(room)) => format!("room {}", show(room)),
        Some(Conversation::Single(..)) => "single".to_owned(),
        _ => "no conversation".to_owned(),
    };
    let to: Vec<_> = to.iter().map(show).collect();
    lines.push(format!("message   {}{suffix} {} {}", show(msgid), show(action), show(msgtype)));
    lines.push(format!("between   {} → {} ({conversation}) {}", show(from), to.join(", "), chat.time));
}

/// The variant, the values as they are typed (times and lengths are readable there), and the fields as WeCom has them
/// (texts are readable there).
fn body(body: &Body, indent: &str, lines: &mut Vec<String>) {
    let debug = format!("{body:?}");
    let variant = debug.split('(').next().unwrap();
    match body {
        Body::ChatRecord(record) => {
            let count = record.items.len();
            lines.push(format!("{indent}{variant} {:?}, {count} items", record.title.as_str()));
            for part in record.items.iter().take(ITEMS) {
                let time = part.time().map(|time: Timestamp| format!(" {time}")).unwrap_or_default();
                let from = match part.from_chatroom {
                    Some(true) => " from a room",
                    Some(false) => " from a single chat",
                    None => "",
                };
                item(&part.item_type, &format!("{time}{from}"), &part.body(), indent, lines);
            }
        }
        Body::Mixed(mixed) => {
            lines.push(format!("{indent}{variant}, {} items", mixed.items.len()));
            mixed
                .items
                .iter()
                .take(ITEMS)
                .for_each(|part| item(&part.item_type, "", &part.body(), indent, lines));
        }
        Body::Note(note) => {
            lines.push(format!("{indent}{variant}, {} items", note.items.len()));
            note.items
                .iter()
                .take(ITEMS)
                .for_each(|part| item(&part.item_type, "", &part.body(), indent, lines));
        }
        Body::Unknown(unknown) => {
            let raw = unknown.raw.as_str();
            // A whole message's text is in the corpus; a part's is worth a look.
            let raw = if indent.is_empty() { format!("{} bytes", raw.len()) } else { printable(raw) };
            lines.push(format!("{indent}Unknown {}: {raw}", show(&unknown.msgtype)));
        }
        Body::Text(text) => {
            lines.push(format!("{indent}{variant} {}", printable(&serde_json::to_string(body).unwrap())));
            quotes(text.content.as_str(), QUOTES, indent, lines);
        }
        // Nothing but texts.
        Body::Markdown(_) | Body::Revoke(_) => {
            lines.push(format!("{indent}{variant} {}", printable(&serde_json::to_string(body).unwrap())));
        }
        _ => {
            lines.push(format!("{indent}{debug}"));
            lines.push(format!("{indent}{}", printable(&serde_json::to_string(body).unwrap())));
        }
    }
}

/// The quote in a text, and those in the quoted text.
fn quotes(text: &str, levels: usize, indent: &str, lines: &mut Vec<String>) {
    let Some(quote) = Quote::parse(text).filter(|_| levels > 0) else { return };
    let indent = format!("{indent}  ");
    lines.push(format!("{indent}{:?}: {:?} said", quote.layout, quote.author));
    lines.push(format!("{indent}quoted  {:?}", quote.quoted));
    quotes(quote.quoted, levels - 1, &indent, lines);
    lines.push(format!("{indent}reply   {:?}", quote.reply));
}

fn item(item_type: &MsgType, more: &str, inner: &Body, indent: &str, lines: &mut Vec<String>) {
    lines.push(format!("{indent}  - {}{more}", show(item_type)));
    body(inner, &format!("{indent}    "), lines);
}

fn show(id: impl AsRef<str>) -> String {
    if id.as_ref().is_empty() { "-".to_owned() } else { printable(id.as_ref()) }
}

/// Without characters that a terminal or an editor would act on.
fn printable(text: &str) -> String {
    let acts = |c: char| {
        c.is_control()
            || matches!(c, '\u{200b}' | '\u{200e}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{feff}')
    };
    text.chars().map(|c| if acts(c) { c.escape_unicode().to_string() } else { c.to_string() }).collect()
}

fn shortened(line: &str) -> String {
    let length = line.chars().count();
    if length <= LINE {
        return line.trim_end().to_owned();
    }
    let head: String = line.chars().take(LINE / 2).collect();
    let tail: String = line.chars().skip(length - 100).collect();
    format!("{head} … {tail} ({length} characters)")
}

#[test]
fn the_text_stays_as_it_is() {
    for (name, entry) in entries() {
        if let Ok(message) = Message::from_json(&entry.text) {
            assert!(*message.raw() == entry.text, "{name}");
        }
    }
}

#[test]
fn a_message_serializes_as_what_it_was_read_from() {
    for (name, entry) in entries() {
        let Ok(message) = Message::from_json(&entry.text) else { continue };
        let written = serde_json::to_string(&message).unwrap_or_else(|error| panic!("{name}: {error}"));
        assert!(Message::from_json(written.as_bytes()).unwrap() == message, "{name}");
        match serde_json::from_slice::<Value>(&entry.text) {
            Ok(before) => assert!(serde_json::from_str::<Value>(&written).unwrap() == before, "{name}"),
            // A number that does not fit, nesting that is too deep, or a text that had to be repaired.
            Err(_) => assert!(entry.hostile, "{name}"),
        }
    }
}

#[test]
fn the_typed_values_alone_say_the_same() {
    for (name, entry) in entries() {
        let Ok(message) = Message::from_json(&entry.text) else { continue };
        let written =
            serde_json::to_string(&message.typed()).unwrap_or_else(|error| panic!("{name}: {error}"));
        assert!(Message::from_json(written.as_bytes()).unwrap() == message, "{name}");
    }
}

#[test]
fn paths_lead_to_the_files() {
    for (name, entry) in entries().filter(|(_, entry)| !entry.hostile) {
        let message = Message::from_json(&entry.text).unwrap();
        let value: Value = serde_json::from_slice(&entry.text).unwrap();
        for file in message.media() {
            let object = through_quotes(value.clone(), &file.path);
            assert_eq!(object["sdkfileid"], file.file_id(), "{name}: {}", file.path);
        }
    }
}

/// What a JSON pointer leads to that goes on inside of JSON that is quoted.
fn through_quotes(mut value: Value, path: &str) -> Value {
    for step in path.split('/').skip(1) {
        let next = match &mut value {
            Value::Array(items) => items[step.parse::<usize>().unwrap()].take(),
            other => other[step.replace("~1", "/").replace("~0", "~")].take(),
        };
        value = match next.as_str() {
            Some(quoted) => serde_json::from_str(quoted).unwrap(),
            None => next,
        };
    }
    value
}
