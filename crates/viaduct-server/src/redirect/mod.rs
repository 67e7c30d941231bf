//! Redirection for consoles in pages and elsewhere: tickets, the relay between WebSocket and channel with the login
//! to AMT in the server, and the table of who is on what.
//!
//! A console gets a ticket (or one of Open AMT's tokens) for a device and a kind of redirection, opens a WebSocket with
//! it, and speaks AMT's redirection protocol. It never sees an AMT password: `login` answers the device in its
//! place. Back-pressure goes through: one piece at a time is read from the channel and written to the console before
//! the next one is taken, so a console that stops reading stops its own channel.

mod awake;
mod bare;
mod begin;
mod disc;
mod end;
mod frames;
mod guests;
mod image_reader;
mod latin;
mod line;
mod live;
mod login;
mod mount;
mod progress;
mod round_trip;
mod session;
mod speed;
mod ticket;
mod watched;

pub use disc::Disc;
pub use end::End;
pub use frames::Framing;
pub(crate) use frames::TOOK_NOTHING;
pub use guests::{Guests, Picture};
pub use image_reader::{ImageFault, ImageReader};
pub use live::{Entry, Holder};
pub use mount::Mounting;
pub use progress::Mounted;
pub use round_trip::RoundTrip;
pub use speed::Speed;
pub(crate) use ticket::LIFE;
pub use ticket::{Grant, TicketFault};

use crate::{
    access::{Access, Action, Principal},
    audit::Audit,
    command::Commander,
    config,
    events::Bus,
    inventory::{Inventory, StoreError},
    registry::Registry,
    tunnel::TunnelHandle,
};
use amt::port::ServicePort;
use axum::extract::ws::WebSocket;
use live::Live;
use std::sync::Arc;
use ticket::Tickets;
use viaduct_api::{DeviceId, RedirectionMode};

/// What a console's request asks for, checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asked {
    pub device: DeviceId,
    /// None: the start message will say it.
    pub mode: Option<RedirectionMode>,
    pub port: ServicePort,
    /// The server speaks TLS with the device, the console does not.
    pub tls: bool,
    /// The server signs in to the device; otherwise the bytes are passed on as they are.
    pub sign_in: bool,
    pub framing: Framing,
    /// Whoever uses it now has to leave.
    pub take_over: bool,
}

impl Asked {
    /// Whether the stream begins with AMT's start message.
    fn has_start(&self) -> bool {
        matches!(self.port, ServicePort::Redirection | ServicePort::RedirectionTls)
    }
}

/// The right that a kind of redirection needs.
#[must_use]
pub const fn action(mode: RedirectionMode) -> Action {
    match mode {
        RedirectionMode::Kvm => Action::RedirectKvm,
        RedirectionMode::Sol => Action::RedirectSol,
        RedirectionMode::Ider => Action::RedirectIder,
        RedirectionMode::Wsman => Action::UseProxy,
    }
}

/// Redirections of all devices.
#[derive(Debug, Clone)]
pub struct Redirections(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    registry: Registry,
    inventory: Inventory,
    access: Access,
    audit: Audit,
    events: Bus,
    commands: Commander,
    limits: config::Limits,
    keep_awake: bool,
    tickets: Tickets,
    live: Arc<Live>,
    mounts: progress::Mounts,
}

impl Redirections {
    /// Redirections through the tunnels of `registry`, with the AMT accounts of `commands`. `keep_awake`: idle screens
    /// are kept open.
    #[must_use]
    pub fn new(
        registry: Registry,
        inventory: Inventory,
        access: Access,
        audit: Audit,
        (events, commands): (Bus, Commander),
        (limits, keep_awake): (config::Limits, bool),
    ) -> Self {
        let (tickets, live) = (Tickets::default(), Arc::default());
        Self(Arc::new(Inner {
            registry,
            inventory,
            access,
            audit,
            events,
            commands,
            limits,
            keep_awake,
            tickets,
            live,
            mounts: progress::Mounts::default(),
        }))
    }

    /// Makes a ticket.
    ///
    /// # Errors
    /// When too many wait to be used.
    pub fn issue(&self, grant: Grant) -> Result<String, StoreError> {
        self.0.tickets.issue(grant)
    }

    /// Takes a ticket, which is used up by that.
    ///
    /// # Errors
    /// Why it opens nothing.
    pub fn redeem(&self, ticket: &str, asked: &Asked) -> Result<Grant, TicketFault> {
        let grant = self.0.tickets.redeem(ticket)?;
        self.holds(&grant, asked)?;
        Ok(grant)
    }

    /// Whether a grant is for what is asked and its owner still has the right.
    ///
    /// # Errors
    /// Why not.
    pub fn holds(&self, grant: &Grant, asked: &Asked) -> Result<(), TicketFault> {
        grant.covers(asked)?;
        let right = |mode| self.0.access.authorise(&grant.principal, action(mode)).is_ok();
        let may = match grant.mode.or(asked.mode) {
            Some(mode) => right(mode),
            // The start message will tell; then all of them must be allowed.
            None => {
                [RedirectionMode::Kvm, RedirectionMode::Sol, RedirectionMode::Ider].map(right)
                    == [true; 3]
            }
        };
        let device = self.0.inventory.get(grant.device);
        let seen = device.is_some_and(|device| grant.principal.sees(&device));
        let holds = may && seen && self.0.access.is_current(&grant.principal);
        holds.then_some(()).ok_or(TicketFault::Revoked)
    }

    /// Ends a socket that was opened only because a page cannot see a status: nothing else is done with it.
    pub async fn turn_away(&self, socket: WebSocket, end: End) {
        let (to, from) = frames::split(socket, Framing::Text, self.0.limits.stall_deadline.0);
        to.close(&end).await;
        from.drain().await;
    }

    /// Who uses it now.
    #[must_use]
    pub fn holder(&self, device: DeviceId, mode: RedirectionMode) -> Option<Holder> {
        let entry = self.0.live.holder(device, mode)?;
        Some(Holder { user: entry.principal.name.clone(), since: entry.since })
    }

    /// One's own redirection can always be taken over, somebody else's with the right to end tunnels.
    #[must_use]
    pub fn may_take_over(
        &self,
        principal: &Principal,
        device: DeviceId,
        mode: RedirectionMode,
    ) -> bool {
        let own = self.holder(device, mode).is_none_or(|holder| holder.user == principal.name);
        own || self.0.access.authorise(principal, Action::DisconnectTunnel).is_ok()
    }

    /// All live ones, the oldest first.
    #[must_use]
    pub fn list(&self) -> Vec<Arc<Entry>> {
        self.0.live.list()
    }

    /// Ends one; false when there is none of that number.
    #[must_use]
    pub fn end(&self, id: u64, by: &Principal) -> bool {
        let found = self.list().into_iter().find(|entry| entry.id == id);
        found.is_some_and(|entry| {
            entry.end(End::Closed(by.name.clone()));
            true
        })
    }

    /// Ends all: the server stops.
    pub fn shut_down(&self) {
        self.list().iter().for_each(|entry| entry.end(End::ShuttingDown));
    }

    fn tunnel(&self, device: DeviceId) -> Result<TunnelHandle, End> {
        let known = self.0.inventory.get(device).ok_or(End::Unknown)?;
        if known.blocked {
            return Err(End::Away(format!("{} is blocked", known.name)));
        }
        let away = || End::Away(format!("{} has no tunnel now", known.name));
        self.0.registry.lookup(device).ok_or_else(away)
    }
}
