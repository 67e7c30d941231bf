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
    vault::{DeviceSecrets, VaultError},
};
use apf::server::Credentials;
use std::{
    pin::Pin,
    sync::Arc,
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
    over: Pin<Box<dyn Future<Output = Over> + Send>>,
}

/// How a wait ends.
enum Over {
    Judged(Verdict),
    LookedUp(Result<Arc<DeviceSecrets>, VaultError>),
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
            Over::Judged(Verdict::Keep)
        });
        self.held = Some(Held { uuid, credentials, over });
    }

    /// Asks Vault; what it says is what the whole tunnel is judged by. About a device that is refused anyway it is asked
    /// as well, and what it says is not looked at.
    pub(super) fn look_up(&mut self, uuid: Uuid, credentials: Credentials) {
        let device = DeviceId(uuid);
        let Some(vault) = self.config.inventory.vault().cloned() else {
            self.turn_away("Vault is not configured, and only it could have its password".into());
            return self.resume_input();
        };
        let stranger = self.config.inventory.get(device).is_none_or(|device| device.blocked);
        let over = Box::pin(async move {
            if stranger {
                vault.ask_about_stranger(device).await;
                return Over::LookedUp(Ok(Arc::default()));
            }
            Over::LookedUp(vault.look_up(device).await)
        });
        self.held = Some(Held { uuid, credentials, over });
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
        let asking = self.config.vetoes.clone().ask(question);
        let over = Box::pin(async move { Over::Judged(asking.await) });
        self.held = Some(Held { uuid, credentials: credentials.clone(), over });
        true
    }

    /// When the wait is over the device is judged anew: it may have been blocked in the meantime.
    pub(super) fn poll_held(&mut self, cx: &mut Context<'_>) -> bool {
        let Some(held) = &mut self.held else { return false };
        let Poll::Ready(over) = held.over.as_mut().poll(cx) else { return false };
        if let Some(Held { uuid, credentials, .. }) = self.held.take() {
            match over {
                Over::Judged(Verdict::Keep) => self.decide(uuid, credentials),
                Over::Judged(Verdict::Close(why)) => {
                    self.vetoed = true;
                    self.turn_away(why.into());
                }
                Over::LookedUp(Ok(found)) => {
                    self.found = Some(found);
                    self.decide(uuid, credentials);
                }
                Over::LookedUp(Err(error)) => {
                    self.turn_away(format!("Vault gave no secret (E4008): {error}").into());
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
