//! Each fault has the effect that a server must survive.

use crate::mps::{Do, Manners, Mps, Tunnel, soon};
use amt_sim::{Faults, Platform, PlatformConfig, RunningPlatform};
use apf::{ChannelEnd, EndReason, Fault, OpenFailure, server, server::Event};
use std::time::Duration;

async fn start(mps: &Mps, faults: Faults) -> RunningPlatform {
    let mut config: PlatformConfig = mps.platform();
    config.setup.echo = true;
    config.setup.faults = faults;
    Platform::start(config).unwrap()
}

async fn with(faults: Faults) -> (Mps, RunningPlatform, Tunnel) {
    let mut mps = Mps::start(Manners::default()).await;
    let platform = start(&mps, faults).await;
    let tunnel = mps.settled().await;
    soon("it is settled", platform.settled()).await.unwrap();
    (mps, platform, tunnel)
}

async fn next_data(tunnel: &mut Tunnel) -> usize {
    let (_, event) = tunnel.until(|event| matches!(event, Event::Data { .. })).await;
    let Event::Data { channel, data } = event else { unreachable!() };
    tunnel.order(Do::Release(channel, data.len()));
    data.len()
}

#[tokio::test]
async fn fragments_are_tls_records_of_one_byte() {
    let (_mps, platform, mut tunnel) = with(Faults { fragment: 1, ..Faults::default() }).await;
    let reads = tunnel.reads.lock().unwrap().clone();
    assert!(reads.len() > 300 && reads.iter().all(|bytes| *bytes == 1), "{reads:?}");
    let channel = tunnel.open(5900, 4096).await.unwrap();
    tunnel.order(Do::Send(channel, vec![7; 2000].into()));
    let mut back = 0;
    while back < 2000 {
        back += next_data(&mut tunnel).await;
    }
    assert!(tunnel.reads.lock().unwrap().iter().all(|bytes| *bytes == 1));
    // And it can be taken back.
    platform.fault("fragment=off").unwrap();
    platform.fire(amt_sim::Trigger::Alert);
    tunnel.until(|event| matches!(event, Event::Alert { .. })).await;
    assert!(tunnel.reads.lock().unwrap().last() > Some(&100));
}

#[tokio::test]
async fn a_rate_limits_fragments() {
    let faults = Faults { fragment: 1, fragment_rate: 1000, ..Faults::default() };
    let began = tokio::time::Instant::now();
    let (_mps, _platform, tunnel) = with(faults).await;
    let records = tunnel.reads.lock().unwrap().len();
    let least = Duration::from_millis(records as u64 - 20);
    assert!(began.elapsed() >= least, "{records} records in {:?}", began.elapsed());
}

#[tokio::test]
async fn held_back_output_comes_in_one_record() {
    let (_mps, _platform, tunnel) = with(Faults { coalesce: 5, ..Faults::default() }).await;
    let first = tunnel.reads.lock().unwrap()[0];
    assert_eq!(first, 93 + 23, "greeting and first request together");
}

#[tokio::test]
async fn windows_are_as_small_as_asked_for() {
    for window in [0, 1, 499] {
        let (_mps, _platform, mut tunnel) =
            with(Faults { window: Some(window), ..Faults::default() }).await;
        let channel = tunnel.open(5900, 4096).await.unwrap();
        tunnel.order(Do::Send(channel, vec![1; 1200].into()));
        if window > 0 {
            let (_, sent) = tunnel.until(|event| matches!(event, Event::Sent { .. })).await;
            assert_eq!(sent, Event::Sent { channel, bytes: window as usize });
        }
        // Another channel proves that the tunnel lives, and that nothing moves here in the meantime.
        tunnel.order(Do::Open { port: 16992, window: 4096 });
        let (before, _) = tunnel.until(|event| matches!(event, Event::ChannelOpened { .. })).await;
        let moved = before.iter().any(|event| matches!(event, Event::Sent { .. }));
        assert!(!moved || window > 0, "{before:?}");
    }
}

#[tokio::test]
async fn pieces_are_as_small_as_asked_for() {
    let (_mps, _platform, mut tunnel) = with(Faults { piece: Some(3), ..Faults::default() }).await;
    let channel = tunnel.open(5900, 4096).await.unwrap();
    tunnel.order(Do::Send(channel, vec![1; 10].into()));
    let mut back = 0;
    while back < 10 {
        let piece = next_data(&mut tunnel).await;
        assert!(piece <= 3, "{piece}");
        back += piece;
    }
}

#[tokio::test]
async fn a_channel_is_closed_before_any_data_and_its_number_used_again() {
    let (_mps, _platform, mut tunnel) = with(Faults { close_first: 2, ..Faults::default() }).await;
    for _ in 0..2 {
        let channel = tunnel.open(5900, 4096).await.unwrap();
        let (before, closed) =
            tunnel.until(|event| matches!(event, Event::ChannelClosed { .. })).await;
        assert_eq!(closed, Event::ChannelClosed { channel, end: ChannelEnd::ByPeer });
        assert!(!before.iter().any(|event| matches!(event, Event::Data { .. })));
    }
    let channel = tunnel.open(5900, 4096).await.unwrap();
    tunnel.order(Do::Send(channel, "x".into()));
    assert_eq!(next_data(&mut tunnel).await, 1);
}

#[tokio::test]
async fn a_silent_platform_is_found_out_by_the_servers_patience() {
    let (wait, interval) = (Duration::from_secs(8), Duration::from_secs(1));
    let apf = server::Config { wait, keepalive_interval: interval, ..server::Config::default() };
    let mut mps = Mps::start(Manners { apf, ..Manners::default() }).await;
    let platform = start(&mps, Faults::default()).await;
    let mut tunnel = mps.settled().await;
    // It is alive as long as it speaks: its own keep-alives come every second.
    tunnel.until(|event| matches!(event, Event::KeepAlive)).await;
    platform.fault("silence=true").unwrap();
    assert_eq!(tunnel.ended().await, EndReason::KeepAliveExpired);
    // It finds that out when it listens again.
    platform.fault("silence=off").unwrap();
    mps.settled().await;
}

#[tokio::test]
async fn silence_can_be_timed_from_the_start_of_a_tunnel() {
    let wait = Duration::from_secs(1);
    let apf = server::Config { wait, keepalive_interval: wait, ..server::Config::default() };
    let mut mps = Mps::start(Manners { apf, ..Manners::default() }).await;
    let _platform = start(&mps, Faults { silence_after: 1, ..Faults::default() }).await;
    let mut tunnel = mps.tunnel().await;
    assert_eq!(tunnel.ended().await, EndReason::KeepAliveExpired);
}

#[tokio::test]
async fn more_than_the_window_is_sent_on_new_channels_and_on_open_ones() {
    let (_mps, platform, mut tunnel) = with(Faults { over_window: 1, ..Faults::default() }).await;
    let over = |event: &Event| {
        matches!(event, Event::ChannelClosed { end: ChannelEnd::WindowExceeded, .. })
    };
    tunnel.open(5900, 4096).await.unwrap();
    let (before, _) = tunnel.until(over).await;
    let excess =
        |event: &Event| matches!(event, Event::Fault(Fault::WindowExceeded { over: 1, .. }));
    assert!(before.iter().any(excess) || tunnel_next_is(&mut tunnel, excess).await);

    let open = tunnel.open(5900, 4096).await.unwrap();
    platform.fault("over-window=1").unwrap();
    let (_, closed) = tunnel.until(over).await;
    assert_eq!(closed, Event::ChannelClosed { channel: open, end: ChannelEnd::WindowExceeded });
    // Only the channel is lost.
    tunnel.open(5900, 4096).await.unwrap();
}

async fn tunnel_next_is(tunnel: &mut Tunnel, fits: impl Fn(&Event) -> bool) -> bool {
    fits(&tunnel.event().await)
}

#[tokio::test]
async fn stale_and_unknown_closes_come_after_the_tunnel_is_settled() {
    let faults = Faults { stale_closes: 1, unknown_closes: 2, ..Faults::default() };
    let mut mps = Mps::start(Manners::default()).await;
    let platform = start(&mps, faults).await;
    let mut tunnel = mps.tunnel().await;
    let unknown = |event: &Event| match event {
        Event::Fault(Fault::UnknownChannel { message: 97, channel }) => Some(*channel),
        _ => None,
    };
    let mut closed = Vec::new();
    while closed.len() < 3 {
        let (_, event) = tunnel.until(|event| unknown(event).is_some()).await;
        closed.extend(unknown(&event));
    }
    assert_eq!(closed, [0, 0xfffe_0000, 0xfffe_0001]);
    // Again on request; the tunnel is still there.
    platform.fault("stale-closes=1").unwrap();
    tunnel.until(|event| unknown(event) == Some(0)).await;
}

#[tokio::test]
async fn a_platform_opens_a_channel_of_its_own() {
    let (_mps, platform, mut tunnel) = with(Faults::default()).await;
    platform.fault("direct=10.0.0.9:5989").unwrap();
    let (_, event) = tunnel.until(|event| matches!(event, Event::DeviceChannel { .. })).await;
    let Event::DeviceChannel { target, port, .. } = event else { unreachable!() };
    assert_eq!((&target[..], port), (&b"10.0.0.9"[..], 5989));
}

#[tokio::test]
async fn a_keep_alive_interval_can_be_beyond_negotiation() {
    let mut mps = Mps::start(Manners::default()).await;
    let _platform = start(&mps, Faults { stubborn_keepalive: 90, ..Faults::default() }).await;
    let mut tunnel = mps.tunnel().await;
    let (_, agreed) = tunnel.until(|event| matches!(event, Event::KeepAliveAgreed { .. })).await;
    let Event::KeepAliveAgreed { interval, .. } = agreed else { unreachable!() };
    assert_eq!(interval, Duration::from_secs(90));
}

#[tokio::test]
async fn ports_can_be_missing() {
    let mut mps = Mps::start(Manners::default()).await;
    let _platform =
        start(&mps, Faults { missing_ports: vec![5900, 16992], ..Faults::default() }).await;
    let mut tunnel = mps.tunnel().await;
    let (events, _) = tunnel.until(|event| matches!(event, Event::Settled)).await;
    let forwarded = |port: u16| {
        events
            .iter()
            .any(|event| matches!(event, Event::PortForwarded { port: p, .. } if *p == port))
    };
    assert!(!forwarded(5900) && !forwarded(16992) && forwarded(16993));
}

#[tokio::test]
async fn opens_are_refused_a_few_times_with_the_chosen_reason() {
    let faults = Faults { refuse_opens: 2, refuse_reason: 4, ..Faults::default() };
    let (_mps, platform, mut tunnel) = with(faults).await;
    for reason in [4, 4] {
        let refused = tunnel.open(5900, 4096).await.unwrap_err();
        let Event::ChannelRefused { reason: found, .. } = refused else { panic!("{refused:?}") };
        assert_eq!(found, OpenFailure(reason));
    }
    tunnel.open(5900, 4096).await.unwrap();
    platform.fault("refuse-reason=1").unwrap();
    platform.fault("refuse-opens=1").unwrap();
    let refused = tunnel.open(5900, 4096).await.unwrap_err();
    assert!(matches!(refused, Event::ChannelRefused { reason: OpenFailure::PROHIBITED, .. }));
}

#[tokio::test]
async fn a_wrong_password_and_somebody_elses_uuid_are_claimed() {
    let mut mps = Mps::start(Manners::default()).await;
    let other = "12345678-9abc-def0-1122-334455667788".parse().unwrap();
    let faults = Faults { wrong_password: true, claim_guid: Some(other), ..Faults::default() };
    let platform = start(&mps, faults).await;
    let mut tunnel = mps.tunnel().await;
    let (_, asked) = tunnel.until(|event| matches!(event, Event::AdmissionAsked { .. })).await;
    let Event::AdmissionAsked { uuid, credentials } = asked else { unreachable!() };
    let server::Credentials::Password { password, .. } = credentials else { panic!() };
    assert_eq!(uuid, other);
    assert_ne!(password, platform.identity().cira_password);
}

#[tokio::test]
async fn a_tunnel_goes_with_the_pcs_power_where_firmware_is_like_that() {
    let faults = Faults { poweroff_drop: true, ..Faults::default() };
    let (mut mps, platform, mut tunnel) = with(faults).await;
    platform.host().press_power_button();
    assert!(matches!(tunnel.ended().await, EndReason::EndOfStream), "no goodbye");
    // It comes back by itself, without power for the PC.
    soon("it is back", mps.settled()).await;
    assert_eq!(*platform.host().power_state().borrow(), 8);
}

#[tokio::test]
async fn other_firmware_keeps_its_tunnel_while_the_pc_is_off_but_not_without_mains() {
    let (_mps, platform, mut tunnel) = with(Faults::default()).await;
    platform.host().press_power_button();
    let channel = tunnel.open(5900, 4096).await.expect("still there");
    tunnel.order(Do::Send(channel, vec![7; 10].into()));
    next_data(&mut tunnel).await;
    platform.host().lose_power();
    assert!(matches!(tunnel.ended().await, EndReason::EndOfStream), "no goodbye");
}

#[tokio::test]
async fn channels_are_as_many_as_there_are_slots() {
    let faults = Faults { channel_slots: Some(4), ..Faults::default() };
    let (_mps, _platform, mut tunnel) = with(faults).await;
    for _ in 0..4 {
        tunnel.open(5900, 4096).await.unwrap();
    }
    let refused = tunnel.open(5900, 4096).await.unwrap_err();
    let Event::ChannelRefused { reason, .. } = refused else { panic!("{refused:?}") };
    assert_eq!(reason, OpenFailure::RESOURCE_SHORTAGE);
}

#[tokio::test]
async fn a_ghost_answers_keep_alives_and_nothing_else() {
    let apf =
        server::Config { open_timeout: Duration::from_millis(300), ..server::Config::default() };
    let mut mps = Mps::start(Manners { apf, ..Manners::default() }).await;
    let mut config = mps.platform();
    config.setup.keepalive = Duration::from_secs(1);
    config.setup.echo = true;
    config.setup.faults.ghost_keepalive = true;
    let platform = Platform::start(config).unwrap();
    let mut tunnel = mps.settled().await;
    soon("it is settled", platform.settled()).await.unwrap();
    let unanswered = tunnel.open(5900, 4096).await.unwrap_err();
    assert!(matches!(unanswered, Event::ChannelTimedOut { .. }), "{unanswered:?}");
    tunnel.until(|event| matches!(event, Event::KeepAlive)).await;
    platform.fault("ghost-keepalive=off").unwrap();
    // On a busy machine it may be late again.
    let opened = async {
        while let Err(late) = tunnel.open(5900, 4096).await {
            assert!(matches!(late, Event::ChannelTimedOut { .. }), "{late:?}");
        }
    };
    soon("it answers again", opened).await;
}
