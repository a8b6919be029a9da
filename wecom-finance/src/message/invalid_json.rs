//! The one way in which an opened message is not a message.

use std::fmt;

/// An opened message is not a JSON object. Says where, and nothing of what stood there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct InvalidJson {
    line: usize,
    column: usize,
    kind: InvalidJsonKind,
}

/// In which way JSON is invalid.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum InvalidJsonKind {
    /// Something stands where JSON's grammar does not allow it.
    Syntax,
    /// The text ends too early.
    Truncated,
    /// Valid JSON, but not an object.
    NotAnObject,
}

impl InvalidJson {
    pub(super) fn new(error: &serde_json::Error) -> Self {
        use serde_json::error::Category;
        let kind = match error.classify() {
            Category::Eof => InvalidJsonKind::Truncated,
            Category::Data => InvalidJsonKind::NotAnObject,
            Category::Syntax | Category::Io => InvalidJsonKind::Syntax,
        };
        Self { line: error.line(), column: error.column(), kind }
    }

    /// In which way it is invalid.
    #[must_use]
    pub fn kind(&self) -> InvalidJsonKind {
        self.kind
    }

    /// The line where a strict reading stopped, counted from 1.
    #[must_use]
    pub fn line(&self) -> usize {
        self.line
    }

    /// The column where a strict reading stopped, in bytes.
    #[must_use]
    pub fn column(&self) -> usize {
        self.column
    }
}

impl fmt::Display for InvalidJson {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let what = match self.kind {
            InvalidJsonKind::Syntax => "invalid JSON",
            InvalidJsonKind::Truncated => "JSON ends too early",
            InvalidJsonKind::NotAnObject => "not a JSON object",
        };
        write!(f, "{what} at line {} column {}", self.line, self.column)
    }
}

impl std::error::Error for InvalidJson {}
