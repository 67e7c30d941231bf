//! When a device goes away, whoever uses it learns at once instead of waiting for a deadline.

use crate::harness::{Curl, Platform, Server, Settings, socks};
use std::io::Read;

const GUID: &str = "44444444-2222-4333-8444-555555555555";

#[test]
fn an_open_console_sees_the_end_of_its_connection() {
    let server = Server::start(&Settings::default());
    server.add_device("pc-leaving", GUID, "pcleaving", "Leaving1Password");
    let root = server.root_certificate();
    let mps = &server.device_listeners()[0];
    let platform = Platform::dial(mps, &root, GUID, "pcleaving", "Leaving1Password").connected();

    let token = server.token("watch", "proxy");
    let mut console = socks(&server.address("SOCKS5"), &token, "pc-leaving", 16994);

    platform.process.kill();
    // The read ends with the connection. A deadline of ours would be an error of another kind.
    let mut rest = Vec::new();
    let end = console.read_to_end(&mut rest);
    let reset = |error: &std::io::Error| error.kind() == std::io::ErrorKind::ConnectionReset;
    assert!(
        end.as_ref().is_ok_and(|_| rest.is_empty()) || end.as_ref().is_err_and(reset),
        "{end:?}"
    );

    // And the next one learns why.
    let sign_in = format!("token:{token}");
    let proxy = server.address("HTTP proxy");
    let next = Curl::new("http://pc-leaving:16992/").proxy(&proxy, Some(&sign_in)).run();
    assert_eq!((next.status, next.header("X-Viaduct-Code")), (503, Some("E2002")), "{next:#?}");
}
