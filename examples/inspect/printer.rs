//! A message as lines of text.

use std::collections::HashMap;
use std::error::Error;
use std::io::{self, Write};

use wecom_finance::message::{Content, EpochSeconds, FileId};
use wecom_finance::{Body, ChatMessage, Message};

use crate::recent::Recent;
use crate::text::{beginning, clean, leaves};
use crate::{Exported, ExportedFile};

/// Prints messages one after the other.
pub(crate) struct Printer<W> {
    out: W,
    /// The files of the message in hand, by sdkfileid.
    files: HashMap<String, ExportedFile>,
    recent: Recent,
}

impl<W: Write> Printer<W> {
    pub(crate) fn new(out: W) -> Self {
        Self { out, files: HashMap::new(), recent: Recent::default() }
    }

    pub(crate) fn skipped(&mut self, number: u64, reason: &dyn Error) -> io::Result<()> {
        writeln!(self.out, "line {number} skipped: {}\n", clean(&reason.to_string()))
    }

    pub(crate) fn message(&mut self, exported: Exported, message: &Message) -> io::Result<()> {
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
            Body::Meeting(meeting) => {
                self.event("meeting", &meeting.topic, meeting.start, meeting.end, &meeting.address, depth)
            }
            Body::Calendar(event) => {
                self.event("calendar", &event.title, event.start, event.end, &event.place, depth)
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

    fn event(
        &mut self,
        kind: &str,
        title: &Content,
        start: Option<EpochSeconds>,
        end: Option<EpochSeconds>,
        place: &Content,
        depth: usize,
    ) -> io::Result<()> {
        let time = |time: Option<EpochSeconds>| time.map(|time| time.to_string()).unwrap_or_default();
        self.line(depth, &format!("[{kind}] {title}, {} – {}, {place}", time(start), time(end)))
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
        let size = exported.as_ref().and_then(|file| file.bytes).or(size);
        let state = exported.map(|file| match file.file {
            Some(path) => format!(", {}: {path}", file.state),
            None => format!(", {}", file.state),
        });
        let name = if name.is_empty() { String::new() } else { format!(" {name}") };
        let size = size.map(|size| format!(" {size} bytes")).unwrap_or_default();
        let text = format!("[{kind}]{name}{size}{}", state.unwrap_or_default());
        self.line(depth, &text)
    }

    fn lines(&mut self, depth: usize, mark: &str, text: &str) -> io::Result<()> {
        text.lines().try_for_each(|line| self.line(depth, &format!("{mark}{line}")))
    }

    fn line(&mut self, depth: usize, text: &str) -> io::Result<()> {
        writeln!(self.out, "{:indent$}{}", "", clean(text), indent = depth * 4)
    }
}
