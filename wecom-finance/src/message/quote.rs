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
//!
//! The expressions end a quote at its first terminator, which is wrong where a reply was quoted: a quote in the quoted
//! text has a terminator of its own. Such a quote is skipped as a whole. It begins, at the beginning of the quoted text
//! or of a line in it, with what a quote of its layout begins with up to the colon (in `「author：`, without corner
//! brackets in the name); a terminator ends the innermost quote of its layout, and all that has begun inside of that. Where
//! the outermost quote does not end in this way, since one in it was cut short or only looked like one, the text is read as
//! the expressions have it. Texts without a quote in the quoted text are always read so.

mod ending;

use std::fmt;

use self::ending::{Ending, Endings, author_before_quote, headed_author};
use super::plain::Text;

/// A reply and the message that it quotes, taken out of a text: see [`Text::quote`].
///
/// All of it is what people wrote, so `Debug` shows lengths only.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct Quote<'a> {
    /// Who wrote the quoted message: a name, as it was shown to the one who replied.
    pub author: &'a str,
    /// The quoted message. Media are words in brackets, such as `[图片]`. If it was a reply, its own quote is in it:
    /// [`Quote::parse`] takes it apart.
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
    /// The quoted message may be a reply that quotes, as deep as it likes: its dashes do not end the outer quote. Dashes
    /// that somebody typed behind a quotation mark or bracket cannot be told from those, and do.
    /// Where a name ends is uncertain if there are several colons in its line; the last one counts, or the first that a
    /// quote follows.
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

fn headed(text: &str) -> Option<Quote<'_>> {
    let (author, rest) = headed_author(text)?;
    let endings = Endings::find(rest, QuoteLayout::Headed);
    let Ending { quoted, reply } = endings.balanced.or(endings.first)?;
    Some(Quote { author, quoted, reply, layout: QuoteLayout::Headed })
}

fn bracketed(text: &str) -> Option<Quote<'_>> {
    let layout = QuoteLayout::Bracketed;
    let text = text.strip_prefix('「')?;
    let (author, _) = text.split('\n').next()?.rsplit_once('：')?;
    let rest = text.strip_prefix(author)?.strip_prefix('：')?;
    let endings = Endings::find(rest.strip_prefix('\n').unwrap_or(rest), layout);
    // The last colon of the line may be that of a quote in the quoted text.
    let (before_quote, balanced) = match author_before_quote(text) {
        Some((author, rest)) => (author, Endings::find(rest, layout).balanced),
        None => (author, endings.balanced),
    };
    let (author, Ending { quoted, reply }) = match balanced {
        Some(ending) => (before_quote, ending),
        None => (author, endings.first?),
    };
    (!author.is_empty()).then_some(Quote { author, quoted, reply, layout })
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
