//! Replies that quote a message: WeCom archives them as text, with the quote in front of the reply.
//!
//! The two layouts are, as regular expressions over the whole text (`s` flag):
//!
//! ```text
//! ^(这是一条引用/回复消息：|This is a quote/reply:)\n["“](?<author>[^\n]+)[：:]\s?\n(?<quoted>.*?)[”"]\n-{6}\n(?<reply>.*)$
//! ^「(?<author>[^\n]+)：\n?(?<quoted>.*?)」\n-( -){14}\n(?<reply>.+)$
//! ```
//!
//! They are read by hand here, since that takes time in proportion to the text, whatever the text is.

use std::fmt;

use super::plain::Text;

/// A reply and the message that it quotes, taken out of a text: see [`Text::quote`].
///
/// All of it is what people wrote, so `Debug` shows lengths only.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct Quote<'a> {
    /// Who wrote the quoted message: a name, as it was shown to the one who replied.
    pub author: &'a str,
    /// The quoted message. Media are words in brackets, such as `[图片]`.
    pub quoted: &'a str,
    /// The reply. May be empty in [`QuoteLayout::Headed`].
    pub reply: &'a str,
    /// In which of the two ways it is written.
    pub layout: QuoteLayout,
}

/// How a quote and its reply are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum QuoteLayout {
    /// A line of heading, in Chinese or English, the quote in quotation marks, and six dashes.
    Headed,
    /// The quote in corner brackets (`「」`), and fifteen dashes with spaces between them.
    Bracketed,
}

impl Text {
    /// The quote and the reply, if the text is a reply that quotes; `None` for any other text.
    ///
    /// A text says nothing of where it ends: a quoted message that has a line of dashes of its own ends there.
    /// Where a name ends is uncertain if there are several colons in its line; the last one counts.
    ///
    /// ```
    /// use wecom_finance::{Body, Message};
    ///
    /// let json = r#"{"msgtype":"text","text":{"content":"This is a quote/reply:\n\"Lin Yu: \nSee you at ten\"\n------\nFine"}}"#;
    /// let Message::Chat(m) = Message::from_json(json.as_bytes())? else { unreachable!() };
    /// let Body::Text(text) = &m.body else { unreachable!() };
    /// let quote = text.quote().unwrap();
    /// assert_eq!((quote.author, quote.quoted, quote.reply), ("Lin Yu", "See you at ten", "Fine"));
    /// # Ok::<(), wecom_finance::InvalidJson>(())
    /// ```
    #[must_use]
    pub fn quote(&self) -> Option<Quote<'_>> {
        Quote::parse(self.content.as_str())
    }
}

impl<'a> Quote<'a> {
    /// The same for a text from elsewhere.
    #[must_use]
    pub fn parse(text: &'a str) -> Option<Self> {
        headed(text).or_else(|| bracketed(text))
    }
}

const HEADINGS: [&str; 2] = ["这是一条引用/回复消息：\n", "This is a quote/reply:\n"];
const SIX_DASHES: &str = "\n------\n";
const FIFTEEN_DASHES: &str = "」\n- - - - - - - - - - - - - - -\n";

fn headed(text: &str) -> Option<Quote<'_>> {
    let text = HEADINGS.iter().find_map(|heading| text.strip_prefix(heading))?;
    let text = text.strip_prefix(['"', '“'])?;
    let (line, rest) = text.split_once('\n')?;
    // One space of whatever kind may stand behind the colon, and a line break is one.
    let (author, rest) = match line.strip_suffix(['：', ':']) {
        Some(author) => (author, rest.strip_prefix('\n').unwrap_or(rest)),
        None => (line.strip_suffix(char::is_whitespace)?.strip_suffix(['：', ':'])?, rest),
    };
    if author.is_empty() {
        return None;
    }
    // The quote ends at the first line of dashes with a quotation mark before it.
    let (quoted, reply) = rest.match_indices(SIX_DASHES).find_map(|(at, dashes)| {
        let quoted = rest.get(..at)?.strip_suffix(['”', '"'])?;
        let reply = rest.get(at..)?.strip_prefix(dashes)?;
        Some((quoted, reply))
    })?;
    Some(Quote { author, quoted, reply, layout: QuoteLayout::Headed })
}

fn bracketed(text: &str) -> Option<Quote<'_>> {
    let text = text.strip_prefix('「')?;
    let line = text.split('\n').next()?;
    let (author, _) = line.rsplit_once('：')?;
    let rest = text.strip_prefix(author)?.strip_prefix('：')?;
    let rest = rest.strip_prefix('\n').unwrap_or(rest);
    let (quoted, reply) = rest.split_once(FIFTEEN_DASHES)?;
    if author.is_empty() || reply.is_empty() {
        return None;
    }
    Some(Quote { author, quoted, reply, layout: QuoteLayout::Bracketed })
}

impl fmt::Debug for Quote<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { author, quoted, reply, layout } = self;
        write!(
            f,
            "Quote({layout:?}, {} bytes of author, {} bytes quoted, {} bytes of reply)",
            author.len(),
            quoted.len(),
            reply.len()
        )
    }
}

#[cfg(test)]
mod tests;
