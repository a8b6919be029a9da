//! Which fields nobody took: found out by reading once more, so that it cannot differ from what is read.

use std::cell::RefCell;
use std::rc::Rc;

use serde_json::value::RawValue;

use super::Fields;

/// Collects the fields that no typed value has taken in, with their JSON pointers.
#[derive(Debug, Default)]
pub(in crate::message) struct Leftovers<'a>(Rc<RefCell<Vec<Leftover<'a>>>>);

type Leftover<'a> = (String, &'a RawValue);

impl<'a> Leftovers<'a> {
    pub(super) fn root(&self) -> Trace<'a> {
        Trace { found: Rc::clone(&self.0), path: String::new() }
    }

    /// Everything found up to now.
    pub(in crate::message) fn take(&self) -> Vec<Leftover<'a>> {
        self.0.take()
    }
}

/// Where an object stands, and where to note down its leftovers.
#[derive(Debug)]
pub(super) struct Trace<'a> {
    found: Rc<RefCell<Vec<Leftover<'a>>>>,
    path: String,
}

impl Trace<'_> {
    pub(super) fn child(&self, steps: &[&str]) -> Self {
        let mut path = self.path.clone();
        for step in steps {
            push_step(&mut path, step);
        }
        Self { found: Rc::clone(&self.found), path }
    }
}

impl Drop for Fields<'_> {
    fn drop(&mut self) {
        let Some(trace) = &self.trace else { return };
        let mut found = trace.found.borrow_mut();
        for entry in self.entries.iter().filter(|entry| !entry.taken.get()) {
            let mut path = trace.path.clone();
            push_step(&mut path, &entry.key);
            found.push((path, entry.value));
        }
    }
}

/// Appends one step to a JSON pointer (RFC 6901).
pub(in crate::message) fn push_step(pointer: &mut String, step: &str) {
    pointer.push('/');
    for c in step.chars() {
        match c {
            '~' => pointer.push_str("~0"),
            '/' => pointer.push_str("~1"),
            c => pointer.push(c),
        }
    }
}
