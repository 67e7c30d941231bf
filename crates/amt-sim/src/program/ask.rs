//! The commands that speak to a running program.

use super::{
    control::{Reply, Request, Status},
    state_dir::{NamedLog, StateDir},
};
use anyhow::{Context, Result, bail};
use std::path::PathBuf;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::UnixStream,
};

/// Sends one request; an error of the other side is ours.
pub(super) async fn ask(state: Option<PathBuf>, request: &Request) -> Result<Reply> {
    let directory = StateDir::locate(state)?;
    let socket = directory.socket();
    let stream = UnixStream::connect(&socket).await;
    let mut stream = stream.with_context(|| {
        format!(
            "no platform is running with the state directory {}; start one with `amt-sim run`, or name its directory with --state",
            directory.path().display()
        )
    })?;
    let mut line = serde_json::to_vec(request)?;
    line.push(b'\n');
    stream.write_all(&line).await?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await?;
    let reply: Reply = serde_json::from_slice(&answer)
        .context("the running program's answer is not understood; are both of the same version?")?;
    match reply.error {
        Some(error) => bail!(error),
        None => Ok(reply),
    }
}

/// The logs of a running program, or those that a past one left.
pub(super) async fn logs(state: Option<PathBuf>, device: Option<String>) -> Result<Vec<NamedLog>> {
    let directory = StateDir::locate(state)?;
    if UnixStream::connect(directory.socket()).await.is_ok() {
        let request = Request::Log { device };
        return Ok(ask(Some(directory.path().into()), &request).await?.logs);
    }
    let mut logs = directory.load_all()?;
    if let Some(device) = &device {
        logs.retain(|log| log.name == *device || log.guid.to_string() == device.to_lowercase());
    }
    if logs.is_empty() {
        bail!(
            "no platform is running in {}, and none left a log there; a single platform, or any with --state DIR, keeps one",
            directory.path().display()
        );
    }
    Ok(logs)
}

pub(super) fn show(logs: &[NamedLog], json: bool) -> Result<String> {
    if json {
        return Ok(serde_json::to_string(logs)?);
    }
    let texts: Vec<String> =
        logs.iter().map(|log| format!("{} ({})\n{}", log.name, log.guid, log.log)).collect();
    Ok(texts.join("\n").trim_end().to_owned())
}

pub(super) fn show_status(all: &[Status], json: bool) -> Result<String> {
    if json {
        return Ok(serde_json::to_string(all)?);
    }
    let texts: Vec<String> = all.iter().map(status_text).collect();
    Ok(texts.join("\n"))
}

fn status_text(status: &Status) -> String {
    let Status { name, guid, standing, trigger, mps, network, events, front } = status;
    let mut text = format!("{name} ({guid}): {standing}");
    if let (Some(mps), Some(trigger)) = (mps, trigger) {
        text.push_str(&format!(", {mps}, {trigger} trigger"));
    }
    text.push_str(&format!("; {network}"));
    for line in front {
        text.push_str(&format!("\n  {line}"));
    }
    for event in events {
        text.push_str(&format!("\n{event}"));
    }
    text
}
