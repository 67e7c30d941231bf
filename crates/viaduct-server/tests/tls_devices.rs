//! Handshakes with devices: which certificate a device gets, what is never accepted, what survives a reload.
#![expect(clippy::unwrap_used, reason = "a test may panic")]

use openssl::{
    hash::MessageDigest,
    pkey::{PKey, Private},
    ssl::{Ssl, SslContext, SslContextBuilder, SslMethod, SslVersion},
    x509::X509,
};
use std::{fs, path::Path, pin::Pin};
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex};
use tokio_openssl::SslStream;
use viaduct_server::{
    config::{CertificateFiles, Cira, Profile, Web},
    events::Bus,
    tls::{AcceptError, Authority, AuthorityError, Certificates, DeviceAcceptor, TlsInfo},
};

fn certificates(directory: &Path, profile: Profile) -> Certificates {
    let cira = Cira { profile, names: vec!["mps.example.com".into()], ..Cira::default() };
    let authority = Authority::open(directory, None).unwrap();
    Certificates::open(authority, &cira, &Web::default(), Bus::new()).unwrap()
}

fn client(ciphers: &str) -> SslContextBuilder {
    let mut context = SslContext::builder(SslMethod::tls_client()).unwrap();
    context.set_security_level(0);
    context.set_max_proto_version(Some(SslVersion::TLS1_2)).unwrap();
    context.set_cipher_list(ciphers).unwrap();
    context
}

async fn shake(
    acceptor: &DeviceAcceptor,
    client: SslContextBuilder,
) -> (Result<TlsInfo, AcceptError>, Option<SslStream<DuplexStream>>) {
    let (near, far) = duplex(64 << 10);
    let mut stream = SslStream::new(Ssl::new(&client.build()).unwrap(), far).unwrap();
    let accept = async { acceptor.accept(near).await.map(|(_, info)| info) };
    let connect = async {
        let connected = Pin::new(&mut stream).connect().await.is_ok();
        if !connected {
            // The server must see the end, as it would of a socket.
            drop(stream.get_mut().shutdown().await);
        }
        connected
    };
    let (accepted, connected) = tokio::join!(accept, connect);
    (accepted, connected.then_some(stream))
}

#[tokio::test]
async fn a_device_without_aes_128_gets_the_large_key_and_others_the_small_one() {
    let directory = tempfile::tempdir().unwrap();
    let acceptor = certificates(directory.path(), Profile::Default).acceptor("cira").unwrap();
    for (ciphers, bits) in [
        ("AES128-SHA", 2048),
        ("AES128-GCM-SHA256", 2048),
        ("ECDHE-RSA-AES256-GCM-SHA384", 3072),
        ("ECDHE-RSA-AES128-GCM-SHA256:ECDHE-RSA-AES256-GCM-SHA384", 2048),
    ] {
        let (accepted, stream) = shake(&acceptor, client(ciphers)).await;
        let info = accepted.unwrap_or_else(|e| panic!("{ciphers}: {}", e.reason));
        let presented = stream.unwrap().ssl().peer_certificate().unwrap();
        assert_eq!(presented.public_key().unwrap().bits(), bits, "{ciphers}");
        assert!(info.hello.unwrap().suites.len() >= ciphers.split(':').count());
    }
}

#[tokio::test]
async fn suites_without_encryption_or_authentication_are_refused_in_every_profile() {
    for profile in [Profile::Modern, Profile::Default, Profile::Legacy] {
        let directory = tempfile::tempdir().unwrap();
        let acceptor = certificates(directory.path(), profile).acceptor("cira").unwrap();
        for ciphers in ["eNULL", "aNULL"] {
            let (accepted, _) = shake(&acceptor, client(ciphers)).await;
            let error = accepted.unwrap_err();
            assert!(error.reason.contains("no shared cipher"), "{profile:?}: {}", error.reason);
            assert!(error.hello.is_some(), "what it offered is kept");
        }
    }
}

#[tokio::test]
async fn old_versions_are_accepted_on_a_legacy_listener_only() {
    for (profile, accepted) in
        [(Profile::Modern, false), (Profile::Default, false), (Profile::Legacy, true)]
    {
        let directory = tempfile::tempdir().unwrap();
        let acceptor = certificates(directory.path(), profile).acceptor("cira").unwrap();
        acceptor.self_test().await.unwrap();
        for version in [SslVersion::TLS1, SslVersion::TLS1_1] {
            let mut context = client("AES128-SHA");
            context.set_min_proto_version(Some(version)).unwrap();
            context.set_max_proto_version(Some(version)).unwrap();
            let (result, _) = shake(&acceptor, context).await;
            assert_eq!(result.is_ok(), accepted, "{profile:?} {version:?}");
        }
    }
}

#[tokio::test]
async fn a_device_that_does_not_know_our_root_is_reported_with_its_alert() {
    let directory = tempfile::tempdir().unwrap();
    let acceptor = certificates(directory.path(), Profile::Default).acceptor("cira").unwrap();
    let mut context = client("AES128-SHA");
    context.set_verify(openssl::ssl::SslVerifyMode::PEER);
    let (accepted, _) = shake(&acceptor, context).await;
    let error = accepted.unwrap_err();
    assert_eq!(error.alert, Some(48), "{}", error.reason);
}

#[tokio::test]
async fn a_client_certificate_counts_only_when_our_root_signed_it() {
    let directory = tempfile::tempdir().unwrap();
    let acceptor = certificates(directory.path(), Profile::Default).acceptor("cira").unwrap();
    let root = X509::from_pem(&fs::read(directory.path().join("root.pem")).unwrap()).unwrap();
    let root_key =
        PKey::private_key_from_pem(&fs::read(directory.path().join("root.key")).unwrap()).unwrap();
    let (own, own_key) = issue(Some((&root, &root_key)));
    let (foreign, foreign_key) = issue(None);
    for (certificate, key, trusted) in [(own, own_key, true), (foreign, foreign_key, false)] {
        let mut context = client("ECDHE-RSA-AES128-GCM-SHA256");
        context.set_certificate(&certificate).unwrap();
        context.set_private_key(&key).unwrap();
        let (accepted, _) = shake(&acceptor, context).await;
        let digest: [u8; 32] =
            certificate.digest(MessageDigest::sha256()).unwrap().as_ref().try_into().unwrap();
        let found = accepted.unwrap_or_else(|e| panic!("{}", e.reason)).client_certificate;
        assert_eq!(found, trusted.then_some(digest));
    }
}

/// A client certificate, self-signed without an issuer.
fn issue(issuer: Option<(&X509, &PKey<Private>)>) -> (X509, PKey<Private>) {
    let key = PKey::from_rsa(openssl::rsa::Rsa::generate(2048).unwrap()).unwrap();
    let mut name = openssl::x509::X509Name::builder().unwrap();
    name.append_entry_by_text("CN", "pc-07").unwrap();
    let name = name.build();
    let mut builder = X509::builder().unwrap();
    builder.set_version(2).unwrap();
    let serial = openssl::bn::BigNum::from_u32(7).unwrap().to_asn1_integer().unwrap();
    builder.set_serial_number(&serial).unwrap();
    builder.set_subject_name(&name).unwrap();
    builder.set_issuer_name(issuer.map_or(&name, |(root, _)| root.subject_name())).unwrap();
    builder.set_pubkey(&key).unwrap();
    builder.set_not_before(&openssl::asn1::Asn1Time::days_from_now(0).unwrap()).unwrap();
    builder.set_not_after(&openssl::asn1::Asn1Time::days_from_now(1).unwrap()).unwrap();
    builder.sign(issuer.map_or(&key, |(_, key)| key), MessageDigest::sha256()).unwrap();
    (builder.build(), key)
}

#[tokio::test]
async fn a_restart_finds_the_same_root_and_half_a_pair_is_an_error() {
    let directory = tempfile::tempdir().unwrap();
    let first = Authority::open(directory.path(), None).unwrap().root_pem().unwrap();
    assert_eq!(Authority::open(directory.path(), None).unwrap().root_pem().unwrap(), first);
    fs::remove_file(directory.path().join("root.key")).unwrap();
    let error = Authority::open(directory.path(), None).unwrap_err();
    assert!(matches!(error, AuthorityError::Half { .. }), "{error}");
    assert!(!directory.path().join("root.key").exists(), "nothing was made in its place");
}

#[tokio::test]
async fn a_reload_takes_new_files_keeps_open_connections_and_refuses_a_wrong_pair() {
    let directory = tempfile::tempdir().unwrap();
    let (one, two) = (directory.path().join("one"), directory.path().join("two"));
    drop((certificates(&one, Profile::Default), certificates(&two, Profile::Default)));
    let files = CertificateFiles {
        certificate: directory.path().join("live.pem"),
        key: directory.path().join("live.key"),
    };
    let install = |from: &Path| {
        fs::copy(from.join("device-2048.pem"), &files.certificate).unwrap();
        fs::copy(from.join("device-2048.key"), &files.key).unwrap();
    };
    install(&one);
    let cira = Cira { certificates: vec![files.clone()], ..Cira::default() };
    let authority = Authority::open(&one, None).unwrap();
    let all = Certificates::open(authority, &cira, &Web::default(), Bus::new()).unwrap();
    let acceptor = all.acceptor("cira").unwrap();
    let (near, far) = duplex(64 << 10);
    let ssl = Ssl::new(&client("AES128-SHA").build()).unwrap();
    let mut device = SslStream::new(ssl, far).unwrap();
    let (accepted, connected) =
        tokio::join!(acceptor.accept(near), Pin::new(&mut device).connect());
    connected.unwrap();
    let mut open = accepted.unwrap_or_else(|e| panic!("{}", e.reason)).0;

    install(&two);
    all.reload().await.unwrap();
    device.write_all(b"still here").await.unwrap();
    let mut got = [0; 10];
    open.read_exact(&mut got).await.unwrap();
    assert_eq!(&got, b"still here");
    let presented = async || {
        let (_, stream) = shake(&acceptor, client("AES128-SHA")).await;
        stream.unwrap().ssl().peer_certificate().unwrap().to_pem().unwrap()
    };
    let second = fs::read(two.join("device-2048.pem")).unwrap();
    assert_eq!(presented().await, second);

    fs::copy(one.join("device-2048.key"), &files.key).unwrap();
    let error = all.reload().await.unwrap_err();
    assert!(error.contains("does not belong to the key"), "{error}");
    assert_eq!(presented().await, second, "the running certificate stays");
}
