//! Why a tunnel ended, in the firmware's own vocabulary.

use crate::registry::TunnelEnd;
use apf::EndReason;

/// Translates the protocol's reason. `asked` is what the caller of a disconnect gave as reason.
pub(super) fn tunnel_end(reason: &EndReason, asked: Option<TunnelEnd>) -> TunnelEnd {
    match reason {
        EndReason::ByPeer(code) => {
            TunnelEnd::by_device("closed by AMT", format!("the device said goodbye: {code}"))
        }
        EndReason::EndOfStream => TunnelEnd::by_device(
            "TCP socket error",
            "the connection ended without a goodbye from the device",
        ),
        EndReason::KeepAliveExpired => TunnelEnd::by_us(
            "keep-alive expired",
            "nothing came from the device for the waiting time ([keepalive] wait)",
        ),
        EndReason::ByUs(_) => asked
            .unwrap_or_else(|| TunnelEnd::by_us("user request", "the server closed the tunnel")),
        EndReason::PeerNotReading => TunnelEnd::by_us(
            "TCP socket error",
            "the device did not read what was sent for too long",
        ),
        other => TunnelEnd::by_us("invalid APF command", other.to_string()),
    }
}
