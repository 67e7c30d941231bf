//! Redirection (ports 16994 and 16995): beginning, login, and serial-over-LAN, for both roles.
//!
//! All integers are little-endian. [`ConsoleMessage`] is what a console sends, [`DeviceMessage`]
//! what a platform sends; [`Decoder`] finds them in a stream of any pieces. [`DeviceLogin`] and
//! [`ConsoleLogin`] are the two sides of the login. After it KVM and IDE-R have messages of their own,
//! whose numbers mean other things: [`KvmOpen`] and then RFB, and those of [`ider`]; the same
//! [`Decoder`] finds them.

mod console;
mod decoder;
mod device;
mod fields;
pub mod ider;
mod kvm;
mod login;
mod login_data;
mod sol;

pub use console::{ConsoleMessage, Kind};
pub use decoder::{Decode, Decoder};
pub use device::{DeviceMessage, StartStatus};
pub use kvm::{KvmOpen, KvmOpened};
pub use login::{ConsoleLogin, ConsoleStep, DeviceLogin, Verdict};
pub use login_data::{DigestLoginAnswer, DigestLoginChallenge, LoginError, PlainLogin};
pub use sol::{Controls, SolSettings};

/// The only target of a digest login (AMT SDK, redirection library).
pub const LOGIN_URI: &str = "/RedirectionService";

/// The ways to log in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LoginMethod {
    /// 0: asks which ones there are.
    Query,
    /// 1: user and password in clear text. amtterm up to 1.4 uses it without asking.
    Plain,
    /// 2: a Kerberos ticket.
    Kerberos,
    /// 3: digest after RFC 2069.
    Digest,
    /// 4: digest after RFC 2617.
    DigestQop,
    /// Any other number.
    Other(u8),
}

impl LoginMethod {
    /// From the number on the wire.
    #[must_use]
    pub const fn from_number(number: u8) -> Self {
        match number {
            0 => Self::Query,
            1 => Self::Plain,
            2 => Self::Kerberos,
            3 => Self::Digest,
            4 => Self::DigestQop,
            other => Self::Other(other),
        }
    }

    /// The number on the wire.
    #[must_use]
    pub const fn number(self) -> u8 {
        match self {
            Self::Query => 0,
            Self::Plain => 1,
            Self::Kerberos => 2,
            Self::Digest => 3,
            Self::DigestQop => 4,
            Self::Other(number) => number,
        }
    }
}

/// Why a stream is not redirection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum RedirectError {
    /// A first byte that begins no message known here.
    #[error("unknown redirection message {0:#04x}")]
    UnknownMessage(u8),
    /// A login longer than any method needs.
    #[error("a login of {0} bytes")]
    LoginTooLong(u32),
}

/// Longest data of a login: a Kerberos ticket has 3 KiB at most (AMT SDK, authentication options).
const MAX_LOGIN: u32 = 4096;
