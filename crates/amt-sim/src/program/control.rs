//! The control socket: one request per connection, a line of JSON each way.

use super::{arguments::Touch, complain, state_dir::NamedLog};
use amt_sim::{
    Fleet, Noted, RunningPlatform, Surroundings, Trigger,
    engine::{Network, Standing},
};
use anyhow::Result;
use serde::{Deserialize, Serialize};
use std::{sync::Arc, time::Duration};
use tokio::{
    io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader},
    net::{UnixListener, UnixStream},
    time::timeout,
};

/// A request is a few words.
const LONGEST: u64 = 4096;
/// Who connects has something to say.
const DEADLINE: Duration = Duration::from_secs(5);

/// What a running program can be asked. Without `device` all platforms are meant.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(tag = "command", rename_all = "kebab-case", deny_unknown_fields)]
pub(super) enum Request {
    Fire { trigger: Trigger, device: Option<String> },
    Fault { setting: String, device: Option<String> },
    Log { device: Option<String> },
    Network { network: Network, device: Option<String> },
    Power { touch: Touch, device: Option<String> },
    Status { device: Option<String> },
}

#[derive(Debug, Default, Serialize, Deserialize)]
pub(super) struct Reply {
    /// What is wrong; nothing was done.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) error: Option<String>,
    /// How many platforms were meant.
    #[serde(default)]
    pub(super) devices: usize,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) logs: Vec<NamedLog>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) status: Vec<Status>,
}

/// How one platform stands to its servers.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Status {
    pub(super) name: String,
    pub(super) guid: uuid::Uuid,
    /// `away`, `dialling`, `connected`.
    pub(super) standing: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) trigger: Option<Trigger>,
    /// The server, as it is configured.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) mps: Option<String>,
    /// Where it takes itself to be.
    pub(super) network: Surroundings,
    pub(super) events: Vec<Noted>,
    /// What a person in front of the PC sees: power, what it booted from, a code to read out.
    #[serde(default)]
    pub(super) front: Vec<String>,
}

/// Answers until the program ends.
pub(super) async fn serve(listener: UnixListener, fleet: Arc<Fleet>) {
    loop {
        match listener.accept().await {
            Ok((stream, _)) => {
                let fleet = fleet.clone();
                tokio::spawn(async move {
                    if let Ok(Err(error)) = timeout(DEADLINE, answer(stream, &fleet)).await {
                        tracing::debug!(%error, "a request on the control socket was not answered");
                    }
                });
            }
            Err(error) => {
                complain(&format!(
                    "the control socket failed ({error}); fire, fault and log do not work any more"
                ));
                return;
            }
        }
    }
}

async fn answer(mut stream: UnixStream, fleet: &Fleet) -> Result<()> {
    let mut line = String::new();
    BufReader::new((&mut stream).take(LONGEST)).read_line(&mut line).await?;
    let reply = match serde_json::from_str(&line) {
        Ok(request) => obey(&request, fleet).await.unwrap_or_else(refusal),
        Err(error) => refusal(format!("the request is not understood: {error}")),
    };
    let mut line = serde_json::to_vec(&reply)?;
    line.push(b'\n');
    stream.write_all(&line).await?;
    stream.shutdown().await?;
    Ok(())
}

fn refusal(error: String) -> Reply {
    Reply { error: Some(error), ..Reply::default() }
}

async fn obey(request: &Request, fleet: &Fleet) -> Result<Reply, String> {
    match request {
        Request::Fire { trigger, device } => {
            fire(&meant(fleet, device.as_deref())?, *trigger).await
        }
        Request::Fault { setting, device } => {
            let meant = meant(fleet, device.as_deref())?;
            let setting: amt_sim::FaultSetting =
                setting.parse().map_err(|e: amt_sim::FaultError| e.to_string())?;
            meant.iter().for_each(|platform| platform.set_fault(setting.clone()));
            Ok(Reply { devices: meant.len(), ..Reply::default() })
        }
        Request::Log { device } => {
            let meant = meant(fleet, device.as_deref())?;
            let logs: Vec<NamedLog> = meant.iter().map(|platform| named_log(platform)).collect();
            Ok(Reply { devices: logs.len(), logs, ..Reply::default() })
        }
        Request::Network { network, device } => {
            let meant = meant(fleet, device.as_deref())?;
            meant.iter().for_each(|platform| platform.enter(network.clone()));
            Ok(Reply { devices: meant.len(), ..Reply::default() })
        }
        Request::Power { touch, device } => {
            let meant = meant(fleet, device.as_deref())?;
            meant.iter().for_each(|platform| match touch {
                Touch::Button => platform.host().press_power_button(),
                Touch::Mains => platform.host().lose_power(),
            });
            Ok(Reply { devices: meant.len(), ..Reply::default() })
        }
        Request::Status { device } => {
            let meant = meant(fleet, device.as_deref())?;
            let status: Vec<Status> = meant.iter().map(|platform| status(platform)).collect();
            Ok(Reply { devices: status.len(), status, ..Reply::default() })
        }
    }
}

/// Pulls a trigger; the reason of the first one that does nothing is the answer.
async fn fire(meant: &[&RunningPlatform], trigger: Trigger) -> Result<Reply, String> {
    for platform in meant {
        let fired = platform.try_fire(trigger).await;
        fired.map_err(|ignored| format!("{}: {ignored}", platform.identity().name))?;
    }
    Ok(Reply { devices: meant.len(), ..Reply::default() })
}

fn status(platform: &RunningPlatform) -> Status {
    let outlook = platform.outlook();
    let (standing, at) = match outlook.standing {
        Standing::Away => ("away", None),
        Standing::Dialling { trigger, server } => ("dialling", Some((trigger, server))),
        Standing::Connected { trigger, server } => ("connected", Some((trigger, server))),
    };
    let configuration = platform.configuration();
    let mps = at.and_then(|(_, number)| configuration.remote_access.server(number));
    let identity = platform.identity();
    Status {
        name: identity.name.clone(),
        guid: identity.guid,
        standing: standing.into(),
        trigger: at.map(|(trigger, _)| trigger),
        mps: mps.map(|server| server.access.to_string()),
        network: outlook.surroundings,
        events: platform.events(),
        front: platform.front(),
    }
}

fn meant<'a>(fleet: &'a Fleet, device: Option<&str>) -> Result<Vec<&'a RunningPlatform>, String> {
    let Some(device) = device else { return Ok(fleet.platforms().iter().collect()) };
    let found = fleet.find(device);
    found.map(|platform| vec![platform]).ok_or_else(|| {
        format!("no platform here is called `{device}`; give the name or UUID that `run` printed")
    })
}

pub(super) fn named_log(platform: &RunningPlatform) -> NamedLog {
    let identity = platform.identity();
    NamedLog { name: identity.name.clone(), guid: identity.guid, log: platform.cira_log() }
}
