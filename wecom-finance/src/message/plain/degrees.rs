//! Coordinates.

use serde::{Serialize, Serializer};

use crate::message::newtype::string_newtype;

string_newtype! {
    @unserialized
    /// A coordinate in degrees. Where somebody is, so `Debug` does not show it.
    ///
    /// Kept as the decimal text that the archive states; serializes as a number.
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
        match self.to_f64() {
            Some(degrees) => serializer.serialize_f64(degrees),
            None => serializer.serialize_str(self.as_str()),
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
