//! A running server with one simulated platform that has dialled in over TLS.

use amt_sim::{Faults, Identity, Platform, PlatformConfig, RunningPlatform, Setup};
use std::{
    net::{Ipv4Addr, SocketAddr},
    time::Duration,
};
use tokio::time::timeout;
use viaduct_api::DeviceId;
use viaduct_server::{
    Config, Running, Server,
    command::{CommandError, DeviceCommands},
    config::Secret,
    inventory::NewDevice,
    tunnel::Opener,
};

/// Longer than anything here takes on a loaded machine; only a failure waits for it.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

pub(crate) struct Site {
    pub(crate) running: Running,
    pub(crate) platform: RunningPlatform,
    _data: tempfile::TempDir,
}

impl Site {
    pub(crate) async fn start() -> Self {
        Self::with(|_| {}, |_| {}).await
    }

    /// `faults` shape the platform, `adjust` the server.
    pub(crate) async fn with(
        faults: impl FnOnce(&mut Faults),
        adjust: impl FnOnce(&mut Config),
    ) -> Self {
        let data = tempfile::tempdir().unwrap();
        let any = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        let mut config = Config { data: data.path().join("data"), ..Config::default() };
        for listen in [
            &mut config.cira.listen,
            &mut config.web.listen,
            &mut config.socks.listen,
            &mut config.http_proxy.listen,
            &mut config.metrics.listen,
        ] {
            *listen = any;
        }
        config.web.plain_listen = Some(any);
        config.cira.names = vec!["127.0.0.1".into()];
        adjust(&mut config);
        let running = Server::start(config, String::new()).await.unwrap();
        let identity = Identity::fleet(1, "command", "pc", "demo.example").unwrap().remove(0);
        running.inventory().add(known(&identity)).await.unwrap();
        let root = std::fs::read_to_string(running.ca_file()).unwrap();
        let mut setup = Setup::new(running.addresses().cira[0].into(), root);
        faults(&mut setup.faults);
        let platform = Platform::start(PlatformConfig { identity, setup }).unwrap();
        timeout(PATIENCE, platform.settled()).await.unwrap().unwrap();
        let site = Self { running, platform, _data: data };
        timeout(PATIENCE, site.tunnel_is_ready()).await.unwrap();
        site
    }

    async fn tunnel_is_ready(&self) {
        let ready = || self.running.registry().lookup(self.id()).is_some_and(|t| t.is_settled());
        while !ready() {
            tokio::task::yield_now().await;
        }
    }

    pub(crate) fn id(&self) -> DeviceId {
        DeviceId(self.platform.identity().guid)
    }

    pub(crate) async fn commands(&self) -> Result<DeviceCommands, CommandError> {
        let opener = Opener { user: "test".into(), console: None };
        self.running.commands().device(self.id(), opener, "test").await
    }
}

fn known(identity: &Identity) -> NewDevice {
    let secret = |text: &str| Secret::new(text.to_owned());
    NewDevice {
        id: DeviceId(identity.guid),
        name: identity.name.clone(),
        fqdn: None,
        labels: Default::default(),
        cira: Some((identity.cira_user.clone(), Some(secret(&identity.cira_password)))),
        certificate: None,
        amt: Some((identity.amt_user.clone(), secret(&identity.amt_password))),
    }
}
