//! The way to a service port of a device: a channel, with TLS inside where the port asks for it.

use super::End;
use crate::{
    command::{self, CommandError},
    events::Bus,
    inventory::Inventory,
    tls::{Rewind, Stream},
    tunnel::{Channel, OpenError, Opener, TunnelHandle},
};
use amt::port::ServicePort;
use bytes::Bytes;
use std::time::Duration;
use tokio::time::timeout;

/// What bytes go through.
pub(super) type Line = Stream<Channel>;

/// Bytes that wait for the device: several times what firmware takes at once, and we are there when it takes more. What a
/// PC that reads nothing costs is this and the buffers on its way.
const QUEUE: usize = 64 << 10;
/// TLS with a device must be up so soon.
const TLS_DEADLINE: Duration = Duration::from_secs(20);

/// Opens the port; where only its counterpart over TLS is forwarded, that one. `speak_tls`: on a port with TLS we are
/// its client, and the console speaks clear.
pub(super) async fn open(
    tunnel: &TunnelHandle,
    port: ServicePort,
    speak_tls: bool,
    opener: &Opener,
    (inventory, events): (&Inventory, &Bus),
) -> Result<Line, End> {
    let channel = match tunnel.open(port.number(), opener).await {
        Ok(channel) if port.is_tls() && speak_tls => Err(channel),
        Ok(channel) => Ok(channel),
        Err(OpenError::NotForwarded { forwarded, .. }) => {
            match port.counterpart().filter(|other| other.is_tls() && speak_tls) {
                Some(other) if forwarded.contains(&other.number()) => {
                    Err(tunnel.open(other.number(), opener).await.map_err(refused)?)
                }
                _ => return Err(End::NotForwarded { port: port.number(), forwarded }),
            }
        }
        Err(error) => return Err(refused(error)),
    };
    let (Ok(either) | Err(either)) = &channel;
    either.queue_at_most(QUEUE);
    match channel {
        Ok(clear) => Ok(Stream::Plain(Rewind::new(Bytes::new(), clear))),
        Err(secret) => {
            let secured = command::secure(secret, tunnel.device(), inventory, events);
            timeout(TLS_DEADLINE, secured).await.map_err(|_| End::Silent)?.map_err(insecure)
        }
    }
}

fn refused(error: OpenError) -> End {
    let text = error.to_string();
    match error {
        OpenError::NotForwarded { port, forwarded } => End::NotForwarded { port, forwarded },
        OpenError::Refused { .. } => End::Refused(text),
        OpenError::Busy => End::ChannelsBusy,
        OpenError::Timeout => End::Silent,
        OpenError::Ended(end) => End::Away(end.detail),
    }
}

fn insecure(error: CommandError) -> End {
    let changed = matches!(error, CommandError::CertificateChanged { .. });
    End::Tls { changed, detail: error.to_string() }
}
