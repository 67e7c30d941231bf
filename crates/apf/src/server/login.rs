//! The states before channels exist: nothing here knows of any.
//!
//! What can come before an admission is decided is bounded by construction: one version, one
//! service request, one USERAUTH_REQUEST and two keep-alives, each bounded itself.

use super::event::{Credentials, Event};
use super::legal::Waiting;
use super::open::Open;
use super::outbox::Context;
use super::state::State;
use crate::message::{
    self, KeepAliveOptions, Message, Method, ProtocolVersion, Service, UserAuthRequest,
};
use crate::{EndReason, Time};
use alloc::boxed::Box;
use bytes::Bytes;
use core::time::Duration;
use uuid::Uuid;

/// The lowest and the only version there is.
const VERSION: (u32, u32) = (1, 0);

/// Keep-alives that are tolerated before an admission is decided.
const EARLY_KEEPALIVES: u32 = 2;

/// What a peer may send in total before it is authenticated, in bytes.
const LOGIN_MAX: u32 = 512;
const _: () = assert!(
    message::VERSION_LENGTH
        + message::LONGEST_SERVICE_REQUEST
        + message::LONGEST_USERAUTH_REQUEST
        + EARLY_KEEPALIVES * message::KEEPALIVE_LENGTH
        <= LOGIN_MAX
);

fn illegal(message: &Message<'_>, waiting: Waiting) -> EndReason {
    EndReason::Illegal { message: message.kind().number(), state: waiting.words() }
}

/// Nothing has come yet.
#[derive(Debug)]
pub(super) struct AwaitVersion {
    pub(super) began: Time,
}

impl AwaitVersion {
    pub(super) fn handle(
        self,
        message: &Message<'_>,
        context: &mut Context<'_>,
    ) -> Result<State, EndReason> {
        if let Message::Disconnect(reason) = message {
            return Err(EndReason::ByPeer(*reason));
        }
        let Message::ProtocolVersion(ProtocolVersion { major, minor, trigger, uuid }) = *message
        else {
            return Err(illegal(message, Waiting::Version));
        };
        if (major, minor) < VERSION {
            return Err(EndReason::Version { major, minor });
        }
        context.outbox.report(Event::Greeted { uuid, trigger, version: (major, minor) });
        Ok(State::AwaitAuth(AwaitAuth { began: self.began, uuid, keepalives: 0 }))
    }
}

/// The device is to ask for the login service.
#[derive(Debug)]
pub(super) struct AwaitAuth {
    pub(super) began: Time,
    uuid: Uuid,
    keepalives: u32,
}

impl AwaitAuth {
    pub(super) fn handle(
        mut self,
        message: &Message<'_>,
        context: &mut Context<'_>,
    ) -> Result<State, EndReason> {
        if let Message::ServiceRequest(Service::Auth) = message {
            context.outbox.say(&Message::ServiceAccept(Service::Auth));
            return Ok(State::AwaitCredentials(AwaitCredentials {
                began: self.began,
                uuid: self.uuid,
                keepalives: self.keepalives,
            }));
        }
        if let Some(deciding) = skipped_login(self.uuid, message, context) {
            return Ok(State::Deciding(deciding));
        }
        early(message, Waiting::Auth, &mut self.keepalives, context)?;
        Ok(State::AwaitAuth(self))
    }
}

/// The device is to show its credentials.
#[derive(Debug)]
pub(super) struct AwaitCredentials {
    pub(super) began: Time,
    uuid: Uuid,
    keepalives: u32,
}

impl AwaitCredentials {
    pub(super) fn handle(
        mut self,
        message: &Message<'_>,
        context: &mut Context<'_>,
    ) -> Result<State, EndReason> {
        if let Message::UserAuthRequest(request) = message {
            let credentials = credentials(request, context.config.client_certificate)?;
            context.outbox.report(Event::AdmissionAsked { uuid: self.uuid, credentials });
            return Ok(State::Deciding(Deciding { asked_for_login: true }));
        }
        if let Some(deciding) = skipped_login(self.uuid, message, context) {
            return Ok(State::Deciding(deciding));
        }
        early(message, Waiting::Credentials, &mut self.keepalives, context)?;
        Ok(State::AwaitCredentials(self))
    }
}

fn credentials(
    request: &UserAuthRequest<'_>,
    client_certificate: bool,
) -> Result<Credentials, EndReason> {
    let user = Bytes::copy_from_slice(request.user);
    match request.method {
        Method::Password(password) => {
            Ok(Credentials::Password { user, password: Bytes::copy_from_slice(password) })
        }
        Method::None if client_certificate => Ok(Credentials::Certificate { user: Some(user) }),
        Method::None => Err(EndReason::NoCertificate),
    }
}

/// With a verified client certificate a device may ask for forwarding without logging in.
fn skipped_login(uuid: Uuid, message: &Message<'_>, context: &mut Context<'_>) -> Option<Deciding> {
    let skips = matches!(message, Message::ServiceRequest(Service::Forwarding));
    if !skips || !context.config.client_certificate {
        return None;
    }
    let credentials = Credentials::Certificate { user: None };
    context.outbox.report(Event::AdmissionAsked { uuid, credentials });
    Some(Deciding { asked_for_login: false })
}

/// What is tolerated besides what a login state waits for.
fn early(
    message: &Message<'_>,
    waiting: Waiting,
    keepalives: &mut u32,
    context: &mut Context<'_>,
) -> Result<(), EndReason> {
    if let Message::Disconnect(reason) = message {
        return Err(EndReason::ByPeer(*reason));
    }
    if let Message::KeepAliveRequest(keepalive) = message
        && *keepalives < EARLY_KEEPALIVES
    {
        *keepalives = keepalives.saturating_add(1);
        context.outbox.keepalive(*keepalive, context.now);
        return Ok(());
    }
    Err(illegal(message, waiting))
}

/// The caller decides. Nothing is read meanwhile.
#[derive(Debug)]
pub(super) struct Deciding {
    /// USERAUTH_REQUEST is to be answered; otherwise the SERVICE_REQUEST of a device that relies
    /// on its certificate.
    pub(super) asked_for_login: bool,
}

impl Deciding {
    pub(super) fn admit(&self, context: &mut Context<'_>) -> State {
        if self.asked_for_login {
            context.outbox.say(&Message::UserAuthSuccess);
            State::AwaitForwarding(AwaitForwarding { began: context.now, agreed: None })
        } else {
            start_forwarding(None, context)
        }
    }
}

fn start_forwarding(agreed: Option<Duration>, context: &mut Context<'_>) -> State {
    context.outbox.say(&Message::ServiceAccept(Service::Forwarding));
    context.outbox.report(Event::ForwardingStarted);
    State::Open(Box::new(Open::new(agreed, context)))
}

/// Admitted; the device is to ask for the forwarding service.
#[derive(Debug)]
pub(super) struct AwaitForwarding {
    pub(super) began: Time,
    /// The keep-alive interval the device named, should it do so already.
    agreed: Option<Duration>,
}

impl AwaitForwarding {
    pub(super) fn handle(
        mut self,
        message: &Message<'_>,
        context: &mut Context<'_>,
    ) -> Result<State, EndReason> {
        if let Message::ServiceRequest(Service::Forwarding) = message {
            return Ok(start_forwarding(self.agreed, context));
        }
        if let Message::Disconnect(reason) = message {
            return Err(EndReason::ByPeer(*reason));
        }
        if let Message::KeepAliveRequest(keepalive) = message {
            context.outbox.keepalive(*keepalive, context.now);
        } else if let Message::KeepAliveOptionsReply(options) = message {
            self.agreed = Some(agreed(*options, context));
        } else if !matches!(message, Message::KeepAliveReply(_)) {
            return Err(illegal(message, Waiting::Forwarding));
        }
        Ok(State::AwaitForwarding(self))
    }
}

/// Reports what the device says about its keep-alives; returns the interval.
pub(super) fn agreed(options: KeepAliveOptions, context: &mut Context<'_>) -> Duration {
    let interval = Duration::from_secs(options.interval.into());
    let timeout = Duration::from_secs(options.timeout.into());
    context.outbox.report(Event::KeepAliveAgreed { interval, timeout });
    interval
}
