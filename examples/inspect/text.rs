//! Texts as a terminal can take them.

use serde_json::Value;

/// All texts and numbers of a value that are not empty, with the names of their fields.
pub(crate) fn leaves(name: &str, value: &Value) -> Vec<String> {
    match value {
        Value::String(text) if text.is_empty() => Vec::new(),
        Value::String(text) => vec![format!("{name}: {}", one_line(text))],
        Value::Number(number) => vec![format!("{name}: {number}")],
        Value::Array(items) if items.iter().all(Value::is_string) && !items.is_empty() => {
            let items: Vec<_> = items.iter().filter_map(Value::as_str).collect();
            vec![format!("{name}: {}", items.join(", "))]
        }
        Value::Array(items) => items.iter().flat_map(|item| leaves(name, item)).collect(),
        Value::Object(fields) => fields.iter().flat_map(|(name, field)| leaves(name, field)).collect(),
        Value::Null | Value::Bool(_) => Vec::new(),
    }
}

/// The first words.
pub(crate) fn beginning(text: &str) -> String {
    let text = one_line(text);
    let mut rest = text.chars();
    let mut beginning: String = rest.by_ref().take(60).collect();
    if rest.next().is_some() {
        beginning.push('…');
    }
    beginning
}

/// Messages come from anybody: nothing of them may move the cursor or turn the text round.
pub(crate) fn clean(text: &str) -> String {
    let turns = |c| matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    text.chars().map(|c| if c.is_control() || turns(c) { '\u{fffd}' } else { c }).collect()
}

fn one_line(text: &str) -> String {
    text.replace('\n', " ")
}
