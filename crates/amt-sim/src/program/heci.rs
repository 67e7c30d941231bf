//! The host interface as a Unix socket: where a PC has a driver, this has a file.
//!
//! A stream of messages, each with its header of 12 bytes; each is answered before the next one is read.

use super::complain;
use amt::host_interface::{BODY_MAX, HEADER, Header};
use amt_sim::Fleet;
use anyhow::{Context, Result, bail};
use std::{
    fs,
    io::ErrorKind,
    os::unix::{fs::PermissionsExt, net::UnixStream as Plain},
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{UnixListener, UnixStream},
    time::timeout,
};

/// A body follows its header at once.
const DEADLINE: Duration = Duration::from_secs(5);

/// The socket's file; removed at the end.
#[derive(Debug)]
pub(super) struct Socket {
    path: PathBuf,
}

impl Socket {
    /// Listens for software of the PC. Only whoever runs the platform may connect, as with the driver.
    pub(super) fn listen(path: &Path, platforms: usize) -> Result<(Self, UnixListener)> {
        if platforms != 1 {
            bail!("a host interface belongs to one PC; leave out --heci, or --count");
        }
        if Plain::connect(path).is_ok() {
            bail!("somebody listens at {} already; choose another path for --heci", path.display());
        }
        match fs::symlink_metadata(path) {
            Ok(_) => remove_socket(path)?,
            Err(error) if error.kind() == ErrorKind::NotFound => {}
            Err(error) => bail!("{} cannot be used for --heci: {error}", path.display()),
        }
        let failed = || format!("no host interface at {}", path.display());
        let listener = UnixListener::bind(path).with_context(failed)?;
        fs::set_permissions(path, fs::Permissions::from_mode(0o600)).with_context(failed)?;
        Ok((Self { path: path.to_owned() }, listener))
    }
}

impl Drop for Socket {
    fn drop(&mut self) {
        if let Err(error) = fs::remove_file(&self.path) {
            tracing::debug!(%error, "the host interface was gone already");
        }
    }
}

/// What an earlier run left; nothing else is taken away.
fn remove_socket(path: &Path) -> Result<()> {
    use std::os::unix::fs::FileTypeExt;
    let kind = fs::symlink_metadata(path)?.file_type();
    if !kind.is_socket() {
        bail!("{} is there and no socket; choose another path for --heci", path.display());
    }
    fs::remove_file(path).with_context(|| format!("{} cannot be replaced", path.display()))
}

/// Answers until the program ends.
pub(super) async fn serve(listener: UnixListener, fleet: Arc<Fleet>) {
    loop {
        match listener.accept().await {
            Ok((stream, _)) => {
                let fleet = fleet.clone();
                tokio::spawn(async move {
                    if let Err(error) = talk(stream, &fleet).await {
                        tracing::debug!(%error, "a program left the host interface");
                    }
                });
            }
            Err(error) => {
                complain(&format!(
                    "the host interface failed ({error}); nobody can use it any more"
                ));
                return;
            }
        }
    }
}

async fn talk(mut stream: UnixStream, fleet: &Fleet) -> Result<()> {
    let Some(platform) = fleet.platforms().first() else { return Ok(()) };
    loop {
        let mut message = vec![0; HEADER];
        stream.read_exact(&mut message).await?;
        let header = message.first_chunk().and_then(Header::decode);
        let length = header.map_or(0, |header| header.length);
        let whole = usize::try_from(length).is_ok_and(|length| length <= BODY_MAX);
        if whole {
            let mut body = vec![0; length as usize];
            timeout(DEADLINE, stream.read_exact(&mut body)).await.context("half a message")??;
            message.append(&mut body);
        }
        stream.write_all(&platform.host_interface(&message).await).await?;
        if !whole {
            // Where the next message begins cannot be known.
            return Ok(());
        }
    }
}
