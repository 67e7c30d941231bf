//! Remote access of a device that is connected: its own objects, read and changed through its tunnel.

mod change;
mod show;

pub(crate) use change::{change, planned};
pub(crate) use show::show;

use crate::{
    command::{CommandError, DeviceCommands},
    enroll::{Parts, survey},
    inventory::Device,
    tunnel::Opener,
};
use amt::remote_access::RemoteAccess;

/// Reads everything about remote access through the tunnel. The place in the device's queue is given back with it, for
/// changes.
pub(crate) async fn read(
    parts: &Parts,
    device: &Device,
    opener: Opener,
) -> Result<(DeviceCommands, RemoteAccess), CommandError> {
    let mut commands = parts.commands.device(device.id, opener, "remote access").await?;
    let state = survey(&mut commands).await?;
    Ok((commands, state))
}
