//! Consoles: CONNECT through Viaduct's HTTP proxy, or what a plain relay dials.

use crate::{device::Manner, service::command};
use anyhow::{Result, bail, ensure};
use std::net::SocketAddr;
use std::sync::Arc;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    sync::{Mutex, mpsc},
};

/// Where a console's streams come from.
#[derive(Debug)]
pub(crate) enum Path {
    /// The proxy, its `Proxy-Authorization`, and the device's name.
    Viaduct { proxy: SocketAddr, authorization: String, device: String },
    /// Connections that the relay makes for devices that come in.
    Relay { line: Arc<Line>, manner: Manner },
}

/// Devices that are asked to dial in to the relay, and their streams on its other side.
#[derive(Debug)]
pub(crate) struct Line {
    pub(crate) accepted: Mutex<mpsc::Receiver<TcpStream>>,
    pub(crate) dial: mpsc::Sender<Manner>,
}

impl Path {
    /// A stream to the device's service.
    pub(crate) async fn open(&self) -> Result<TcpStream> {
        match self {
            Self::Viaduct { proxy, authorization, device } => {
                let mut stream = TcpStream::connect(proxy).await?;
                stream.set_nodelay(true)?;
                let request = format!(
                    "CONNECT {device}:5900 HTTP/1.1\r\nHost: {device}:5900\r\nProxy-Authorization: {authorization}\r\n\r\n"
                );
                stream.write_all(request.as_bytes()).await?;
                let mut head = Vec::new();
                while !head.ends_with(b"\r\n\r\n") {
                    head.push(stream.read_u8().await?);
                }
                let head = String::from_utf8_lossy(&head);
                ensure!(head.starts_with("HTTP/1.1 200"), "the proxy said {head}");
                Ok(stream)
            }
            Self::Relay { line, manner } => {
                // One at a time, so that the stream that comes is the one that was asked for.
                let mut accepted = line.accepted.lock().await;
                line.dial.send(*manner).await?;
                match accepted.recv().await {
                    Some(stream) => Ok(stream),
                    None => bail!("the relay is gone"),
                }
            }
        }
    }
}

/// Asks for bytes and reads none of them.
pub(crate) async fn start_pull(mut stream: TcpStream, bytes: u64) -> Result<TcpStream> {
    stream.write_all(&command(b'S', bytes)).await?;
    Ok(stream)
}

/// Device to console.
pub(crate) async fn pull(stream: TcpStream, bytes: u64) -> Result<()> {
    let mut stream = start_pull(stream, bytes).await?;
    let mut buffer = vec![0; 64 << 10];
    let mut got = 0;
    while got < bytes {
        let n = stream.read(&mut buffer).await?;
        ensure!(n > 0, "the stream ended after {got} bytes");
        got += n as u64;
    }
    Ok(())
}

/// Console to device.
pub(crate) async fn push(mut stream: TcpStream, bytes: u64) -> Result<()> {
    stream.write_all(&command(b'K', bytes)).await?;
    let buffer = vec![0x5a; 64 << 10];
    let mut left = bytes;
    while left > 0 {
        let n = usize::try_from(left).unwrap_or(usize::MAX).min(buffer.len());
        stream.write_all(&buffer[..n]).await?;
        left -= n as u64;
    }
    stream.read_u8().await?;
    Ok(())
}

/// Round trips of 64 bytes, in microseconds, sorted.
pub(crate) async fn round_trips(mut stream: TcpStream, count: usize) -> Result<Vec<f64>> {
    stream.write_all(&command(b'E', 0)).await?;
    let mut times = Vec::with_capacity(count);
    let mut buffer = [0x41; 64];
    for _ in 0..count {
        let start = std::time::Instant::now();
        stream.write_all(&buffer).await?;
        stream.read_exact(&mut buffer).await?;
        times.push(start.elapsed().as_secs_f64() * 1e6);
    }
    times.sort_by(f64::total_cmp);
    Ok(times)
}
