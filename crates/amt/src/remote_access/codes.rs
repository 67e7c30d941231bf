//! What the methods of remote access return, in words.

use std::fmt;

/// The `ReturnValue` of a method (Intel AMT SDK, `PT_STATUS`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct ReturnCode(pub u32);

impl ReturnCode {
    /// Done.
    pub const OK: Self = Self(0);
    /// The firmware failed.
    pub const INTERNAL: Self = Self(1);
    /// Not allowed: to this account, or to this firmware at all.
    pub const NOT_PERMITTED: Self = Self(16);
    /// A table is full.
    pub const FULL: Self = Self(23);
    /// An argument is not acceptable.
    pub const INVALID: Self = Self(36);
    /// Too many writes to flash in a short time.
    pub const FLASH_LIMIT: Self = Self(38);
    /// Something that is needed is not there.
    pub const DATA_MISSING: Self = Self(0x809);
    /// The same exists already.
    pub const DUPLICATE: Self = Self(0x80A);
    /// The certificate cannot be used.
    pub const BAD_CERTIFICATE: Self = Self(0x80F);
    /// No such thing.
    pub const NOT_FOUND: Self = Self(0x814);

    /// What happened.
    #[must_use]
    pub const fn words(self) -> &'static str {
        match self {
            Self::OK => "done",
            Self::INTERNAL => "the firmware failed inside",
            Self::NOT_PERMITTED => "the firmware does not permit it",
            Self::FULL => "the table is full",
            Self::INVALID => "the firmware does not accept an argument",
            Self::FLASH_LIMIT => {
                "too many changes in a short time; the firmware protects its flash"
            }
            Self::DATA_MISSING => "something that this needs is not configured",
            Self::DUPLICATE => "the same exists already",
            Self::BAD_CERTIFICATE => "the firmware does not accept the certificate",
            Self::NOT_FOUND => "it is not there",
            _ => "a code without a known meaning",
        }
    }

    /// What may help, if anything is known to.
    #[must_use]
    pub const fn advice(self) -> Option<&'static str> {
        Some(match self {
            Self::FLASH_LIMIT => "wait some minutes, then run it again; what is done stays done",
            Self::INTERNAL => "run it again; if it stays so, restart the PC",
            Self::FULL => "remove an entry that nobody needs",
            _ => return None,
        })
    }
}

impl fmt::Display for ReturnCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} (code {})", self.words(), self.0)
    }
}
