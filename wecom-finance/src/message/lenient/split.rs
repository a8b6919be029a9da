//! Taking apart what is known to be JSON.
//!
//! A message is validated as a whole before its parts are looked at, and then there is nothing to check any more:
//! finding where a value ends is all. That is several times faster than to parse it, and the value may be at the
//! third level of a large message. Of text that is not JSON, the pieces are of no use, but nothing worse happens.

/// The first place of either byte.
///
/// JSON in a string has an escape every few bytes, so the first words are looked at here: to get going costs a
/// search with vectors more than that.
pub(super) fn find(one: u8, other: u8, bytes: &[u8]) -> Option<usize> {
    const LOW: u64 = 0x0101_0101_0101_0101;
    const HIGH: u64 = 0x8080_8080_8080_8080;
    const WORDS: usize = 4;
    // The lowest byte that is 0 gets its high bit set; what lies above it does not matter.
    let zeros = |word: u64| word.wrapping_sub(LOW) & !word & HIGH;
    let (one_everywhere, other_everywhere) = (LOW * u64::from(one), LOW * u64::from(other));
    let (words, _) = bytes.as_chunks::<8>();
    let mut before = 0_usize;
    for word in words.iter().take(WORDS) {
        let word = u64::from_le_bytes(*word);
        let found = zeros(word ^ one_everywhere) | zeros(word ^ other_everywhere);
        if found != 0 {
            return before.checked_add(usize::try_from(found.trailing_zeros() / 8).ok()?);
        }
        before = before.checked_add(8)?;
    }
    memchr::memchr2(one, other, bytes.get(before..)?)?.checked_add(before)
}

/// A position in valid JSON.
pub(super) struct Cursor<'a> {
    json: &'a str,
    at: usize,
}

/// The keys, with their quotation marks, and values of an object; `None` if it is no object.
pub(super) fn object<'a>(json: &'a str, entry: impl FnMut(&'a str, &'a str)) -> Option<()> {
    Cursor::begin(json).object(entry)
}

/// The elements of an array; `None` if it is none.
pub(in crate::message) fn array(json: &str) -> Option<Vec<&str>> {
    let mut cursor = Cursor::begin(json);
    let mut elements = Vec::new();
    cursor.open(b'[')?;
    while cursor.next_is_not(b']')? {
        elements.push(cursor.value()?);
    }
    Some(elements)
}

/// The elements of an array, with what `object` has made of each that is an object; `None` if it is no array.
pub(super) fn objects<'a, T>(
    json: &'a str,
    mut object: impl FnMut(&mut Cursor<'a>) -> Option<T>,
) -> Option<Vec<(Option<T>, &'a str)>> {
    let mut cursor = Cursor::begin(json);
    let mut elements = Vec::new();
    cursor.open(b'[')?;
    while cursor.next_is_not(b']')? {
        // No element is gone through twice: most of a large message is in one array.
        let begin = cursor.at;
        let element = if cursor.peek() == Some(b'{') {
            Some(object(&mut cursor)?)
        } else {
            cursor.value()?;
            None
        };
        elements.push((element, json.get(begin..cursor.at)?));
    }
    Some(elements)
}

impl<'a> Cursor<'a> {
    fn begin(json: &'a str) -> Self {
        Self { json, at: 0 }
    }

    fn open(&mut self, bracket: u8) -> Option<()> {
        self.skip_space();
        let opened = self.peek()? == bracket;
        self.at = self.at.checked_add(1)?;
        opened.then_some(())
    }

    /// The keys, with their quotation marks, and values of an object; `None` if it is no object.
    pub(super) fn object(&mut self, mut entry: impl FnMut(&'a str, &'a str)) -> Option<()> {
        self.open(b'{')?;
        while self.next_is_not(b'}')? {
            let key = self.value()?;
            self.skip_space();
            self.at = self.at.checked_add(1)?;
            entry(key, self.value()?);
        }
        self.at = self.at.checked_add(1)?;
        Some(())
    }

    fn peek(&self) -> Option<u8> {
        self.json.as_bytes().get(self.at).copied()
    }

    fn skip_space(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\n' | b'\r' | b'\t')) {
            self.at = self.at.saturating_add(1);
        }
    }

    /// Goes on to the next value, if there is one before the end.
    fn next_is_not(&mut self, end: u8) -> Option<bool> {
        self.skip_space();
        if self.peek()? == b',' {
            self.at = self.at.checked_add(1)?;
            self.skip_space();
        }
        Some(self.peek()? != end)
    }

    fn value(&mut self) -> Option<&'a str> {
        self.skip_space();
        let begin = self.at;
        match self.peek()? {
            b'"' => self.skip_string()?,
            b'{' | b'[' => self.skip_container()?,
            _ => {
                let rest = self.json.as_bytes().get(begin..)?;
                let ends = |b: &u8| matches!(b, b',' | b'}' | b']' | b' ' | b'\n' | b'\r' | b'\t' | b':');
                let len = rest.iter().position(ends).unwrap_or(rest.len());
                // Not even a character of a value: not JSON, and the end of the search.
                self.at = begin.checked_add(len).filter(|_| len > 0)?;
            }
        }
        self.json.get(begin..self.at)
    }

    fn skip_string(&mut self) -> Option<()> {
        self.at = self.at.checked_add(1)?;
        loop {
            let rest = self.json.as_bytes().get(self.at..)?;
            let found = find(b'"', b'\\', rest)?;
            let closed = rest.get(found) == Some(&b'"');
            self.at = self.at.checked_add(found)?.checked_add(if closed { 1 } else { 2 })?;
            if closed {
                return Some(());
            }
        }
    }

    fn skip_container(&mut self) -> Option<()> {
        let mut depth = 0_usize;
        loop {
            match self.peek()? {
                b'"' => {
                    self.skip_string()?;
                    continue;
                }
                b'{' | b'[' => depth = depth.checked_add(1)?,
                b'}' | b']' => depth = depth.checked_sub(1)?,
                _ => {}
            }
            self.at = self.at.checked_add(1)?;
            if depth == 0 {
                return Some(());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::value::RawValue;

    use super::*;

    fn entries(json: &str) -> Option<Vec<(&str, &str)>> {
        let mut entries = Vec::new();
        object(json, |key, value| entries.push((key, value)))?;
        Some(entries)
    }

    #[test]
    fn objects_and_arrays() {
        let json = r#" { "a" : 1 , "b\"}":[{"x":"]"}, "\\"],"c":null,"d":{} } "#;
        let expected =
            [("\"a\"", "1"), (r#""b\"}""#, r#"[{"x":"]"}, "\\"]"#), ("\"c\"", "null"), ("\"d\"", "{}")];
        assert_eq!(entries(json).unwrap(), expected);
        assert_eq!(
            array(r#"[1,"a" ,[ ] , {"x":[1,2]},-1.5e3]"#).unwrap(),
            ["1", "\"a\"", "[ ]", r#"{"x":[1,2]}"#, "-1.5e3"]
        );
        assert_eq!(array("[ ]").unwrap(), [""; 0]);
        assert_eq!(entries("{}").unwrap(), []);
        for other in ["", " ", "1", "null", "\"{\"", "[1]"] {
            assert_eq!(entries(other), None);
        }
        assert_eq!(array("{}"), None);
    }

    proptest! {
        #[test]
        fn finds_the_first(bytes in prop::collection::vec(prop_oneof![1 => Just(b'"'), 1 => Just(b'\\'), 1 => any::<u8>(), 30 => Just(b'a')], 0..80)) {
            let expected = bytes.iter().position(|b| matches!(b, b'"' | b'\\'));
            prop_assert_eq!(find(b'"', b'\\', &bytes), expected);
        }

        #[test]
        fn no_text_does_harm(text in "[\\[\\]{}\",:\\\\ a1林]{0,40}") {
            drop(entries(&text));
            drop(array(&text));
            drop(array(&format!("[{text}")));
        }

        #[test]
        fn the_same_as_a_parser(text in "[\\[\\]{}\",:\\\\ a1]{0,20}", strings: Vec<String>) {
            let json = serde_json::json!([strings, { "k": strings, "t": text }, text, 1.5, null, [[]]]);
            for json in [json.to_string(), serde_json::to_string_pretty(&json).unwrap()] {
                let parsed: Vec<&RawValue> = serde_json::from_str(&json).unwrap();
                let parsed: Vec<&str> = parsed.into_iter().map(RawValue::get).collect();
                prop_assert_eq!(array(&json).unwrap(), parsed);
            }
            let json = format!("[{text}]");
            if let Ok(parsed) = serde_json::from_str::<Vec<&RawValue>>(&json) {
                let parsed: Vec<&str> = parsed.into_iter().map(RawValue::get).collect();
                prop_assert_eq!(array(&json).unwrap(), parsed);
            }
        }
    }
}
