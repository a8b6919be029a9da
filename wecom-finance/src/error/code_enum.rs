//! The common part of the two enumerations of codes.

/// Declares an open enumeration of numeric codes: the variants, their numbers and their meanings stand in one
/// place.
macro_rules! code_enum {
    (
        $(#[$meta:meta])*
        pub enum $name:ident: $raw:ty {
            $( $(#[$variant_meta:meta])* $variant:ident = $number:literal, $meaning:literal; )+
        }
    ) => {
        $(#[$meta])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum $name {
            $( $(#[$variant_meta])* #[doc = concat!("\n\nNumber: ", stringify!($number), ".")] $variant, )+
            /// A number without a name here, as it was received. Known numbers never end up in this variant.
            Unknown($raw),
        }

        impl $name {
            /// Every code that has a name.
            pub const ALL: &'static [Self] = &[$( Self::$variant, )+];

            /// The code with this number.
            #[must_use]
            pub const fn from_raw(raw: $raw) -> Self {
                match raw {
                    $( $number => Self::$variant, )+
                    unknown => Self::Unknown(unknown),
                }
            }

            /// The number of this code, as it was received.
            #[must_use]
            pub const fn raw(self) -> $raw {
                match self {
                    $( Self::$variant => $number, )+
                    Self::Unknown(raw) => raw,
                }
            }

            const fn meaning(self) -> &'static str {
                match self {
                    $( Self::$variant => $meaning, )+
                    Self::Unknown(_) => "undocumented code",
                }
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                write!(f, "{} ({})", self.meaning(), self.raw())
            }
        }

        impl From<$raw> for $name {
            fn from(raw: $raw) -> Self {
                Self::from_raw(raw)
            }
        }
    };
}

pub(super) use code_enum;
