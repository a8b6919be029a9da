//! Reading fields the way WeCom writes them, not the way a schema would have them.
//!
//! The object is read once into its fields as raw JSON, and each field is then read on its own. So one odd
//! field never costs its neighbours, a doubled key is no error, and the depth of what nobody asked for does
//! not matter.

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde_json::value::RawValue;

use super::repair::repair;

/// A field is there, but its JSON kind cannot be what the type needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Misfit;

/// The fields of one JSON object. The last one of a doubled key counts, as in most languages.
#[derive(Debug)]
pub(super) struct Fields<'a>(BTreeMap<String, &'a RawValue>);

impl<'a> Fields<'a> {
    pub(super) fn parse(json: &'a str) -> Result<Self, serde_json::Error> {
        serde_json::from_str(json).map(Self)
    }

    /// The raw JSON of a field; `null` is the same as absent.
    fn raw(&self, key: &str) -> Option<&'a str> {
        self.0.get(key).map(|raw| raw.get()).filter(|raw| *raw != "null")
    }

    /// A string. Numbers are taken for their digits, as some ids look like numbers; absent is empty.
    pub(super) fn text<T: From<String>>(&self, key: &str) -> Result<T, Misfit> {
        let text = self.raw(key).map_or(Some(Cow::Borrowed("")), text).ok_or(Misfit)?;
        Ok(T::from(text.into_owned()))
    }

    /// A string that is not worth losing the rest for: of another kind is empty, too.
    pub(super) fn text_or_empty<T: From<String>>(&self, key: &str) -> T {
        self.text(key).unwrap_or_else(|Misfit| T::from(String::new()))
    }

    /// A string that is often empty, which means the same as absent.
    pub(super) fn optional_text<T: From<String>>(&self, key: &str) -> Option<T> {
        let text: String = self.text_or_empty(key);
        (!text.is_empty()).then(|| T::from(text))
    }

    /// A whole number, as a number or as a decimal string. What is not one, or does not fit, is absent.
    pub(super) fn number<N: TryFrom<i128>>(&self, key: &str) -> Option<N> {
        let text = text(self.raw(key)?)?;
        N::try_from(whole_number(text.trim())?).ok()
    }

    /// An array of strings; elements that are something else are left out, and a lone string is a list of
    /// one.
    pub(super) fn texts(&self, key: &str) -> Vec<String> {
        let Some(raw) = self.raw(key) else {
            return Vec::new();
        };
        match serde_json::from_str::<Vec<&RawValue>>(raw) {
            Ok(items) => items.into_iter().filter_map(|item| text(item.get())).map(Cow::into_owned).collect(),
            Err(_) => text(raw).filter(|text| !text.is_empty()).map(Cow::into_owned).into_iter().collect(),
        }
    }

    /// An object.
    pub(super) fn object(&self, key: &str) -> Option<Fields<'a>> {
        Fields::parse(self.raw(key)?).ok()
    }
}

fn text(raw: &str) -> Option<Cow<'_, str>> {
    match raw.as_bytes().first()? {
        b'"' => serde_json::from_str(raw)
            .map(Cow::Owned)
            // Half a surrogate pair passes the grammar, and only fails here.
            .or_else(|_| serde_json::from_str(&repair(raw)).map(Cow::Owned))
            .ok(),
        b'-' | b'0'..=b'9' => Some(Cow::Borrowed(raw)),
        _ => None,
    }
}

fn whole_number(text: &str) -> Option<i128> {
    if let Ok(number) = text.parse() {
        return Some(number);
    }
    // `1.7e9` and `12.0` are whole numbers, too. Printing is the way to an integer that cannot truncate.
    let number: f64 = text.parse().ok()?;
    if number.is_finite() && number.fract() == 0.0 { format!("{number:.0}").parse().ok() } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fields(json: &str) -> Fields<'_> {
        Fields::parse(json).unwrap()
    }

    #[test]
    fn numbers_in_all_their_clothes() {
        let f = fields(
            r#"{"n":2287375645,"s":"2287375645","p":" 7 ","f":12.0,"e":1.5e3,"neg":-1,"big":18446744073709551615,
                "over":18446744073709551616,"half":1.5,"huge":1e999,"word":"abc","empty":"","null":null,"o":{},"t":true}"#,
        );
        let number = |key| f.number::<u64>(key);
        assert_eq!(number("n"), Some(2_287_375_645));
        assert_eq!(number("s"), Some(2_287_375_645));
        assert_eq!(number("p"), Some(7));
        assert_eq!(number("f"), Some(12));
        assert_eq!(number("e"), Some(1_500));
        assert_eq!(number("big"), Some(u64::MAX));
        for key in ["neg", "over", "half", "huge", "word", "empty", "null", "o", "t", "absent"] {
            assert_eq!(number(key), None, "{key}");
        }
        assert_eq!(f.number::<i64>("neg"), Some(-1));
        assert_eq!(f.number::<u32>("big"), None);
    }

    #[test]
    fn texts_in_all_their_clothes() {
        let f = fields(
            r#"{"s":"a\nb","n":314159265358979323846,"h":"x\ud83d","null":null,"o":{},"l":["s"],"t":true}"#,
        );
        let text = |key| f.text::<String>(key);
        assert_eq!(text("s").unwrap(), "a\nb");
        assert_eq!(text("n").unwrap(), "314159265358979323846");
        assert_eq!(text("h").unwrap(), "x\u{fffd}");
        assert_eq!(text("null").unwrap(), "");
        assert_eq!(text("absent").unwrap(), "");
        for key in ["o", "l", "t"] {
            assert_eq!(text(key), Err(Misfit), "{key}");
            assert_eq!(f.optional_text::<String>(key), None);
        }
    }

    #[test]
    fn lists() {
        let f = fields(r#"{"l":["a",1,null,{"x":1},"b"],"s":"lone","e":"","o":{}}"#);
        assert_eq!(f.texts("l"), ["a", "1", "b"]);
        assert_eq!(f.texts("s"), ["lone"]);
        assert!(f.texts("e").is_empty() && f.texts("o").is_empty() && f.texts("absent").is_empty());
    }

    #[test]
    fn the_last_of_a_doubled_key_counts() {
        assert_eq!(fields(r#"{"a":1,"a":2}"#).number::<u8>("a"), Some(2));
    }
}
