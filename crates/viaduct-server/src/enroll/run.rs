//! One PC of a job, from the first connection to its own tunnel.

use super::{
    Parts, Told, address,
    credential::{self, Entry},
    fault, follow,
    job::Slot,
    lan::{self, Lan, hex},
    session::{Ask, survey},
    take::Taken,
    wish::{Wanted, own_places},
};
use crate::{
    inventory::{Configured, Issued},
    tunnel::Opener,
};
use amt::remote_access::{ControlMode, Own, Plan, RemoteAccess, Step, Wish, plan, plan_removal};
use std::net::IpAddr;
use tokio::sync::{Semaphore, SemaphorePermit};
use viaduct_api::{CertificateTrust, Code, DeviceId, EnrollState, EnrollTarget, Problem};

/// Why it ended early.
pub(super) enum Stop {
    Cancelled,
    Problem(Problem),
}

impl From<Problem> for Stop {
    fn from(problem: Problem) -> Self {
        Self::Problem(problem)
    }
}

/// What is needed to do one PC.
pub(super) struct Case<'a> {
    pub(super) parts: &'a Parts,
    pub(super) wanted: &'a Wanted,
    pub(super) target: &'a EnrollTarget,
    pub(super) slot: &'a Slot,
}

/// How a PC was reached.
struct Reached {
    /// Where it was found on the local network; none through its tunnel.
    address: Option<IpAddr>,
    /// The certificate of its own port.
    fingerprint: Option<[u8; 32]>,
}

/// Does one PC.
pub(super) async fn one(parts: &Parts, places: &Semaphore, wanted: &Wanted, slot: &Slot) {
    let Some(target) = wanted.targets.get(slot.index()) else { return };
    let place = tokio::select! {
        place = places.acquire() => place.ok(),
        () = slot.cancelled() => None,
    };
    let Some(place) = place else { return slot.state(EnrollState::Cancelled) };
    let case = Case { parts, wanted, target, slot };
    match case.reach(place).await {
        Ok(()) => {}
        Err(Stop::Cancelled) => slot.state(EnrollState::Cancelled),
        Err(Stop::Problem(problem)) => slot.fail(problem),
    }
}

impl Case<'_> {
    async fn reach(&self, place: SemaphorePermit<'_>) -> Result<(), Stop> {
        self.slot.state(EnrollState::Reading);
        let host = self.target.address.trim();
        let (user, password) = self.wanted.account(self.target);
        match lan::find(host).await {
            Ok(found) => {
                let reached =
                    Reached { address: Some(found.address), fingerprint: found.fingerprint };
                self.vouch(&reached)?;
                let lan = Lan::new(found, host, (&user, &password), self.parts.deadline);
                self.work(lan, reached, place).await
            }
            Err(problem) if problem.known() == Some(Code::EnrollUnreachable) => {
                let Some(id) = self.connected() else { return Err(problem.into()) };
                self.slot.note(
                    "it does not answer on the local network, as is usual for a PC that dials in; it is reached through its tunnel",
                );
                let opener = Opener { user: self.slot.by(), console: None };
                let device = self.parts.commands.device(id, opener, "enroll").await;
                let device = device.map_err(|error| fault::of_command(&error, host))?;
                let reached = Reached { address: None, fingerprint: None };
                self.work(device, reached, place).await
            }
            Err(problem) => Err(problem.into()),
        }
    }

    /// A device that is here now and known by the target's name or address.
    fn connected(&self) -> Option<DeviceId> {
        let names = [self.target.name.as_deref(), Some(self.target.address.as_str())];
        let known = names.into_iter().flatten().find_map(|n| self.parts.inventory.find(n).ok());
        let id = known?.id;
        self.parts.registry.lookup(id).map(|_| id)
    }

    /// Whether the certificate of its port is one that somebody has vouched for.
    fn vouch(&self, reached: &Reached) -> Result<(), Problem> {
        let Some(fingerprint) = reached.fingerprint else {
            self.slot.note(
                "it is spoken to without TLS, because it answers on port 16992 only: do this in a network that you trust",
            );
            return Ok(());
        };
        let shown = hex(&fingerprint);
        self.slot.update(|device| device.fingerprint = Some(shown.clone()));
        let host = &self.target.address;
        if let Some(named) = &self.target.fingerprint {
            return match named.eq_ignore_ascii_case(&shown) {
                true => Ok(()),
                false => Err(Problem::new(
                    Code::EnrollCertificate,
                    format!("{host} shows a certificate with SHA-256 {shown}, not {named}"),
                )
                .with_next("Find out who answers there; nothing was sent to it.")),
            };
        }
        let inventory = &self.parts.inventory;
        let known =
            || inventory.list().iter().any(|d| inventory.amt_pin(d.id) == Some(fingerprint));
        if self.wanted.trust == CertificateTrust::First || known() {
            return Ok(());
        }
        let detail = format!("{host} shows a certificate with SHA-256 {shown}");
        Err(Problem::new(Code::EnrollCertificate, detail))
    }

    async fn work(
        &self,
        mut ask: impl Ask,
        reached: Reached,
        place: SemaphorePermit<'_>,
    ) -> Result<(), Stop> {
        let host = &self.target.address;
        let state = survey(&mut ask).await.map_err(|error| fault::of_command(&error, host))?;
        let id = self.show(&state)?;
        let seen = address::look(&mut ask, &state.platform).await;
        if let Some(hint) = address::hint(&seen).filter(|_| !self.wanted.remove) {
            self.slot.note(hint);
        }
        let cira = self.parts.inventory.enrolment_credential(id, self.wanted.new_credential);
        let cira = cira.map_err(|e| Problem::new(Code::Store, e.to_string()))?;
        let plan = self.plan(&state, &cira.0)?;
        self.show_plan(&plan);
        if let Some(found) = found(&state, &plan.steps).filter(|_| !self.wanted.remove) {
            self.slot.note(found);
        }
        if self.wanted.dry_run {
            self.slot.state(EnrollState::Planned);
            return Ok(());
        }
        if self.slot.is_cancelled() {
            return Err(Stop::Cancelled);
        }
        self.slot.state(EnrollState::Changing);
        if self.wanted.remove {
            return self.remove(&mut ask, id, &plan, &cira.0).await;
        }
        let amt = self.wanted.account(self.target);
        let entry = Entry { id, target: self.target, platform: &state.platform, cira: &cira, amt };
        let registered = credential::register(self.parts, entry).await?;
        self.slot.update(|device| device.name = Some(registered.name));
        if let Some(fingerprint) = reached.fingerprint {
            let pinned = self.parts.inventory.pin_amt(id, Some(fingerprint)).await;
            pinned.map_err(|e| Problem::new(Code::Store, e.to_string()))?;
        }
        let awaited = self.parts.knocks.expect(id, reached.address);
        let taken = match self.take(&mut ask, &plan.steps).await {
            Ok(Taken::ButTheLast) => self.look_again(&mut ask, &plan, &cira.0).await,
            taken => taken.map(drop),
        };
        if let Err(stop) = taken {
            let given = self.put_back(&mut ask, &state, &plan.steps, &cira.0).await;
            let kept = given || self.can_go_on(&stop) || self.has_our_server(&plan.steps);
            if registered.is_new && !kept {
                credential::forget(self.parts, id).await;
            } else if let Some(offer) = registered.offer {
                let told = if given { Told::Perhaps } else { self.told(&plan.steps) };
                offer.settle(self.parts, &cira.0, told).await;
            }
            return Err(stop);
        }
        if let Err(error) = self.parts.inventory.took_cira(id, &cira.0).await {
            tracing::warn!(device = %id, %error, "its CIRA credential before counts until it signs in with the new one");
        }
        if !plan.steps.is_empty() {
            self.keep(id, &seen).await;
        }
        drop((ask, place));
        let watch = follow::Watch {
            parts: self.parts,
            slot: self.slot,
            id,
            address: reached.address,
            policies: &self.wanted.policies,
            changed: !plan.steps.is_empty(),
        };
        tokio::select! {
            end = watch.follow(awaited) => end.map_err(Stop::Problem),
            () = self.slot.cancelled() => Err(Stop::Cancelled),
        }
    }

    /// Keeps that it was told to call, in case that it does not.
    async fn keep(&self, id: DeviceId, seen: &Configured) {
        if let Err(error) = self.parts.inventory.note_configured(id, seen).await {
            tracing::warn!(device = %id, %error, "if it does not come, it is not known that it was told to");
        }
    }

    /// Takes away what was set up here.
    async fn remove(
        &self,
        ask: &mut impl Ask,
        id: DeviceId,
        plan: &Plan,
        cira: &Issued,
    ) -> Result<(), Stop> {
        if self.take(ask, &plan.steps).await? == Taken::ButTheLast {
            self.look_again(ask, plan, cira).await?;
        }
        if let Some(why) = &plan.cuts
            && let Err(error) = self.parts.inventory.note_silenced(id, why).await
        {
            tracing::debug!(device = %id, %error, "it is not kept that the PC was told not to call");
        }
        self.slot.state(EnrollState::Done);
        Ok(())
    }

    /// Shows what it is; gives its identity.
    fn show(&self, state: &RemoteAccess) -> Result<DeviceId, Problem> {
        let platform = &state.platform;
        self.slot.update(|device| {
            device.guid = platform.uuid.map(DeviceId);
            device.version = platform.version.as_ref().map(ToString::to_string);
            device.control_mode = platform.control_mode.map(|mode| mode_name(mode).to_owned());
            if device.name.is_none() {
                device.name = self.target.name.clone().or_else(|| platform.host_name.clone());
            }
        });
        platform.uuid.map(DeviceId).ok_or_else(|| {
            let detail = format!("{} does not say its UUID", self.target.address);
            Problem::new(Code::AmtUnusable, detail)
        })
    }

    pub(super) fn plan(&self, state: &RemoteAccess, cira: &Issued) -> Result<Plan, Problem> {
        let host = &self.target.address;
        let roots = &self.wanted.roots;
        if self.wanted.remove {
            let servers = match self.wanted.places.as_slice() {
                [] => own_places(self.parts),
                places => places.iter().map(|p| (p.host.clone(), p.port.unwrap_or(4433))).collect(),
            };
            let roots = roots.iter().map(|root| root.der.clone()).collect();
            return Ok(plan_removal(state, &Own { servers, roots }));
        }
        let mut servers = self.wanted.servers(self.parts, state.platform.version.as_ref())?;
        for server in &mut servers {
            server.user.clone_from(&cira.user);
            server.password.clone_from(cira.password.expose());
        }
        let wish = Wish {
            roots: roots.iter().map(|root| (root.name.clone(), root.der.clone())).collect(),
            servers,
            policies: self.wanted.policies.clone(),
            inside: self.wanted.inside()?,
        };
        plan(state, &wish).map_err(|error| fault::of_plan(&error, host))
    }

    fn show_plan(&self, plan: &Plan) {
        self.slot.update(|device| {
            device.steps = plan.steps.iter().map(crate::remote_access::planned).collect();
            device.notes.extend(plan.notes.iter().cloned());
            device.notes.extend(plan.cuts.iter().cloned());
        });
    }
}

/// What of it the PC has already, when that is some and not all: whoever began with it is told what is still missing.
fn found(state: &RemoteAccess, steps: &[Step]) -> Option<String> {
    let adds_root = steps.iter().any(|step| matches!(step, Step::TrustRoot { .. }));
    let adds_mps = steps.iter().any(|step| matches!(step, Step::AddMps { .. }));
    let leads_nowhere = adds_mps && state.mps.is_empty();
    let there = [
        (!adds_root).then_some("this server's root"),
        (!adds_mps).then_some("an entry for this server"),
        (!state.policies.is_empty()).then_some(match leads_nowhere {
            true => "policies that lead to no server",
            false => "policies",
        }),
        (!state.environment.is_always_inside()).then_some("environment detection"),
    ];
    let there: Vec<&str> = there.into_iter().flatten().collect();
    if there.is_empty() || steps.is_empty() {
        return None;
    }
    Some(format!(
        "it was begun with already and has {}; only what is missing or different is done",
        there.join(", ")
    ))
}

/// As REST writes it.
fn mode_name(mode: ControlMode) -> &'static str {
    match mode {
        ControlMode::Admin => "admin",
        ControlMode::Client => "client",
    }
}
