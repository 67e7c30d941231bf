//! The one way from a console's words to a channel; both proxies use it.

use super::{Gateway, Refusal, Target};
use crate::{
    access::{Action, Principal, SignInError},
    config::Secret,
    inventory::FindError,
    tunnel::{Channel, OpenError, Opener},
};
use std::net::SocketAddr;

impl Gateway {
    /// Signs a console in.
    pub(super) async fn sign_in(
        &self,
        user: &str,
        password: String,
        peer: SocketAddr,
    ) -> Result<Principal, SignInError> {
        self.0.access.sign_in(user, &Secret::new(password), peer.ip()).await
    }

    /// Opens a channel to a target for somebody. `None` is somebody unknown where no sign-in is asked.
    pub(crate) async fn reach(
        &self,
        principal: Option<&Principal>,
        target: &Target,
        console: Option<SocketAddr>,
    ) -> Result<Channel, Refusal> {
        if let Some(principal) = principal {
            self.0
                .access
                .authorise(principal, Action::UseProxy)
                .map_err(|denied| Refusal::NotAllowed(denied.to_string()))?;
        }
        if !self.0.limits.ports.contains(&target.port) {
            return Err(Refusal::NotAllowed(format!(
                "port {} is not among the ports that [limits] ports allows",
                target.port
            )));
        }
        let device = self.0.inventory.find(&target.device).map_err(|error| match error {
            FindError::Unknown(_) | FindError::Ambiguous(..) => Refusal::Unknown(error.to_string()),
        })?;
        let Some(tunnel) = self.0.registry.lookup(device.id) else {
            let seen = match device.last_seen {
                Some(at) => format!("it was last seen at {at}"),
                None => "it has never dialled in".to_owned(),
            };
            return Err(Refusal::Away(format!("{} is not connected; {seen}", device.name)));
        };
        let user = principal.map_or("anonymous", |p| &p.name).to_owned();
        let opener = Opener { user, console };
        tunnel.open(target.port, &opener).await.map_err(|error| match error {
            OpenError::NotForwarded { port, forwarded } => {
                Refusal::NotForwarded { port, forwarded }
            }
            OpenError::Refused { .. } => Refusal::Refused(error.to_string()),
            OpenError::Busy => Refusal::Busy,
            OpenError::Timeout => Refusal::NoAnswer,
            OpenError::Ended(end) => Refusal::Ended(end),
        })
    }
}
