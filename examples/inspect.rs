//! An exported archive as a conversation that people can read: who, to whom, when, what.
//!
//! ```text
//! cargo run -p wecom-finance-cli -- archive --demo
//! cargo run -p wecom-finance-cli -- export > messages.jsonl
//! cargo run -p wecom-finance-examples --example inspect -- messages.jsonl
//! ```
//!
//! Without a file it reads from stdin. The export is never in memory as a whole, so it may be of any length.

use std::collections::{HashMap, VecDeque};
use std::env;
use std::error::Error;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Write};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;
use serde_json::Value;
use wecom_finance::message::FileId;
use wecom_finance::{Body, ChatMessage, Message};

fn main() -> Result<(), Box<dyn Error>> {
    let out = io::stdout().lock();
    let printed = match env::args_os().nth(1) {
        Some(path) => inspect(BufReader::new(File::open(path)?), out),
        None => inspect(io::stdin().lock(), out),
    };
    match printed {
        // `inspect … | head` has seen enough.
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        Ok(tally) => {
            Ok(writeln!(io::stderr(), "{} messages, {} lines skipped", tally.messages, tally.skipped)?)
        }
        Err(error) => Err(error.into()),
    }
}

/// What `wecom-finance export` writes about a message, as far as it is needed here.
#[derive(Deserialize)]
struct Exported {
    raw: Option<String>,
    raw_base64: Option<String>,
    #[serde(default)]
    media: Vec<ExportedFile>,
    revoked_by: Option<String>,
}

#[derive(Deserialize)]
struct ExportedFile {
    sdkfileid: String,
    state: String,
    file: Option<String>,
    bytes: Option<u64>,
}

#[derive(Debug, Default, PartialEq, Eq)]
struct Tally {
    messages: u64,
    skipped: u64,
}

fn inspect(mut lines: impl BufRead, out: impl Write) -> io::Result<Tally> {
    let mut tally = Tally::default();
    let mut printer = Printer { out, files: HashMap::new(), recent: Recent::default() };
    let mut line = Vec::new();
    for number in 1_u64.. {
        line.clear();
        if lines.read_until(b'\n', &mut line)? == 0 {
            break;
        }
        if line.trim_ascii().is_empty() {
            continue;
        }
        match read(&line) {
            Ok((exported, message)) => {
                printer.message(exported, &message)?;
                tally.messages += 1;
            }
            // A broken line costs nothing but itself.
            Err(reason) => {
                writeln!(printer.out, "line {number} skipped: {reason}\n")?;
                tally.skipped += 1;
            }
        }
    }
    Ok(tally)
}

fn read(line: &[u8]) -> Result<(Exported, Message), Box<dyn Error>> {
    let exported: Exported = serde_json::from_slice(line)?;
    let text = match (&exported.raw, &exported.raw_base64) {
        (Some(raw), _) => raw.clone().into_bytes(),
        (None, Some(base64)) => STANDARD.decode(base64)?,
        (None, None) => return Err("it has no message in it".into()),
    };
    let message = Message::from_json(&text)?;
    Ok((exported, message))
}

struct Printer<W> {
    out: W,
    /// The files of the message in hand, by sdkfileid.
    files: HashMap<String, ExportedFile>,
    recent: Recent,
}

impl<W: Write> Printer<W> {
    fn message(&mut self, exported: Exported, message: &Message) -> io::Result<()> {
        self.files = exported.media.into_iter().map(|file| (file.sdkfileid.clone(), file)).collect();
        match message {
            Message::Chat(chat) => {
                self.heading(chat, exported.revoked_by.as_deref())?;
                match &chat.body {
                    // What is left of the message without what is in the heading.
                    Body::Unknown(_) => {
                        self.line(1, &format!("[{}]", chat.msgtype))?;
                        for (path, value) in message.extra() {
                            self.line(2, &format!("{path} {}", beginning(value.get())))?;
                        }
                    }
                    body => self.body(body, 1)?,
                }
                self.recent.push(chat);
            }
            Message::Switch(log) => {
                writeln!(self.out, "{}  {} switched to another corp", log.time, clean(log.user.as_str()))?;
            }
            _ => self.line(1, "an entry of a new kind")?,
        }
        // Files in places that only the walk over the whole message knows of.
        let unseen: Vec<_> =
            message.media().filter(|media| self.files.contains_key(media.file_id())).collect();
        for media in unseen {
            let kind = media.kind.as_str();
            self.file(kind, media.file_name().unwrap_or_default(), media.file_id(), media.size(), 1)?;
        }
        writeln!(self.out)
    }

    fn heading(&mut self, chat: &ChatMessage, revoked_by: Option<&str>) -> io::Result<()> {
        let to = match chat.to.as_slice() {
            many if many.len() > 5 => format!("{} people", many.len()),
            few => few.iter().map(|user| clean(user.as_str())).collect::<Vec<_>>().join(", "),
        };
        write!(self.out, "{}  {} → {to}", chat.time, clean(chat.from.as_str()))?;
        if let Some(room) = &chat.room {
            write!(self.out, "  in {}", clean(room.as_str()))?;
        }
        if let Some(revoked_by) = revoked_by {
            write!(self.out, "  [revoked by {}]", clean(revoked_by))?;
        }
        writeln!(self.out)
    }

    /// What is said, one level of indentation for each level of messages in messages.
    fn body(&mut self, body: &Body, depth: usize) -> io::Result<()> {
        match body {
            Body::Text(text) => match text.quote() {
                Some(quote) => {
                    self.line(depth, &format!("│ {}:", quote.author))?;
                    self.lines(depth, "│ ", quote.quoted)?;
                    self.lines(depth, "", quote.reply)
                }
                None => self.lines(depth, "", text.content.as_str()),
            },
            Body::Markdown(markdown) => self.lines(depth, "", markdown.content.as_str()),
            Body::Revoke(revoke) => {
                let what = match self.recent.find(revoke.pre_msgid.as_str()) {
                    Some(summary) => summary.to_owned(),
                    None => clean(revoke.pre_msgid.as_str()),
                };
                self.line(depth, &format!("[revokes] {what}"))
            }
            Body::Image(image) => self.known_file("image", "", &image.file_id, image.size, depth),
            Body::Voice(voice) => self.known_file("voice", "", &voice.file_id, voice.size, depth),
            Body::Video(video) => self.known_file("video", "", &video.file_id, video.size, depth),
            Body::Emotion(emotion) => self.known_file("sticker", "", &emotion.file_id, emotion.size, depth),
            Body::File(file) => self.known_file("file", file.name.as_str(), &file.file_id, file.size, depth),
            Body::MeetingVoiceCall(call) => self.known_file("recorded call", "", &call.file_id, None, depth),
            Body::VoipDocShare(document) => {
                let name = document.name.as_str();
                self.known_file("shared in a call", name, &document.file_id, document.size, depth)
            }
            Body::ChatRecord(record) => {
                self.line(depth, &format!("[forwarded] {}", record.title))?;
                for item in &record.items {
                    let time = item.time().map(|time| time.to_string()).unwrap_or_default();
                    self.line(depth + 1, &time)?;
                    self.body(&item.body(), depth + 2)?;
                }
                Ok(())
            }
            Body::Mixed(mixed) => mixed.items.iter().try_for_each(|item| self.body(&item.body(), depth)),
            Body::Note(note) => {
                self.line(depth, "[note]")?;
                note.items.iter().try_for_each(|item| self.body(&item.body(), depth + 1))
            }
            Body::Unknown(unknown) => {
                self.line(depth, &format!("[{}] {}", unknown.msgtype, beginning(unknown.raw.as_str())))
            }
            // Of the others, whatever there is to read.
            _ => {
                let values = serde_json::to_value(body).unwrap_or_default();
                let name = format!("{body:?}");
                let name = name.split('(').next().unwrap_or_default();
                self.line(depth, &format!("[{name}] {}", leaves("", &values).join(" · ")))
            }
        }
    }

    fn known_file(
        &mut self,
        kind: &str,
        name: &str,
        id: &FileId,
        size: Option<u64>,
        depth: usize,
    ) -> io::Result<()> {
        self.file(kind, name, id.as_str(), size, depth)
    }

    fn file(&mut self, kind: &str, name: &str, id: &str, size: Option<u64>, depth: usize) -> io::Result<()> {
        let exported = self.files.remove(id);
        let mut text = format!("[{kind}]");
        if !name.is_empty() {
            text += &format!(" {name}");
        }
        if let Some(size) = exported.as_ref().and_then(|file| file.bytes).or(size) {
            text += &format!(" {size} bytes");
        }
        match exported {
            Some(ExportedFile { file: Some(file), state, .. }) => text += &format!(", {state}: {file}"),
            Some(ExportedFile { state, .. }) => text += &format!(", {state}"),
            None => {}
        }
        self.line(depth, &text)
    }

    fn lines(&mut self, depth: usize, mark: &str, text: &str) -> io::Result<()> {
        text.lines().try_for_each(|line| self.line(depth, &format!("{mark}{line}")))
    }

    fn line(&mut self, depth: usize, text: &str) -> io::Result<()> {
        writeln!(self.out, "{:indent$}{}", "", clean(text), indent = depth * 4)
    }
}

/// The last messages, for revocations to tell what they revoke: nobody takes back what is long past.
#[derive(Default)]
struct Recent {
    order: VecDeque<String>,
    summaries: HashMap<String, String>,
}

impl Recent {
    const KEPT: usize = 10_000;

    fn push(&mut self, chat: &ChatMessage) {
        let what = match &chat.body {
            Body::Text(text) => beginning(text.quote().map_or(text.content.as_str(), |quote| quote.reply)),
            _ => format!("[{}]", chat.msgtype),
        };
        let msgid = String::from(chat.msgid.clone());
        self.summaries.insert(msgid.clone(), format!("{}: {what}", chat.time));
        self.order.push_back(msgid);
        if self.order.len() > Self::KEPT
            && let Some(oldest) = self.order.pop_front()
        {
            self.summaries.remove(&oldest);
        }
    }

    fn find(&self, msgid: &str) -> Option<&str> {
        self.summaries.get(msgid).map(String::as_str)
    }
}

/// All texts and numbers of a value that are not empty, with the names of their fields.
fn leaves(name: &str, value: &Value) -> Vec<String> {
    match value {
        Value::String(text) if text.is_empty() => Vec::new(),
        Value::String(text) => vec![format!("{name}: {text}")],
        Value::Number(number) => vec![format!("{name}: {number}")],
        Value::Array(items) => items.iter().flat_map(|item| leaves(name, item)).collect(),
        Value::Object(fields) => fields.iter().flat_map(|(name, field)| leaves(name, field)).collect(),
        Value::Null | Value::Bool(_) => Vec::new(),
    }
}

fn beginning(text: &str) -> String {
    let mut rest = text.chars().map(|c| if c == '\n' { ' ' } else { c });
    let mut beginning: String = rest.by_ref().take(60).collect();
    if rest.next().is_some() {
        beginning.push('…');
    }
    beginning
}

/// Messages come from anybody: nothing of them may move the cursor or turn the text round.
fn clean(text: &str) -> String {
    let turns = |c| matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    text.chars().map(|c| if c.is_control() || turns(c) { '\u{fffd}' } else { c }).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use wecom_finance_simulator::Scenario;

    use super::*;

    fn printed(lines: &str) -> (String, Tally) {
        let mut out = Vec::new();
        let tally = inspect(lines.as_bytes(), &mut out).unwrap();
        (String::from_utf8(out).unwrap(), tally)
    }

    /// A line of an export.
    fn line(msgtype: &str, body: &Value, media: &Value, revoked_by: Option<&str>) -> String {
        let raw = json!({
            "msgid": format!("{msgtype}-1"), "action": "send", "from": "lin.yu", "tolist": ["chen.bo", "wmSimu0001"],
            "roomid": "wrSimu0001", "msgtime": 1_774_504_800_000_i64, "msgtype": msgtype, msgtype: body,
        });
        json!({ "raw": raw.to_string(), "media": media, "revoked_by": revoked_by }).to_string() + "\n"
    }

    #[test]
    fn an_export_reads_like_a_conversation() {
        let text = "这是一条引用/回复消息：\n“周敏：\n周五能到吗？\n急”\n------\n能 👍";
        let photo = json!({ "sdkfileid": "A", "state": "stored", "file": "ww1/0/2-0.jpg", "bytes": 17 });
        let part = |kind: &str, body: Value| json!({ "type": kind, "msgtime": 1_774_418_400, "content": body.to_string() });
        let record = json!({ "title": "群聊的聊天记录", "item": [
            part("ChatRecordText", json!({ "content": "到了" })),
            part("ChatRecordImage", json!({ "filesize": 17, "sdkfileid": "A" })),
            part("ChatRecordFile", json!({ "filename": "报价\u{1b}[31m.xlsx", "filesize": 9, "sdkfileid": "B" })),
        ]});
        let lines = [
            line("text", &json!({ "content": text }), &json!([]), Some("revoke-1")),
            line("revoke", &json!({ "pre_msgid": "text-1" }), &json!([]), None),
            line("chatrecord", &record, &json!([photo]), None),
            line("todo", &json!({ "title": "来自群", "content": "对账" }), &json!([]), None),
            line("hologram", &json!({ "scene": "🏗", "sdkfileid": "A" }), &json!([photo]), None),
        ];
        let (printed, tally) = printed(&lines.concat());
        assert_eq!(tally, Tally { messages: 5, skipped: 0 });
        let heading = "2026-03-26T06:00:00.000Z  lin.yu → chen.bo, wmSimu0001  in wrSimu0001";
        let expected = format!(
            "{heading}  [revoked by revoke-1]
    │ 周敏:
    │ 周五能到吗？
    │ 急
    能 👍

{heading}
    [revokes] 2026-03-26T06:00:00.000Z: 能 👍

{heading}
    [forwarded] 群聊的聊天记录
        2026-03-25T06:00:00.000Z
            到了
        2026-03-25T06:00:00.000Z
            [image] 17 bytes, stored: ww1/0/2-0.jpg
        2026-03-25T06:00:00.000Z
            [file] 报价�[31m.xlsx 9 bytes

{heading}
    [Todo] content: 对账 · title: 来自群

{heading}
    [hologram]
        /hologram {{\"scene\":\"🏗\",\"sdkfileid\":\"A\"}}
    [other] 17 bytes, stored: ww1/0/2-0.jpg

"
        );
        assert_eq!(printed, expected);
    }

    #[test]
    fn broken_lines_are_named_and_skipped() {
        let good = line("text", &json!({ "content": "好" }), &json!([]), None);
        let lines = format!("{{\"raw\":\n{good}\n[]\n{{}}\n{{\"raw\":\"[]\"}}\n{good}");
        let (printed, tally) = printed(&lines);
        assert_eq!(tally, Tally { messages: 2, skipped: 4 });
        for number in [1, 4, 5, 6] {
            assert!(printed.contains(&format!("line {number} skipped: ")), "{printed}");
        }
        assert_eq!(printed.matches("    好\n").count(), 2);
    }

    #[test]
    fn nothing_that_anybody_writes_reaches_the_terminal_as_it_is() {
        let world = Scenario::new().corpus().hostile_corpus().build();
        let line = |(_, text): (u64, Vec<u8>)| match String::from_utf8(text) {
            Ok(raw) => json!({ "raw": raw }).to_string() + "\n",
            Err(error) => {
                json!({ "raw": null, "raw_base64": STANDARD.encode(error.as_bytes()) }).to_string() + "\n"
            }
        };
        let (printed, tally) = printed(&world.messages().map(line).collect::<String>());
        assert!(tally.messages > 400 && tally.skipped > 10, "{tally:?}");
        assert!(!printed.contains(|c: char| c.is_control() && c != '\n'));
    }
}
