//! Status values of the host interface, in words for the person in front of the PC.

use std::fmt;

/// What AMT says to a request; 0 is success.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Status(pub u32);

impl Status {
    /// Done.
    pub const SUCCESS: Self = Self(0);
    /// AMT's own trouble.
    pub const INTERNAL: Self = Self(1);
    /// AMT is still starting, or busy.
    pub const NOT_READY: Self = Self(2);
    /// The request has not the length it should have.
    pub const BAD_LENGTH: Self = Self(4);
    /// Not for this user, or not from this side.
    pub const NOT_PERMITTED: Self = Self(0x10);
    /// A table is full.
    pub const LIMIT: Self = Self(0x17);
    /// A value that AMT does not take.
    pub const INVALID_PARAMETER: Self = Self(0x24);
    /// Too many changes in too short a time.
    pub const FLASH_LIMIT: Self = Self(0x26);
    /// It dialled, and nobody answered as it should.
    pub const CONNECTION_FAILED: Self = Self(0x2d);
    /// Too many connections.
    pub const TOO_MANY: Self = Self(0x2e);
    /// Remote access is not granted.
    pub const NOT_GRANTED: Self = Self(0x200);
    /// AMT, or this way in, is switched off.
    pub const DISABLED_BY_POLICY: Self = Self(0x400);
    /// A request that AMT does not know.
    pub const INVALID_COMMAND: Self = Self(0x803);
    /// Something that is needed was never set.
    pub const DATA_MISSING: Self = Self(0x809);
    /// It is there already.
    pub const DUPLICATE: Self = Self(0x80a);
    /// A certificate that AMT does not take.
    pub const BAD_CERTIFICATE: Self = Self(0x80f);
    /// Not there.
    pub const NOT_FOUND: Self = Self(0x814);
    /// Somebody must say yes first.
    pub const CONSENT_NEEDED: Self = Self(0x821);

    /// What it means, and what to do about it.
    #[must_use]
    pub fn words(self) -> (&'static str, &'static str) {
        match self {
            Self::SUCCESS => ("done", ""),
            Self::INTERNAL => (
                "AMT has trouble of its own",
                "Try again; if it stays so, shut the PC down and cut its power for a minute.",
            ),
            Self::NOT_READY => {
                ("AMT is not ready", "It is starting or busy: try again in a minute.")
            }
            Self::BAD_LENGTH | Self::INVALID_PARAMETER | Self::INVALID_COMMAND => (
                "this firmware does not know the request",
                "It may be too old for it; update the PC's firmware.",
            ),
            Self::NOT_PERMITTED => (
                "AMT does not permit this from the PC",
                "The administrator of AMT decides whether users may do it: `viaduct remote-access show DEVICE`.",
            ),
            Self::LIMIT => {
                ("AMT has no room for more", "Remove what nobody needs, then try again.")
            }
            Self::FLASH_LIMIT => (
                "AMT was changed too often in a short time",
                "Its memory protects itself: wait some minutes.",
            ),
            Self::CONNECTION_FAILED => (
                "AMT could not reach its MPS",
                "`viaduct host cira-log` says how far it came. Is the PC on a network?",
            ),
            Self::TOO_MANY => ("AMT has too many connections", "Wait until one has ended."),
            Self::NOT_GRANTED => (
                "remote access is not granted on this PC now",
                "It dials only from outside the company network (`viaduct host status` says where it takes itself to be), and must be switched on: `viaduct enroll lan ADDRESS`.",
            ),
            Self::DISABLED_BY_POLICY => (
                "AMT is disabled by policy",
                "Switch on AMT in the BIOS setup of the PC, or ask who manages it.",
            ),
            Self::DATA_MISSING => (
                "no MPS is configured for requests of the user",
                "Give AMT a server and a policy with the user trigger: `viaduct enroll lan ADDRESS --trigger user`.",
            ),
            Self::DUPLICATE => ("it is there already", "Nothing needs to be done."),
            Self::BAD_CERTIFICATE => (
                "AMT does not take the certificate",
                "Look at its key size and signature; `viaduct cert show` lists those in use.",
            ),
            Self::NOT_FOUND => {
                ("AMT has no such thing", "Is it provisioned, and is remote access configured?")
            }
            Self::CONSENT_NEEDED => (
                "the user of the PC must agree first",
                "Ask for consent: `viaduct consent request DEVICE`.",
            ),
            _ => ("AMT refuses", "The number is AMT's own reason; its manual has the list."),
        }
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (what, _) = self.words();
        match crate::status::name(self.0) {
            "UNKNOWN" => write!(f, "{what} ({:#x})", self.0),
            name => write!(f, "{what} ({:#x} {name})", self.0),
        }
    }
}
