//! Types around a text that was checked.

/// Makes `$type`, a tuple of one `String`, hold only what `$is_valid` takes: it is made from texts, or refuses them with `$error`,
/// and can be read and turned back.
macro_rules! checked_text {
    ($type:ident, $error:ident, $is_valid:path) => {
        impl $type {
            /// The text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl TryFrom<String> for $type {
            type Error = $error;

            fn try_from(text: String) -> Result<Self, $error> {
                if $is_valid(&text) { Ok(Self(text)) } else { Err($error) }
            }
        }

        impl TryFrom<&str> for $type {
            type Error = $error;

            fn try_from(text: &str) -> Result<Self, $error> {
                Self::try_from(text.to_owned())
            }
        }

        impl From<$type> for String {
            fn from(checked: $type) -> Self {
                checked.0
            }
        }

        impl std::fmt::Display for $type {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

pub(crate) use checked_text;
