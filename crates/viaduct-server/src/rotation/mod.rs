//! A new root, or a new name of this server, brought to the devices before it is used.
//!
//! Each device pins our root and our name, and nothing can repair one that does not find us any more. So what is coming is
//! pushed through the tunnels first, beside what counts today; who has it is written down, and it is only used when every
//! device that was here lately has it, or when somebody says that the others may be lost.

mod ledger;
mod push;

use crate::{
    enroll::{Parts, Place, own_places, place},
    tls::{self, RootCertificate},
};
use ledger::{Entry, Ledger};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use time::{Duration, OffsetDateTime};
use tokio::sync::Semaphore;
use viaduct_api::{Code, DeviceRotation, Problem, RotationState, RotationStatus};

/// Devices that were not here for so long do not count.
const SEEN: Duration = Duration::days(90);
/// Devices that are changed at the same time.
const AT_ONCE: usize = 16;

/// What is coming, and who has it.
#[derive(Debug, Clone)]
pub struct Rotator(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    parts: Parts,
    places: Semaphore,
    ledger: Mutex<Ledger>,
    /// Devices of the push that is under way, done and all.
    pushing: Mutex<Option<(usize, usize)>>,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Rotator {
    pub(crate) fn new(parts: Parts) -> Self {
        let ledger = Ledger::read(&parts.certificates.root_file());
        Self(Arc::new(Inner {
            parts,
            places: Semaphore::new(AT_ONCE),
            ledger: Mutex::new(ledger),
            pushing: Mutex::default(),
        }))
    }

    /// How far it is.
    ///
    /// # Errors
    /// When the next root cannot be read.
    pub(crate) fn status(&self) -> Result<RotationStatus, Problem> {
        let inner = &self.0;
        let next = self.next()?;
        let ledger = lock(&inner.ledger).clone();
        let wanted = self.wanted(next.as_ref(), &ledger);
        let now = OffsetDateTime::now_utc();
        let mut devices = Vec::new();
        for device in inner.parts.inventory.list().iter().filter(|device| !device.blocked) {
            let connected = inner.parts.registry.lookup(device.id).is_some();
            let seen = connected || device.last_seen.is_some_and(|seen| now - seen < SEEN);
            let entry = ledger.devices.get(&device.id).filter(|entry| entry.of == wanted);
            devices.push(DeviceRotation {
                guid: device.id,
                name: device.name.clone(),
                state: match entry {
                    Some(entry) if entry.ready => RotationState::Ready,
                    Some(_) => RotationState::Failed,
                    None => RotationState::Waiting,
                },
                detail: entry.map(|entry| entry.detail.clone()).unwrap_or_default(),
                at: entry.map(|entry| entry.at),
                connected,
                counts: seen,
            });
        }
        let counting = devices.iter().filter(|device| device.counts);
        let ready = counting.clone().filter(|device| device.state == RotationState::Ready).count();
        let counted = counting.count();
        Ok(RotationStatus {
            next_root: next.map(|root| tls::sha256(&root.der)),
            name: ledger.name,
            ready,
            counted,
            pushing: *lock(&inner.pushing),
            devices,
        })
    }

    /// Brings what is coming to every device that is connected. Makes the next root when nothing is coming yet and no name
    /// is given.
    ///
    /// # Errors
    /// When it cannot begin.
    pub(crate) fn push(&self, name: Option<String>, by: &str) -> Result<(), Problem> {
        if let Some(name) = &name {
            let Place { host, .. } = place(name)?;
            self.record(|ledger| ledger.name = Some(host))?;
        } else if self.next()?.is_none() && lock(&self.0.ledger).name.is_none() {
            let made = self.0.parts.certificates.make_next_root();
            made.map_err(|error| internal(error.to_string()))?;
        }
        let mut pushing = lock(&self.0.pushing);
        if pushing.is_some() {
            return Err(Problem::new(Code::NotCovered, "a push is under way already"));
        }
        let devices: Vec<_> = self.0.parts.registry.list().iter().map(|t| t.device()).collect();
        *pushing = Some((0, devices.len()));
        drop(pushing);
        tokio::spawn(push::all(self.clone(), devices, by.to_owned()));
        Ok(())
    }

    /// Uses the next root from now on.
    ///
    /// # Errors
    /// When devices would be lost and that was not allowed, or nothing waits.
    pub(crate) async fn activate(&self, force: bool) -> Result<Vec<String>, Problem> {
        let status = self.status()?;
        if status.next_root.is_none() && status.name.is_none() {
            let why = "neither a new root nor a new name was pushed";
            return Err(Problem::new(Code::BadRequest, why).with_next(
                "`viaduct cert rotate --push` makes a root and brings it to the devices.",
            ));
        }
        if status.pushing.is_some() {
            return Err(Problem::new(Code::NotCovered, "a push is under way"));
        }
        let missing = status.counted - status.ready;
        if missing > 0 && !force {
            let names: Vec<&str> = status
                .devices
                .iter()
                .filter(|device| device.counts && device.state != RotationState::Ready)
                .map(|device| device.name.as_str())
                .take(10)
                .collect();
            let detail = format!(
                "{missing} of {} devices seen in the last {} days would not find this server any more: {}{}",
                status.counted,
                SEEN.whole_days(),
                names.join(", "),
                if missing > names.len() { ", …" } else { "" }
            );
            return Err(Problem::new(Code::NotCovered, detail));
        }
        let mut done = Vec::new();
        if status.next_root.is_some() {
            let lines = self.0.parts.certificates.advance().await;
            let lines = lines.map_err(|why| Problem::new(Code::CertificatesRefused, why))?;
            done.extend(lines.into_iter().map(|line| format!("{line} uses the new root")));
        }
        if let Some(name) = status.name {
            let names = self.0.parts.certificates.names();
            let mut all = vec![name.clone()];
            all.extend(names.iter().filter(|known| **known != name).cloned());
            done.push(format!(
                "the devices know {name}; to use it, write names = {all:?} under [cira] in viaduct.toml and restart the server"
            ));
        }
        self.record(|ledger| *ledger = Ledger::default())?;
        Ok(done)
    }

    /// Gives up what is coming.
    ///
    /// # Errors
    /// When the files cannot be removed.
    pub(crate) fn abandon(&self) -> Result<(), Problem> {
        let dropped = self.0.parts.certificates.drop_next_root();
        dropped.map_err(|error| internal(error.to_string()))?;
        self.record(|ledger| *ledger = Ledger::default())
    }

    fn next(&self) -> Result<Option<RootCertificate>, Problem> {
        self.0.parts.certificates.next_root().map_err(|error| internal(error.to_string()))
    }

    /// What a device must have had pushed to count as ready.
    fn wanted(&self, next: Option<&RootCertificate>, ledger: &Ledger) -> String {
        let root = next.map(|root| tls::sha256(&root.der)).unwrap_or_default();
        format!("{root}/{}", ledger.name.as_deref().unwrap_or_default())
    }

    fn record(&self, change: impl FnOnce(&mut Ledger)) -> Result<(), Problem> {
        let mut ledger = lock(&self.0.ledger);
        change(&mut ledger);
        ledger.write(&self.0.parts.certificates.root_file()).map_err(|error| {
            Problem::new(
                Code::Store,
                format!("who has the new root cannot be written down: {error}"),
            )
        })
    }

    fn note(&self, device: viaduct_api::DeviceId, of: String, result: Result<(), String>) {
        let ready = result.is_ok();
        let at = OffsetDateTime::now_utc();
        let entry = Entry { of, ready, at, detail: result.err().unwrap_or_default() };
        if let Err(problem) = self.record(|ledger| drop(ledger.devices.insert(device, entry))) {
            self.0.parts.events.about(device).in_scope(|| tracing::warn!("{}", problem.detail));
        }
        if let Some((done, _)) = lock(&self.0.pushing).as_mut() {
            *done += 1;
        }
    }

    fn own_places(&self) -> Vec<(String, u16)> {
        own_places(&self.0.parts)
    }
}

fn internal(why: String) -> Problem {
    Problem::new(Code::Internal, why)
}
