//! A platform on its own network, with nothing configured yet.

use crate::mps::soon;
use amt::{
    credentials::Credentials,
    http::digest::DigestLogin,
    wsman::{Exchange, Operation, Outcome, Output, Request, Target},
};
use amt_sim::{
    Firmware, Identity, Lan, Platform, PlatformConfig, Provisioning, RunningPlatform, Setup,
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

fn start(firmware: &str, provisioning: Provisioning) -> RunningPlatform {
    let mut setup = Setup::unconfigured();
    setup.firmware = Firmware::named(firmware).unwrap();
    setup.provisioning = provisioning;
    setup.lan = Some(Lan { address: "127.0.0.1".parse().unwrap(), any_port: true });
    let identity = Identity::new("seed", "pc-01", "").unwrap();
    Platform::start(PlatformConfig { identity, setup }).unwrap()
}

fn ports(platform: &RunningPlatform) -> Vec<u16> {
    platform.lan().into_iter().map(|(port, _)| port).collect()
}

#[tokio::test]
async fn a_platform_opens_the_ports_that_its_firmware_has() {
    assert_eq!(ports(&start("15.0", Provisioning::Acm)), [16992, 16993, 16994, 16995]);
    assert_eq!(ports(&start("16.1", Provisioning::Ccm)), [16993, 16995]);
    assert_eq!(ports(&start("15.0", Provisioning::Pre)), [16993]);
}

#[tokio::test]
async fn wsman_is_spoken_over_the_local_network() {
    let platform = start("15.0", Provisioning::Acm);
    let (_, address) = platform.lan()[0];
    let login = DigestLogin::new(Credentials::new("admin", &*platform.identity().amt_password));
    let target = Target::class("AMT_RemoteAccessService").unwrap();
    let request = Request::new("1", target, Operation::Get);
    let mut exchange = Exchange::new(&request, "pc-01:16992", login, [7; 16]);
    let mut stream = TcpStream::connect(address).await.unwrap();
    let answered = loop {
        if let Some(bytes) = exchange.poll_transmit() {
            stream.write_all(&bytes).await.unwrap();
        }
        let mut buffer = [0; 4096];
        match soon("an answer", stream.read(&mut buffer)).await.unwrap() {
            0 => exchange.handle_end(),
            n => exchange.handle_bytes(&buffer[..n]),
        }
        match exchange.poll_output() {
            Some(Output::Reopen) => {
                stream = TcpStream::connect(address).await.unwrap();
                exchange.handle_reopened();
            }
            Some(Output::Done(answered)) => break answered,
            Some(other) => panic!("{other:?}"),
            None => {}
        }
    };
    let Ok(Outcome::Got(service)) = answered.reply.result else { panic!("no service") };
    assert_eq!(service.text("IsRemoteTunnelConnected"), Some("false"));
    platform.shutdown().await;
    assert!(TcpStream::connect(address).await.is_err());
}
