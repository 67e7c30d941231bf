//! Channels lead to the services behind a platform's ports, and windows hold both ways.

use crate::mps::{Do, Manners, Mps, Tunnel};
use amt_sim::Platform;
use apf::{OpenFailure, server::Event};
use bytes::Bytes;

/// Bytes whose order can be checked.
fn pattern(length: usize) -> Bytes {
    (0..length).map(|n| (n as u32).wrapping_mul(2_654_435_761).to_be_bytes()[0]).collect()
}

/// Sends everything, takes everything back, never leaving more than a little in the server's queue.
async fn echo(tunnel: &mut Tunnel, window: u32, length: usize) -> usize {
    let channel = tunnel.open(5900, window).await.unwrap();
    let sent = pattern(length);
    tunnel.order(Do::Send(channel, sent.clone()));
    let (mut got, mut largest) = (Vec::with_capacity(length), 0);
    while got.len() < length {
        if let Event::Data { data, .. } = tunnel.event().await {
            largest = largest.max(data.len());
            got.extend_from_slice(&data);
            tunnel.order(Do::Release(channel, data.len()));
        }
    }
    assert!(got == sent, "what came back is not what was sent");
    tunnel.order(Do::Close(channel));
    let closed = |event: &Event| matches!(event, Event::ChannelClosed { .. });
    tunnel.until(closed).await;
    largest
}

#[tokio::test]
async fn four_mebibytes_come_back_unharmed_through_windows_of_499_bytes_and_80_kib() {
    for (device_window, server_window) in
        [(32_768, 499), (32_768, 81_920), (499, 81_920), (499, 499)]
    {
        let mut mps = Mps::start(Manners::default()).await;
        let mut config = mps.platform();
        config.setup.echo = true;
        config.setup.window = device_window;
        let _platform = Platform::start(config).unwrap();
        let mut tunnel = mps.settled().await;
        let largest = echo(&mut tunnel, server_window, 4 << 20).await;
        assert!(largest <= 1024, "pieces are small: {largest}");
    }
}

#[tokio::test]
async fn a_console_that_does_not_read_stops_the_echo_at_both_windows() {
    let mut mps = Mps::start(Manners::default()).await;
    let mut config = mps.platform();
    config.setup.echo = true;
    let _platform = Platform::start(config).unwrap();
    let mut tunnel = mps.settled().await;
    let stalled = tunnel.open(5900, 4096).await.unwrap();
    tunnel.order(Do::Send(stalled, pattern(1 << 20)));
    let (mut sent, mut got) = (0, 0);
    // Ours: 4096 bytes come back and no more. Theirs: their window is granted again for these only.
    while got < 4096 || sent < 32_768 + 4096 - 16_384 {
        match tunnel.event().await {
            Event::Data { data, .. } => got += data.len(),
            Event::Sent { bytes, .. } => sent += bytes,
            _ => {}
        }
    }
    assert_eq!(got, 4096);
    // The tunnel goes on beside it.
    echo(&mut tunnel, 81_920, 256 << 10).await;
    assert!(sent <= 32_768 + 4096, "{sent}");
}

#[tokio::test]
async fn a_raw_http_request_on_16992_is_answered_by_the_management_engine() {
    let mut mps = Mps::start(Manners::default()).await;
    let _platform = Platform::start(mps.platform()).unwrap();
    let mut tunnel = mps.settled().await;
    let channel = tunnel.open(16992, 65_536).await.unwrap();
    let request = "POST /wsman HTTP/1.1\r\nHost: pc-01:16992\r\nContent-Length: 0\r\n\r\n";
    tunnel.order(Do::Send(channel, request.into()));
    let answer = String::from_utf8(tunnel.read_to_end(channel).await).unwrap();
    assert!(answer.starts_with("HTTP/1.1 401 "), "{answer}");
    assert!(answer.contains("Intel(R) Active Management Technology 15.0.45"), "{answer}");
}

#[tokio::test]
async fn ports_without_a_service_are_refused_and_so_is_the_ninth_channel() {
    let manners = Manners {
        apf: apf::server::Config { max_channels: 20, ..apf::server::Config::default() },
        ..Manners::default()
    };
    let mut mps = Mps::start(manners).await;
    let _platform = Platform::start(mps.platform()).unwrap();
    let mut tunnel = mps.settled().await;
    // Without `echo` nothing listens on 5900, though it is forwarded.
    let refused = tunnel.open(5900, 4096).await.unwrap_err();
    assert!(matches!(refused, Event::ChannelRefused { reason: OpenFailure::CONNECT_FAILED, .. }));
    let mut open = Vec::new();
    for _ in 0..8 {
        open.push(tunnel.open(16992, 4096).await.unwrap());
    }
    let refused = tunnel.open(16992, 4096).await.unwrap_err();
    assert!(matches!(
        refused,
        Event::ChannelRefused { reason: OpenFailure::RESOURCE_SHORTAGE, .. }
    ));
    tunnel.order(Do::Close(open[3]));
    tunnel.until(|event| matches!(event, Event::ChannelClosed { .. })).await;
    tunnel.open(16992, 4096).await.unwrap();
}
