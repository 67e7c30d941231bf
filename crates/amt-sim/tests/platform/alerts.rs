//! What happens to a PC is in its event log, and reaches whoever is subscribed through the tunnel.

use std::sync::Arc;

use crate::mps::{Manners, Mps, soon};
use amt::{
    credentials::Credentials,
    http::digest::DigestLogin,
    wsman::{Exchange, Instance, Operation, Outcome, Output, Request, Target},
};
use amt_sim::{Platform, RunningPlatform, Trigger, services::Host};
use apf::server::Event;
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex};

fn connect(host: &Arc<Host>) -> DuplexStream {
    let (ours, theirs) = duplex(16 * 1024);
    tokio::spawn(Arc::clone(host).serve(16992, theirs));
    ours
}

/// One WS-Man operation, past the platform's server.
async fn ask(
    platform: &RunningPlatform,
    password: &str,
    class: &str,
    operation: Operation,
) -> Outcome {
    let host = platform.host();
    let request = Request::new("1", Target::class(class).unwrap(), operation);
    let login = DigestLogin::new(Credentials::new("admin", password));
    let mut exchange = Exchange::new(&request, "pc:16992", login, [3; 16]);
    let mut io = connect(&host);
    loop {
        if let Some(bytes) = exchange.poll_transmit() {
            io.write_all(&bytes).await.unwrap();
        }
        let mut buffer = [0; 4096];
        match soon("an answer", io.read(&mut buffer)).await.unwrap() {
            0 => exchange.handle_end(),
            n => exchange.handle_bytes(&buffer[..n]),
        }
        match exchange.poll_output() {
            Some(Output::Reopen) => {
                io = connect(&host);
                exchange.handle_reopened();
            }
            Some(Output::Done(answered)) => return answered.reply.result.unwrap(),
            Some(Output::Failed(error)) => panic!("{error}"),
            None => {}
        }
    }
}

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
