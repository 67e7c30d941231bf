//! T-23: who loses the right begins nothing more, and what is open ends soon.

use super::site::{Site, socks_request};
use std::time::Duration;
use tokio::time::{Instant, timeout};

/// The figure of T-23 for live connections.
const SOON: Duration = Duration::from_secs(30);

#[tokio::test(flavor = "multi_thread")]
async fn a_revoked_token_ends_open_proxy_connections_and_opens_none() {
    let site = Site::start().await;
    let mut device = site.device().await;
    let mut connect = site.http().await;
    connect.send(site.request("CONNECT pc-07:16992")).await;
    assert_eq!(connect.head().await.status, 200);
    device.service().await.send("hello");
    assert_eq!(connect.bytes(5).await, b"hello");
    let mut socks = site.socks().await;
    socks.send([5, 1, 2]).await;
    assert_eq!(socks.bytes(2).await, [5, 2]);
    socks.send(site.socks_sign_in()).await;
    assert_eq!(socks.bytes(2).await, [1, 0]);
    socks.send(socks_request("pc-07", 16994)).await;
    assert_eq!(socks.bytes(10).await[1], 0);

    let revoked = Instant::now();
    site.running.access().revoke_token("test").await.unwrap();
    let mut again = site.http().await;
    again.send(site.request("CONNECT pc-07:16992")).await;
    assert_eq!(again.answer().await.status, 407, "nothing new");
    for open in [&mut connect, &mut socks] {
        let rest = timeout(SOON.saturating_sub(revoked.elapsed()), open.rest()).await;
        assert!(rest.expect("it ends in time").is_empty());
    }
}
