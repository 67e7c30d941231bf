//! How a redirection begins: what the console says first, and the two logins side by side.

use super::{
    Asked, End, Grant,
    frames::{FromConsole, ToConsole},
    line::Line,
    login::Login,
};
use amt::redirect::{ConsoleMessage, Kind};
use bytes::Bytes;
use std::time::Duration;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    time::timeout,
};
use viaduct_api::RedirectionMode;

/// A console that does not say what it wants by then is not waited for.
const FIRST_WORD: Duration = Duration::from_secs(10);

/// What the console said first, and what it wants.
pub(super) struct FirstWord {
    pub(super) mode: RedirectionMode,
    pub(super) bytes: Bytes,
}

/// Waits for the start message where there is one, and looks whether it is for what was granted.
pub(super) async fn first_word(
    from: &mut FromConsole,
    asked: &Asked,
    grant: &Grant,
) -> Result<FirstWord, End> {
    let granted = grant.mode.or(asked.mode);
    if let Some(mode) = granted.filter(|_| !asked.has_start()) {
        return Ok(FirstWord { mode, bytes: Bytes::new() });
    }
    let mut bytes = Vec::new();
    let started = timeout(FIRST_WORD, async {
        loop {
            match ConsoleMessage::decode(&bytes) {
                Ok(Some((ConsoleMessage::Start(kind), _))) => return Ok(kind),
                Ok(None) => bytes.extend_from_slice(&from.next().await?),
                Ok(Some(_)) | Err(_) => {
                    return Err(End::Nonsense("the console began with no start message".into()));
                }
            }
        }
    });
    let kind = started
        .await
        .map_err(|_| End::Nonsense("the console did not say what it wants".into()))??;
    let mode = match kind {
        Kind::Kvm => RedirectionMode::Kvm,
        Kind::Sol => RedirectionMode::Sol,
        Kind::Ider => RedirectionMode::Ider,
        Kind::Other(_) => return Err(End::Nonsense("the console asks for an unknown kind".into())),
    };
    if granted.is_some_and(|granted| granted != mode) {
        return Err(End::Nonsense(format!(
            "the console asks for {mode}, which it has no ticket for"
        )));
    }
    Ok(FirstWord { mode, bytes: bytes.into() })
}

/// Both logins, side by side.
pub(super) async fn log_in(
    login: &mut Login,
    line: &mut Line,
    to: &mut ToConsole,
    from: &mut FromConsole,
    early: &[u8],
) -> Result<(), End> {
    let mut result = login.handle_console(early);
    let mut buffer = [0; 2048];
    loop {
        let (to_device, to_console) =
            (std::mem::take(&mut login.to_device), std::mem::take(&mut login.to_console));
        to.send(&to_console).await?;
        result?;
        if !to_device.is_empty() {
            let lost = |error: std::io::Error| End::ByDevice(error.to_string());
            line.write_all(&to_device).await.map_err(lost)?;
            line.flush().await.map_err(lost)?;
        }
        if login.is_done() {
            return Ok(());
        }
        result = tokio::select! {
            next = from.next() => login.handle_console(&next?),
            read = line.read(&mut buffer) => match read {
                Ok(0) => Err(End::ByDevice("the device closed during the login".into())),
                Ok(n) => login.handle_device(&buffer[..n]),
                Err(error) => Err(End::ByDevice(error.to_string())),
            },
        };
    }
}
