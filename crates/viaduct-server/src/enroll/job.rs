//! A job and how far each of its PCs is.

use super::wish::Wanted;
use crate::inventory::View;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use time::OffsetDateTime;
use tokio::sync::watch;
use viaduct_api::{EnrollState, EnrollStep, Enrolling, Enrollment, Problem, StepState};

/// A job.
#[derive(Debug)]
pub(super) struct Job {
    shown: Mutex<Enrollment>,
    /// Whose view it is done in; None: everything is seen.
    view: Option<View>,
    cancelled: watch::Sender<bool>,
}

/// One PC of a job.
#[derive(Debug, Clone)]
pub(super) struct Slot {
    job: Arc<Job>,
    index: usize,
}

impl Job {
    pub(super) fn new(id: u64, by: &str, view: Option<View>, wanted: &Wanted) -> Self {
        let devices = wanted.targets.iter().map(|target| waiting(&target.address)).collect();
        let shown = Enrollment {
            id,
            by: by.to_owned(),
            began: OffsetDateTime::now_utc(),
            ended: None,
            dry_run: wanted.dry_run,
            remove: wanted.remove,
            devices,
        };
        Self { shown: Mutex::new(shown), view, cancelled: watch::Sender::new(false) }
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

    /// Changes what is shown.
    pub(super) fn update(&self, change: impl FnOnce(&mut Enrolling)) {
        let mut shown = self.job.shown();
        if let Some(device) = shown.devices.get_mut(self.index) {
            change(device);
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

    /// It failed for this reason.
    pub(super) fn fail(&self, problem: Problem) {
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
