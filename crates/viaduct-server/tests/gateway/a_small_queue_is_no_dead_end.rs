//! The queue from a console to its device may be set smaller than what is read from the console at once.

use super::site::Site;
use viaduct_server::config::ByteSize;

#[tokio::test(flavor = "multi_thread")]
async fn everything_gets_through_the_smallest_queue() {
    let site = Site::with(|config| config.limits.channel_queue = ByteSize(4 << 10)).await;
    let mut device = site.device().await;
    let mut console = site.http().await;
    console.send(site.request("CONNECT pc-07:16994")).await;
    assert_eq!(console.head().await.status, 200);
    let mut service = device.service().await;
    let sent: Vec<u8> = (0..100_000_u32).map(|n| (n % 251) as u8).collect();
    let (_, received) = tokio::join!(console.send(&sent), service.read_bytes(sent.len()));
    assert!(received == sent, "what arrives is what was sent");
}
