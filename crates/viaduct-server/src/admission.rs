//! May this device come in?
//!
//! UUID, user and password are judged together, by the inventory's constant-time check; what the device
//! is told is the same for every refusal, what the operator is told is not.

use crate::events::{Bus, Event};
use crate::inventory::{Inventory, Proof, Verdict};
use crate::vault::DeviceSecrets;
use apf::server::Credentials;
use std::net::SocketAddr;
use viaduct_api::DeviceId;

/// The answer to a device.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Decision {
    /// It is who it says.
    Admit,
    /// Why not, for the operator; the device learns nothing of it.
    Refuse(&'static str),
    /// Vault must be asked first; then judge again.
    LookUp,
}

/// The rules of admission.
#[derive(Debug, Clone)]
pub struct Admission {
    inventory: Inventory,
    events: Bus,
}

impl Admission {
    /// Judges by what `inventory` knows.
    #[must_use]
    pub fn new(inventory: Inventory, events: Bus) -> Self {
        Self { inventory, events }
    }

    /// Judges one login. `certificate` is the SHA-256 of a client certificate that was verified, `found` what Vault
    /// said when this login made us ask: then the judgement is final.
    #[must_use]
    pub(crate) fn decide(
        &self,
        device: DeviceId,
        peer: SocketAddr,
        credentials: &Credentials,
        certificate: Option<&[u8; 32]>,
        found: Option<&DeviceSecrets>,
    ) -> Decision {
        let (verdict, user) = match credentials {
            Credentials::Password { user, password } => {
                let verdict = match self.inventory.verify(device, user, password) {
                    kept @ (Verdict::WrongCredential | Verdict::NoCredential) => {
                        match self.outside(device, user, password, found) {
                            Some(Proof::Unasked) => return Decision::LookUp,
                            Some(Proof::Given) => Verdict::Admit,
                            Some(Proof::Wrong) => Verdict::WrongCredential,
                            Some(Proof::None) | None => kept,
                        }
                    }
                    // Who is refused without a look at Vault would be told by the clock that it is not known here.
                    Verdict::Unknown | Verdict::Blocked
                        if found.is_none() && self.inventory.hides_in_vault(device) =>
                    {
                        return Decision::LookUp;
                    }
                    verdict => verdict,
                };
                (verdict, shown_user(user))
            }
            Credentials::Certificate { user } => {
                let verdict = certificate.map_or(Verdict::NoCredential, |sha256| {
                    self.inventory.verify_certificate(device, sha256)
                });
                (verdict, user.as_deref().and_then(shown_user))
            }
            // A kind of proof that this server does not know proves nothing.
            _ => (Verdict::NoCredential, None),
        };
        match verdict {
            Verdict::Admit => Decision::Admit,
            Verdict::Unknown => {
                self.inventory.note_unclaimed(device, peer, user);
                if !self.inventory.is_ignored(device) {
                    self.events.publish(Event::Unclaimed { device, peer });
                }
                Decision::Refuse("this device is not in the inventory (E2017)")
            }
            Verdict::Blocked => Decision::Refuse("this device is blocked"),
            Verdict::WrongCredential => {
                Decision::Refuse("it gave a wrong CIRA user or password (E2019)")
            }
            Verdict::NoCredential => Decision::Refuse(
                "no credential is configured that it could prove (no_credential_configured)",
            ),
        }
    }

    fn outside(
        &self,
        device: DeviceId,
        user: &[u8],
        password: &[u8],
        found: Option<&DeviceSecrets>,
    ) -> Option<Proof> {
        let device = self.inventory.get(device)?;
        self.inventory.proof_outside(&device, user, password, found)
    }
}

/// A user name as the operator may see it: printable and bounded.
fn shown_user(user: &[u8]) -> Option<String> {
    let plain = !user.is_empty() && user.len() <= 64 && user.iter().all(u8::is_ascii_graphic);
    plain.then(|| String::from_utf8_lossy(user).into_owned())
}
