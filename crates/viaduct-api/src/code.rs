//! The stable codes of everything that can go wrong, each with what happened and what to do next.
//!
//! E1xxx: requests, settings and starting. E2xxx: devices. E3xxx: signing in and rights. E4xxx: the server itself.

use serde::{Serialize, Serializer};
use std::{fmt, str::FromStr};

/// The text is no code that this program knows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnknownCode;

impl fmt::Display for UnknownCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("not a code that this program knows")
    }
}

impl std::error::Error for UnknownCode {}

macro_rules! codes {
    ($( $(#[$doc:meta])* $name:ident $code:literal $title:literal : $cause:literal => $next:literal; )*) => {
        /// A stable code. Codes are never given a new meaning.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Code {
            $( $(#[$doc])* $name, )*
        }

        impl Code {
            /// Every code there is, in order.
            pub const ALL: &'static [Self] = &[$( Self::$name, )*];

            /// The code as it is written: `E` and four digits.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $( Self::$name => $code, )* }
            }

            /// What happened, in general.
            #[must_use]
            pub const fn title(self) -> &'static str {
                match self { $( Self::$name => $title, )* }
            }

            /// Why it happens, in general: facts, and where there are several reasons, the usual ones.
            #[must_use]
            pub const fn cause(self) -> &'static str {
                match self { $( Self::$name => $cause, )* }
            }

            /// What to do next, in general.
            #[must_use]
            pub const fn next(self) -> &'static str {
                match self { $( Self::$name => $next, )* }
            }
        }
    };
}

mod catalogue;

pub use catalogue::Code;

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Code {
    type Err = UnknownCode;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::ALL.iter().copied().find(|code| code.as_str() == text).ok_or(UnknownCode)
    }
}

impl Serialize for Code {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_in_order_and_used_once() {
        let texts: Vec<_> = Code::ALL.iter().map(|code| code.as_str()).collect();
        let mut sorted = texts.clone();
        sorted.sort_unstable();
        sorted.dedup();
        assert_eq!(texts, sorted);
    }

    #[test]
    fn every_code_has_a_title_a_cause_and_a_next_step_and_can_be_read_back() {
        for code in Code::ALL {
            assert!(code.as_str().len() == 5 && code.as_str().starts_with('E'));
            assert!(code.title().len() > 8 && code.cause().len() > 20 && code.next().len() > 8);
            assert!(!code.title().ends_with('.') && code.next().ends_with('.'), "{code}");
            assert!(code.cause().ends_with('.'), "{code}");
            for text in [code.title(), code.cause(), code.next()] {
                for word in ["went wrong", "undefined", "please try", "oops"] {
                    assert!(!text.to_lowercase().contains(word), "{code}: {word}");
                }
            }
            assert_eq!(code.as_str().parse(), Ok(*code));
        }
        assert_eq!("E9999".parse::<Code>(), Err(UnknownCode));
    }
}
