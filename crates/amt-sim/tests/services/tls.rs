//! The ports with TLS: the same services, with a certificate of the platform's own.

use std::{pin::Pin, sync::Arc};

use amt::{
    redirect::{ConsoleMessage, DeviceMessage, Kind, StartStatus},
    wsman::{Outcome, Output, Request},
};
use amt_sim::services::{Host, TlsIdentity};
use openssl::{
    nid::Nid,
    ssl::{SslConnector, SslMethod, SslVerifyMode},
};
use tokio::io::{AsyncWriteExt, DuplexStream};
use tokio_openssl::SslStream;

use crate::{
    console::{config, connect, host, login, run},
    redirection::read_message,
};

pub(crate) async fn connect_tls(host: &Arc<Host>, port: u16) -> SslStream<DuplexStream> {
    let mut builder = SslConnector::builder(SslMethod::tls_client()).unwrap();
    builder.set_verify(SslVerifyMode::NONE);
    let mut configuration = builder.build().configure().unwrap();
    configuration.set_verify_hostname(false);
    let ssl = configuration.into_ssl("pc-01.demo.example").unwrap();
    let mut stream = SslStream::new(ssl, connect(host, port)).unwrap();
    Pin::new(&mut stream).connect().await.unwrap();
    stream
}

#[tokio::test]
async fn wsman_works_over_tls_with_a_certificate_for_the_platforms_name() {
    let host = host();
    let stream = connect_tls(&host, 16993).await;
    let certificate = stream.ssl().peer_certificate().unwrap();
    let name = certificate.subject_name().entries_by_nid(Nid::COMMONNAME).next().unwrap();
    assert_eq!(name.data().as_slice(), b"pc-01.demo.example");
    let key = certificate.public_key().unwrap().rsa().unwrap();
    assert_eq!(key.size(), 256, "RSA-2048");
    assert!(certificate.verify(&certificate.public_key().unwrap()).unwrap());
    let mut open = async || connect_tls(&host, 16993).await;
    let Output::Done(answered) = run(&Request::identify("1"), login(), &mut open).await else {
        panic!("no answer")
    };
    assert!(matches!(answered.reply.result, Ok(Outcome::Identity(_))));
}

#[tokio::test]
async fn redirection_works_over_tls_with_a_given_identity() {
    let mut config = config();
    config.tls = Some(TlsIdentity::self_signed("given.example").unwrap());
    let host = Host::new(config);
    let mut stream = connect_tls(&host, 16995).await;
    let certificate = stream.ssl().peer_certificate().unwrap();
    let name = certificate.subject_name().entries_by_nid(Nid::COMMONNAME).next().unwrap();
    assert_eq!(name.data().as_slice(), b"given.example");
    let mut start = Vec::new();
    ConsoleMessage::Start(Kind::Sol).encode(&mut start);
    stream.write_all(&start).await.unwrap();
    let answer = read_message(&mut stream, &mut amt::redirect::Decoder::new()).await;
    assert_eq!(answer, DeviceMessage::Started { status: StartStatus::Ok, oem: vec![] });
}

#[tokio::test]
async fn names_longer_than_a_common_name_can_be_still_get_a_certificate() {
    assert!(TlsIdentity::self_signed(&format!("{}.example", "long.".repeat(20))).is_ok());
}
