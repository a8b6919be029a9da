//! Coordinates.

use serde::{Serialize, Serializer};
use serde_json::value::RawValue;

use crate::message::newtype::string_newtype;

string_newtype! {
    @unserialized
    /// A coordinate in degrees. Where somebody is, so `Debug` does not show it.
    ///
    /// Kept as the decimal text that the archive states. With `serde_json` it serializes as the number that it is, all its
    /// digits included; as a string if it is none.
    hidden Degrees
}

impl Degrees {
    /// The number, or `None` if the text is none.
    #[must_use]
    pub fn to_f64(&self) -> Option<f64> {
        self.as_str().trim().parse().ok().filter(|degrees: &f64| degrees.is_finite())
    }
}

impl Serialize for Degrees {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let text = self.as_str();
        let Some(degrees) = self.to_f64() else { return serializer.serialize_str(text) };
        // A number that any format has, if that says the same.
        if serde_json::to_string(&degrees).is_ok_and(|written| written == text) {
            return serializer.serialize_f64(degrees);
        }
        match serde_json::from_str::<&RawValue>(text) {
            Ok(number) if number.get() == text => number.serialize(serializer),
            _ => serializer.serialize_str(text),
        }
    }
}

#[cfg(feature = "schema")]
impl schemars::JsonSchema for Degrees {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Degrees".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({ "type": "number", "description": "A coordinate in degrees." })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn written_as_it_was_stated() {
        for (text, written) in [
            ("120.585316", "120.585316"),
            ("120.58531600000000000000001", "120.58531600000000000000001"),
            ("31", "31"),
            ("31.0", "31.0"),
            ("-0", "-0"),
            ("1.2e2", "1.2e2"),
            ("1E-400", "1E-400"),
            // Not numbers, to JSON or to any program.
            ("1e999", "\"1e999\""),
            ("+1", "\"+1\""),
            (".5", "\".5\""),
            ("007", "\"007\""),
            (" 1.25", "\" 1.25\""),
            ("1.25\n", "\"1.25\\n\""),
            ("NaN", "\"NaN\""),
            ("inf", "\"inf\""),
            ("null", "\"null\""),
            ("", "\"\""),
        ] {
            assert_eq!(serde_json::to_string(&Degrees::from(text)).unwrap(), written);
        }
    }
}
