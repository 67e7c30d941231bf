//! The one way from a console's wish to a channel; both proxies use it.
//!
//! The order of the questions matters, and the types keep it: a [`Target`] has passed the grammar, a [`Principal`] has
//! signed in, so nobody who has not learns here whether a device exists. Then: allowed, known, here, open.

use super::{Gateway, Refusal, Target};
use crate::{
    access::{Action, Principal},
    inventory::{Device, FindError},
    tunnel::{Channel, OpenError, Opener, TunnelHandle},
};
use std::{net::SocketAddr, sync::Arc, time::Duration};
use time::OffsetDateTime;

impl Gateway {
    /// Opens a channel to the port of the device that `target` names, on behalf of `who` at `console`.
    pub(super) async fn reach(
        &self,
        who: &Principal,
        console: SocketAddr,
        target: &Target,
    ) -> Result<(Channel, TunnelHandle), Refusal> {
        let device = self.permit(who, target)?;
        self.open(who, console, target, &device).await
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
        let device = parts.inventory.find(target.name()).map_err(|error| match error {
            FindError::Unknown(_) => Refusal::Unknown { name: name() },
            FindError::Ambiguous(_, could_be) => Refusal::Ambiguous { name: name(), could_be },
        })?;
        if device.blocked {
            return Err(away(target, &device));
        }
        Ok(device)
    }

    async fn open(
        &self,
        who: &Principal,
        console: SocketAddr,
        target: &Target,
        device: &Device,
    ) -> Result<(Channel, TunnelHandle), Refusal> {
        let tunnel = self.0.registry.lookup(device.id).ok_or_else(|| away(target, device))?;
        let opener = Opener { user: who.name.clone(), console: Some(console) };
        let (name, port) = (target.name().to_owned(), target.port());
        match tunnel.open(port, &opener).await {
            Ok(channel) => Ok((channel, tunnel)),
            Err(OpenError::NotForwarded { forwarded, .. }) => {
                Err(Refusal::NotForwarded { name, port, forwarded })
            }
            Err(OpenError::Refused { reason }) => Err(Refusal::Refused { name, port, reason }),
            Err(OpenError::Busy) => Err(Refusal::Busy { name }),
            Err(OpenError::Timeout) => Err(Refusal::NoAnswer { name, sent: false }),
            Err(OpenError::Ended(_)) => Err(away(target, device)),
        }
    }
}

fn away(target: &Target, device: &Device) -> Refusal {
    let seen = device.last_seen.max(device.last_disconnected);
    let ago = seen.map(|at| Duration::try_from(OffsetDateTime::now_utc() - at).unwrap_or_default());
    Refusal::Away { name: target.name().to_owned(), seen: ago, blocked: device.blocked }
}
