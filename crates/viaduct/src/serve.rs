//! `viaduct serve`: the server until it is told to stop.

use crate::say::{note, warn};
use std::{
    path::{Path, PathBuf},
    process::ExitCode,
};
use tokio::signal::unix::{Signal, SignalKind, signal};
use viaduct_server::{
    Config, Running, Server, StartError,
    config::{LoadArgs, Loaded, Log, LogFormat},
};

/// Wrong usage or configuration, or another server is in the way.
const EXIT_USAGE: u8 = 2;
/// The server failed.
const EXIT_FAILED: u8 = 1;

/// Settings from the command line.
#[derive(Debug, Clone, clap::Args)]
pub(crate) struct Settings {
    /// Configuration file; it must exist
    #[arg(long, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
    /// One setting, for example --set keepalive.wait=2m (repeatable)
    #[arg(long, value_name = "KEY=VALUE")]
    pub(crate) set: Vec<String>,
}

impl Settings {
    /// With the environment and a data directory.
    pub(crate) fn args(&self, data: Option<PathBuf>) -> LoadArgs {
        let (file, set) = (self.config.clone(), self.set.clone());
        LoadArgs { file, data, set, ..LoadArgs::from_environment() }
    }

    /// Whether settings were named on the command line.
    pub(crate) fn names_settings(&self) -> bool {
        self.config.is_some() || !self.set.is_empty()
    }

    /// Loads and checks the configuration; problems are printed, all at once.
    pub(crate) fn load(self, data: Option<PathBuf>) -> Result<Loaded, ExitCode> {
        Config::load(self.args(data)).map_err(|errors| {
            for error in &errors {
                warn(&error.to_string());
            }
            ExitCode::from(EXIT_USAGE)
        })
    }
}

/// Starts the log on standard error.
pub(crate) fn start_log(log: &Log) {
    let filter = tracing_subscriber::EnvFilter::try_new(&log.level)
        .unwrap_or_else(|_| tracing_subscriber::EnvFilter::new("info"));
    let builder = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        // They would be told on standard error, with a panic of whoever had something to say when that is full.
        .log_internal_errors(false);
    match log.format {
        LogFormat::Text => builder.with_ansi(false).init(),
        LogFormat::Json => builder.json().init(),
    }
}

/// Runs the server until SIGTERM or SIGINT; SIGHUP reloads certificates.
pub(crate) async fn serve(settings: Settings, data: Option<PathBuf>) -> ExitCode {
    let loaded = match settings.load(data) {
        Ok(loaded) => loaded,
        Err(code) => return code,
    };
    start_log(&loaded.config.log);
    for warning in &loaded.warnings {
        warn(warning);
    }
    let text = loaded.config.render(&loaded.origins);
    let data = loaded.config.data.clone();
    let running = match Server::start(loaded.config, text).await {
        Ok(running) => running,
        Err(error) => return failed(&error, Some(&data)),
    };
    // Before it says that it is there: whoever reads that may end it at once.
    let (Ok(mut hangup), Ok(mut terminate)) =
        (signal(SignalKind::hangup()), signal(SignalKind::terminate()))
    else {
        warn("cannot listen for signals");
        return ExitCode::from(EXIT_FAILED);
    };
    greet(&running, &data);
    while !stop_or_reload(&running, &mut hangup, &mut terminate).await {}
    note("stopping: saying goodbye to the devices");
    running.shutdown().await;
    ExitCode::SUCCESS
}

/// True when the server shall stop.
async fn stop_or_reload(running: &Running, hangup: &mut Signal, terminate: &mut Signal) -> bool {
    tokio::select! {
        _ = hangup.recv() => {
            // What came of it is an event, and so in the log.
            drop(running.reload().await);
            false
        }
        _ = terminate.recv() => true,
        _ = tokio::signal::ctrl_c() => true,
    }
}

/// What a refusal to start means for whoever started it.
pub(crate) fn failed(error: &StartError, data: Option<&Path>) -> ExitCode {
    warn(&error.to_string());
    let of_the_disk = !matches!(error, StartError::Listen { .. } | StartError::Sources(_));
    if let Some(data) = data.filter(|_| of_the_disk) {
        note(&format!(
            "  next: `viaduct doctor --data {}` looks at its files, disk and database.",
            data.display()
        ));
    }
    match error {
        StartError::Locked(_)
        | StartError::Listen { .. }
        | StartError::Data(_)
        | StartError::Events(_)
        | StartError::Sources(_) => ExitCode::from(EXIT_USAGE),
        StartError::Authority(_)
        | StartError::Tls(_)
        | StartError::Media(_)
        | StartError::Store(_)
        | StartError::Vault(_) => ExitCode::from(EXIT_FAILED),
    }
}

fn greet(running: &Running, data: &Path) {
    let addresses = running.addresses();
    for (index, address) in addresses.cira.iter().enumerate() {
        note(&format!("devices     {address}{}", if index == 0 { "" } else { " (extra)" }));
    }
    let listeners = [
        ("web and API", addresses.web),
        ("web, plain", addresses.web_plain),
        ("SOCKS5", addresses.socks),
        ("HTTP proxy", addresses.http_proxy),
        ("metrics", addresses.metrics),
    ];
    for (name, address) in listeners {
        if let Some(address) = address {
            note(&format!("{name:<11} {address}"));
        }
    }
    note(&format!("data        {}", data.display()));
    note(&format!("root        {} (give it to the devices)", running.ca_file().display()));
    if let Some(link) = running.setup_link() {
        note("create the first user with this link, once, within 30 minutes:");
        note(&format!("  {link}"));
    }
}
