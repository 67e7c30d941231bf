//! The control socket: one request per connection, a line of JSON each way.

use super::{complain, state_dir::NamedLog};
use amt_sim::{Fleet, RunningPlatform, Trigger};
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
        Ok(request) => obey(&request, fleet).unwrap_or_else(refusal),
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

fn obey(request: &Request, fleet: &Fleet) -> Result<Reply, String> {
    match request {
        Request::Fire { trigger, device } => {
            let meant = meant(fleet, device.as_deref())?;
            meant.iter().for_each(|platform| platform.fire(*trigger));
            Ok(Reply { devices: meant.len(), ..Reply::default() })
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
            Ok(Reply { devices: logs.len(), logs, error: None })
        }
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
