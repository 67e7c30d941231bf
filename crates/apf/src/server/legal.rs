//! Which message is legal in which state, decided on its first byte: an illegal message is not
//! even waited for.
//!
//! | message from the device        | version | auth | credentials | forwarding | open |
//! |--------------------------------|---------|------|-------------|------------|------|
//! | 192 PROTOCOLVERSION            | yes     |      |             |            |      |
//! | 5 SERVICE_REQUEST              |         | yes  | yes (1)     | yes        | yes  |
//! | 50 USERAUTH_REQUEST            |         |      | yes         |            |      |
//! | 80, 90 to 94, 97               |         |      |             |            | yes  |
//! | 208 KEEPALIVE_REQUEST          |         | yes  | yes         | yes        | yes  |
//! | 209, 211                       |         |      |             | yes        | yes  |
//! | 1 DISCONNECT                   | yes     | yes  | yes         | yes        | yes  |
//!
//! (1) Only pfwd@, and only with a verified client certificate; which service is asked for is
//! looked at by the states themselves. While an admission is decided nothing is read at all.

use crate::message::Kind;

/// The states that read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Waiting {
    Version,
    Auth,
    Credentials,
    Forwarding,
    /// Open.
    Anything,
}

impl Waiting {
    pub(super) const fn words(self) -> &'static str {
        match self {
            Self::Version => "waiting for the version",
            Self::Auth => "waiting for the login service",
            Self::Credentials => "waiting for credentials",
            Self::Forwarding => "waiting for the forwarding service",
            Self::Anything => "open",
        }
    }

    pub(super) const fn allows(self, kind: Kind) -> bool {
        match kind {
            Kind::Disconnect => true,
            Kind::ProtocolVersion => matches!(self, Self::Version),
            Kind::ServiceRequest | Kind::KeepAliveRequest => !matches!(self, Self::Version),
            Kind::UserAuthRequest => matches!(self, Self::Credentials),
            Kind::KeepAliveReply | Kind::KeepAliveOptionsReply => {
                matches!(self, Self::Forwarding | Self::Anything)
            }
            Kind::GlobalRequest
            | Kind::ChannelOpen
            | Kind::ChannelOpenConfirmation
            | Kind::ChannelOpenFailure
            | Kind::WindowAdjust
            | Kind::ChannelData
            | Kind::ChannelClose => matches!(self, Self::Anything),
            Kind::ServiceAccept
            | Kind::UserAuthFailure
            | Kind::UserAuthSuccess
            | Kind::RequestSuccess
            | Kind::RequestFailure
            | Kind::KeepAliveOptionsRequest => false,
        }
    }
}
