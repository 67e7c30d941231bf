//! What happens to a PC is in its event log, and reaches whoever is subscribed through the tunnel.

use crate::{
    console::ask,
    mps::{Manners, Mps},
};
use amt::wsman::{Instance, Operation, Target};
use amt_sim::{Platform, RunningPlatform, Trigger};
use apf::server::Event;

#[tokio::test]
async fn a_critical_event_reaches_subscribers_and_nobody_else() {
    let mut mps = Mps::start(Manners::default()).await;
    let platform = Platform::start(mps.platform()).unwrap();
    let mut tunnel = mps.settled().await;
    let password = platform.identity().amt_password.clone();
    let host = platform.host();
    // Nobody is subscribed: only the log knows. Then the fired alert is the first in the tunnel.
    host.press_power_button();
    platform.fire(Trigger::Alert);
    let (_, alert) = tunnel.until(|event| matches!(event, Event::Alert { .. })).await;
    let Event::Alert { data, .. } = alert else { unreachable!() };
    assert!(data.windows(3).any(|part| part == [0x05, 0x6f, 0x00]), "chassis intrusion");
    assert_eq!(host.event_log()[0].sensor_type, 5, "and in the log");

    let class = "AMT_SNMPEventSubscriber";
    let mut subscriber = Instance::new(Target::class(class).unwrap().resource);
    subscriber.set("TrapAddress", ["192.0.2.9".into()]);
    ask(&platform, &password, class, Operation::Create(subscriber)).await;
    boot_from_nothing(&platform, &password).await;
    let (_, alert) = tunnel.until(|event| matches!(event, Event::Alert { .. })).await;
    let Event::Alert { data, .. } = alert else { unreachable!() };
    // Sensor type 30: no bootable medium.
    assert!(data.windows(3).any(|part| part == [30, 0x6f, 0x00]), "{data:?}");
    assert!(host.event_log().iter().any(|event| event.sensor_type == 30));
}

/// Lets the PC boot from a redirected disc that nobody redirects: there is nothing to boot.
async fn boot_from_nothing(platform: &RunningPlatform, password: &str) {
    let class = "AMT_BootSettingData";
    let settings = ask(platform, password, class, Operation::Get).await;
    let mut settings = settings.into_instance().unwrap();
    settings.set("UseIDER", [true.into()]);
    ask(platform, password, class, Operation::Put(settings)).await;
    let arguments = vec![("Role".to_owned(), 1_u32.into())];
    let role = Operation::Invoke { method: "SetBootConfigRole".into(), arguments };
    ask(platform, password, "CIM_BootService", role).await;
    platform.host().press_power_button();
}

#[tokio::test]
async fn a_tunnel_that_comes_and_goes_is_a_trap_for_subscribers() {
    let mut mps = Mps::start(Manners::default()).await;
    let platform = Platform::start(mps.platform()).unwrap();
    let mut tunnel = mps.settled().await;
    let password = platform.identity().amt_password.clone();
    let class = "AMT_SNMPEventSubscriber";
    let mut subscriber = Instance::new(Target::class(class).unwrap().resource);
    subscriber.set("TrapAddress", ["192.0.2.9".into()]);
    ask(&platform, &password, class, Operation::Create(subscriber)).await;

    platform.disconnect();
    tunnel.ended().await;
    // The end waits for the next tunnel, which begins with the news that it is there.
    platform.fire(Trigger::User);
    let mut tunnel = mps.tunnel().await;
    let mut told = Vec::new();
    while told.len() < 3 {
        let (_, alert) = tunnel.until(|event| matches!(event, Event::Alert { .. })).await;
        let Event::Alert { data, .. } = alert else { unreachable!() };
        let at = data.windows(2).position(|pair| pair == [0xaa, 0x58] || pair == [0xaa, 0x30]);
        let at = at.expect("one of Intel's own events");
        told.push((data[at + 1], data[at + 3]));
    }
    told.sort_unstable();
    assert_eq!(told, [(0x30, 0), (0x58, 0), (0x58, 1)]);
}
