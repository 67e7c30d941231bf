//! Bringing what is coming to connected devices, through their tunnels.

use super::{Rotator, lock};
use crate::{
    enroll::{StepFault, perform, servers_at},
    inventory::Device,
    remote_access,
    tunnel::Opener,
};
use amt::remote_access::{
    Added, Coverage, NewMps, RemoteAccess, Rotation, coverage, plan_rotation,
};
use tokio::task::JoinSet;
use viaduct_api::DeviceId;

/// All of them, a few at a time.
pub(super) async fn all(rotator: Rotator, devices: Vec<DeviceId>, by: String) {
    let mut tasks = JoinSet::new();
    for device in devices {
        let (rotator, by) = (rotator.clone(), by.clone());
        tasks.spawn(async move {
            let place = rotator.0.places.acquire().await;
            let (of, result) = one(&rotator, device, by).await;
            rotator.note(device, of, result);
            drop(place);
        });
    }
    while tasks.join_next().await.is_some() {}
    *lock(&rotator.0.pushing) = None;
}

/// One device; what was to be pushed, and why it is not ready.
async fn one(rotator: &Rotator, id: DeviceId, by: String) -> (String, Result<(), String>) {
    let ledger = lock(&rotator.0.ledger).clone();
    let next = match rotator.next() {
        Ok(next) => next,
        Err(problem) => return (String::new(), Err(problem.detail)),
    };
    let of = rotator.wanted(next.as_ref(), &ledger);
    let Some(device) = rotator.0.parts.inventory.get(id) else {
        return (of, Err("it is not in the inventory any more".to_owned()));
    };
    let root = next.map(|root| (root.name, root.der));
    let result = push(rotator, &device, root, ledger.name, by).await;
    (of, result)
}

async fn push(
    rotator: &Rotator,
    device: &Device,
    root: Option<(String, Vec<u8>)>,
    name: Option<String>,
    by: String,
) -> Result<(), String> {
    let parts = &rotator.0.parts;
    let opener = Opener { user: by, console: None };
    let read = remote_access::read(parts, device, opener).await;
    let (mut commands, state) = read.map_err(|error| error.to_string())?;
    let rename = match name {
        None => None,
        Some(name) => Some(rename(rotator, device, &state, &name)?),
    };
    let rotation = Rotation { root, rename };
    if coverage(&state, &rotation) == Coverage::Ready {
        return Ok(());
    }
    let plan = plan_rotation(&state, &rotation).map_err(|error| error.to_string())?;
    let mut added = Added::default();
    for step in &plan.steps {
        let done = perform(&mut commands, step, &mut added).await;
        done.map_err(|fault| format!("{}: {}", step.describe(), words(fault)))?;
    }
    // A policy that had no room is not covered, though every step was taken.
    if plan.notes.is_empty() { Ok(()) } else { Err(plan.notes.join("; ")) }
}

/// The entry that leads here today, and the one for the new name with the same port and credential.
fn rename(
    rotator: &Rotator,
    device: &Device,
    state: &RemoteAccess,
    name: &str,
) -> Result<((String, u16), NewMps), String> {
    let parts = &rotator.0.parts;
    let own = rotator.own_places();
    let today = state.mps.iter().find(|entry| {
        !entry.address.eq_ignore_ascii_case(name) && own.iter().any(|(a, p)| entry.is_at(a, *p))
    });
    let today = today.ok_or("none of its entries leads to a name of this server")?;
    let (cira, counts) = parts
        .inventory
        .enrolment_credential(device.id, false)
        .map_err(|error| error.to_string())?;
    if !counts {
        return Err(
            "its CIRA password was typed and is not known here, so it cannot be written for another name; enroll it again".to_owned(),
        );
    }
    let place = format!("{}:{}", bracketed(name), today.port);
    let mut servers = servers_at(parts, &[place], state.platform.version.as_ref())
        .map_err(|problem| problem.detail)?;
    let mut new = servers.pop().ok_or("the new name is no place to dial")?;
    // The certificate will carry the new name then.
    new.common_name = Some(name.to_owned());
    new.user = cira.user;
    new.password.clone_from(cira.password.expose());
    Ok(((today.address.clone(), today.port), new))
}

fn bracketed(name: &str) -> String {
    if name.contains(':') { format!("[{name}]") } else { name.to_owned() }
}

fn words(fault: StepFault) -> String {
    match fault {
        StepFault::Returned { code, .. } => code.to_string(),
        StepFault::Command(error) => error.to_string(),
        StepFault::Cut => "the tunnel ended before the answer came".to_owned(),
        StepFault::Impossible(why) => why,
    }
}
