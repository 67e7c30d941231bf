//! Port 5900, the bare screen: the server proves the RFB password to the device and asks the viewer for none, so that no
//! page holds it.

use super::{
    End,
    frames::{FromConsole, ToConsole},
    line::Line,
};
use crate::config::Secret;
use amt::rfb::{OpenSecurity, SecurityError, ViewerSecurity};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

/// Both handshakes, the device's first: a viewer is only greeted when there is something to see. What came behind them,
/// for the device and for the viewer.
pub(super) async fn open(
    password: &Secret<String>,
    line: &mut Line,
    to: &mut ToConsole,
    from: &mut FromConsole,
) -> Result<(Vec<u8>, Vec<u8>), End> {
    let mut device = ViewerSecurity::new(password.expose().clone());
    let mut buffer = [0; 512];
    let lost = |error: std::io::Error| End::ByDevice(error.to_string());
    loop {
        let read = line.read(&mut buffer).await.map_err(lost)?;
        if read == 0 {
            return Err(End::ByDevice(
                "port 5900 closes at once: somebody else looks, or the PC has no RFB password"
                    .into(),
            ));
        }
        let done = device.handle_bytes(&buffer[..read]).map_err(|error| refused(&error));
        line.write_all(&std::mem::take(&mut device.out)).await.map_err(lost)?;
        line.flush().await.map_err(lost)?;
        if done? {
            break;
        }
    }
    let mut viewer = OpenSecurity::default();
    loop {
        to.send(&std::mem::take(&mut viewer.out)).await?;
        let bytes = from.next().await?;
        let done = viewer.handle_bytes(&bytes).map_err(|error| {
            End::Nonsense(format!("the viewer at port 5900: {error}; it needs no password here"))
        })?;
        if done {
            to.send(&std::mem::take(&mut viewer.out)).await?;
            return Ok((viewer.into_rest(), device.into_rest()));
        }
    }
}

fn refused(error: &SecurityError) -> End {
    match error {
        SecurityError::Denied(_) => End::WrongRfbPassword,
        other => End::ByDevice(format!("port 5900 of the device: {other}")),
    }
}
