//! Only so many consoles at once; the others wait in the kernel's queue and are not turned away.

use super::site::Site;

#[tokio::test(flavor = "multi_thread")]
async fn one_console_too_many_waits_for_a_place() {
    let site = Site::with(|config| config.limits.consoles = 1).await;
    let mut device = site.device().await;
    let mut first = site.http().await;
    first.send(site.request("CONNECT pc-07:16992")).await;
    assert_eq!(first.head().await.status, 200);
    let service = device.service().await;
    // The place counts for both proxies together.
    let mut second = site.socks().await;
    second.send([5, 1, 2]).await;
    service.send("still here");
    assert_eq!(first.bytes(10).await, b"still here");
    let mut early = [0; 2];
    assert_eq!(
        second.stream.try_read(&mut early).map_err(|error| error.kind()),
        Err(std::io::ErrorKind::WouldBlock)
    );
    drop(first);
    assert_eq!(second.bytes(2).await, [5, 2]);
}
