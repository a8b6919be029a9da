//! An exported archive as a conversation that people can read: who, to whom, when, what.
//!
//! ```text
//! cargo run -p wecom-finance-cli -- archive --demo
//! cargo run -p wecom-finance-cli -- export > messages.jsonl
//! cargo run -p wecom-finance-examples --example inspect -- messages.jsonl
//! ```
//!
//! Without a file it reads from stdin. The export is never in memory as a whole, so it may be of any length.

mod printer;
mod recent;
mod text;

use std::env;
use std::error::Error;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Write};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;
use wecom_finance::Message;

use printer::Printer;

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
    let mut printer = Printer::new(out);
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
                printer.skipped(number, reason.as_ref())?;
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

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};
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
