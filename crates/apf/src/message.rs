//! Messages and their numbers.

/// A channel, by the number its receiver... (ours).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ChannelId(pub u32);

/// The same channel by the peer's number. Zero is valid.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PeerChannelId(pub u32);

/// Reason of a DISCONNECT.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct DisconnectReason(pub u32);

impl DisconnectReason {
    pub const PROTOCOL_ERROR: Self = Self(2);
    pub const SERVICE_NOT_AVAILABLE: Self = Self(7);
    pub const VERSION_NOT_SUPPORTED: Self = Self(8);
    pub const BY_APPLICATION: Self = Self(11);
    pub const TOO_MANY_CONNECTIONS: Self = Self(12);
}

/// Reason of a CHANNEL_OPEN_FAILURE.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct OpenFailure(pub u32);

impl OpenFailure {
    pub const PROHIBITED: Self = Self(1);
    pub const CONNECT_FAILED: Self = Self(2);
    pub const UNKNOWN_TYPE: Self = Self(3);
    pub const RESOURCE_SHORTAGE: Self = Self(4);
}

/// Trigger of PROTOCOLVERSION, as on the wire: 1 user, 2 alert, 3 provisioning, 4 periodic.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Trigger(pub u32);

impl core::fmt::Display for DisconnectReason {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "{}", self.0)
    }
}
impl core::fmt::Display for OpenFailure {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "{}", self.0)
    }
}
