//! A platform on its own network, with nothing configured yet.

use crate::mps::{Manners, Mps, NAME, soon};
use amt::{
    credentials::Credentials,
    http::digest::DigestLogin,
    wsman::{Exchange, Instance, Operation, Outcome, Output, Properties, Request, Target, Value},
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

/// One WS-Man operation over the local network.
async fn ask(platform: &RunningPlatform, target: Target, operation: Operation) -> Outcome {
    let (_, address) = platform.lan()[0];
    let login = DigestLogin::new(Credentials::new("admin", &*platform.identity().amt_password));
    let request = Request::new("1", target, operation);
    let mut exchange = Exchange::new(&request, "pc-01:16992", login, [7; 16]);
    let mut stream = TcpStream::connect(address).await.unwrap();
    loop {
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
            Some(Output::Done(answered)) => return answered.reply.result.unwrap(),
            Some(other) => panic!("{other:?}"),
            None => {}
        }
    }
}

async fn service(platform: &RunningPlatform) -> Instance {
    let target = Target::class("AMT_RemoteAccessService").unwrap();
    let Outcome::Got(service) = ask(platform, target, Operation::Get).await else { panic!() };
    service
}

async fn call(
    platform: &RunningPlatform,
    class: &str,
    method: &str,
    arguments: &[(&str, Value)],
) -> Properties {
    let arguments = arguments.iter().map(|(n, v)| ((*n).into(), v.clone())).collect();
    let invoke = Operation::Invoke { method: method.into(), arguments };
    let outcome = ask(platform, Target::class(class).unwrap(), invoke).await;
    let Outcome::Invoked { output, .. } = outcome else { panic!("{outcome:?}") };
    let (_, code) = output.iter().find(|(name, _)| name == "ReturnValue").unwrap();
    assert_eq!(code.as_text(), Some("0"), "{method}");
    output
}

#[tokio::test]
async fn what_is_configured_over_the_local_network_lets_a_running_platform_dial_in() {
    let mut mps = Mps::start(Manners::default()).await;
    let platform = start("15.0", Provisioning::Acm);
    assert_eq!(service(&platform).await.text("IsRemoteTunnelConnected"), Some("false"));

    let root = mps.authority.root.to_der().unwrap();
    let root = [("CertificateBlob", openssl::base64::encode_block(&root).into())];
    let store = "AMT_PublicKeyManagementService";
    call(&platform, store, "AddTrustedRootCertificate", &root).await;
    let server = [
        ("AccessInfo", mps.address.ip().to_string().into()),
        ("InfoFormat", 3.into()),
        ("Port", u32::from(mps.address.port()).into()),
        ("AuthMethod", 2.into()),
        ("Username", "admin".into()),
        ("Password", "P@ssw0rd".into()),
        ("CN", NAME.into()),
    ];
    let remote = "AMT_RemoteAccessService";
    let added = call(&platform, remote, "AddMpServer", &server).await;
    let policy = [
        ("Trigger", 2.into()),
        ("TunnelLifeTime", 0.into()),
        ("ExtendedData", "AAAAAAAAABk=".into()),
        ("MpServer", added[0].1.clone()),
    ];
    call(&platform, remote, "AddRemoteAccessPolicyRule", &policy).await;
    let environment = Target::class("AMT_EnvironmentDetectionSettingData").unwrap();
    let Outcome::Got(mut settings) = ask(&platform, environment.clone(), Operation::Get).await
    else {
        panic!()
    };
    settings.set("DetectionStrings", ["corp.example".into()]);
    ask(&platform, environment, Operation::Put(settings)).await;

    let mut tunnel = mps.settled().await;
    soon("it is settled", platform.settled()).await.unwrap();
    let service = service(&platform).await;
    assert_eq!(service.text("IsRemoteTunnelConnected"), Some("true"));
    assert_eq!(service.text("RemoteTunnelKeepAliveTimeout"), Some("30"));
    call(&platform, remote, "CloseRemoteAccessConnection", &[]).await;
    tunnel.ended().await;
    let (_, address) = platform.lan()[0];
    platform.shutdown().await;
    assert!(TcpStream::connect(address).await.is_err());
}

#[tokio::test]
async fn flash_memory_that_takes_no_more_is_a_code_of_its_own() {
    let platform = start("15.0", Provisioning::Acm);
    let code = async || {
        let arguments = vec![("RequestedState".into(), 32_771.into())];
        let target = Target::class("AMT_UserInitiatedConnectionService").unwrap();
        let invoke = Operation::Invoke { method: "RequestStateChange".into(), arguments };
        ask(&platform, target, invoke).await.return_value()
    };
    assert_eq!(code().await, Some(0));
    platform.fault("flash-limit=true").unwrap();
    // The platform's own task takes the fault a moment later.
    soon("the limit is there", async { while code().await != Some(38) {} }).await;
    platform.fault("flash-limit=off").unwrap();
    soon("the limit is gone", async { while code().await != Some(0) {} }).await;
}
