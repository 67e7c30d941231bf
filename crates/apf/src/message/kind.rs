//! The message numbers and who may send which.

/// A message number that is used on CIRA.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
#[expect(missing_docs, reason = "each is documented at the variant of Message of the same name")]
pub enum Kind {
    Disconnect = 1,
    ServiceRequest = 5,
    ServiceAccept = 6,
    UserAuthRequest = 50,
    UserAuthFailure = 51,
    UserAuthSuccess = 52,
    GlobalRequest = 80,
    RequestSuccess = 81,
    RequestFailure = 82,
    ChannelOpen = 90,
    ChannelOpenConfirmation = 91,
    ChannelOpenFailure = 92,
    WindowAdjust = 93,
    ChannelData = 94,
    ChannelClose = 97,
    ProtocolVersion = 192,
    KeepAliveRequest = 208,
    KeepAliveReply = 209,
    KeepAliveOptionsRequest = 210,
    KeepAliveOptionsReply = 211,
}

impl Kind {
    /// The kind of a message with this first byte. SSH's other numbers, and 250 which only
    /// MeshCentral's agent uses, are none.
    #[must_use]
    pub const fn from_wire(number: u8) -> Option<Self> {
        Some(match number {
            1 => Self::Disconnect,
            5 => Self::ServiceRequest,
            6 => Self::ServiceAccept,
            50 => Self::UserAuthRequest,
            51 => Self::UserAuthFailure,
            52 => Self::UserAuthSuccess,
            80 => Self::GlobalRequest,
            81 => Self::RequestSuccess,
            82 => Self::RequestFailure,
            90 => Self::ChannelOpen,
            91 => Self::ChannelOpenConfirmation,
            92 => Self::ChannelOpenFailure,
            93 => Self::WindowAdjust,
            94 => Self::ChannelData,
            97 => Self::ChannelClose,
            192 => Self::ProtocolVersion,
            208 => Self::KeepAliveRequest,
            209 => Self::KeepAliveReply,
            210 => Self::KeepAliveOptionsRequest,
            211 => Self::KeepAliveOptionsReply,
            _ => return None,
        })
    }

    /// The number on the wire.
    #[must_use]
    pub const fn number(self) -> u8 {
        self as u8
    }

    /// Whether a device may ever send it.
    #[must_use]
    pub const fn sent_by_device(self) -> bool {
        match self {
            Self::Disconnect
            | Self::ServiceRequest
            | Self::UserAuthRequest
            | Self::GlobalRequest
            | Self::ChannelOpen
            | Self::ChannelOpenConfirmation
            | Self::ChannelOpenFailure
            | Self::WindowAdjust
            | Self::ChannelData
            | Self::ChannelClose
            | Self::ProtocolVersion
            | Self::KeepAliveRequest
            | Self::KeepAliveReply
            | Self::KeepAliveOptionsReply => true,
            Self::ServiceAccept
            | Self::UserAuthFailure
            | Self::UserAuthSuccess
            | Self::RequestSuccess
            | Self::RequestFailure
            | Self::KeepAliveOptionsRequest => false,
        }
    }

    /// Whether a server may ever send it. PROTOCOLVERSION is optional in this direction: Intel's
    /// console sends it, Open AMT's and MeshCentral's servers do not.
    #[must_use]
    pub const fn sent_by_server(self) -> bool {
        match self {
            Self::Disconnect
            | Self::ServiceAccept
            | Self::UserAuthFailure
            | Self::UserAuthSuccess
            | Self::RequestSuccess
            | Self::RequestFailure
            | Self::ChannelOpen
            | Self::ChannelOpenConfirmation
            | Self::ChannelOpenFailure
            | Self::WindowAdjust
            | Self::ChannelData
            | Self::ChannelClose
            | Self::ProtocolVersion
            | Self::KeepAliveRequest
            | Self::KeepAliveReply
            | Self::KeepAliveOptionsRequest => true,
            Self::ServiceRequest
            | Self::UserAuthRequest
            | Self::GlobalRequest
            | Self::KeepAliveOptionsReply => false,
        }
    }
}
