//! `viaduct demo`: the server on loopback with simulated PCs, and what to click and paste.

mod screen;

use crate::{
    say::{note, warn},
    serve::{failed, start_log},
};
use amt_sim::{Fleet, FleetConfig, Identity};
use anyhow::{Context, Result, ensure};
use std::{
    collections::BTreeMap,
    net::{Ipv4Addr, SocketAddr},
    path::{Path, PathBuf},
    process::ExitCode,
};
use tokio::signal::unix::{SignalKind, signal};
use viaduct_api::DeviceId;
use viaduct_server::{
    Config, Running, Server, StartError,
    access::Scope,
    config::{
        DataDir, Log, LogFormat, Secret,
        data_dir::{DataDirError, refuse_demo_on_real_data},
    },
    inventory::NewDevice,
};

/// The person who may use the demonstration.
const USER: &str = "demo";
/// Devices of one demonstration, at most: each has a connection at both ends.
const DEVICES_MAX: usize = 5_000;

/// Options of `viaduct demo`.
#[derive(Debug, Clone, clap::Args)]
pub(crate) struct Options {
    /// Simulated PCs
    #[arg(long, value_name = "N", default_value_t = 25)]
    devices: usize,
    /// Print one JSON line when all devices are connected
    #[arg(long)]
    json: bool,
    /// Use ports P to P+4 (devices, web, SOCKS5, HTTP proxy, metrics) instead of free ones
    #[arg(long, value_name = "P")]
    port_base: Option<u16>,
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
            Some(start) => failed(start),
            None => {
                warn(&format!("{error:#}"));
                let usage = error.downcast_ref::<DataDirError>().is_some();
                ExitCode::from(if usage { 2 } else { 1 })
            }
        },
    }
}

async fn run(options: Options, directory: Option<PathBuf>) -> Result<()> {
    ensure!(
        (1..=DEVICES_MAX).contains(&options.devices),
        "--devices takes 1 to {DEVICES_MAX}; use `make bench` for larger fleets"
    );
    let temporary = tempfile::Builder::new().prefix("viaduct-demo-").tempdir()?;
    let directory = directory.unwrap_or_else(|| temporary.path().join("data"));
    refuse_demo_on_real_data(&directory)?;
    DataDir::open(&directory)?.mark_demo()?;
    let config = config(&directory, options.port_base)?;
    let running = Server::start(config, "# demonstration\n".into()).await?;
    // A second run on the same directory finds its devices; they get new credentials.
    let devices = Identity::fleet(options.devices, "viaduct-demo", "pc", "demo.example")?;
    register(&running, &devices).await?;
    let password = amt_sim::amt_password()?;
    running.access().add_user(USER, Secret::new(password.clone()), Scope::Admin).await?;
    let token = running.access().create_token("demo", Scope::Admin, None).await?;
    let fleet = start_fleet(&running, &devices)?;
    fleet.ready().await.context("a simulated PC did not connect")?;
    let demo = Demo {
        running: &running,
        password: &password,
        token: token.expose(),
        devices: &devices,
        data: &directory,
    };
    if options.json {
        crate::say::data(&screen::json(&demo).to_string());
    } else {
        screen::print(&demo);
    }
    wait_for_the_end().await?;
    note("ending the demonstration");
    fleet.shutdown().await;
    running.shutdown().await;
    Ok(())
}

async fn wait_for_the_end() -> Result<()> {
    let mut terminate = signal(SignalKind::terminate())?;
    tokio::select! {
        _ = terminate.recv() => Ok(()),
        pressed = tokio::signal::ctrl_c() => Ok(pressed?),
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
            cira: Some((identity.cira_user.clone(), Secret::new(identity.cira_password.clone()))),
            certificate: None,
            amt: Some((identity.amt_user.clone(), Secret::new(identity.amt_password.clone()))),
        };
        running.inventory().add(device).await?;
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
