//! Under which key of a message its body stands.

use super::lenient::Fields;

/// The keys to look under, best first, for the types whose body is not, or not always, under their own name.
///
/// Several types share the key `info`, so the shape of a body is never guessed from its key.
const EXCEPTIONS: &[(&str, &[&str])] = &[
    // Half of the programs in the field read `agree` here, and one table of the vendor's documentation can be
    // read so.
    ("disagree", &["disagree", "agree"]),
    ("docmsg", &["doc", "docmsg"]),
    ("external_redpacket", &["redpacket", "external_redpacket"]),
    ("markdown", &["info", "markdown"]),
    ("meeting_notification", &["info"]),
    ("news", &["info", "news"]),
    ("note", &["info", "note"]),
    ("qydiskfile", &["info", "qydiskfile"]),
    ("solitaire", &["info", "solitaire"]),
    ("voiptext", &["info", "voiptext"]),
];

/// The body of a message of this type: the first of its keys that holds an object, and that key.
pub(super) fn find<'k, 'a>(msgtype: &'k str, message: &Fields<'a>) -> Option<(&'k str, Fields<'a>)> {
    let exception = EXCEPTIONS.iter().find(|(name, _)| *name == msgtype);
    match exception {
        Some((_, keys)) => keys.iter().find_map(|key| Some((*key, message.object(key)?))),
        None => Some((msgtype, message.object(msgtype)?)),
    }
}

/// The key that WeCom's own samples have for the body of this type.
pub(super) fn usual(msgtype: &str) -> &str {
    let exception = EXCEPTIONS.iter().find(|(name, _)| *name == msgtype);
    exception.and_then(|(_, keys)| keys.first()).copied().unwrap_or(msgtype)
}

/// Whether the fields of a body stand among those of the message itself. There are no samples of these two types,
/// and those who have met them disagree.
pub(super) fn in_the_open(msgtype: &str, message: &Fields<'_>) -> bool {
    let fields: &[&str] = match msgtype {
        "todo" => &["title", "content"],
        "vote" => &["votetitle", "voteitem", "votetype", "voteid"],
        _ => return false,
    };
    fields.iter().any(|field| message.has(field))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn own_key_unless_the_table_says_otherwise() {
        let found = |msgtype, json| {
            find(msgtype, &Fields::parse(json).unwrap()).map(|(_, body)| body.number::<u8>("n"))
        };
        assert_eq!(found("text", r#"{"text":{"n":1}}"#), Some(Some(1)));
        assert_eq!(found("text", r#"{"info":{"n":1}}"#), None);
        assert_eq!(found("text", r#"{"text":"n"}"#), None);
        assert_eq!(found("markdown", r#"{"markdown":{"n":2},"info":{"n":1}}"#), Some(Some(1)));
        assert_eq!(found("markdown", r#"{"markdown":{"n":2},"info":[]}"#), Some(Some(2)));
        assert_eq!(found("disagree", r#"{"agree":{"n":3}}"#), Some(Some(3)));
    }
}
