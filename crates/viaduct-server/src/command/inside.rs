//! Connections to a device's WS-Man port through its tunnel: 16992, or 16993 with TLS where only that is forwarded.

use super::{CommandError, exchange::Dial};
use crate::{
    events::{Bus, Event},
    inventory::Inventory,
    tls::{self, Rewind, Stream},
    tunnel::{Channel, OpenError, Opener, TunnelHandle},
};
use bytes::Bytes;
use tokio::time::Instant;
use viaduct_api::DeviceId;

const CLEAR: u16 = 16992;
const TLS: u16 = 16993;

/// The way through one tunnel.
#[derive(Debug)]
pub struct Inside {
    pub(super) tunnel: TunnelHandle,
    pub(super) opener: Opener,
    pub(super) inventory: Inventory,
    pub(super) events: Bus,
    pub(super) host: String,
}

impl Dial for Inside {
    type Io = Stream<Channel>;

    async fn dial(&self, until: Instant) -> Result<Self::Io, CommandError> {
        match self.tunnel.open_until(CLEAR, &self.opener, until).await {
            Ok(channel) => Ok(Stream::Plain(Rewind::new(Bytes::new(), channel))),
            Err(OpenError::NotForwarded { forwarded, .. }) if forwarded.contains(&TLS) => {
                let channel = self.tunnel.open_until(TLS, &self.opener, until).await;
                let channel = channel.map_err(refused)?;
                secure(channel, self.tunnel.device(), &self.inventory, &self.events).await
            }
            Err(error) => Err(refused(error)),
        }
    }

    fn host(&self) -> &str {
        &self.host
    }
}

/// TLS over a channel to a device's own port; the certificate must be the one of the first visit.
pub(crate) async fn secure(
    channel: Channel,
    device: DeviceId,
    inventory: &Inventory,
    events: &Bus,
) -> Result<Stream<Channel>, CommandError> {
    let (stream, shown) =
        tls::inside::connect(channel).await.map_err(|e| CommandError::Tls(e.to_string()))?;
    let seen = shown.sha256;
    inventory.note_shown(device, |noted| noted.certificate_ends = shown.not_after);
    match inventory.amt_pin(device) {
        Some(known) if known == seen => Ok(stream),
        Some(known) => {
            let (known, seen) = (hex(&known), hex(&seen));
            events.publish(Event::AmtCertificateChanged {
                device,
                known: known.clone(),
                seen: seen.clone(),
            });
            Err(CommandError::CertificateChanged { known, seen })
        }
        None => {
            let pinned = inventory.pin_amt(device, Some(seen)).await;
            pinned.map_err(|error| CommandError::Store(error.to_string()))?;
            events.publish(Event::AmtCertificatePinned { device, seen: hex(&seen) });
            Ok(stream)
        }
    }
}

fn refused(error: OpenError) -> CommandError {
    match error {
        OpenError::NotForwarded { forwarded, .. } => CommandError::NotForwarded { forwarded },
        OpenError::Refused { reason } => CommandError::Refused { reason },
        OpenError::Busy => CommandError::Busy,
        OpenError::Timeout => CommandError::Silent,
        OpenError::Ended(end) => CommandError::Away { why: end.detail },
    }
}

fn hex(bytes: &[u8; 32]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
