//! stunnel ends TLS and a device reaches the server through the plain listener behind it.

use crate::harness::{Certificate, Curl, Platform, Server, Settings, Stunnel};

const GUID: &str = "33333333-2222-4333-8444-555555555555";

#[test]
fn a_tls_tunnelling_proxy_stands_in_front() {
    let toml = "[[cira.extra]]\nlisten = \"127.0.0.1:0\"\ntls = false\n";
    let server = Server::start(&Settings { toml: toml.into() });
    server.add_device("pc-behind", GUID, "pcbehind", "Behind1Password");
    let plain = &server.device_listeners()[1];
    let certificate = Certificate::new("127.0.0.1");
    let stunnel = Stunnel::before(plain, &certificate);

    let root = &certificate.certificate;
    let _platform =
        Platform::dial(&stunnel.address, root, GUID, "pcbehind", "Behind1Password").connected();

    let sign_in = format!("token:{}", server.token("stunnel", "proxy"));
    let answer =
        Curl::new("http://pc-behind:16992/").socks(&server.address("SOCKS5"), Some(&sign_in)).run();
    assert_eq!(answer.status, 401, "the device asks who we are: {answer:#?}");
}

#[test]
fn a_plain_listener_speaks_no_tls() {
    let toml = "[[cira.extra]]\nlisten = \"127.0.0.1:0\"\ntls = false\n";
    let server = Server::start(&Settings { toml: toml.into() });
    let plain = &server.device_listeners()[1];
    let refused = crate::harness::handshake(plain, "-tls1_2");
    assert!(refused.is_err(), "{refused:?}");
}
