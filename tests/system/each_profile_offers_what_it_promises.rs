//! OpenSSL's client against a listener of each profile: what must work works, and what must not
//! does not, in any of them.

use crate::harness::{Server, Settings, handshake};
use std::sync::OnceLock;

const PROFILES: [&str; 3] = ["modern", "default", "legacy"];

/// The listener of a profile, of one server with all three.
fn listener(profile: &str) -> &'static str {
    static SHARED: OnceLock<(Server, Vec<String>)> = OnceLock::new();
    let (_, listeners) = SHARED.get_or_init(|| {
        let extra = |profile| {
            format!("[[cira.extra]]\nlisten = \"127.0.0.1:0\"\nprofile = \"{profile}\"\n")
        };
        let toml = format!("[cira]\nprofile = \"modern\"\n{}{}", extra("default"), extra("legacy"));
        let server = Server::start(&Settings { toml });
        let listeners = server.device_listeners();
        (server, listeners)
    });
    let index = PROFILES.iter().position(|known| *known == profile).unwrap();
    &listeners[index]
}

/// Which profiles accept the offer, and what they agreed on.
fn accepted_by(offer: &str) -> Vec<(&'static str, String)> {
    let shake = |profile| handshake(listener(profile), offer).ok().map(|agreed| (profile, agreed));
    PROFILES.into_iter().filter_map(shake).collect()
}

#[track_caller]
fn assert_accepted(offer: &str, profiles: &[&str], version: &str) {
    let accepted = accepted_by(offer);
    let by: Vec<&str> = accepted.iter().map(|(profile, _)| *profile).collect();
    assert_eq!(by, profiles, "`{offer}`: {accepted:?}");
    assert!(accepted.iter().all(|(_, agreed)| agreed.starts_with(version)), "{accepted:?}");
}

#[test]
fn tls_1_0_and_1_1_only_in_legacy() {
    for suite in ["AES128-SHA", "AES256-SHA", "ECDHE-RSA-AES128-SHA"] {
        let cipher = format!("-cipher {suite}:@SECLEVEL=0");
        assert_accepted(&format!("-tls1 {cipher}"), &["legacy"], "TLSv1 ");
        assert_accepted(&format!("-tls1_1 {cipher}"), &["legacy"], "TLSv1.1 ");
    }
}

#[test]
fn rsa_key_exchange_in_default_and_legacy() {
    for suite in ["AES128-SHA", "AES256-SHA", "AES128-GCM-SHA256", "AES256-GCM-SHA384"] {
        let offer = format!("-tls1_2 -cipher {suite}");
        assert_accepted(&offer, &["default", "legacy"], &format!("TLSv1.2 {suite}"));
    }
}

#[test]
fn ecdhe_in_all() {
    for suite in ["ECDHE-RSA-AES128-GCM-SHA256", "ECDHE-RSA-AES256-GCM-SHA384"] {
        let offer = format!("-tls1_2 -cipher {suite}");
        assert_accepted(&offer, &PROFILES, &format!("TLSv1.2 {suite}"));
    }
}

#[test]
fn tls_1_3_in_all() {
    assert_accepted("-tls1_3", &PROFILES, "TLSv1.3 ");
}

#[test]
fn no_encryption_no_authentication_no_export_in_any() {
    for suites in ["NULL", "eNULL", "aNULL", "ADH", "AECDH", "NULL-SHA256", "NULL-SHA"] {
        for version in ["-tls1", "-tls1_1", "-tls1_2"] {
            assert_accepted(&format!("{version} -cipher {suites}:@SECLEVEL=0"), &[], "");
        }
    }
}

/// Export suites, RC4 and single DES are gone from OpenSSL's client, so their hello is written here.
#[test]
fn suites_that_no_client_of_today_offers_are_refused_too() {
    for suite in [0x0003_u16, 0x0006, 0x0008, 0x0014, 0x0004, 0x0005, 0x0009, 0x000a, 0x0001] {
        for profile in PROFILES {
            let answer = raw_hello(listener(profile), suite);
            assert_eq!(answer.first(), Some(&21), "{suite:#06x} in {profile}: {answer:?}");
        }
    }
}

/// Sends a hello of TLS 1.2 without extensions that offers one suite, and reads the answer's record.
fn raw_hello(address: &str, suite: u16) -> Vec<u8> {
    use std::io::{Read, Write};
    let mut body = vec![3, 3];
    body.extend([7; 32]);
    body.push(0);
    body.extend([0, 2]);
    body.extend(suite.to_be_bytes());
    body.extend([1, 0]);
    let mut hello = vec![22, 3, 1, 0, u8::try_from(body.len() + 4).unwrap(), 1, 0, 0];
    hello.push(u8::try_from(body.len()).unwrap());
    hello.extend(body);
    let mut peer = std::net::TcpStream::connect(address).unwrap();
    peer.write_all(&hello).unwrap();
    let mut answer = vec![0; 7];
    let read = peer.read(&mut answer).unwrap();
    answer.truncate(read);
    answer
}

/// The hello above is good: with a suite that firmware uses it is answered with a handshake record.
#[test]
fn a_hello_without_extensions_is_answered_in_default_and_legacy() {
    for (profile, record) in [("modern", 21), ("default", 22), ("legacy", 22)] {
        for suite in [0x002f, 0x009c, 0x0035] {
            let answer = raw_hello(listener(profile), suite);
            assert_eq!(answer.first(), Some(&record), "{suite:#06x} in {profile}: {answer:?}");
        }
    }
}
