//! `viaduct demo`: the server on loopback with simulated PCs, and what to click and paste.

mod screen;

use crate::{
    say::{note, warn},
    serve::{failed, start_log},
};
use amt_sim::{Fleet, FleetConfig, Identity};
use anyhow::{Context, Result};
use std::{
    collections::BTreeMap,
    net::{Ipv4Addr, SocketAddr},
    path::{Path, PathBuf},
    process::ExitCode,
};
use tokio::signal::unix::{Signal, SignalKind, signal};
use viaduct_api::DeviceId;
use viaduct_server::{
    Config, Running, Server, StartError,
    access::{Role, Scope, UserChange},
    config::{
        DataDir, Log, LogFormat, Origins, Secret,
        data_dir::{DataDirError, refuse_demo_on_real_data},
    },
    inventory::{DeviceChange, NewDevice},
};

/// The person who may use the demonstration.
const USER: &str = "demo";
/// Devices of one demonstration, at most: each has a connection at both ends.
const DEVICES_MAX: usize = 5_000;

/// Options of `viaduct demo`.
#[derive(Debug, Clone, clap::Args)]
pub(crate) struct Options {
    /// Simulated PCs
    #[arg(long, value_name = "N", default_value_t = 25, value_parser = devices)]
    devices: usize,
    /// Print one JSON line when all devices are connected
    #[arg(long)]
    json: bool,
    /// Use ports P to P+4 (devices, web, SOCKS5, HTTP proxy, metrics) instead of free ones
    #[arg(long, value_name = "P")]
    port_base: Option<u16>,
}

fn devices(text: &str) -> Result<usize, String> {
    let number = text.parse().map_err(|_| "expected a number".to_owned())?;
    if !(1..=DEVICES_MAX).contains(&number) {
        return Err(format!("1 to {DEVICES_MAX}; `make bench` has larger fleets"));
    }
    Ok(number)
}

/// What a person needs to use it.
struct Demo<'a> {
    running: &'a Running,
    password: &'a str,
    token: &'a str,
    devices: &'a [Identity],
    data: &'a Path,
}

/// Runs until SIGTERM or Ctrl-C.
pub(crate) async fn demo(options: Options, data: Option<PathBuf>) -> ExitCode {
    start_log(&Log { level: "warn".into(), format: LogFormat::Text });
    match run(options, data).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => match error.downcast_ref::<StartError>() {
            Some(start) => failed(start, None),
            None => {
                warn(&format!("{error:#}"));
                let usage = error.downcast_ref::<DataDirError>().is_some();
                ExitCode::from(if usage { 2 } else { 1 })
            }
        },
    }
}

async fn run(options: Options, directory: Option<PathBuf>) -> Result<()> {
    let mut ends = Ends::new()?;
    // It lives until the end of this function, however that comes about.
    let temporary = tempfile::Builder::new().prefix("viaduct-demo-").tempdir()?;
    let directory = directory.unwrap_or_else(|| temporary.path().join("data"));
    refuse_demo_on_real_data(&directory)?;
    DataDir::open(&directory)?.mark_demo()?;
    let config = config(&directory, options.port_base)?;
    let text = config.render(&Origins::default());
    let running = Server::start(config, text).await?;
    let shown = tokio::select! {
        shown = populate(&running, &options, &directory) => shown.map(Some),
        () = ends.wait() => Ok(None),
    };
    let outcome = match shown {
        Ok(None) => Ok(()),
        Ok(Some(fleet)) => {
            ends.wait().await;
            note("ending the demonstration");
            fleet.shutdown().await;
            Ok(())
        }
        Err(error) => Err(error),
    };
    running.shutdown().await;
    outcome
}

/// Adds the PCs and the person, connects all PCs, and says what can be done with them.
async fn populate(running: &Running, options: &Options, directory: &Path) -> Result<Fleet> {
    // A second run on the same directory finds its devices; they get new credentials.
    let devices = Identity::fleet(options.devices, "viaduct-demo", "pc", "demo.example")?;
    register(running, &devices).await?;
    let (password, token) = person(running).await?;
    let fleet = start_fleet(running, &devices)?;
    fleet.ready().await.context("a simulated PC did not connect")?;
    let demo = Demo {
        running,
        password: &password,
        token: token.expose(),
        devices: &devices,
        data: directory,
    };
    if options.json {
        crate::say::data(&screen::json(&demo));
    } else {
        screen::print(&demo);
    }
    Ok(fleet)
}

/// The person and the token of this run; those of an earlier run on the same directory end.
async fn person(running: &Running) -> Result<(String, Secret<String>)> {
    let access = running.access();
    let password = amt_sim::amt_password()?;
    let secret = Secret::new(password.clone());
    if access.users().iter().any(|user| user.name == USER) {
        let change =
            UserChange { password: Some(secret), role: Some(Role::Owner), ..UserChange::default() };
        access.change_user(USER, change).await?;
    } else {
        access.add_user(USER, secret, Role::Owner).await?;
    }
    if access.tokens().iter().any(|token| token.name == USER) {
        access.revoke_token(USER).await?;
    }
    let token = access.create_token(USER, Scope::Admin, None).await?;
    Ok((password, token))
}

/// Ctrl-C and SIGTERM, from the first moment on, so that nothing is left behind.
struct Ends {
    interrupt: Signal,
    terminate: Signal,
}

impl Ends {
    fn new() -> Result<Self> {
        let interrupt = signal(SignalKind::interrupt())?;
        Ok(Self { interrupt, terminate: signal(SignalKind::terminate())? })
    }

    async fn wait(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }
}

/// Loopback only, whatever else is configured on this machine.
fn config(directory: &Path, port_base: Option<u16>) -> Result<Config> {
    let address = |offset: u16| -> Result<SocketAddr> {
        let port = match port_base {
            None => 0,
            Some(base) => base.checked_add(offset).context("--port-base is too high")?,
        };
        Ok(SocketAddr::from((Ipv4Addr::LOCALHOST, port)))
    };
    let mut config = Config { data: directory.to_owned(), ..Config::default() };
    config.cira.listen = address(0)?;
    config.cira.names = vec!["127.0.0.1".into(), "localhost".into()];
    config.web.listen = address(1)?;
    config.socks.listen = address(2)?;
    config.http_proxy.listen = address(3)?;
    config.metrics.listen = address(4)?;
    Ok(config)
}

async fn register(running: &Running, devices: &[Identity]) -> Result<()> {
    for identity in devices {
        let id = DeviceId(identity.guid);
        if running.inventory().get(id).is_some() {
            running.inventory().remove(id).await?;
        }
        let device = NewDevice {
            id,
            name: identity.name.clone(),
            fqdn: Some(identity.fqdn.clone()),
            labels: BTreeMap::from([("site".to_owned(), "demo".to_owned())]),
            cira: Some((
                identity.cira_user.clone(),
                Some(Secret::new(identity.cira_password.clone())),
            )),
            certificate: None,
            amt: Some((identity.amt_user.clone(), Secret::new(identity.amt_password.clone()))),
        };
        running.inventory().add(device).await?;
        // As provisioning reports it: consoles of Open AMT show the host name.
        let (host, suffix) = identity.fqdn.split_once('.').unwrap_or((&identity.fqdn, ""));
        let profile = [("hostname", host), ("dnsSuffix", suffix)];
        let profile = profile.map(|(key, text)| (key.to_owned(), text.into()));
        let profile = Some(profile.into_iter().collect());
        running.inventory().change(id, DeviceChange { profile, ..DeviceChange::default() }).await?;
    }
    Ok(())
}

fn start_fleet(running: &Running, devices: &[Identity]) -> Result<Fleet> {
    let cira = running.addresses().cira.first().copied().context("no device listener")?;
    let root = std::fs::read_to_string(running.ca_file()).context("the root certificate")?;
    let mut config = FleetConfig::new(devices.to_vec(), cira.into(), root);
    // Debian's amtterm signs in without asking what is allowed.
    config.setup.lenient = true;
    Ok(Fleet::start(config)?)
}
