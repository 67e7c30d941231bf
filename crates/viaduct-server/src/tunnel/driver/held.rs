//! A device that must wait: for the password that Vault keeps of it, for the verdict of those who are asked about new
//! tunnels, or before it takes the place of the tunnel that is there.
//!
//! It gets no answer meanwhile: whoever is refused may stop calling. Its end of the stream is listened to, so that
//! nobody takes over who has left.

use super::{Driver, Phase};
use crate::{
    events::{
        Event,
        sink::{Question, Verdict},
    },
    registry::Wait,
    tls::Io,
};
use apf::server::Credentials;
use std::{
    pin::Pin,
    task::{Context, Poll},
};
use tokio::time::timeout_at;
use uuid::Uuid;
use viaduct_api::DeviceId;

/// What a device may send while it waits: more than it can mean without an answer.
const AHEAD_MAX: usize = 4096;

/// Who waits, and for what.
pub(super) struct Held {
    uuid: Uuid,
    credentials: Credentials,
    over: Pin<Box<dyn Future<Output = Verdict> + Send>>,
    /// For Vault, not for somebody's verdict.
    by_vault: bool,
}

impl<T: Io> Driver<T> {
    pub(super) fn hold(&mut self, uuid: Uuid, credentials: Credentials, wait: Wait) {
        let Wait { device, until, live } = wait;
        let seconds = until.saturating_duration_since(tokio::time::Instant::now()).as_secs();
        let peer = self.peer;
        self.config.events.publish(Event::TakeoverDelayed { device, peer, seconds });
        // Over when the time has come, or when there is nobody to take over from.
        let over = Box::pin(async move {
            drop(timeout_at(until, live.ended()).await);
            Verdict::Keep
        });
        self.held = Some(Held { uuid, credentials, over, by_vault: false });
    }

    /// Asks Vault, once for a tunnel.
    pub(super) fn look_up(&mut self, uuid: Uuid, credentials: Credentials) {
        let Some(vault) = self.config.inventory.vault().filter(|_| !self.looked_up).cloned() else {
            self.turn_away("what Vault keeps of it changes all the time".into());
            return self.resume_input();
        };
        self.looked_up = true;
        let over = Box::pin(async move {
            match vault.look_up(DeviceId(uuid)).await {
                Ok(_) => Verdict::Keep,
                Err(error) => Verdict::Close(format!("Vault gave no secret (E4008): {error}")),
            }
        });
        self.held = Some(Held { uuid, credentials, over, by_vault: true });
    }

    /// Asks those who have a say, once for a tunnel. False when there is nobody (more) to ask.
    pub(super) fn asks(&mut self, uuid: Uuid, credentials: &Credentials) -> bool {
        if self.asked || self.config.vetoes.is_empty() {
            return false;
        }
        self.asked = true;
        let trigger = match &self.phase {
            Phase::Login { claimed, .. } => claimed.map_or(0, |(_, trigger)| trigger),
            Phase::Admitted { .. } => return false,
        };
        let question = Question { device: DeviceId(uuid), peer: self.peer, trigger };
        let over = Box::pin(self.config.vetoes.clone().ask(question));
        self.held = Some(Held { uuid, credentials: credentials.clone(), over, by_vault: false });
        true
    }

    /// When the wait is over the device is judged anew: it may have been blocked in the meantime.
    pub(super) fn poll_held(&mut self, cx: &mut Context<'_>) -> bool {
        let Some(held) = &mut self.held else { return false };
        let Poll::Ready(verdict) = held.over.as_mut().poll(cx) else { return false };
        if let Some(Held { uuid, credentials, by_vault, .. }) = self.held.take() {
            match verdict {
                Verdict::Keep => self.decide(uuid, credentials),
                Verdict::Close(why) => {
                    self.vetoed = !by_vault;
                    self.turn_away(why.into());
                }
            }
        }
        true
    }

    /// Whether the socket is to be read: the state machine takes no input while it waits for a decision.
    pub(super) fn wants_input(&self) -> bool {
        self.connection.is_reading() || (self.held.is_some() && self.input.len() < AHEAD_MAX)
    }
}
