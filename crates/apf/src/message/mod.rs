//! The messages of APF and how they look on the wire.
//!
//! Messages follow each other in the stream without any outer length; a message's size is known
//! only by parsing it. Decoding therefore works on a prefix of the stream: [`decode_from_device`]
//! and [`decode_from_server`] return `Ok(None)` while more bytes are needed, and check every
//! length the moment its four bytes are there. Nothing is copied and nothing is allocated:
//! strings are slices of the input, and the payload of CHANNEL_DATA is not part of the message
//! at all (only its length is), so that it can be streamed.
//!
//! All integers are big-endian, except three groups of the UUID. Numbers, layouts and names are
//! those of Intel's LMS (`LMS_if.h`, `LMS_if_constants.h`) and, for 208 to 211, of the MPS
//! implementations that firmware talks to.

mod auth;
mod channel;
mod disconnect;
mod global;
mod keepalive;
mod kind;
mod service;
mod version;

pub use auth::{Method, UserAuthFailure, UserAuthRequest};
pub use channel::{
    ChannelClose, ChannelData, ChannelId, ChannelOpen, ChannelOpenConfirmation, ChannelOpenFailure,
    ChannelType, OpenFailure, PeerChannelId, WindowAdjust,
};
pub use disconnect::DisconnectReason;
pub use global::{Datagram, Forward, GlobalRequest, Reply, ReplyForm};
pub use keepalive::{KeepAlive, KeepAliveOptions};
pub use kind::Kind;
pub use service::Service;
pub use version::{ProtocolVersion, Trigger};

pub(crate) use auth::LONGEST_REQUEST as LONGEST_USERAUTH_REQUEST;
pub(crate) use keepalive::LENGTH as KEEPALIVE_LENGTH;
pub(crate) use service::LONGEST_REQUEST as LONGEST_SERVICE_REQUEST;
pub(crate) use version::LENGTH as VERSION_LENGTH;

use crate::DecodeError;
use crate::error::Field;
use crate::reader::{Reader, Stop};
use bytes::{BufMut as _, BytesMut};

/// One message. Of CHANNEL_DATA it is the head only.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Message<'a> {
    /// 1: the sender ends the connection.
    Disconnect(DisconnectReason),
    /// 5: the device asks for a service.
    ServiceRequest(Service),
    /// 6: the server grants it.
    ServiceAccept(Service),
    /// 50: the device's credentials.
    UserAuthRequest(UserAuthRequest<'a>),
    /// 51: they were refused.
    UserAuthFailure(UserAuthFailure<'a>),
    /// 52: they were accepted.
    UserAuthSuccess,
    /// 80: the device forwards a port, takes it back, or wants a datagram sent.
    GlobalRequest(GlobalRequest<'a>),
    /// 81: the request was granted.
    RequestSuccess(Reply),
    /// 82: the request was refused.
    RequestFailure,
    /// 90: open a channel.
    ChannelOpen(ChannelOpen<'a>),
    /// 91: it is open.
    ChannelOpenConfirmation(ChannelOpenConfirmation),
    /// 92: it is not.
    ChannelOpenFailure(ChannelOpenFailure),
    /// 93: more may be sent.
    WindowAdjust(WindowAdjust),
    /// 94: data; the payload follows the head.
    ChannelData(ChannelData),
    /// 97: the channel ends, in both directions.
    ChannelClose(ChannelClose),
    /// 192: version and identity.
    ProtocolVersion(ProtocolVersion),
    /// 208: are you there?
    KeepAliveRequest(KeepAlive),
    /// 209: yes.
    KeepAliveReply(KeepAlive),
    /// 210: the server asks for a keep-alive interval.
    KeepAliveOptionsRequest(KeepAliveOptions),
    /// 211: what the device will do.
    KeepAliveOptionsReply(KeepAliveOptions),
}

/// Decodes the message at the front of what a device sent: the message and its length in bytes
/// (of CHANNEL_DATA the length of the head, which is 9). `Ok(None)` means more bytes are needed.
///
/// # Errors
/// The bytes can never become a message that a device may send; the stream cannot be
/// resynchronised.
pub fn decode_from_device(input: &[u8]) -> Result<Option<(Message<'_>, usize)>, DecodeError> {
    let Some(&first) = input.first() else { return Ok(None) };
    let kind = Kind::from_wire(first).ok_or(DecodeError::UnknownType(first))?;
    if !kind.sent_by_device() {
        return Err(DecodeError::WrongDirection(first));
    }
    decode(kind, input, ReplyForm::Bare)
}

/// Decodes the message at the front of what a server sent, see [`decode_from_device`].
///
/// REQUEST_SUCCESS does not say which request it answers and has two forms; `awaited` is the
/// form of the oldest unanswered request.
///
/// # Errors
/// The bytes can never become a message that a server may send; the stream cannot be
/// resynchronised.
pub fn decode_from_server(
    input: &[u8],
    awaited: ReplyForm,
) -> Result<Option<(Message<'_>, usize)>, DecodeError> {
    let Some(&first) = input.first() else { return Ok(None) };
    let kind = Kind::from_wire(first).ok_or(DecodeError::UnknownType(first))?;
    if !kind.sent_by_server() {
        return Err(DecodeError::WrongDirection(first));
    }
    decode(kind, input, awaited)
}

fn decode(
    kind: Kind,
    input: &[u8],
    awaited: ReplyForm,
) -> Result<Option<(Message<'_>, usize)>, DecodeError> {
    let mut reader = Reader::new(input);
    match reader.u8().and_then(|_| body(kind, &mut reader, awaited)) {
        Ok(message) => Ok(Some((message, input.len().saturating_sub(reader.remaining())))),
        Err(Stop::Incomplete) => Ok(None),
        Err(Stop::Invalid(error)) => Err(error),
    }
}

fn body<'a>(kind: Kind, reader: &mut Reader<'a>, awaited: ReplyForm) -> Result<Message<'a>, Stop> {
    Ok(match kind {
        Kind::Disconnect => Message::Disconnect(DisconnectReason::read(reader)?),
        Kind::ServiceRequest => Message::ServiceRequest(Service::read(reader)?),
        Kind::ServiceAccept => Message::ServiceAccept(Service::read(reader)?),
        Kind::UserAuthRequest => Message::UserAuthRequest(UserAuthRequest::read(reader)?),
        Kind::UserAuthFailure => Message::UserAuthFailure(UserAuthFailure::read(reader)?),
        Kind::UserAuthSuccess => Message::UserAuthSuccess,
        Kind::GlobalRequest => Message::GlobalRequest(GlobalRequest::read(reader)?),
        Kind::RequestSuccess => Message::RequestSuccess(Reply::read(reader, awaited)?),
        Kind::RequestFailure => Message::RequestFailure,
        Kind::ChannelOpen => Message::ChannelOpen(ChannelOpen::read(reader)?),
        Kind::ChannelOpenConfirmation => {
            Message::ChannelOpenConfirmation(ChannelOpenConfirmation::read(reader)?)
        }
        Kind::ChannelOpenFailure => Message::ChannelOpenFailure(ChannelOpenFailure::read(reader)?),
        Kind::WindowAdjust => Message::WindowAdjust(WindowAdjust::read(reader)?),
        Kind::ChannelData => Message::ChannelData(ChannelData::read(reader)?),
        Kind::ChannelClose => Message::ChannelClose(ChannelClose::read(reader)?),
        Kind::ProtocolVersion => Message::ProtocolVersion(ProtocolVersion::read(reader)?),
        Kind::KeepAliveRequest => Message::KeepAliveRequest(KeepAlive::read(reader)?),
        Kind::KeepAliveReply => Message::KeepAliveReply(KeepAlive::read(reader)?),
        Kind::KeepAliveOptionsRequest => {
            Message::KeepAliveOptionsRequest(KeepAliveOptions::read(reader)?)
        }
        Kind::KeepAliveOptionsReply => {
            Message::KeepAliveOptionsReply(KeepAliveOptions::read(reader)?)
        }
    })
}

impl Message<'_> {
    /// Which message it is.
    #[must_use]
    pub const fn kind(&self) -> Kind {
        match self {
            Self::Disconnect(_) => Kind::Disconnect,
            Self::ServiceRequest(_) => Kind::ServiceRequest,
            Self::ServiceAccept(_) => Kind::ServiceAccept,
            Self::UserAuthRequest(_) => Kind::UserAuthRequest,
            Self::UserAuthFailure(_) => Kind::UserAuthFailure,
            Self::UserAuthSuccess => Kind::UserAuthSuccess,
            Self::GlobalRequest(_) => Kind::GlobalRequest,
            Self::RequestSuccess(_) => Kind::RequestSuccess,
            Self::RequestFailure => Kind::RequestFailure,
            Self::ChannelOpen(_) => Kind::ChannelOpen,
            Self::ChannelOpenConfirmation(_) => Kind::ChannelOpenConfirmation,
            Self::ChannelOpenFailure(_) => Kind::ChannelOpenFailure,
            Self::WindowAdjust(_) => Kind::WindowAdjust,
            Self::ChannelData(_) => Kind::ChannelData,
            Self::ChannelClose(_) => Kind::ChannelClose,
            Self::ProtocolVersion(_) => Kind::ProtocolVersion,
            Self::KeepAliveRequest(_) => Kind::KeepAliveRequest,
            Self::KeepAliveReply(_) => Kind::KeepAliveReply,
            Self::KeepAliveOptionsRequest(_) => Kind::KeepAliveOptionsRequest,
            Self::KeepAliveOptionsReply(_) => Kind::KeepAliveOptionsReply,
        }
    }

    /// Appends the message to `out`; of CHANNEL_DATA the head only. Strings longer than their
    /// field's limit are cut to it, so that what is written can always be read.
    pub fn encode(&self, out: &mut BytesMut) {
        out.put_u8(self.kind().number());
        match self {
            Self::Disconnect(reason) => reason.write(out),
            Self::ServiceRequest(service) | Self::ServiceAccept(service) => service.write(out),
            Self::UserAuthRequest(request) => request.write(out),
            Self::UserAuthFailure(failure) => failure.write(out),
            Self::UserAuthSuccess | Self::RequestFailure => {}
            Self::GlobalRequest(request) => request.write(out),
            Self::RequestSuccess(reply) => reply.write(out),
            Self::ChannelOpen(open) => open.write(out),
            Self::ChannelOpenConfirmation(confirmation) => confirmation.write(out),
            Self::ChannelOpenFailure(failure) => failure.write(out),
            Self::WindowAdjust(adjust) => adjust.write(out),
            Self::ChannelData(data) => data.write(out),
            Self::ChannelClose(close) => close.write(out),
            Self::ProtocolVersion(version) => version.write(out),
            Self::KeepAliveRequest(keepalive) | Self::KeepAliveReply(keepalive) => {
                keepalive.write(out);
            }
            Self::KeepAliveOptionsRequest(options) | Self::KeepAliveOptionsReply(options) => {
                options.write(out);
            }
        }
    }
}

/// Writes a length-prefixed string, cut to what its field allows.
fn put_string(out: &mut BytesMut, field: Field, value: &[u8]) {
    let limit = usize::try_from(field.limit()).unwrap_or(usize::MAX);
    let value = value.get(..limit).unwrap_or(value);
    out.put_u32(u32::try_from(value.len()).unwrap_or(u32::MAX));
    out.put_slice(value);
}
