//! One dial-in of somebody who should not get in.

use super::connect;
use anyhow::Result;
use apf::{Time, device};
use bytes::BytesMut;
use openssl::ssl::{Ssl, SslContext};
use std::{
    net::{Ipv4Addr, SocketAddr},
    pin::Pin,
    time::Duration,
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    time::{Instant, timeout},
};
use tokio_openssl::SslStream;
use uuid::Uuid;

/// Whoever waits longer has been answered by nobody.
const PATIENCE: Duration = Duration::from_secs(30);

/// How it ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Knock {
    /// It was let in.
    Admitted,
    /// It was told no, or the connection was ended.
    Refused,
    /// Nobody answered in time.
    Nothing,
}

/// Says who it claims to be, and waits for the answer.
pub(super) async fn knock(
    from: Ipv4Addr,
    to: SocketAddr,
    tls: &SslContext,
    guid: Uuid,
    login: Option<(&str, &str)>,
) -> Knock {
    let attempt = timeout(PATIENCE, attempt(from, to, tls, guid, login));
    match attempt.await {
        Ok(Ok(true)) => Knock::Admitted,
        Ok(Ok(false) | Err(_)) => Knock::Refused,
        Err(_) => Knock::Nothing,
    }
}

async fn attempt(
    from: Ipv4Addr,
    to: SocketAddr,
    tls: &SslContext,
    guid: Uuid,
    login: Option<(&str, &str)>,
) -> Result<bool> {
    let mut stream = SslStream::new(Ssl::new(tls)?, connect(from, to).await?)?;
    Pin::new(&mut stream).connect().await?;
    let config = device::Config {
        credentials: login.map(|(u, p)| (u.to_owned().into(), p.to_owned().into())),
        ports: vec![16992],
        // In a hurry: it says everything that it can without having heard an answer.
        coalesce_greeting: true,
        ..device::Config::new(guid)
    };
    let start = Instant::now();
    let now = || Time::from_origin(start.elapsed());
    let mut apf = device::Connection::new(config, now());
    let (mut input, mut output) = (BytesMut::new(), BytesMut::new());
    loop {
        while let Some(event) = apf.poll_event() {
            match event {
                device::Event::Admitted => return Ok(true),
                device::Event::Ended(_) => return Ok(false),
                _ => {}
            }
        }
        apf.poll_transmit(&mut output, 1 << 16, now());
        if !output.is_empty() {
            stream.write_all(&output.split()).await?;
        }
        if apf.is_finished() || stream.read_buf(&mut input).await? == 0 {
            return Ok(false);
        }
        apf.handle_input(&mut input, now());
    }
}
