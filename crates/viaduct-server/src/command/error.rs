//! Why a command did not give what was asked for.

use amt::wsman::{Fault, Subcode};
use viaduct_api::Code;

/// Why a command failed. What is not [`Unknown`](Self::Unknown) was not done.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CommandError {
    /// No tunnel, or it ended before anything was sent.
    #[error("the device is not connected: {why}")]
    Away { why: String },
    /// The inventory has no AMT password of this device.
    #[error("the AMT password of this device is not known here")]
    NoCredential,
    /// The device refused user and password.
    #[error(
        "the device refuses the AMT user and password that are stored for it; they are tried three times at most, with \
         long rests between, so that the PC does not raise an alarm"
    )]
    CredentialRefused,
    /// Neither 16992 nor 16993 is forwarded.
    #[error("the device forwards neither 16992 nor 16993, only {forwarded:?}")]
    NotForwarded { forwarded: Vec<u16> },
    /// The device answered CHANNEL_OPEN_FAILURE with this reason.
    #[error("the device refused a channel to its WS-Man port (reason {reason})")]
    Refused { reason: u32 },
    /// Too many callers wait, or all channels are in use.
    #[error("too many commands for this device are waiting, or all of its channels are in use")]
    Busy,
    /// Nothing came before the deadline; nothing was changed.
    #[error("the device did not answer in time")]
    Silent,
    /// The request went out and no answer came: it may have been done.
    #[error("the request was sent, but {why}; it may have been carried out and is not sent again")]
    Unknown { why: String },
    /// TLS inside the tunnel failed.
    #[error("TLS with the device's port 16993 failed: {0}")]
    Tls(String),
    /// The device shows another certificate than before.
    #[error(
        "the device's port 16993 shows a certificate (SHA-256 {seen}) other than the one known since the first visit \
         ({known})"
    )]
    CertificateChanged { known: String, seen: String },
    /// The answer cannot be used.
    #[error("the device's answer cannot be used: {0}")]
    Unusable(String),
    /// AMT answered with a fault.
    #[error("AMT refused {operation} of {class}: {fault}")]
    Fault { class: String, operation: &'static str, fault: Fault },
    /// A method gave a `ReturnValue` other than 0.
    #[error("AMT refused {class}.{method} with status {value} ({})", amt::status::name_for(class, *.value))]
    Returned { class: String, method: String, value: u32 },
    /// The database failed where the answer would have been needed.
    #[error("{0}")]
    Store(String),
    /// The password is kept in Vault, which did not give it.
    #[error("{0}")]
    Vault(String),
}

impl CommandError {
    /// The stable code.
    #[must_use]
    pub fn code(&self) -> Code {
        match self {
            Self::Away { .. } => Code::DeviceAway,
            Self::NoCredential => Code::AmtPasswordMissing,
            Self::CredentialRefused => Code::AmtPasswordRefused,
            Self::NotForwarded { .. } => Code::PortNotForwarded,
            Self::Refused { .. } => Code::ChannelRefused,
            Self::Busy => Code::DeviceBusy,
            Self::Silent => Code::DeviceSilent,
            Self::Unknown { .. } => Code::OutcomeUnknown,
            Self::Tls(_) => Code::TlsInside,
            Self::CertificateChanged { .. } => Code::AmtCertificateChanged,
            Self::Unusable(_) => Code::AmtUnusable,
            Self::Fault { .. } | Self::Returned { .. } => Code::AmtRefused,
            Self::Store(_) => Code::Store,
            Self::Vault(_) => Code::VaultUnavailable,
        }
    }

    /// Whether the class or instance does not exist on this platform.
    #[must_use]
    pub fn is_absent(&self) -> bool {
        self.subcode().is_some_and(|subcode| {
            matches!(
                subcode,
                Subcode::DestinationUnreachable
                    | Subcode::InvalidSelectors
                    | Subcode::ActionNotSupported
            )
        })
    }

    /// Whether the device has answered, though not with what was asked for: another question may be answered.
    #[must_use]
    pub fn is_answer(&self) -> bool {
        matches!(self, Self::Fault { .. } | Self::Returned { .. } | Self::Unusable(_))
    }

    /// Whether AMT says that the account may not, or that somebody at the PC must agree first.
    #[must_use]
    pub fn is_denied(&self) -> bool {
        self.subcode() == Some(&Subcode::AccessDenied)
    }

    fn subcode(&self) -> Option<&Subcode> {
        match self {
            Self::Fault { fault, .. } => Some(&fault.subcode),
            _ => None,
        }
    }
}
