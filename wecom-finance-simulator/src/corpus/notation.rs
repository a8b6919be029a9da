//! How the files of the corpus are written; `corpus/README.md` explains it to those who write them.
//!
//! The tests of `wecom-finance` include this file, too: it uses nothing but the standard library.

/// One message of a corpus file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Entry {
    /// What it shows.
    pub(crate) name: String,
    /// Not fit for the demo: broken, unfetchable, or made to do harm.
    pub(crate) hostile: bool,
    /// The opened message, byte for byte.
    pub(crate) text: Vec<u8>,
}

/// Reads a file of the corpus.
pub(crate) fn parse(file: &str) -> Vec<Entry> {
    let mut entries: Vec<(String, bool, String)> = Vec::new();
    for line in file.lines().map(str::trim).filter(|line| !line.starts_with("# ")) {
        if let Some(name) = line.strip_prefix("== ") {
            entries.push((name.to_owned(), false, String::new()));
        } else if let Some(name) = line.strip_prefix("!! ") {
            entries.push((name.to_owned(), true, String::new()));
        } else if let Some((.., notation)) = entries.last_mut() {
            notation.push_str(line);
        }
    }
    entries
        .into_iter()
        .map(|(name, hostile, notation)| Entry { name, hostile, text: expand(&notation) })
        .collect()
}

/// The bytes that a notation stands for.
pub(crate) fn expand(notation: &str) -> Vec<u8> {
    let mut levels = vec![Vec::new()];
    let mut rest = notation.chars();
    while let Some(c) = rest.next() {
        match c {
            '⟪' => levels.push(Vec::new()),
            '⟫' => {
                let inner = levels.pop().unwrap_or_default();
                push(&mut levels, &quoted(&inner));
            }
            '⟦' => {
                let (directive, behind) = rest.as_str().split_once('⟧').unwrap_or((rest.as_str(), ""));
                rest = behind.chars();
                push(&mut levels, &directed(directive));
            }
            '\u{2400}'..='\u{241f}' => push(&mut levels, &[control(c)]),
            _ => push(&mut levels, c.to_string().as_bytes()),
        }
    }
    levels.concat()
}

/// To the innermost text that is still open.
fn push(levels: &mut Vec<Vec<u8>>, bytes: &[u8]) {
    match levels.last_mut() {
        Some(level) => level.extend_from_slice(bytes),
        // A closing bracket too many.
        None => levels.push(bytes.to_vec()),
    }
}

/// The control character that a picture of it stands for.
fn control(picture: char) -> u8 {
    u8::try_from(u32::from(picture).saturating_sub(0x2400)).unwrap_or_default()
}

/// The text as a JSON string, with its quotation marks. Bytes that JSON does not escape stay as they are.
fn quoted(text: &[u8]) -> Vec<u8> {
    let mut quoted = vec![b'"'];
    for byte in text {
        match byte {
            b'"' | b'\\' => quoted.extend([b'\\', *byte]),
            b'\n' => quoted.extend(b"\\n"),
            0..=0x1f => quoted.extend(format!("\\u{byte:04x}").bytes()),
            _ => quoted.push(*byte),
        }
    }
    quoted.push(b'"');
    quoted
}

/// What stands between `⟦` and `⟧`: bytes in hexadecimal, or a repetition whose `#` counts from 1.
fn directed(directive: &str) -> Vec<u8> {
    if let Some((times, text)) = directive.split_once('×') {
        let times = times.trim().parse().unwrap_or(0_u32);
        return (1..=times).flat_map(|number| expand(&text.replace('#', &number.to_string()))).collect();
    }
    directive.split_whitespace().filter_map(|byte| u8::from_str_radix(byte, 16).ok()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn expanded(notation: &str) -> String {
        String::from_utf8(expand(notation)).unwrap()
    }

    #[test]
    fn everything_else_stands_for_itself() {
        assert_eq!(expanded(r#"{"a":"\u00e9\n\"中"}"#), r#"{"a":"\u00e9\n\"中"}"#);
    }

    #[test]
    fn texts_in_texts() {
        assert_eq!(expanded(r#"{"c":⟪{"c":"x\n"}⟫}"#), r#"{"c":"{\"c\":\"x\\n\"}"}"#);
        assert_eq!(expanded(r#"⟪⟪⟪"⟫⟫⟫"#), r#""\"\\\"\\\\\\\"\\\"\"""#);
        assert_eq!(expanded("⟪a␊b␑⟫"), r#""a\nb\u0011""#);
    }

    #[test]
    fn bytes_and_repetitions() {
        assert_eq!(expand("a⟦ff 00⟧␀␟b"), b"a\xff\0\0\x1fb");
        assert_eq!(expanded("[⟦3×\"m#\",⟧0]"), r#"["m1","m2","m3",0]"#);
    }

    #[test]
    fn a_file() {
        let file = "# 文本\n\n== one\n{\"a\":1,\n  \"b\":2}\n\n!! two\n# why\n\n";
        let entry = |name: &str, hostile, text: &str| Entry { name: name.into(), hostile, text: text.into() };
        assert_eq!(parse(file), [entry("one", false, r#"{"a":1,"b":2}"#), entry("two", true, "")]);
    }
}
