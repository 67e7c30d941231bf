//! The states of the server's end, each with its own data and a consuming `handle`.
//!
//! ```text
//! AwaitVersion ─192─► AwaitAuth ─5 auth─► AwaitCredentials ─50─► Deciding ─admit─► AwaitForwarding ─5 pfwd─► Open
//!                         └───── 5 pfwd, with a client certificate ─────► Deciding ─admit──────────────────► Open
//! ```
//!
//! and from each of them to Closed.

use super::legal::Waiting;
use super::login::{AwaitAuth, AwaitCredentials, AwaitForwarding, AwaitVersion, Deciding};
use super::open::Open;
use super::outbox::Context;
use crate::message::{Kind, Message};
use crate::{EndReason, Time};
use alloc::boxed::Box;

#[derive(Debug)]
pub(super) enum State {
    AwaitVersion(AwaitVersion),
    AwaitAuth(AwaitAuth),
    AwaitCredentials(AwaitCredentials),
    Deciding(Deciding),
    AwaitForwarding(AwaitForwarding),
    Open(Box<Open>),
    Closed,
}

impl State {
    /// What is waited for; nothing while deciding and after the end.
    pub(super) const fn waiting(&self) -> Option<Waiting> {
        match self {
            Self::AwaitVersion(_) => Some(Waiting::Version),
            Self::AwaitAuth(_) => Some(Waiting::Auth),
            Self::AwaitCredentials(_) => Some(Waiting::Credentials),
            Self::AwaitForwarding(_) => Some(Waiting::Forwarding),
            Self::Open(_) => Some(Waiting::Anything),
            Self::Deciding(_) | Self::Closed => None,
        }
    }

    /// Whether a message of this kind may come now.
    pub(super) const fn admits(&self, kind: Kind) -> Result<(), EndReason> {
        let Some(waiting) = self.waiting() else { return Ok(()) };
        if waiting.allows(kind) {
            return Ok(());
        }
        Err(EndReason::Illegal { message: kind.number(), state: waiting.words() })
    }

    pub(super) fn handle(
        self,
        message: &Message<'_>,
        context: &mut Context<'_>,
    ) -> Result<Self, EndReason> {
        match self {
            Self::AwaitVersion(state) => state.handle(message, context),
            Self::AwaitAuth(state) => state.handle(message, context),
            Self::AwaitCredentials(state) => state.handle(message, context),
            Self::AwaitForwarding(state) => state.handle(message, context),
            Self::Open(mut open) => match open.handle(message, context) {
                Ok(()) => Ok(Self::Open(open)),
                Err(reason) => {
                    open.end_channels(context.outbox);
                    Err(reason)
                }
            },
            // Both take no input: `handle_input` does not come this far.
            Self::Deciding(_) | Self::Closed => Ok(self),
        }
    }

    /// The end of the phase of the login, and its name.
    pub(super) fn login_deadline(&self, config: &super::Config) -> Option<(Time, &'static str)> {
        match self {
            Self::AwaitVersion(state) => Some((state.began + config.version_deadline, "version")),
            Self::AwaitAuth(state) => Some((state.began + config.login_deadline, "login")),
            Self::AwaitCredentials(state) => Some((state.began + config.login_deadline, "login")),
            Self::AwaitForwarding(state) => {
                Some((state.began + config.forwarding_deadline, "forwarding"))
            }
            Self::Deciding(_) | Self::Open(_) | Self::Closed => None,
        }
    }
}
