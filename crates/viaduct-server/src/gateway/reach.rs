//! The one way from a console's wish to a channel; both proxies use it.
//!
//! The order of the questions matters, and the types keep it: a [`Target`] has passed the grammar, a [`Principal`] has
//! signed in, so nobody who has not learns here whether a device exists. Then: allowed, known, here, open.

use super::{Gateway, Refusal, Target, sign_in};
use crate::{
    access::{Action, Principal},
    inventory::{Device, FindError},
    tunnel::{Channel, OpenError, Opener},
};
use std::{net::SocketAddr, sync::Arc, time::Duration};
use time::OffsetDateTime;
use viaduct_api::DeviceId;

/// A channel, and where it leads.
#[derive(Debug)]
pub(crate) struct Reached {
    pub(crate) channel: Channel,
    pub(super) device: DeviceId,
    pub(super) port: u16,
    /// Who asked, if it has an address.
    pub(super) console: Option<SocketAddr>,
}

impl Gateway {
    /// Opens a channel to the port of the device that `target` names, on behalf of `who` (nobody in particular: where no
    /// sign-in is asked), for a console at that address, if it has one.
    ///
    /// # Errors
    ///
    /// Why there is no channel.
    pub(crate) async fn reach(
        &self,
        who: Option<&Principal>,
        target: &Target,
        console: Option<SocketAddr>,
    ) -> Result<Reached, Refusal> {
        let anonymous = sign_in::anonymous();
        let who = who.unwrap_or(&anonymous);
        let device = self.permit(who, target)?;
        let tunnel = self.0.registry.lookup(device.id).ok_or_else(|| away(target, &device))?;
        let opener = Opener { user: who.name.clone(), console };
        let (name, port) = (target.name().to_owned(), target.port());
        let opened = tunnel.open(port, &opener).await;
        let channel = opened.map_err(|error| match error {
            OpenError::NotForwarded { forwarded, .. } => {
                Refusal::NotForwarded { name, port, forwarded }
            }
            OpenError::Refused { reason } => Refusal::Refused { name, port, reason },
            OpenError::Busy => Refusal::Busy { name },
            OpenError::Timeout => Refusal::NoAnswer { name, sent: false },
            OpenError::Ended(_) => away(target, &device),
        })?;
        Ok(Reached { channel, device: device.id, port, console })
    }

    /// May `who` use this target, and which device is it? Asked anew for every request, also when a channel is at hand.
    pub(super) fn permit(&self, who: &Principal, target: &Target) -> Result<Arc<Device>, Refusal> {
        let parts = &self.0;
        if parts.access.authorise(who, Action::UseProxy).is_err() {
            return Err(Refusal::NotAllowed { who: who.name.clone() });
        }
        if !parts.limits.ports.contains(&target.port()) {
            let allowed = parts.limits.ports.clone();
            return Err(Refusal::PortPolicy { port: target.port(), allowed });
        }
        let name = || target.name().to_owned();
        let device = parts.inventory.find_for(who, target.name()).map_err(|error| match error {
            FindError::Unknown(_) => Refusal::Unknown { name: name() },
            FindError::Ambiguous(_, could_be) => Refusal::Ambiguous { name: name(), could_be },
        })?;
        if device.blocked {
            return Err(away(target, &device));
        }
        Ok(device)
    }
}

fn away(target: &Target, device: &Device) -> Refusal {
    let seen = device.last_seen.max(device.last_disconnected);
    let ago = seen.map(|at| Duration::try_from(OffsetDateTime::now_utc() - at).unwrap_or_default());
    Refusal::Away { name: target.name().to_owned(), seen: ago, blocked: device.blocked }
}
