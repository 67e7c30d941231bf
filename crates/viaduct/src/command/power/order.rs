//! One order to one PC: sent once, and followed when that is wanted.

use super::rows::words;
use crate::{
    age::ago,
    client::Client,
    command::story::Story,
    failure::{Failure, Result},
    say::{inert, note},
};
use serde_json::{Value, json};
use std::time::Duration;
use tokio::time::{Instant, sleep};
use viaduct_api::{Code, Device};

/// Answers of `RequestPowerStateChange` (DMTF, CIM_PowerManagementService).
const INVALID_TRANSITION: u64 = 4097;
const BUSY: u64 = 4099;
/// The server takes so many orders of one person a minute; the rest of a long list waits at most so long, and asks so often.
const TURN_PATIENCE: Duration = Duration::from_secs(3600);
const TURN_PAUSE: Duration = Duration::from_secs(2);

/// What is sent to each device, and what is waited for afterwards.
#[derive(Debug, Clone)]
pub(in crate::command) struct Plan {
    pub(super) verb: &'static str,
    pub(super) route: &'static str,
    pub(super) body: Value,
    pub(super) interrupts: bool,
    /// The power states that mean that it is done.
    pub(in crate::command) until: &'static [u64],
    /// The caller's own name of the order.
    pub(super) request_id: Option<String>,
    /// It leads through another state first, so that the one it is to end in says nothing at once.
    pub(in crate::command) through: bool,
}

pub(super) const ON: &[u64] = &[2];
pub(super) const OFF: &[u64] = &[6, 8];

impl Plan {
    pub(super) fn power(verb: &'static str, action: u32, until: &'static [u64]) -> Self {
        let (route, body) = ("power/action", json!({ "action": action }));
        let through = matches!(action, 5 | 10 | 14);
        Self { verb, route, body, interrupts: action != 2, until, request_id: None, through }
    }
}

/// A device's power state, where it is known, and what happened in words.
pub(in crate::command) type Told = (Option<u64>, String);

/// Tells one device, once, and waits when that is wanted.
pub(super) async fn tell(
    client: &Client,
    device: &Device,
    plan: &Plan,
    wait: Option<Duration>,
) -> Result<Told> {
    if !device.connection_status {
        return Err(away(device, plan.verb));
    }
    let path = format!("/amt/{}/{}", plan.route, device.guid);
    let answer = send(client, device, &path, plan).await.map_err(|f| f.about(&device.name))?;
    match answer["Body"]["ReturnValue"].as_u64() {
        Some(0) | None => {}
        Some(INVALID_TRANSITION) => return impossible(client, device, plan).await,
        Some(value) => {
            let (code, why) = match value {
                1 => (Code::AmtRefused, "this PC does not support it"),
                5 => (Code::AmtRefused, "a value is not valid"),
                6 => (Code::AmtRefused, "a redirection of it is in use"),
                BUSY => (Code::AmtRefused, "it is still busy with the change before"),
                _ => (Code::AmtRefused, "it gives no reason"),
            };
            let detail = format!("{}: AMT answered {value}: {why}", device.name);
            let failure = Failure::new(code, detail);
            return Err(if value == BUSY {
                failure.next("Try again in a few seconds.")
            } else {
                failure
            });
        }
    }
    let Some(patience) = wait else { return Ok((None, "accepted".to_owned())) };
    let mut story = Story::begin(device, plan.verb);
    story.follow(client, device, plan, patience).await
}

/// Sends the order. When the server takes no more orders of this person for a moment, nothing was done, so that it can be
/// sent again.
async fn send(client: &Client, device: &Device, path: &str, plan: &Plan) -> Result<Value> {
    let began = Instant::now();
    let mut told = false;
    loop {
        match client.post_once(path, &plan.body, plan.request_id.as_deref()).await {
            Err(failure)
                if failure.code() == Some(Code::TooMany) && began.elapsed() < TURN_PATIENCE =>
            {
                if !std::mem::replace(&mut told, true) {
                    let why = "the server takes only so many orders of one person in a minute";
                    note(&format!("{} waits for its turn: {why}", inert(&device.name)));
                }
                sleep(TURN_PAUSE).await;
            }
            other => return other,
        }
    }
}

/// The device is not here, so that nothing was sent.
pub(super) fn away(device: &Device, verb: &str) -> Failure {
    let name = inert(&device.name);
    let seen = match device.last_seen {
        Some(_) => format!("last seen {}", ago(device.last_seen)),
        None => "never seen".to_owned(),
    };
    let detail = format!("{name} has no tunnel now ({seen}), so nothing was sent to {verb} it");
    Failure::new(Code::DeviceAway, detail)
        .next(format!("`viaduct devices why-offline {name}` says what was seen of it."))
}

/// AMT does not lead from the state that the PC is in to the one that was asked for; it may be there already.
async fn impossible(client: &Client, device: &Device, plan: &Plan) -> Result<Told> {
    let now = power_of(client, device).await.map_err(|f| f.about(&device.name))?;
    if plan.until.contains(&now) && !plan.through && plan.route == "power/action" {
        return Ok((Some(now), format!("is {} already", words(now))));
    }
    let detail = format!(
        "{}: it is {}, and from there AMT does not do this: {}",
        device.name,
        words(now),
        plan.verb
    );
    let next = match words(now) {
        "on" if plan.route != "power/action" => "Restart it into that: `--power reset`.",
        "on" => {
            "Graceful verbs and hibernation need Intel's management service (LMS) in the operating system; off, cycle and reset do not."
        }
        _ => "Switch it on first: `viaduct power on DEVICE`.",
    };
    Err(Failure::new(Code::AmtRefused, detail).next(next))
}

pub(in crate::command) async fn power_of(client: &Client, device: &Device) -> Result<u64> {
    let answer: Value = client.get(&format!("/amt/power/state/{}", device.guid)).await?;
    Ok(answer["powerstate"].as_u64().unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_interrupts_work_is_told_apart() {
        assert!(!Plan::power("on", 2, ON).interrupts && Plan::power("off", 8, OFF).interrupts);
    }
}
