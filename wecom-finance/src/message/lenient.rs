//! Reading fields the way WeCom writes them, not the way a schema would have them.
//!
//! The object is read once into its fields as raw JSON, and each field is then read on its own. So one odd
//! field never costs its neighbours, a doubled key is no error, and the depth of what nobody asked for does
//! not matter.

mod leftovers;
mod read_object;
mod split;

use std::borrow::Cow;
use std::cell::Cell;
use std::collections::HashMap;
use std::ptr;
use std::time::Duration;

use self::leftovers::Trace;
use super::repair::repair;
use super::units::EpochSeconds;
use crate::timestamp::Timestamp;

pub(super) use self::leftovers::{Leftovers, push_step};
pub(super) use self::split::array as split_array;

/// A field is there, but its JSON kind cannot be what the type needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Misfit;

/// The fields of one JSON object. The last one of a doubled key counts, as in most languages.
#[derive(Debug, Default)]
pub(super) struct Fields<'a> {
    // A message has a dozen fields at most: going through them is faster than any map.
    entries: Vec<Entry<'a>>,
    trace: Option<Trace<'a>>,
}

#[derive(Debug)]
struct Entry<'a> {
    key: Cow<'a, str>,
    /// As JSON.
    value: &'a str,
    /// Whether a typed value has taken in all of it.
    taken: Cell<bool>,
}

impl<'a> Fields<'a> {
    pub(super) fn parse(json: &'a str) -> Result<Self, serde_json::Error> {
        serde_json::from_str(json)
    }

    /// The fields of what is known to be JSON; `None` if it is no object.
    pub(super) fn split(json: &'a str) -> Option<Self> {
        Self::collect(|entry| split::object(json, entry))
    }

    fn collect(read: impl FnOnce(&mut dyn FnMut(&'a str, &'a str)) -> Option<()>) -> Option<Self> {
        let mut entries = Vec::with_capacity(8);
        read(&mut |key, value| {
            let key = text(key).unwrap_or_default();
            entries.push(Entry { key, value, taken: Cell::new(false) });
        })?;
        Some(Self { entries, trace: None })
    }

    /// The same, and what nobody took is noted down when the fields are dropped.
    pub(super) fn traced(json: &'a str, leftovers: &Leftovers<'a>) -> Option<Self> {
        Some(Self::split(json)?.with_trace(Some(leftovers.root())))
    }

    fn with_trace(mut self, trace: Option<Trace<'a>>) -> Self {
        self.trace = trace;
        self
    }

    fn entry(&self, key: &str) -> Option<&Entry<'a>> {
        self.entries.iter().rfind(|entry| entry.key == key)
    }

    /// Reads a field; `null` is the same as absent. It counts as taken unless `read` makes nothing of it.
    fn take<T>(&self, key: &str, read: impl FnOnce(&'a str) -> Option<T>) -> Option<T> {
        let entry = self.entry(key)?;
        let raw = entry.value;
        let value = if raw == "null" { None } else { read(raw) };
        entry.taken.set(value.is_some() || raw == "null");
        value
    }

    /// Whether the field is there, with any value but `null`.
    pub(super) fn has(&self, key: &str) -> bool {
        self.entry(key).is_some_and(|entry| entry.value != "null")
    }

    /// The fields as they stand, in their order; of a doubled key the last.
    pub(super) fn iter(&self) -> impl Iterator<Item = (&str, &'a str)> {
        // To compare all keys with all is best for the few that messages have, and a hang for many.
        let last_by_key: Option<HashMap<&str, &Entry<'a>>> = (self.entries.len() > 64)
            .then(|| self.entries.iter().map(|entry| (&*entry.key, entry)).collect());
        let last = move |key: &str| match &last_by_key {
            Some(entries) => entries.get(key).copied(),
            None => self.entry(key),
        };
        let counts = move |entry: &&Entry<'a>| last(&entry.key).is_some_and(|last| ptr::eq(last, *entry));
        self.entries.iter().filter(counts).map(|entry| (&*entry.key, entry.value))
    }

    /// The field as it stands.
    pub(super) fn raw(&self, key: &str) -> Option<&'a str> {
        self.entry(key).map(|entry| entry.value)
    }

    /// A string. Numbers are taken for their digits, as some ids look like numbers; absent is empty.
    pub(super) fn text<T: for<'t> From<Cow<'t, str>>>(&self, key: &str) -> Result<T, Misfit> {
        match self.take(key, |raw| text(raw).map(T::from)) {
            Some(text) => Ok(text),
            None if self.has(key) => Err(Misfit),
            None => Ok(T::from(Cow::Borrowed(""))),
        }
    }

    /// A string that is not worth losing the rest for: of another kind is empty, too.
    pub(super) fn text_or_empty<T: for<'t> From<Cow<'t, str>>>(&self, key: &str) -> T {
        self.text(key).unwrap_or_else(|Misfit| T::from(Cow::Borrowed("")))
    }

    /// A string that is often empty, which means the same as absent.
    pub(super) fn optional_text<T: for<'t> From<Cow<'t, str>>>(&self, key: &str) -> Option<T> {
        self.take(key, |raw| text(raw).map(|text| (!text.is_empty()).then(|| T::from(text)))).flatten()
    }

    /// A whole number, as a number or as a decimal string. What is not one, or does not fit, is absent.
    pub(super) fn number<N: TryFrom<i128>>(&self, key: &str) -> Option<N> {
        let number = |raw| match text(raw)?.trim() {
            "" => Some(None),
            digits => N::try_from(whole_number(digits)?).ok().map(Some),
        };
        self.take(key, number).flatten()
    }

    /// A number of seconds that is a length of time.
    pub(super) fn seconds(&self, key: &str) -> Option<Duration> {
        self.number(key).map(Duration::from_secs)
    }

    /// A number of seconds that is a point in time. 0 and the empty string mean that there is none.
    pub(super) fn time_in_seconds(&self, key: &str) -> Option<EpochSeconds> {
        self.number(key).filter(|seconds| *seconds != 0).map(EpochSeconds::new)
    }

    /// A number of milliseconds that is a point in time.
    pub(super) fn time_in_millis(&self, key: &str) -> Option<Timestamp> {
        self.number(key).map(Timestamp::from_millis)
    }

    /// `true`, `false`, or a word or number that says the same.
    pub(super) fn flag(&self, key: &str) -> Option<bool> {
        self.take(key, |raw| match raw.trim_matches('"') {
            "true" | "1" => Some(true),
            "false" | "0" => Some(false),
            _ => None,
        })
    }

    /// An array of strings; elements that are something else are left out, and a lone string is a list of
    /// one.
    pub(super) fn texts<T: for<'t> From<Cow<'t, str>>>(&self, key: &str) -> Vec<T> {
        let Some(entry) = self.entry(key) else { return Vec::new() };
        let raw = entry.value;
        if let Some(items) = split::array(raw) {
            let texts: Vec<T> = items.iter().filter_map(|item| text(item).map(T::from)).collect();
            entry.taken.set(texts.len() == items.len());
            return texts;
        }
        let lone = self.optional_text(key);
        lone.into_iter().collect()
    }

    /// An object.
    pub(super) fn object(&self, key: &str) -> Option<Fields<'a>> {
        let fields = self.take(key, Fields::split)?;
        Some(fields.with_trace(self.trace.as_ref().map(|trace| trace.child(&[key]))))
    }

    /// An array of objects, in its order; `None` stands for an element of another kind. A lone object is an
    /// array of one.
    fn objects(&self, key: &str) -> Option<Vec<(Option<Fields<'a>>, &'a str)>> {
        let split = |raw| split::objects(raw, |cursor| Self::collect(|entry| cursor.object(entry)));
        let Some(items) = self.take(key, split) else {
            let raw = self.raw(key)?;
            return Some(vec![(Some(self.object(key)?), raw)]);
        };
        let Some(trace) = &self.trace else { return Some(items) };
        let traced = |(index, (fields, raw)): (usize, (Option<Self>, &'a str))| {
            (fields.map(|fields| fields.with_trace(Some(trace.child(&[key, &index.to_string()])))), raw)
        };
        Some(items.into_iter().enumerate().map(traced).collect())
    }

    /// What `read` makes of every object of an array; elements of another kind are left out.
    pub(super) fn read_all<T>(&self, key: &str, read: impl Fn(&Fields<'a>) -> T) -> Vec<T> {
        let Some(objects) = self.objects(key) else { return Vec::new() };
        if let Some(entry) = self.entry(key) {
            entry.taken.set(objects.iter().all(|(object, _)| object.is_some()));
        }
        objects.into_iter().filter_map(|(object, _)| object.as_ref().map(&read)).collect()
    }

    /// What `read` makes of every object of an array, and `other` of the JSON of every other element.
    pub(super) fn read_each<T>(
        &self,
        key: &str,
        read: impl Fn(&Fields<'a>) -> T,
        other: impl Fn(&str) -> T,
    ) -> Vec<T> {
        let objects = self.objects(key).into_iter().flatten();
        objects.map(|(object, raw)| object.as_ref().map_or_else(|| other(raw), &read)).collect()
    }

    /// JSON that stands inside a string, as the parts of composite messages do; or in the open, where somebody
    /// has parsed it already.
    pub(super) fn nested_json<T: for<'t> From<Cow<'t, str>>>(&self, key: &str) -> T {
        let nested = |raw: &'a str| match raw.as_bytes().first() {
            Some(b'{' | b'[') => Some(T::from(Cow::Borrowed(raw))),
            _ => text(raw).map(T::from),
        };
        self.take(key, nested).unwrap_or_else(|| T::from(Cow::Borrowed("")))
    }
}

/// What a JSON string or number says, if it is one of the two.
pub(super) fn text(raw: &str) -> Option<Cow<'_, str>> {
    match raw.as_bytes().first()? {
        b'"' => match raw.get(1..raw.len().checked_sub(1)?)? {
            // Nothing escaped, so the quotes are all there is to take off.
            plain if split::find(b'\\', b'\\', plain.as_bytes()).is_none() => Some(Cow::Borrowed(plain)),
            escaped => unescape(escaped)
                .or_else(|| serde_json::from_str(raw).ok())
                // Half a surrogate pair passes the grammar, and only fails here.
                .or_else(|| serde_json::from_str(&repair(raw)).ok())
                .map(Cow::Owned),
        },
        b'-' | b'0'..=b'9' => Some(Cow::Borrowed(raw)),
        _ => None,
    }
}

/// Undoes the escapes of a string's inside; `None` if one is in it that is not of the common kinds.
///
/// JSON in strings is full of escaped quotation marks: this takes a fraction of the time of a whole parser.
fn unescape(escaped: &str) -> Option<String> {
    let mut text = String::with_capacity(escaped.len());
    let mut rest = escaped;
    while let Some(at) = split::find(b'\\', b'\\', rest.as_bytes()) {
        let (before, behind) = (rest.get(..at)?, rest.get(at.checked_add(1)?..)?);
        text.push_str(before);
        text.push(match behind.as_bytes().first()? {
            b'"' => '"',
            b'\\' => '\\',
            b'/' => '/',
            b'n' => '\n',
            b't' => '\t',
            b'r' => '\r',
            _ => return None,
        });
        rest = behind.get(1..)?;
    }
    text.push_str(rest);
    Some(text)
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
mod tests;
