//! A second, lenient reading of text that is almost JSON.

/// Makes the strings of almost-JSON acceptable to a strict parser.
///
/// Raw control characters inside strings, which the archive is known to contain, are escaped. `\u` escapes with
/// half a surrogate pair, as a text leaves them that was cut inside an emoji, become U+FFFD. Everything else
/// stays as it is.
pub(super) fn repair(json: &str) -> String {
    let mut repaired = String::with_capacity(json.len() + 16);
    let mut chars = json.chars();
    let mut in_string = false;
    while let Some(c) = chars.next() {
        match c {
            '"' => {
                in_string = !in_string;
                repaired.push(c);
            }
            '\\' if in_string => match chars.next() {
                Some('u') => push_unicode_escape(&mut repaired, &mut chars),
                // The backslash cannot have been meant for a control character: keep both.
                Some(control) if control < ' ' => {
                    repaired.push_str("\\\\");
                    push_control(&mut repaired, control);
                }
                Some(escaped) => repaired.extend(['\\', escaped]),
                None => repaired.push('\\'),
            },
            control if in_string && control < ' ' => push_control(&mut repaired, control),
            _ => repaired.push(c),
        }
    }
    repaired
}

fn push_control(repaired: &mut String, control: char) {
    repaired.push_str(if control < '\u{10}' { "\\u000" } else { "\\u001" });
    repaired.extend(char::from_digit(u32::from(control) % 16, 16));
}

/// Called behind `\u`. Copies the escape, and the second one of a pair, unless it is half a pair.
fn push_unicode_escape(repaired: &mut String, chars: &mut std::str::Chars<'_>) {
    let Some((digits, unit)) = hex4(chars.as_str()) else {
        // Not an escape at all: leave it for the parser to report.
        repaired.push_str("\\u");
        return;
    };
    *chars = chars.as_str().get(4..).unwrap_or_default().chars();
    match unit {
        0xd800..=0xdbff => {
            let low = chars.as_str().strip_prefix("\\u").and_then(hex4);
            match low {
                Some((low_digits, 0xdc00..=0xdfff)) => {
                    repaired.extend(["\\u", digits, "\\u", low_digits]);
                    *chars = chars.as_str().get(6..).unwrap_or_default().chars();
                }
                _ => repaired.push_str("\\ufffd"),
            }
        }
        0xdc00..=0xdfff => repaired.push_str("\\ufffd"),
        _ => repaired.extend(["\\u", digits]),
    }
}

fn hex4(text: &str) -> Option<(&str, u16)> {
    let digits = text.get(..4)?;
    // `from_str_radix` alone would accept a sign.
    if !digits.bytes().all(|b| b.is_ascii_hexdigit()) {
        return None;
    }
    u16::from_str_radix(digits, 16).ok().map(|unit| (digits, unit))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn escapes_control_characters_inside_strings_only() {
        assert_eq!(repair("{\n\"a\":\"x\u{11}y\nz\"}\n"), "{\n\"a\":\"x\\u0011y\\u000az\"}\n");
        assert_eq!(repair("\"a\\\n\""), "\"a\\\\\\u000a\"");
        assert_eq!(repair("\"\\\"\u{1}\""), "\"\\\"\\u0001\"");
    }

    #[test]
    fn replaces_half_pairs_only() {
        assert_eq!(repair(r#""\ud83d\ude00""#), r#""\ud83d\ude00""#);
        assert_eq!(repair(r#""\ud83d""#), r#""\ufffd""#);
        assert_eq!(repair(r#""\ud83d\ud83d\ude00""#), r#""\ufffd\ud83d\ude00""#);
        assert_eq!(repair(r#""\ude00 \ud83dx \ud83d\n""#), r#""\ufffd \ufffdx \ufffd\n""#);
        assert_eq!(repair(r#""\u+123 \u12""#), r#""\u+123 \u12""#);
    }

    proptest! {
        #[test]
        fn leaves_valid_json_alone(text: String) {
            let json = serde_json::to_string(&text).unwrap();
            prop_assert_eq!(repair(&json), json);
        }

        #[test]
        fn any_text_between_quotes_becomes_readable(text in "[^\"\\\\]*") {
            let repaired = repair(&format!("\"{text}\""));
            prop_assert_eq!(serde_json::from_str::<String>(&repaired).unwrap(), text);
        }
    }
}
