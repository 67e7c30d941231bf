//! A platform dials in as firmware does, and its log says what happened when it cannot.

use crate::mps::{
    Do, Manners, Mps, NAME,
    authority::{Authority, Leaf},
    soon,
};
use amt_sim::{
    AmtReason, AuthMethod, ClientCertificate, ClosedBy, ConnectionResult, Entry, Firmware, Pet,
    Platform, PlatformConfig, RetryProfile, RunningPlatform, State, Surroundings, TcpDetail,
    Trigger,
    engine::{Ignored, Network, Standing},
};
use apf::{DisconnectReason, EndReason, server::Event};
use std::time::Duration;

/// The first entry that the platform's log finishes.
async fn verdict(platform: &RunningPlatform) -> Entry {
    let mut log = platform.cira_log_changes();
    let done = |entry: &Entry| {
        entry.closure.is_some()
            || !matches!(entry.result, ConnectionResult::InProgress | ConnectionResult::Success)
    };
    let log = soon("the log has an entry", log.wait_for(|log| log.entries.iter().any(done))).await;
    log.unwrap().entries.iter().find(|entry| done(entry)).unwrap().clone()
}

async fn refused(mps: &mut Mps, config: PlatformConfig) -> (Entry, String) {
    let platform = Platform::start(config).unwrap();
    let entry = verdict(&platform).await;
    assert_eq!(entry.result, ConnectionResult::Tls, "{entry}");
    let mut state = platform.state();
    let retries = |state: &State| matches!(state, State::Retrying { .. });
    soon("it retries", state.wait_for(retries)).await.unwrap();
    (entry, mps.refusal().await)
}

#[tokio::test]
async fn a_platform_logs_in_and_forwards_seven_ports_in_the_order_of_firmware() {
    let mut mps = Mps::start(Manners::default()).await;
    let config = mps.platform();
    let identity = config.identity.clone();
    let platform = Platform::start(config).unwrap();
    let mut tunnel = mps.tunnel().await;
    let greeted = tunnel.event().await;
    let expected = Event::Greeted {
        uuid: identity.guid,
        trigger: Trigger::Periodic.on_the_wire(),
        version: (1, 0),
    };
    assert_eq!(greeted, expected);
    let Event::AdmissionAsked { credentials, .. } = tunnel.event().await else { panic!() };
    let apf::server::Credentials::Password { user, password } = credentials else { panic!() };
    assert_eq!(
        (&user[..], &password[..]),
        (identity.cira_user.as_bytes(), identity.cira_password.as_bytes())
    );
    let (events, _) = tunnel.until(|event| matches!(event, Event::KeepAliveAgreed { .. })).await;
    let ports: Vec<u16> = events
        .iter()
        .filter_map(|event| match event {
            Event::PortForwarded { port, .. } => Some(*port),
            _ => None,
        })
        .collect();
    assert_eq!(ports, [16993, 16992, 664, 623, 16995, 16994, 5900]);
    soon("it is settled", platform.settled()).await.unwrap();
    assert_eq!(*platform.state().borrow(), State::Settled);
    let log = platform.cira_log();
    assert!(log.tunnel_open);
    assert_eq!(log.keepalive_interval, 30);
    assert_eq!(log.entries[0].result, ConnectionResult::Success);
    assert_eq!(log.entries[0].auth, AuthMethod::Password);
    platform.shutdown().await;
    assert_eq!(tunnel.ended().await, EndReason::ByPeer(DisconnectReason::BY_APPLICATION));
}

#[tokio::test]
async fn a_certificate_for_another_name_is_refused_with_an_alert_and_a_line_in_the_log() {
    let mut mps = Mps::start(Manners::default()).await;
    let mut config = mps.platform();
    // It stands among the alternative names, which firmware does not look at.
    config.setup.common_name = Some("other.example".into());
    let (entry, server_saw) = refused(&mut mps, config).await;
    assert_eq!(entry.tls_alert, Some(46));
    assert!(entry.note.contains(NAME) && entry.note.contains("other.example"), "{entry}");
    assert!(server_saw.contains("certificate unknown"), "{server_saw}");
}

#[tokio::test]
async fn without_a_given_name_the_address_itself_is_compared() {
    let mut mps = Mps::start(Manners::default()).await;
    let mut config = mps.platform();
    config.setup.common_name = None;
    let (entry, _) = refused(&mut mps, config).await;
    assert!(entry.note.contains("127.0.0.1"), "{entry}");

    let leaf = Leaf { name: "127.0.0.1".into(), bits: 2048 };
    let mut mps = Mps::start(Manners { leaf, ..Manners::default() }).await;
    let mut config = mps.platform();
    config.setup.common_name = None;
    let platform = Platform::start(config).unwrap();
    mps.settled().await;
    soon("it is settled", platform.settled()).await.unwrap();
}

#[tokio::test]
async fn root_certificate_trust_an_unknown_root_is_refused_with_alert_48() {
    let mut mps = Mps::start(Manners::default()).await;
    let mut config = mps.platform();
    config.setup.root_pem = Authority::new().root_pem().into();
    let (entry, server_saw) = refused(&mut mps, config).await;
    assert_eq!(entry.tls_alert, Some(48));
    assert!(server_saw.contains("unknown ca"), "{server_saw}");
}

#[tokio::test]
async fn each_generation_takes_its_own_sizes_of_keys() {
    for (firmware, bits, welcome) in [
        ("9.1", 3072, false),
        ("12.0", 3072, false),
        ("12.0", 2048, true),
        ("15.0", 3072, true),
        ("22.0", 2048, false),
        ("22.0", 3072, true),
    ] {
        let leaf = Leaf { name: NAME.into(), bits };
        let mut mps = Mps::start(Manners { leaf, ..Manners::default() }).await;
        let mut config = mps.platform();
        config.setup.firmware = Firmware::named(firmware).unwrap();
        if welcome {
            let platform = Platform::start(config).unwrap();
            soon("it is settled", platform.settled()).await.unwrap();
        } else {
            let (entry, server_saw) = refused(&mut mps, config).await;
            assert_eq!(entry.tls_alert, Some(46), "{firmware} {bits}");
            assert!(server_saw.contains("certificate unknown"), "{server_saw}");
        }
    }
}

#[tokio::test]
async fn every_generation_comes_in_and_forwards_its_ports() {
    for firmware in Firmware::all() {
        let bits = firmware.leaf_rsa[1].min(3072);
        let leaf = Leaf { name: NAME.into(), bits };
        let mut mps = Mps::start(Manners { leaf, ..Manners::default() }).await;
        let mut config = mps.platform();
        config.setup.firmware = firmware.clone();
        let _platform = Platform::start(config).unwrap();
        let mut tunnel = mps.tunnel().await;
        let (events, _) = tunnel.until(|event| matches!(event, Event::Settled)).await;
        let forwarded = |port: &u16| {
            events
                .iter()
                .any(|event| matches!(event, Event::PortForwarded { port: p, .. } if p == port))
        };
        assert!(firmware.ports.iter().all(forwarded), "{}: {events:?}", firmware.name);
    }
}

#[tokio::test]
async fn refused_credentials_end_the_attempt_and_are_in_the_log() {
    let manners = Manners { password: Some("another".into()), ..Manners::default() };
    let mut mps = Mps::start(manners).await;
    let platform = Platform::start(mps.platform()).unwrap();
    assert_eq!(mps.tunnel().await.ended().await, EndReason::Refused);
    let entry = verdict(&platform).await;
    assert_eq!(entry.result, ConnectionResult::Success);
    assert_eq!(entry.closure.unwrap().by, ClosedBy::Mps);
    assert!(entry.note.contains("credentials"), "{}", entry.note);
    // The round is repeated once.
    mps.tunnel().await;
}

#[tokio::test]
async fn a_client_certificate_stands_in_for_user_and_password() {
    let manners = Manners { client_certificate: true, ..Manners::default() };
    let mut mps = Mps::start(manners).await;
    let mut config = mps.platform();
    let (certificate, key) = mps.authority.issue(&Leaf { name: "pc-01".into(), bits: 2048 });
    config.setup.client_certificate = Some(ClientCertificate {
        certificate_pem: String::from_utf8(certificate.to_pem().unwrap()).unwrap(),
        key_pem: String::from_utf8(key.private_key_to_pem_pkcs8().unwrap()).unwrap(),
    });
    let platform = Platform::start(config).unwrap();
    let mut tunnel = mps.tunnel().await;
    let (_, asked) = tunnel.until(|event| matches!(event, Event::AdmissionAsked { .. })).await;
    let Event::AdmissionAsked { credentials, .. } = asked else { panic!() };
    assert!(matches!(credentials, apf::server::Credentials::Certificate { .. }));
    soon("it is settled", platform.settled()).await.unwrap();
    assert_eq!(platform.cira_log().entries[0].auth, AuthMethod::MutualTls);
}

#[tokio::test]
async fn a_missing_client_certificate_shows_as_the_servers_alert() {
    let manners = Manners { client_certificate: true, ..Manners::default() };
    let mut mps = Mps::start(manners).await;
    let platform = Platform::start(mps.platform()).unwrap();
    mps.refusal().await;
    let entry = verdict(&platform).await;
    assert_eq!(entry.tls_alert, Some(40), "{entry}");

    // TLS 1.3 is ready on the platform's side before the server has looked.
    let mut config = mps.platform();
    config.setup.firmware = Firmware::named("18.0").unwrap();
    let platform = Platform::start(config).unwrap();
    mps.refusal().await;
    let entry = verdict(&platform).await;
    assert_eq!(entry.tls_alert, Some(116), "{entry}");
    assert_eq!(entry.closure.unwrap().amt_reason, AmtReason::Tcp);
}

#[tokio::test]
async fn a_server_that_is_not_there_is_told_from_a_name_that_is_not_there() {
    let mps = Mps::start(Manners::default()).await;
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let nobody = listener.local_addr().unwrap();
    drop(listener);
    let mut config = mps.platform();
    config.setup.mps = Some(nobody.into());
    let entry = verdict(&Platform::start(config).unwrap()).await;
    assert_eq!((entry.result, entry.tcp), (ConnectionResult::Tcp, TcpDetail::Reset), "{entry}");

    let mut config = mps.platform();
    config.setup.mps = Some("nobody.invalid:4433".parse().unwrap());
    let entry = verdict(&Platform::start(config).unwrap()).await;
    assert_eq!(entry.result, ConnectionResult::Dns, "{entry}");
}

#[tokio::test]
async fn a_platform_that_gives_up_stays_away_until_it_is_fired() {
    let mut mps = Mps::start(Manners::default()).await;
    let mut config = mps.platform();
    config.setup.common_name = Some("wrong.example".into());
    config.setup.retry = RetryProfile::GivesUp;
    let platform = Platform::start(config).unwrap();
    let error = soon("it stops", platform.settled()).await.unwrap_err();
    assert!(error.to_string().contains("wrong.example"), "{error}");
    mps.refusal().await;
    platform.fire(Trigger::User);
    mps.refusal().await;
    assert_eq!(platform.cira_log().entries[1].trigger, Trigger::User);
}

#[tokio::test]
async fn a_lost_tunnel_comes_back_at_the_next_interval() {
    let mut mps = Mps::start(Manners::default()).await;
    let mut config = mps.platform();
    config.setup.interval = 1;
    let platform = Platform::start(config).unwrap();
    let tunnel = mps.settled().await;
    tunnel.order(Do::Disconnect);
    let entry = verdict(&platform).await;
    let closure = entry.closure.unwrap();
    assert_eq!((closure.by, closure.apf_reason), (ClosedBy::Mps, 11));
    assert_eq!(closure.amt_reason, AmtReason::NotApplicable);
    mps.settled().await;

    platform.vanish();
    mps.settled().await;
    let entries = platform.cira_log().entries;
    let closure = entries[1].closure.as_ref().unwrap();
    assert_eq!((closure.by, closure.amt_reason), (ClosedBy::Amt, AmtReason::UserRequest));
}

/// A platform that dials at its start, and then only when something else than the clock wants it.
fn patient(mps: &Mps) -> PlatformConfig {
    let mut config = mps.platform();
    config.setup.interval = 24 * 60 * 60;
    config
}

async fn stays_away(platform: &RunningPlatform) {
    let mut state = platform.state();
    let away = |state: &State| matches!(state, State::Retrying { .. });
    soon("it stays away", state.wait_for(away)).await.unwrap();
}

#[tokio::test]
async fn a_user_trigger_keeps_the_tunnel_or_opens_one_under_its_own_number() {
    let mut mps = Mps::start(Manners::default()).await;
    let platform = Platform::start(patient(&mps)).unwrap();
    let mut first = mps.settled().await;
    soon("it is settled", platform.settled()).await.unwrap();
    assert_eq!(platform.try_fire(Trigger::User).await, Ok(()));
    // The server of its policy is the one that is there: only the event of the call goes out.
    first.until(|event| matches!(event, Event::Alert { .. })).await;
    let Standing::Connected { trigger, .. } = platform.outlook().standing else { panic!() };
    assert_eq!(trigger, Trigger::User);

    platform.disconnect();
    assert_eq!(first.ended().await, EndReason::ByPeer(DisconnectReason::BY_APPLICATION));
    stays_away(&platform).await;
    platform.fire(Trigger::User);
    let mut second = mps.tunnel().await;
    let Event::Greeted { trigger, .. } = second.event().await else { panic!() };
    assert_eq!(trigger, Trigger::User.on_the_wire());
    soon("it is settled", platform.settled()).await.unwrap();
    let closure = platform.cira_log().entries[0].closure.clone().unwrap();
    assert_eq!((closure.by, closure.amt_reason), (ClosedBy::Amt, AmtReason::UserRequest));
    let events: Vec<(&str, Option<u32>)> =
        platform.events().iter().map(|e| (e.event.id(), e.event.argument())).collect();
    let (up, down, call) = (("iAMT0058", Some(1)), ("iAMT0058", Some(0)), ("iAMT0036", None));
    assert_eq!(events, [up, call, down, call, up]);
}

#[tokio::test]
async fn an_alert_goes_through_the_tunnel_that_is_there_or_opens_one() {
    let mut mps = Mps::start(Manners::default()).await;
    let platform = Platform::start(patient(&mps)).unwrap();
    let mut tunnel = mps.settled().await;
    soon("it is settled", platform.settled()).await.unwrap();
    platform.fire(Trigger::Alert);
    let (_, alert) = tunnel.until(|event| matches!(event, Event::Alert { .. })).await;
    let Event::Alert { destination_port, source_port, data, .. } = alert else { panic!() };
    assert_eq!((destination_port, source_port, data[0]), (162, 16992, 0x30));
    let guid = platform.identity().guid;
    assert!(data.windows(16).any(|window| window == guid.as_bytes()));

    platform.disconnect();
    tunnel.ended().await;
    stays_away(&platform).await;
    platform.raise(Pet { offset: 0x80, ..Pet::chassis_intrusion(7) });
    let mut tunnel = mps.tunnel().await;
    let Event::Greeted { trigger, .. } = tunnel.event().await else { panic!() };
    assert_eq!(trigger, Trigger::Alert.on_the_wire());
    tunnel.until(|event| matches!(event, Event::Alert { .. })).await;
}

#[tokio::test]
async fn a_tunnel_without_traffic_is_dropped_after_the_life_time_and_keep_alives_do_not_count() {
    let mut mps = Mps::start(Manners::default()).await;
    let mut config = patient(&mps);
    config.setup.life_time = 2;
    config.setup.keepalive = Duration::from_millis(200);
    let platform = Platform::start(config).unwrap();
    let mut tunnel = mps.settled().await;
    assert_eq!(tunnel.ended().await, EndReason::ByPeer(DisconnectReason::BY_APPLICATION));
    stays_away(&platform).await;
    let closure = platform.cira_log().entries[0].closure.clone().unwrap();
    assert_eq!((closure.by, closure.amt_reason), (ClosedBy::Amt, AmtReason::TunnelTimer));
}

#[tokio::test]
async fn a_platform_inside_the_companys_network_hangs_up_and_dials_nobody() {
    let mut mps = Mps::start(Manners::default()).await;
    let platform = Platform::start(patient(&mps)).unwrap();
    let mut tunnel = mps.settled().await;
    platform.enter(Network::Inside);
    tunnel.ended().await;
    let mut state = platform.state();
    soon("it is still", state.wait_for(|state| *state == State::Stopped)).await.unwrap();
    assert_eq!(platform.cira_log().connection_state, Surroundings::Inside);
    assert_eq!(platform.try_fire(Trigger::User).await, Err(Ignored::Inside));
    platform.enter("hotel.example".parse().unwrap());
    mps.settled().await;
}
