//! A running server with one known device and a token for its proxies.

use super::{
    device::{Device, PATIENCE},
    wire::Wire,
};
use std::{
    fs::{self, DirBuilder},
    net::{Ipv4Addr, SocketAddr},
    os::unix::fs::DirBuilderExt,
    path::Path,
    sync::Arc,
    time::Duration,
};
use tokio::{
    sync::{OnceCell, broadcast},
    time::timeout,
};
use viaduct_api::DeviceId;
use viaduct_server::{
    Config, Running, Server,
    access::Scope,
    config::{CiraExtra, ClientCertificates, Profile, Secret, Span},
    events::Event,
    inventory::NewDevice,
};

pub(crate) const GUID: &str = "12345678-9abc-def0-1122-334455667788";
const LOGIN: (&str, &str) = ("mpsuser", "Pa55-w0rd");

pub(crate) struct Site {
    pub(crate) running: Running,
    pub(crate) token: String,
    pub(crate) _data: tempfile::TempDir,
}

pub(crate) fn seconds(seconds: u64) -> Span {
    Span(Duration::from_secs(seconds))
}

/// Settings for loopback.
fn config(data: &Path) -> Config {
    let any = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
    let mut config = Config { data: data.to_owned(), ..Config::default() };
    for listen in [
        &mut config.cira.listen,
        &mut config.web.listen,
        &mut config.socks.listen,
        &mut config.http_proxy.listen,
        &mut config.metrics.listen,
    ] {
        *listen = any;
    }
    config.cira.names = vec!["127.0.0.1".into()];
    config.cira.extra = vec![CiraExtra {
        listen: any,
        profile: Profile::Default,
        tls: false,
        certificates: Vec::new(),
        client_certificates: ClientCertificates::None,
        proxy_protocol: Vec::new(),
    }];
    // A loaded machine may take long between two bytes; tests of deadlines set their own.
    config.limits.greeting_deadline = seconds(30);
    config
}

/// Copies the certificate authority of one server into a new data directory. Making its keys is nearly all that a start
/// costs, and nothing here depends on them.
async fn adopt_authority(data: &Path) {
    static FIRST: OnceCell<tempfile::TempDir> = OnceCell::const_new();
    let first = FIRST
        .get_or_init(async || {
            let first = tempfile::tempdir().unwrap();
            let server = Server::start(config(&first.path().join("data")), String::new()).await;
            server.unwrap().shutdown().await;
            first
        })
        .await;
    copy(&first.path().join("data/ca"), &data.join("ca"));
}

fn copy(from: &Path, to: &Path) {
    DirBuilder::new().recursive(true).mode(0o700).create(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let to = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy(&entry.path(), &to);
        } else {
            fs::copy(entry.path(), to).unwrap();
        }
    }
}

impl Site {
    pub(crate) async fn start() -> Self {
        Self::with(|_| {}).await
    }

    pub(crate) async fn with(adjust: impl FnOnce(&mut Config)) -> Self {
        let data = tempfile::tempdir().unwrap();
        let mut config = config(&data.path().join("data"));
        adopt_authority(&config.data).await;
        adjust(&mut config);
        let running = Server::start(config, String::new()).await.unwrap();
        let device = NewDevice {
            id: GUID.parse().unwrap(),
            name: "pc-07".into(),
            fqdn: Some("pc-07.example.com".into()),
            labels: Default::default(),
            cira: Some((LOGIN.0.into(), Some(Secret::new(LOGIN.1.into())))),
            certificate: None,
            amt: None,
        };
        running.inventory().add(device).await.unwrap();
        let token = running.access().create_token("test", Scope::Proxy, None).await.unwrap();
        let token = token.expose().clone();
        Self { running, token, _data: data }
    }

    /// The device, dialled in.
    pub(crate) async fn device(&self) -> Device {
        self.device_with(&[16992, 16993, 16994, 5900]).await
    }

    pub(crate) async fn device_with(&self, ports: &[u16]) -> Device {
        let id: DeviceId = GUID.parse().unwrap();
        let device = Device::dial(self.running.addresses().cira[1], id, LOGIN, ports).await;
        let tunnel = async {
            loop {
                let tunnel = self.running.registry().lookup(id);
                if let Some(tunnel) =
                    tunnel.filter(|tunnel| tunnel.facts().ports.len() == ports.len())
                {
                    return tunnel;
                }
                tokio::task::yield_now().await;
            }
        };
        timeout(PATIENCE, tunnel).await.unwrap();
        device
    }

    pub(crate) async fn http(&self) -> Wire {
        Wire::connect(self.running.addresses().http_proxy.unwrap()).await
    }

    pub(crate) async fn socks(&self) -> Wire {
        Wire::connect(self.running.addresses().socks.unwrap()).await
    }

    /// The line that signs a console in.
    pub(crate) fn authorization(&self) -> String {
        use base64::{Engine, prelude::BASE64_STANDARD};
        let text = BASE64_STANDARD.encode(format!("token:{}", self.token));
        format!("Proxy-Authorization: Basic {text}\r\n")
    }

    /// A signed-in request without a body; `line` is method and URI.
    pub(crate) fn request(&self, line: &str) -> String {
        format!("{line} HTTP/1.1\r\nHost: pc-07:16992\r\n{}\r\n", self.authorization())
    }

    /// RFC 1929 with the token.
    pub(crate) fn socks_sign_in(&self) -> Vec<u8> {
        let length = u8::try_from(self.token.len()).unwrap();
        [&[1, 5], &b"token"[..], &[length], self.token.as_bytes()].concat()
    }
}

pub(crate) fn socks_request(host: &str, port: u16) -> Vec<u8> {
    let length = u8::try_from(host.len()).unwrap();
    [&[5, 1, 0, 3, length], host.as_bytes(), &port.to_be_bytes()].concat()
}

/// The next event that `wanted` accepts.
pub(crate) async fn event<T>(
    events: &mut broadcast::Receiver<Arc<Event>>,
    wanted: impl Fn(&Event) -> Option<T>,
) -> T {
    let search = async {
        loop {
            if let Some(found) = wanted(&events.recv().await.unwrap()) {
                return found;
            }
        }
    };
    timeout(PATIENCE, search).await.expect("the event is published")
}
