//! How the model's string types and open enumerations are made.

/// Declares a string type: what the archive says, unchecked and unchanged, under a name of its own.
///
/// `shown` types print themselves in `Debug`, `hidden` ones only their length: those hold what people wrote,
/// or what gives access to it. `@unserialized` ones write themselves in a way of their own.
macro_rules! string_newtype {
    ($(#[$meta:meta])* $debug:ident $name:ident) => {
        string_newtype! {
            @unserialized
            #[derive(serde::Serialize, serde::Deserialize)]
            #[serde(transparent)]
            #[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(transparent))]
            $(#[$meta])*
            $debug $name
        }
    };
    (@unserialized $(#[$meta:meta])* shown $name:ident) => {
        string_newtype!(@common $(#[$meta])* $name);

        impl std::fmt::Debug for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.debug_tuple(stringify!($name)).field(&self.0).finish()
            }
        }
    };
    (@unserialized $(#[$meta:meta])* hidden $name:ident) => {
        string_newtype!(@common $(#[$meta])* $name);

        impl std::fmt::Debug for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                write!(f, "{}({} bytes)", stringify!($name), self.0.len())
            }
        }
    };
    (@common $(#[$meta:meta])* $name:ident) => {
        $(#[$meta])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
        pub struct $name(Box<str>);

        impl $name {
            /// The text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }

            /// Whether there is nothing in it; also where the archive left the field out.
            #[must_use]
            pub fn is_empty(&self) -> bool {
                self.0.is_empty()
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.pad(&self.0)
            }
        }

        impl AsRef<str> for $name {
            fn as_ref(&self) -> &str {
                &self.0
            }
        }

        impl std::borrow::Borrow<str> for $name {
            fn borrow(&self) -> &str {
                &self.0
            }
        }

        impl From<&str> for $name {
            fn from(text: &str) -> Self {
                Self(text.into())
            }
        }

        impl From<String> for $name {
            fn from(text: String) -> Self {
                Self(text.into())
            }
        }

        impl From<std::borrow::Cow<'_, str>> for $name {
            fn from(text: std::borrow::Cow<'_, str>) -> Self {
                Self(text.into())
            }
        }

        impl From<$name> for String {
            fn from(value: $name) -> Self {
                value.0.into()
            }
        }

        impl PartialEq<str> for $name {
            fn eq(&self, other: &str) -> bool {
                &*self.0 == other
            }
        }

        impl PartialEq<&str> for $name {
            fn eq(&self, other: &&str) -> bool {
                &*self.0 == *other
            }
        }
    };
}

/// Declares an open enumeration: WeCom's number as it is, the documented values as named constants.
macro_rules! open_enumeration {
    ($(#[$meta:meta])* $name:ident { $($(#[$value_meta:meta])* $value:ident = $number:literal,)+ }) => {
        $(#[$meta])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
        #[serde(transparent)]
        #[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(transparent))]
        pub struct $name(pub u32);

        impl $name {
            $($(#[$value_meta])* pub const $value: Self = Self($number);)+
        }
    };
}

pub(crate) use {open_enumeration, string_newtype};
