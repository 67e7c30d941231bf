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
    pub(super) fn covers(&self, asked: &Asked) -> bool {
        let same_mode = match (self.mode, asked.mode) {
            (Some(granted), Some(asked)) => granted == asked,
            _ => true,
        };
        self.device == asked.device && same_mode
    }
}

/// Tickets that wait to be used, by the hash of their value.
#[derive(Debug, Default)]
pub(super) struct Tickets(Mutex<HashMap<[u8; 32], (Grant, Instant)>>);

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
            tickets.retain(|_, (_, until)| *until > now);
        }
        if tickets.len() >= TICKETS {
            let why = format!("{TICKETS} tickets wait to be used");
            return Err(StoreError::Invalid { field: "ticket", why });
        }
        tickets.insert(hash(&ticket), (grant, now + LIFE));
        Ok(ticket)
    }

    /// Takes a ticket: whatever comes of it, it is used up.
    pub(super) fn redeem(&self, ticket: &str) -> Option<Grant> {
        let (grant, until) = self.lock().remove(&hash(ticket))?;
        (until > Instant::now()).then_some(grant)
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<[u8; 32], (Grant, Instant)>> {
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
        assert_eq!(tickets.redeem("something else"), None);
        assert_eq!(tickets.redeem(&ticket), Some(grant()));
        assert_eq!(tickets.redeem(&ticket), None, "used");
        let late = tickets.issue(grant()).unwrap();
        tokio::time::advance(LIFE).await;
        assert_eq!(tickets.redeem(&late), None, "too late");
    }
}
