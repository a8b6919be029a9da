//! Where quotes begin and end.

use super::QuoteLayout;

const HEADINGS: [&str; 2] = ["这是一条引用/回复消息：\n", "This is a quote/reply:\n"];
const SIX_DASHES: &str = "------\n";
const FIFTEEN_DASHES: &str = "- - - - - - - - - - - - - - -\n";

/// A text apart at a terminator.
#[derive(Debug, Clone, Copy)]
pub(super) struct Ending<'a> {
    pub(super) quoted: &'a str,
    pub(super) reply: &'a str,
}

/// Where a quote may end.
#[derive(Debug, Default)]
pub(super) struct Endings<'a> {
    /// At the first terminator of its layout.
    pub(super) first: Option<Ending<'a>>,
    /// At the terminator that is its own when the quotes in the quoted text have theirs.
    pub(super) balanced: Option<Ending<'a>>,
}

impl<'a> Endings<'a> {
    /// `text` begins with the quoted text.
    pub(super) fn find(text: &'a str, layout: QuoteLayout) -> Self {
        let mut open = OpenQuotes::default();
        open.push(layout);
        let mut endings = Self::default();
        let mut rest = text;
        loop {
            while let Some((nested, behind)) = opening(rest) {
                open.push(nested);
                rest = behind;
            }
            let Some((line, next)) = rest.split_once('\n') else { return endings };
            if let Some((ended, last_line, reply)) = terminator(line, next) {
                let behind = rest.len().saturating_sub(last_line.len());
                let quoted = text.get(..text.len().saturating_sub(behind)).unwrap_or_default();
                let ending = Some(Ending { quoted, reply });
                if ended == layout {
                    endings.first = endings.first.or(ending);
                }
                open.end(ended);
                if open.is_empty() {
                    endings.balanced = ending;
                    return endings;
                }
            }
            rest = next;
        }
    }
}

/// The quotes that have begun and not ended, outermost first.
#[derive(Debug, Default)]
struct OpenQuotes {
    stack: Vec<QuoteLayout>,
    /// How many of the stack are headed: it is not worth searching for one that is not there, line after line.
    headed: usize,
}

impl OpenQuotes {
    fn push(&mut self, layout: QuoteLayout) {
        self.stack.push(layout);
        self.headed = self.headed.saturating_add(usize::from(layout == QuoteLayout::Headed));
    }

    /// Ends the innermost of this layout and all that have begun inside of it, if there is one.
    fn end(&mut self, layout: QuoteLayout) {
        let some = match layout {
            QuoteLayout::Headed => self.headed > 0,
            QuoteLayout::Bracketed => self.stack.len() > self.headed,
        };
        while some && let Some(ended) = self.stack.pop() {
            self.headed = self.headed.saturating_sub(usize::from(ended == QuoteLayout::Headed));
            if ended == layout {
                return;
            }
        }
    }

    fn is_empty(&self) -> bool {
        self.stack.is_empty()
    }
}

/// The layout of the quote that the text begins with, and what stands behind the colon of its author.
fn opening(text: &str) -> Option<(QuoteLayout, &str)> {
    if let Some((_, behind)) = headed_author(text) {
        return Some((QuoteLayout::Headed, behind));
    }
    let text = text.strip_prefix('「')?;
    let (author, behind) = text.split_at_checked(text.find(['：', '「', '」', '\n'])?)?;
    let behind = behind.strip_prefix('：')?;
    (!author.is_empty()).then_some((QuoteLayout::Bracketed, behind))
}

/// The author of the headed quote that the text begins with, and what stands behind.
pub(super) fn headed_author(text: &str) -> Option<(&str, &str)> {
    let text = HEADINGS.iter().find_map(|heading| text.strip_prefix(heading))?;
    let text = text.strip_prefix(['"', '“'])?;
    let (line, rest) = text.split_once('\n')?;
    // One space of whatever kind may stand behind the colon, and a line break is one.
    let (author, rest) = match line.strip_suffix(['：', ':']) {
        Some(author) => (author, rest.strip_prefix('\n').unwrap_or(rest)),
        None => (line.strip_suffix(char::is_whitespace)?.strip_suffix(['：', ':'])?, rest),
    };
    (!author.is_empty()).then_some((author, rest))
}

/// The author of a bracketed quote, without its bracket, whose quoted text begins with a quote on the same line; and
/// the quoted text.
pub(super) fn author_before_quote(text: &str) -> Option<(&str, &str)> {
    let line = text.split('\n').next()?;
    line.match_indices('：').find_map(|(at, colon)| {
        let (author, rest) = text.split_at_checked(at)?;
        let rest = rest.strip_prefix(colon)?;
        (!author.is_empty() && opening(rest).is_some()).then_some((author, rest))
    })
}

/// What kind of quote a line ends, given the lines behind it; the line without its mark, and the reply.
fn terminator<'a>(line: &'a str, next: &'a str) -> Option<(QuoteLayout, &'a str, &'a str)> {
    if let Some(last_line) = line.strip_suffix(['”', '"']) {
        return Some((QuoteLayout::Headed, last_line, next.strip_prefix(SIX_DASHES)?));
    }
    let last_line = line.strip_suffix('」')?;
    let reply = next.strip_prefix(FIFTEEN_DASHES).filter(|reply| !reply.is_empty())?;
    Some((QuoteLayout::Bracketed, last_line, reply))
}
