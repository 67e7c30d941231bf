//! Whoever only knows a UUID gets nowhere and disturbs nobody: a thousand attempts from many hands while the device works.

use super::{
    device::{Device, PATIENCE},
    site::{GUID, Site},
};
use apf::{Time, device};
use bytes::BytesMut;
use std::net::{Ipv4Addr, SocketAddr};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpSocket,
    task::JoinSet,
    time::{Instant, sleep_until},
};
use viaduct_api::DeviceId;
use viaduct_server::events::Event;

const ATTEMPTS: usize = 1000;
const AT_ONCE: usize = 50;
/// Addresses that they come from, 1 and 500 in turn: what limits one source must not decide.
const SOURCES: usize = 500;

/// Whether the server let it in.
async fn attempt(
    mps: SocketAddr,
    number: usize,
    id: DeviceId,
    login: Option<(&str, &str)>,
) -> bool {
    let config = device::Config {
        credentials: login.map(|(u, p)| (u.to_owned().into(), p.to_owned().into())),
        ports: vec![16992],
        ..device::Config::new(id.0)
    };
    let socket = TcpSocket::new_v4().unwrap();
    let source = match number % 2 {
        0 => Ipv4Addr::LOCALHOST,
        _ => Ipv4Addr::from(0x7f01_0001 + u32::try_from(number % SOURCES).unwrap()),
    };
    socket.bind((source, 0).into()).unwrap();
    let mut stream = socket.connect(mps).await.unwrap();
    let start = Instant::now();
    let now = || Time::from_origin(start.elapsed());
    let mut apf = device::Connection::new(config, now());
    let (mut input, mut output) = (BytesMut::new(), BytesMut::new());
    loop {
        while let Some(event) = apf.poll_event() {
            match event {
                device::Event::Admitted => return true,
                device::Event::Ended(_) => return false,
                _ => {}
            }
        }
        apf.poll_transmit(&mut output, 1 << 16, now());
        if !output.is_empty() && stream.write_all(&output.split()).await.is_err() {
            return false;
        }
        if apf.is_finished() {
            return false;
        }
        let wake = apf.poll_timeout().map_or(start + PATIENCE, |at| start + at.since_origin());
        tokio::select! {
            read = stream.read_buf(&mut input) => match read {
                Ok(1..) => apf.handle_input(&mut input, now()),
                Ok(0) | Err(_) => return false,
            },
            () = sleep_until(wake) => {
                assert!(start.elapsed() < PATIENCE, "it ends by itself");
                apf.handle_timeout(now());
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_thousand_attempts_on_a_connected_device_change_nothing_for_it() {
    let site = Site::start().await;
    let id: DeviceId = GUID.parse().unwrap();
    let mut real = site.device().await;
    let tunnel = site.running.registry().lookup(id).unwrap().id();
    let mps = site.running.addresses().cira[1];
    // No method at all, empty and wrong secrets, the right user, the right password with another user.
    let logins: [Option<(&str, &str)>; 7] = [
        None,
        Some(("", "")),
        Some(("mpsuser", "")),
        Some(("", "Pa55-w0rd")),
        Some(("mpsuser", "wrong")),
        Some(("admin", "Pa55-w0rd")),
        Some(("MPSUSER", "Pa55-w0rd")),
    ];
    let mut hands = JoinSet::new();
    for hand in 0..AT_ONCE {
        hands.spawn(async move {
            let mut accepted = 0;
            for n in 0..ATTEMPTS / AT_ONCE {
                let login = logins[(hand + n) % logins.len()];
                accepted += usize::from(attempt(mps, hand + n * AT_ONCE, id, login).await);
            }
            accepted
        });
    }
    // The real one goes on being used meanwhile.
    let mut used = 0;
    let accepted: usize = loop {
        let mut console = site.http().await;
        console.send(site.request("GET http://pc-07:16992/")).await;
        let mut service = real.service().await;
        service.read_until("\r\n\r\n").await;
        service.send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi");
        assert_eq!(console.answer().await.status, 200);
        service.close();
        used += 1;
        if hands.is_empty() || used == 20 {
            break hands.join_all().await.into_iter().sum();
        }
    };
    assert_eq!(accepted, 0);
    let now = site.running.registry().lookup(id).unwrap().id();
    assert_eq!(now, tunnel, "its tunnel is the one it had");
    // And its own return, right after the storm, is quick.
    let mut events = site.running.events().subscribe();
    drop(real);
    let _again: Device = site.device().await;
    while let Ok(event) = events.try_recv() {
        assert!(!matches!(&*event, Event::TakeoverDelayed { .. }), "it was held back: {event:?}");
    }
}
