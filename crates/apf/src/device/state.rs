//! The states of the device's end, each with its own data and a consuming `handle`: the mirror
//! image of the server's.
//!
//! ```text
//! Greeting ─► AwaitAuth ─6 auth─► AwaitVerdict ─52─► AwaitForwarding ─6 pfwd─► Open
//! ```
//!
//! and from each of them to Closed.

use super::event::Event;
use super::open::Open;
use super::outbox::Context;
use crate::message::{Message, Method, ReplyForm, Service, UserAuthRequest};
use crate::{EndReason, Time};
use alloc::boxed::Box;

#[derive(Debug)]
pub(super) enum State {
    /// The version is said; the login service is asked for at this time.
    Greeting(Time),
    AwaitAuth,
    AwaitVerdict,
    AwaitForwarding,
    Open(Box<Open>),
    Closed,
}

impl State {
    /// Asks for the login service.
    pub(super) fn ask_for_login(context: &mut Context<'_>) -> Self {
        context.outbox.say(&Message::ServiceRequest(Service::Auth));
        Self::AwaitAuth
    }

    /// Which form a REQUEST_SUCCESS has; `None` when no request is open.
    pub(super) fn awaited_reply(&self) -> Option<ReplyForm> {
        match self {
            Self::Open(open) => open.awaited_reply(),
            Self::Greeting(_)
            | Self::AwaitAuth
            | Self::AwaitVerdict
            | Self::AwaitForwarding
            | Self::Closed => None,
        }
    }

    pub(super) const fn words(&self) -> &'static str {
        match self {
            Self::Greeting(_) => "greeting",
            Self::AwaitAuth => "waiting for the login service",
            Self::AwaitVerdict => "waiting for the verdict",
            Self::AwaitForwarding => "waiting for the forwarding service",
            Self::Open(_) => "open",
            Self::Closed => "closed",
        }
    }

    pub(super) fn handle(
        self,
        message: &Message<'_>,
        context: &mut Context<'_>,
    ) -> Result<Self, EndReason> {
        if let Self::Open(mut open) = self {
            return match open.handle(message, context) {
                Ok(()) => Ok(Self::Open(open)),
                Err(reason) => {
                    open.end_channels(context.outbox);
                    Err(reason)
                }
            };
        }
        if let Message::Disconnect(reason) = message {
            return Err(EndReason::ByPeer(*reason));
        }
        // Intel's console echoes the version, other servers do not.
        if let Message::ProtocolVersion(_) = message {
            return Ok(self);
        }
        if let Message::KeepAliveRequest(keepalive) = message {
            context.outbox.keepalive(*keepalive);
            return Ok(self);
        }
        match (self, message) {
            (Self::AwaitAuth, Message::ServiceAccept(Service::Auth)) => {
                log_in(context);
                Ok(Self::AwaitVerdict)
            }
            (Self::AwaitVerdict, Message::UserAuthSuccess) => {
                context.outbox.report(Event::Admitted);
                context.outbox.say(&Message::ServiceRequest(Service::Forwarding));
                Ok(Self::AwaitForwarding)
            }
            (Self::AwaitVerdict, Message::UserAuthFailure(_)) => Err(EndReason::Refused),
            (Self::AwaitForwarding, Message::ServiceAccept(Service::Forwarding)) => {
                Ok(Self::Open(Box::new(Open::new(context))))
            }
            (state, message) => {
                Err(EndReason::Illegal { message: message.kind().number(), state: state.words() })
            }
        }
    }
}

fn log_in(context: &mut Context<'_>) {
    let (user, method) = match &context.config.credentials {
        Some((user, password)) => (user.as_ref(), Method::Password(password)),
        None => (b"".as_slice(), Method::None),
    };
    let service = Service::Forwarding.name().as_bytes();
    context.outbox.say(&Message::UserAuthRequest(UserAuthRequest { user, service, method }));
}
