//! A job and how far each of its PCs is.

use super::{
    ledger::{Head, Ledger},
    resume,
    wish::Wanted,
};
use crate::inventory::View;
use std::{
    path::Path,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};
use time::OffsetDateTime;
use tokio::sync::watch;
use viaduct_api::{
    Code, EnrollState, EnrollStep, EnrollTarget, Enrolling, Enrollment, NewEnrollment, Problem,
    StepState,
};

/// A job.
#[derive(Debug)]
pub(super) struct Job {
    shown: Mutex<Enrollment>,
    /// Whose view it is done in; None: everything is seen.
    view: Option<View>,
    cancelled: watch::Sender<bool>,
    /// What was wanted; the passwords are there in the life of the server that was told them.
    wish: NewEnrollment,
    ledger: Ledger,
}

/// One PC of a job.
#[derive(Debug, Clone)]
pub(super) struct Slot {
    job: Arc<Job>,
    index: usize,
}

impl Job {
    pub(super) fn new(
        (id, by): (u64, &str),
        view: Option<View>,
        (mut wish, wanted, alone): (NewEnrollment, &Wanted, Vec<EnrollTarget>),
        directory: &Path,
    ) -> Self {
        let targets = wanted.targets.iter().map(|target| waiting(&target.address));
        // Behind those that are worked on: they are part of it, so that going on with it can take them up again.
        let devices = targets.chain(alone.iter().map(|target| left_alone(target, id))).collect();
        wish.devices.extend(alone);
        let shown = Enrollment {
            id,
            by: by.to_owned(),
            began: OffsetDateTime::now_utc(),
            ended: None,
            dry_run: wanted.dry_run,
            remove: wanted.remove,
            devices,
        };
        let ledger = Ledger::of(directory, id);
        ledger.begin(&Head::new(shown.clone(), &wish, view.as_ref()));
        Self { shown: Mutex::new(shown), view, cancelled: watch::Sender::new(false), wish, ledger }
    }

    /// A job of a server that has ended: what was under way then broke off.
    pub(super) fn kept(head: Head, directory: &Path) -> Self {
        let view = head.view();
        let Head { mut shown, wish, .. } = head;
        let ledger = Ledger::of(directory, shown.id);
        let id = shown.id;
        for (index, device) in shown.devices.iter_mut().enumerate() {
            if !device.state.is_final() {
                device.problem = Some(broke_off(device, id));
                device.state = EnrollState::Failed;
                ledger.keep(index, device);
            }
        }
        shown.ended = shown.ended.or_else(|| Some(OffsetDateTime::now_utc()));
        Self { shown: Mutex::new(shown), view, cancelled: watch::Sender::new(false), wish, ledger }
    }

    /// What was wanted, with the passwords as far as they are remembered.
    pub(super) fn wish(&self) -> &NewEnrollment {
        &self.wish
    }

    /// Leaves nothing of it on the disk.
    pub(super) fn forget(&self) {
        self.ledger.forget();
    }

    pub(super) fn id(&self) -> u64 {
        self.shown().id
    }

    pub(super) fn show(&self) -> Enrollment {
        self.shown().clone()
    }

    /// Whether the caller sees it: whoever sees all devices, and everybody of the tenant that it was begun in who sees
    /// at least what the beginner did.
    pub(super) fn is_seen(&self) -> bool {
        let Some(caller) = View::current() else { return true };
        let Some(view) = &self.view else { return caller == View::default() };
        let sees = |label: (&String, &String)| view.labels.get(label.0) == Some(label.1);
        caller.tenant == view.tenant && caller.labels.iter().all(sees)
    }

    pub(super) fn is_over(&self) -> bool {
        self.shown().ended.is_some()
    }

    pub(super) fn cancel(&self) {
        self.cancelled.send_replace(true);
    }

    pub(super) fn slot(self: &Arc<Self>, index: usize) -> Slot {
        Slot { job: Arc::clone(self), index }
    }

    fn shown(&self) -> MutexGuard<'_, Enrollment> {
        self.shown.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Why a PC of a job got no further when the server ended.
fn broke_off(device: &Enrolling, id: u64) -> Problem {
    let host = &device.address;
    let next = device.steps.iter().find(|step| step.state == StepState::Planned);
    let done = device.steps.iter().filter(|step| step.state == StepState::Done).count();
    let detail = match (device.state, next) {
        (EnrollState::Changing, Some(step)) => format!(
            "the server stopped after {done} of {} steps with {host}; whether it still took «{}» is not known",
            device.steps.len(),
            step.text
        ),
        (EnrollState::Changing | EnrollState::Following, _) => {
            format!("{host} is configured; the server stopped while it waited for its tunnel")
        }
        _ => format!("the server stopped before anything was changed on {host}"),
    };
    Problem::new(Code::EnrollStep, detail).with_next(format!(
        "Run it again: viaduct enroll resume {id}. What is right already is left alone."
    ))
}

fn left_alone(target: &EnrollTarget, id: u64) -> Enrolling {
    Enrolling {
        state: EnrollState::Failed,
        name: target.name.clone(),
        problem: Some(resume::left_alone(target, id)),
        ..waiting(&target.address)
    }
}

fn waiting(address: &str) -> Enrolling {
    Enrolling {
        address: address.to_owned(),
        state: EnrollState::Waiting,
        name: None,
        guid: None,
        version: None,
        control_mode: None,
        fingerprint: None,
        steps: Vec::new(),
        notes: Vec::new(),
        milestones: Vec::new(),
        hint: None,
        problem: None,
    }
}

impl Slot {
    /// Which of the job's PCs it is.
    pub(super) fn index(&self) -> usize {
        self.index
    }

    /// In whose name.
    pub(super) fn by(&self) -> String {
        self.job.shown().by.clone()
    }

    /// What is shown.
    pub(super) fn look<T>(&self, at: impl FnOnce(&Enrolling) -> T) -> Option<T> {
        self.job.shown().devices.get(self.index).map(at)
    }

    /// Changes what is shown. Only the task of this PC does.
    pub(super) fn update(&self, change: impl FnOnce(&mut Enrolling)) {
        let Some(mut device) = self.look(Enrolling::clone) else { return };
        change(&mut device);
        // Before anybody can read it: what was shown as done must be known after a kill. And outside of the lock: people
        // who look at the job do not wait for the disk.
        self.job.ledger.keep(self.index, &device);
        let mut shown = self.job.shown();
        if let Some(shown) = shown.devices.get_mut(self.index) {
            *shown = device;
        }
        let over = shown.devices.iter().all(|device| device.state.is_final());
        if over && shown.ended.is_none() {
            shown.ended = Some(OffsetDateTime::now_utc());
        }
    }

    pub(super) fn state(&self, state: EnrollState) {
        self.update(|device| device.state = state);
    }

    pub(super) fn note(&self, note: impl Into<String>) {
        self.update(|device| device.notes.push(note.into()));
    }

    /// What became of a step.
    pub(super) fn step(&self, index: usize, state: StepState) {
        self.update(|device| {
            if let Some(step) = device.steps.get_mut(index) {
                *step = EnrollStep {
                    state,
                    at: Some(OffsetDateTime::now_utc()),
                    text: std::mem::take(&mut step.text),
                    said: step.said.take(),
                };
            }
        });
    }

    /// It failed for this reason. What to do next ends with how to go on.
    pub(super) fn fail(&self, mut problem: Problem) {
        let (id, is_plan) = {
            let shown = self.job.shown();
            (shown.id, shown.dry_run)
        };
        if !is_plan {
            let with = match problem.known() {
                Some(Code::AmtPasswordRefused) => " --amt-password-file FILE",
                _ => "",
            };
            problem.next = format!("{} To go on: viaduct enroll resume {id}{with}", problem.next);
        }
        self.update(|device| {
            device.problem = Some(problem);
            device.state = EnrollState::Failed;
        });
    }

    pub(super) fn is_cancelled(&self) -> bool {
        *self.job.cancelled.borrow()
    }

    /// Waits until somebody stops the job.
    pub(super) async fn cancelled(&self) {
        let mut cancelled = self.job.cancelled.subscribe();
        // The sender lives in the job: the error cannot come.
        drop(cancelled.wait_for(|cancelled| *cancelled).await);
    }
}
