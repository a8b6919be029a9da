//! Opening a batch of messages.

use serde::Deserialize;
use serde::de::IgnoredAny;
use wecom_finance::{ChatRecord, Message, OpenedMessage, SealedMessage, UserId};

use crate::connect::Connection;
use crate::failure::Failure;
use crate::store::{NewMedia, NewMessage, NewQuarantine, Outcome, revokes};

/// What becomes of each message, in their order.
pub(super) fn open_all(connection: &Connection, sealed: &[SealedMessage]) -> Result<Vec<Outcome>, Failure> {
    let opened = connection.keys.open_all(&connection.sdk, sealed)?;
    Ok(sealed.iter().zip(opened).map(|(sealed, opened)| outcome(sealed, opened)).collect())
}

fn outcome(sealed: &SealedMessage, opened: wecom_finance::Result<OpenedMessage>) -> Outcome {
    let error = match opened.and_then(|opened| opened.parse(sealed)) {
        Ok(record) => return Outcome::Opened(read(record)),
        Err(error) => error,
    };
    let (reason, detail, content) = match error.unopened() {
        Some(unopened) => (unopened.reason.as_str(), unopened.reason.to_string(), unopened.content.clone()),
        None => ("cannot_decrypt", error.to_string(), None),
    };
    tracing::debug!(seq = sealed.seq, reason, "a message goes to the quarantine");
    Outcome::Unopened(NewQuarantine {
        seq: sealed.seq,
        msgid: sealed.msgid().to_owned(),
        publickey_ver: sealed.publickey_ver,
        reason,
        detail,
        content,
    })
}

fn read(record: ChatRecord) -> NewMessage {
    let raw = record.raw_bytes().clone();
    let base = NewMessage {
        seq: record.seq,
        msgid: record.msgid.clone(),
        publickey_ver: record.publickey_ver,
        media: record.media().map(NewMedia::from).collect(),
        revokes: revokes(record.message()).map(str::to_owned),
        ..NewMessage::default()
    };
    match record.into_message() {
        Message::Chat(chat) => {
            let present = Present::in_text(&raw);
            let to: Vec<&str> = chat.to.iter().map(UserId::as_str).collect();
            let tolist =
                (!to.is_empty() || present.tolist.is_some()).then(|| serde_json::json!(to).to_string());
            let millis = chat.time.as_millis();
            NewMessage {
                action: not_empty(chat.action.as_str()),
                msgtype: not_empty(chat.msgtype.as_str()),
                from: not_empty(chat.from.as_str()),
                tolist,
                roomid: chat.room.as_ref().and_then(|room| not_empty(room.as_str())),
                msgtime: (millis != 0 || present.msgtime.is_some()).then_some(millis),
                raw,
                ..base
            }
        }
        Message::Switch(_) => NewMessage { action: Some("switch".to_owned()), raw, ..base },
        // A kind of entry that the library learns later: its text is kept in any case.
        _ => NewMessage { raw, ..base },
    }
}

/// Fields of which the model does not tell whether they are absent or empty.
#[derive(Default, Deserialize)]
struct Present {
    tolist: Option<IgnoredAny>,
    msgtime: Option<IgnoredAny>,
}

impl Present {
    fn in_text(raw: &[u8]) -> Self {
        serde_json::from_slice(raw).unwrap_or_default()
    }
}

fn not_empty(text: &str) -> Option<String> {
    (!text.is_empty()).then(|| text.to_owned())
}
