//! Reading fields the way WeCom writes them, not the way a schema would have them.
//!
//! The object is read once into its fields as raw JSON, and each field is then read on its own. So one odd
//! field never costs its neighbours, a doubled key is no error, and the depth of what nobody asked for does
//! not matter.

mod leftovers;
mod read_object;

use std::borrow::Cow;
use std::cell::Cell;
use std::time::Duration;

use serde_json::value::RawValue;

use self::leftovers::Trace;
use super::repair::repair;
use crate::timestamp::Timestamp;

pub(super) use self::leftovers::{Leftovers, push_step};

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
    value: &'a RawValue,
    /// Whether a typed value has taken in all of it.
    taken: Cell<bool>,
}

impl<'a> Fields<'a> {
    pub(super) fn parse(json: &'a str) -> Result<Self, serde_json::Error> {
        serde_json::from_str(json)
    }

    /// The same, and what nobody took is noted down when the fields are dropped.
    pub(super) fn traced(json: &'a str, leftovers: &Leftovers<'a>) -> Result<Self, serde_json::Error> {
        Ok(Self::parse(json)?.with_trace(Some(leftovers.root())))
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
        let raw = entry.value.get();
        let value = if raw == "null" { None } else { read(raw) };
        entry.taken.set(value.is_some() || raw == "null");
        value
    }

    /// Whether the field is there, with any value but `null`.
    pub(super) fn has(&self, key: &str) -> bool {
        self.entry(key).is_some_and(|entry| entry.value.get() != "null")
    }

    /// The fields as they stand, in their order.
    pub(super) fn iter(&self) -> impl Iterator<Item = (&str, &'a RawValue)> {
        self.entries.iter().map(|entry| (&*entry.key, entry.value))
    }

    /// The field as it stands.
    pub(super) fn raw(&self, key: &str) -> Option<&'a RawValue> {
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
    pub(super) fn time_in_seconds(&self, key: &str) -> Option<Timestamp> {
        self.number(key).filter(|seconds| *seconds != 0).map(Timestamp::from_seconds)
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
        let raw = entry.value.get();
        if let Ok(items) = serde_json::from_str::<Vec<&RawValue>>(raw) {
            let texts: Vec<T> = items.iter().filter_map(|item| text(item.get()).map(T::from)).collect();
            entry.taken.set(texts.len() == items.len());
            return texts;
        }
        let lone = self.optional_text(key);
        lone.into_iter().collect()
    }

    /// An object.
    pub(super) fn object(&self, key: &str) -> Option<Fields<'a>> {
        let fields = self.take(key, |raw| Fields::parse(raw).ok())?;
        Some(fields.with_trace(self.trace.as_ref().map(|trace| trace.child(&[key]))))
    }

    /// An array of objects, in its order; `None` stands for an element of another kind. A lone object is an
    /// array of one.
    pub(super) fn objects(&self, key: &str) -> Option<Vec<(Option<Fields<'a>>, &'a RawValue)>> {
        if let Some(items) = self.take(key, |raw| serde_json::from_str::<Vec<&RawValue>>(raw).ok()) {
            let trace =
                |index: usize| self.trace.as_ref().map(|trace| trace.child(&[key, &index.to_string()]));
            let read = |(index, raw): (usize, &'a RawValue)| {
                (Fields::parse(raw.get()).ok().map(|fields| fields.with_trace(trace(index))), raw)
            };
            return Some(items.into_iter().enumerate().map(read).collect());
        }
        let raw = self.raw(key)?;
        Some(vec![(Some(self.object(key)?), raw)])
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
        objects.map(|(object, raw)| object.as_ref().map_or_else(|| other(raw.get()), &read)).collect()
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
            plain if !plain.contains('\\') => Some(Cow::Borrowed(plain)),
            _ => serde_json::from_str(raw)
                // Half a surrogate pair passes the grammar, and only fails here.
                .or_else(|_| serde_json::from_str(&repair(raw)))
                .map(Cow::Owned)
                .ok(),
        },
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
mod tests;
