//! `amt-sim run`: platforms until a signal ends them.

use super::{
    arguments::Run,
    complain, control, heci, say,
    settings::{Plan, Settings},
    state_dir::{NamedLog, StateDir, Survivor},
};
use amt_sim::{
    Configuration, Fleet, FleetConfig, Identity, RunningPlatform, State, services::HostState,
};
use anyhow::{Context, Result, bail};
use serde_json::json;
use std::{fs, sync::Arc};
use tokio::{
    net::UnixListener,
    signal::unix::{SignalKind, signal},
    sync::watch,
    task::JoinSet,
};

/// More than these say nothing of their own while they come up.
const TALKATIVE: usize = 25;

pub(super) async fn run(run: Run) -> Result<()> {
    let below = run.config.as_deref().map(Settings::read).transpose()?.unwrap_or_default();
    let mut settings = run.settings.over(below);
    run.faults.iter().for_each(|fault| settings.faults.apply(fault));
    let Plan { fleet: mut config, passwords_made } = settings.plan()?;
    let mut terminated = signal(SignalKind::terminate()).context("SIGTERM cannot be caught")?;
    let explicit = run.state.is_some();
    let directory = StateDir::locate(run.state)?;
    let listener = listen(&directory, explicit)?;
    let waits = config.setup.mps.is_none();
    let platforms = config.identities().len();
    let host = run.heci.map(|path| heci::Socket::listen(&path, platforms)).transpose()?;
    let mut revived =
        if explicit { revive(&mut config, &directory, passwords_made)? } else { Vec::new() };
    let fleet = Arc::new(Fleet::start(config)?);
    for (platform, revived) in fleet.platforms().iter().zip(&mut revived) {
        if let Some(engine) = revived.engine.take() {
            platform.restore(engine);
        }
    }

    // A single platform keeps its log anyway; thousands only where they are told to.
    let keeps_logs = listener.is_some() && (explicit || fleet.platforms().len() == 1);
    let has_socket = listener.is_some();
    let mut tasks = JoinSet::new();
    for (platform, revived) in fleet.platforms().iter().zip(revived) {
        keep_configuration(&mut tasks, platform, revived.given, &directory);
    }
    if keeps_logs {
        for platform in fleet.platforms() {
            keep_log(&mut tasks, platform, &directory);
        }
    }
    if let Some(listener) = listener {
        tasks.spawn(control::serve(listener, fleet.clone()));
    }
    let _host = host.map(|(socket, listener)| {
        tasks.spawn(heci::serve(listener, fleet.clone()));
        socket
    });
    if !run.json && fleet.platforms().len() <= TALKATIVE {
        for platform in fleet.platforms() {
            tasks.spawn(report(platform.identity().name.clone(), platform.state()));
        }
    }
    tasks.spawn(announce(fleet.clone(), run.json, passwords_made, waits));

    tokio::select! {
        interrupted = tokio::signal::ctrl_c() => interrupted.context("Ctrl-C cannot be caught")?,
        _ = terminated.recv() => {}
    }
    tasks.shutdown().await;
    fleet.shutdown().await;
    if keeps_logs {
        fleet
            .platforms()
            .iter()
            .for_each(|platform| store(&directory, &control::named_log(platform)));
    }
    if has_socket && let Err(error) = fs::remove_file(directory.socket()) {
        tracing::debug!(%error, "the control socket was gone already");
    }
    Ok(())
}

/// The control socket. Where nobody named a directory, a second program does without one.
fn listen(directory: &StateDir, explicit: bool) -> Result<Option<UnixListener>> {
    match directory.listen() {
        Ok(Some(listener)) => Ok(Some(listener)),
        Ok(None) if explicit => bail!(
            "another amt-sim runs with the state directory {}; end it, or choose another with --state",
            directory.path().display()
        ),
        Ok(None) => {
            complain(
                "another amt-sim has the default control socket; this one cannot be fired without --state DIR",
            );
            Ok(None)
        }
        Err(error) if explicit => Err(error),
        Err(error) => {
            complain(&format!("no control socket ({error:#}); add --state DIR to have one"));
            Ok(None)
        }
    }
}

/// What one platform begins with.
struct Revived {
    /// What it is given by whoever starts it.
    given: Configuration,
    /// What its management engine kept.
    engine: Option<HostState>,
}

/// Gives platforms back what they were configured with when they ended, where they are given the same again; answers
/// with what each of them is given.
fn revive(
    config: &mut FleetConfig,
    directory: &StateDir,
    passwords_made: bool,
) -> Result<Vec<Revived>> {
    let mut all = Vec::new();
    for n in 0..config.identities().len() {
        let identity = config.identities()[n].clone();
        let mut revived = Revived { given: config.configuration_of(&identity)?, engine: None };
        if let Some(survivor) = directory.survivor(identity.guid)? {
            if passwords_made {
                config.identities_mut()[n].amt_password = survivor.amt_password.clone();
            }
            if survivor.given == revived.given {
                config.restored.insert(identity.guid, survivor.configuration);
                // With another password, somebody wants to be let in anew.
                let same = config.identities()[n].amt_password == survivor.amt_password;
                revived.engine = survivor.engine.filter(|_| same);
            }
        }
        all.push(revived);
    }
    Ok(all)
}

/// Writes what a platform is configured with, at first and whenever that changes.
fn keep_configuration(
    tasks: &mut JoinSet<()>,
    platform: &RunningPlatform,
    given: Configuration,
    directory: &StateDir,
) {
    let mut changes = platform.configuration_changes();
    let (reader, engine) = (platform.configuration_reader(), platform.host_state_reader());
    let (guid, directory) = (platform.identity().guid, directory.clone());
    let amt_password = platform.identity().amt_password.clone();
    let mut survivor = Survivor { configuration: given.clone(), given, amt_password, engine: None };
    tasks.spawn(async move {
        loop {
            changes.borrow_and_update();
            survivor.configuration = reader();
            survivor.engine = engine();
            if let Err(error) = directory.keep(guid, &survivor) {
                complain(&format!("{error:#}; the configuration would not survive a restart"));
            }
            if changes.changed().await.is_err() {
                return;
            }
        }
    });
}

/// Writes the log whenever it has changed, and puts what an earlier run left before it.
fn keep_log(tasks: &mut JoinSet<()>, platform: &RunningPlatform, directory: &StateDir) {
    let identity = platform.identity();
    let (name, guid, directory) = (identity.name.clone(), identity.guid, directory.clone());
    if let Some(earlier) = directory.load(guid) {
        platform.remember(earlier.log);
    }
    let mut changes = platform.cira_log_changes();
    tasks.spawn(async move {
        loop {
            let log = changes.borrow_and_update().clone();
            store(&directory, &NamedLog { name: name.clone(), guid, log });
            if changes.changed().await.is_err() {
                return;
            }
        }
    });
}

fn store(directory: &StateDir, log: &NamedLog) {
    if let Err(error) = directory.store(log) {
        tracing::warn!(error = %format!("{error:#}"), "the CIRA log is not kept");
    }
}

/// Says what becomes of one platform, each state once.
async fn report(name: String, mut state: watch::Receiver<State>) {
    let mut last = String::new();
    loop {
        let now = state.borrow_and_update().to_string();
        if now != last {
            complain(&format!("{name}: {now}"));
            last = now;
        }
        if state.changed().await.is_err() {
            return;
        }
    }
}

/// Says when all are ready: a line of JSON, or one for people.
async fn announce(fleet: Arc<Fleet>, json: bool, passwords_made: bool, waits: bool) {
    // A platform that is still to be configured is ready when its ports are open, which they are.
    if !waits && let Err(error) = fleet.ready().await {
        complain(&format!(
            "{error}; `amt-sim log` has the details, `amt-sim fire user` lets it try again"
        ));
        return;
    }
    let line = if json { as_json(&fleet, passwords_made) } else { as_text(&fleet, passwords_made) };
    if let Err(error) = say(&line) {
        complain(&format!("{error:#}"));
    }
}

fn as_json(fleet: &Fleet, passwords_made: bool) -> String {
    let device = |platform: &RunningPlatform| {
        let Identity { guid, name, fqdn, cira_user, amt_user, amt_password, .. } =
            platform.identity();
        let mut device = json!({
            "guid": guid, "name": name, "fqdn": fqdn, "cira_user": cira_user, "amt_user": amt_user,
        });
        let ports: serde_json::Map<_, _> =
            platform.lan().into_iter().map(|(port, at)| (port.to_string(), json!(at))).collect();
        if !ports.is_empty() {
            device["lan"] = json!(ports);
        }
        // Whoever gave a password has it.
        if passwords_made {
            device["amt_password"] = json!(amt_password);
        }
        device
    };
    let devices: Vec<_> = fleet.platforms().iter().map(device).collect();
    json!({ "ready": true, "pid": std::process::id(), "devices": devices }).to_string()
}

fn found_at(platform: &RunningPlatform) -> String {
    match platform.lan().first() {
        Some((_, address)) => format!("on the local network at {}", address.ip()),
        None => "connected".into(),
    }
}

fn as_text(fleet: &Fleet, passwords_made: bool) -> String {
    let platforms = fleet.platforms();
    let mut text = match platforms {
        [one] => format!("{} ({}) is {}", one.identity().name, one.identity().guid, found_at(one)),
        many => format!("{} platforms are connected", many.len()),
    };
    if let (true, Some(first)) = (passwords_made, platforms.first()) {
        let Identity { amt_user, amt_password, .. } = first.identity();
        text.push_str(&format!("; sign in to the platform as {amt_user} with {amt_password}"));
    }
    text.push_str("; Ctrl-C ends it");
    text
}
