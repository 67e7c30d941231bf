//! Tickets: the right to open one redirection, once, soon.

use super::Asked;
use crate::{access::Principal, inventory::StoreError};
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use sha2::{Digest, Sha256};
use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};
use tokio::time::Instant;
use viaduct_api::{DeviceId, RedirectionMode};

/// A ticket must be used so soon.
pub(crate) const LIFE: Duration = Duration::from_secs(30);
/// Tickets of everybody together that were not used yet.
const TICKETS: usize = 10_000;

/// Why a ticket or token opens nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TicketFault {
    #[error("no ticket was given as the subprotocol")]
    Missing,
    #[error("the subprotocol is no ticket and no redirection token of this server")]
    Unknown,
    #[error("a token for the API opens no relay; get a ticket with it")]
    NotForRelay,
    #[error("this ticket was used already; each is good once")]
    Used,
    #[error("this ticket has expired; each is good for 30 s, a redirection token for 5 min")]
    Expired,
    #[error("this ticket is for another device")]
    OtherDevice,
    #[error("this ticket is for another kind of redirection")]
    OtherMode,
    #[error("this ticket belongs to another user")]
    OtherUser,
    #[error("the right to use it was taken away since the ticket was made")]
    Revoked,
}

/// What a ticket or token allows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Grant {
    pub principal: Principal,
    pub device: DeviceId,
    /// None in Open AMT's tokens: whichever the console asks for.
    pub mode: Option<RedirectionMode>,
    /// Whoever uses it now has to leave.
    pub take_over: bool,
}

impl Grant {
    /// Whether it is for what is asked.
    pub(super) fn covers(&self, asked: &Asked) -> Result<(), TicketFault> {
        if self.device != asked.device {
            return Err(TicketFault::OtherDevice);
        }
        match (self.mode, asked.mode) {
            (Some(granted), Some(asked)) if granted != asked => Err(TicketFault::OtherMode),
            _ => Ok(()),
        }
    }
}

/// Tickets by the hash of their value, until when they are good. Without a grant it was used: those and the expired ones
/// are remembered while there is room, only to say so.
#[derive(Debug, Default)]
pub(super) struct Tickets(Mutex<Table>);

type Table = HashMap<[u8; 32], (Option<Grant>, Instant)>;

impl Tickets {
    /// Makes a ticket.
    pub(super) fn issue(&self, grant: Grant) -> Result<String, StoreError> {
        let mut value = [0; 32];
        getrandom::fill(&mut value).map_err(|e| {
            StoreError::Database(format!("the system gives no random numbers: {e}"))
        })?;
        let ticket = BASE64_URL_SAFE_NO_PAD.encode(value);
        let now = Instant::now();
        let mut tickets = self.lock();
        if tickets.len() >= TICKETS {
            tickets.retain(|_, (grant, until)| grant.is_some() && *until > now);
        }
        if tickets.len() >= TICKETS {
            let why = format!("{TICKETS} tickets wait to be used");
            return Err(StoreError::Invalid { field: "ticket", why });
        }
        tickets.insert(hash(&ticket), (Some(grant), now + LIFE));
        Ok(ticket)
    }

    /// Takes a ticket: whatever comes of it, it is used up.
    pub(super) fn redeem(&self, ticket: &str) -> Result<Grant, TicketFault> {
        let mut tickets = self.lock();
        let (grant, until) = tickets.get_mut(&hash(ticket)).ok_or(TicketFault::Unknown)?;
        if grant.is_some() && *until <= Instant::now() {
            return Err(TicketFault::Expired);
        }
        grant.take().ok_or(TicketFault::Used)
    }

    fn lock(&self) -> MutexGuard<'_, Table> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn hash(ticket: &str) -> [u8; 32] {
    Sha256::digest(ticket).into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::access::Scope;

    fn grant() -> Grant {
        Grant {
            principal: Principal::new("ines", Scope::Admin),
            device: "4c4c4544-004b-4210-8033-b6c04f504633".parse().unwrap(),
            mode: Some(RedirectionMode::Kvm),
            take_over: false,
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_ticket_is_good_once_and_for_half_a_minute() {
        let tickets = Tickets::default();
        let ticket = tickets.issue(grant()).unwrap();
        assert_eq!(tickets.redeem("something else"), Err(TicketFault::Unknown));
        assert_eq!(tickets.redeem(&ticket), Ok(grant()));
        assert_eq!(tickets.redeem(&ticket), Err(TicketFault::Used));
        let late = tickets.issue(grant()).unwrap();
        tokio::time::advance(LIFE).await;
        assert_eq!(tickets.redeem(&late), Err(TicketFault::Expired));
        assert_eq!(tickets.redeem(&ticket), Err(TicketFault::Used));
    }

    #[tokio::test(start_paused = true)]
    async fn the_table_is_bounded_and_makes_room_by_forgetting_what_is_worth_nothing() {
        let tickets = Tickets::default();
        let first = tickets.issue(grant()).unwrap();
        for _ in 1..TICKETS {
            tickets.issue(grant()).unwrap();
        }
        assert!(tickets.issue(grant()).is_err(), "all of them are good");
        assert!(tickets.redeem(&first).is_ok());
        tickets.issue(grant()).unwrap();
        assert_eq!(tickets.redeem(&first), Err(TicketFault::Unknown), "forgotten");
        tokio::time::advance(LIFE).await;
        tickets.issue(grant()).unwrap();
        assert_eq!(tickets.lock().len(), 1);
    }
}
