//! The way through an HTTP proxy.

use crate::mps::{Manners, Mps, soon};
use amt_sim::{ConnectionResult, Platform, PlatformConfig, engine::Network, remote_access::Proxy};
use std::net::SocketAddr;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt, copy_bidirectional},
    net::{TcpListener, TcpStream},
    sync::mpsc,
};

/// A proxy that answers CONNECT with `status`, and tells what it was asked.
async fn proxy(status: &'static str) -> (SocketAddr, mpsc::UnboundedReceiver<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (asked, requests) = mpsc::unbounded_channel();
    tokio::spawn(async move {
        loop {
            let (mut socket, _) = listener.accept().await.unwrap();
            let asked = asked.clone();
            tokio::spawn(async move {
                let mut head = Vec::new();
                while !head.ends_with(b"\r\n\r\n") {
                    head.push(socket.read_u8().await.unwrap());
                }
                let head = String::from_utf8(head).unwrap();
                let target = head.split(' ').nth(1).unwrap().to_owned();
                drop(asked.send(head));
                let answer = format!("HTTP/1.1 {status}\r\nVia: test\r\n\r\n");
                socket.write_all(answer.as_bytes()).await.unwrap();
                if status.starts_with('2') {
                    let mut server = TcpStream::connect(target).await.unwrap();
                    drop(copy_bidirectional(&mut socket, &mut server).await);
                }
            });
        }
    });
    (address, requests)
}

fn through(mps: &Mps, proxies: &[SocketAddr], network: &str) -> PlatformConfig {
    let mut config = mps.platform();
    config.setup.network = network.parse().unwrap();
    for (number, address) in (0..).zip(proxies) {
        let access = amt_sim::remote_access::Access {
            info: address.ip().to_string(),
            format: amt_sim::remote_access::InfoFormat::Ipv4,
            port: address.port(),
            cn: None,
        };
        let suffix = "hotel.example".into();
        let proxies = &mut config.setup.configuration.remote_access.proxies;
        proxies.push(Proxy { number, access, suffix });
    }
    config
}

#[tokio::test]
async fn in_a_network_with_a_proxy_the_tunnel_goes_through_connect() {
    let mut mps = Mps::start(Manners::default()).await;
    let (refusing, mut refused) = proxy("407 Proxy Authentication Required").await;
    let (willing, mut asked) = proxy("200 Connection established").await;
    let config = through(&mps, &[refusing, willing], "lobby.hotel.example");
    let platform = Platform::start(config).unwrap();
    mps.settled().await;
    soon("it is settled", platform.settled()).await.unwrap();
    let head = soon("a request", asked.recv()).await.unwrap();
    assert!(head.starts_with(&format!("CONNECT {} HTTP/1.1\r\n", mps.address)), "{head}");
    assert!(refused.try_recv().is_ok(), "the first proxy was not asked first");
    assert_eq!(platform.cira_log().entries[0].proxy, Some(willing.to_string()));
}

#[tokio::test]
async fn a_proxy_that_refuses_is_the_reason_in_the_log() {
    let mps = Mps::start(Manners::default()).await;
    let (refusing, _) = proxy("403 Forbidden").await;
    let platform = Platform::start(through(&mps, &[refusing], "hotel.example")).unwrap();
    let mut log = platform.cira_log_changes();
    let failed = |log: &amt_sim::CiraLog| {
        log.entries.iter().any(|entry| entry.result == ConnectionResult::Tcp)
    };
    let log = soon("it fails", log.wait_for(failed)).await.unwrap();
    assert!(log.entries[0].note.contains("HTTP/1.1 403 Forbidden"), "{}", log.entries[0]);
}

#[tokio::test]
async fn in_another_network_the_proxy_is_not_used() {
    let mut mps = Mps::start(Manners::default()).await;
    let (refusing, mut asked) = proxy("403 Forbidden").await;
    let platform = Platform::start(through(&mps, &[refusing], "home.lan")).unwrap();
    mps.settled().await;
    platform.enter(Network::Outside);
    assert!(asked.try_recv().is_err());
    assert_eq!(platform.cira_log().entries[0].proxy, None);
}
