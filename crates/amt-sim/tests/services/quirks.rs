//! Oddities on command, through the running platform that has them.

use amt::wsman::{Operation, Subcode};
use amt_sim::{Identity, Mps, Platform, PlatformConfig, Provisioning, RunningPlatform};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::{
    console::{DEADLINE, class, connect, login, run},
    ops::{Host, list, value},
};

/// A platform whose server is not there; its services are.
pub(crate) fn platform(provisioning: Provisioning) -> RunningPlatform {
    let mut identity = Identity::new("quirks", "pc", "").unwrap();
    identity.amt_password = crate::console::PASSWORD.into();
    let nowhere = Mps { host: "127.0.0.1".into(), port: 9 };
    let mut config = PlatformConfig::new(identity, nowhere, root());
    config.setup.provisioning = provisioning;
    Platform::start(config).unwrap()
}

/// Some certificate of authority.
fn root() -> String {
    let key = openssl::pkey::PKey::from_rsa(openssl::rsa::Rsa::generate(2048).unwrap()).unwrap();
    let mut name = openssl::x509::X509Name::builder().unwrap();
    name.append_entry_by_text("CN", "root").unwrap();
    let name = name.build();
    let mut root = openssl::x509::X509::builder().unwrap();
    root.set_version(2).unwrap();
    root.set_subject_name(&name).unwrap();
    root.set_issuer_name(&name).unwrap();
    root.set_pubkey(&key).unwrap();
    root.set_not_before(&openssl::asn1::Asn1Time::days_from_now(0).unwrap()).unwrap();
    root.set_not_after(&openssl::asn1::Asn1Time::days_from_now(1).unwrap()).unwrap();
    root.sign(&key, openssl::hash::MessageDigest::sha256()).unwrap();
    String::from_utf8(root.build().to_pem().unwrap()).unwrap()
}

async fn get(host: &Host, name: &str) -> Result<amt::wsman::Instance, amt::wsman::Fault> {
    let request = amt::wsman::Request::new("1", class(name), Operation::Get);
    let mut open = async || connect(host, 16992);
    match run(&request, login(), &mut open).await {
        amt::wsman::Output::Done(answered) => {
            answered.reply.result.map(|outcome| outcome.into_instance().unwrap())
        }
        other => panic!("{other:?}"),
    }
}

async fn challenge(host: &Host) -> String {
    let mut io = connect(host, 16992);
    io.write_all(b"POST /wsman HTTP/1.1\r\nHost: pc\r\nContent-Length: 0\r\n\r\n").await.unwrap();
    let all = crate::console::read_all(&mut io).await;
    String::from_utf8(all).unwrap()
}

#[tokio::test]
async fn digest_offers_what_it_is_told_to() {
    let platform = platform(Provisioning::Acm);
    let host = platform.host();
    assert!(challenge(&host).await.contains("qop=\"auth,auth-int\""));
    platform.fault("digest-qop=auth-int").unwrap();
    assert!(challenge(&host).await.contains("qop=\"auth-int\""));
    assert!(get(&host, "AMT_GeneralSettings").await.is_ok(), "a console that can do it gets in");
    platform.fault("digest-qop=off").unwrap();
    assert!(challenge(&host).await.contains("qop=\"auth,auth-int\""));
}

#[tokio::test]
async fn a_class_goes_missing_and_a_put_is_refused() {
    let platform = platform(Provisioning::Acm);
    let host = platform.host();
    platform.fault("missing-classes=CIM_Fan,CIM_Card").unwrap();
    assert_eq!(get(&host, "CIM_Card").await.unwrap_err().subcode, Subcode::DestinationUnreachable);
    platform.fault("missing-classes=off").unwrap();
    assert!(get(&host, "CIM_Card").await.is_ok());
    platform.fault("refuse-put=AMT_GeneralSettings").unwrap();
    let settings = get(&host, "AMT_GeneralSettings").await.unwrap();
    let fault = crate::ops::put(&host, settings).await.unwrap_err();
    assert_eq!(fault.subcode, Subcode::InvalidRepresentation);
}

#[tokio::test]
async fn a_clock_can_be_wrong_by_years_and_right_again() {
    let platform = platform(Provisioning::Acm);
    let host = platform.host();
    let clock = async || {
        let class = "AMT_TimeSynchronizationService";
        let time = crate::ops::call(&host, class, "GetLowAccuracyTimeSynch", &[]).await;
        crate::ops::results(&time, "Ta0")[0].parse::<i64>().unwrap()
    };
    let right = clock().await;
    platform.fault("clock-skew=-315360000").unwrap();
    assert!((right - clock().await - 315_360_000).abs() < 5);
    platform.fault("clock-skew=0").unwrap();
    assert!((right - clock().await).abs() < 5);
}

#[tokio::test]
async fn a_request_gets_no_answer_and_the_next_one_does() {
    let platform = platform(Provisioning::Acm);
    let host = platform.host();
    platform.fault("swallow-requests=1").unwrap();
    let mut io = connect(&host, 16992);
    let request = b"POST /wsman HTTP/1.1\r\nHost: pc\r\nContent-Length: 0\r\n\r\n";
    io.write_all(request).await.unwrap();
    io.write_all(request).await.unwrap();
    let mut all = String::new();
    tokio::time::timeout(DEADLINE, io.read_to_string(&mut all)).await.expect("an end").unwrap();
    assert_eq!(all.matches("HTTP/1.1 401").count(), 1);
}

#[tokio::test]
async fn nonces_wear_out_and_a_console_that_follows_stale_does_not_notice() {
    let platform = platform(Provisioning::Acm);
    let host = platform.host();
    platform.fault("nonce-uses=1").unwrap();
    assert_eq!(list(&host, "CIM_SoftwareIdentity").await.len(), 11);
    assert_eq!(value(&host, "AMT_MessageLog", "PositionToFirstRecord", &[]).await, 0);
}
