//! What was said lately.

use std::collections::{HashMap, VecDeque};

use wecom_finance::{Body, ChatMessage};

use crate::text::beginning;

/// The last messages, for revocations to tell what they revoke: nobody takes back what is long past.
#[derive(Default)]
pub(crate) struct Recent {
    order: VecDeque<String>,
    summaries: HashMap<String, String>,
}

impl Recent {
    const KEPT: usize = 10_000;

    pub(crate) fn push(&mut self, chat: &ChatMessage) {
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

    pub(crate) fn find(&self, msgid: &str) -> Option<&str> {
        self.summaries.get(msgid).map(String::as_str)
    }
}
