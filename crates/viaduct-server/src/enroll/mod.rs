//! Makes activated PCs on the local network dial in: reads what each is, plans, changes, and follows it into its tunnel.
//!
//! This is the one place that dials a PC (`lan`): only AMT's own two ports, only on the explicit word of an
//! administrator, and only so many at once. Jobs go on when whoever asked for them has gone. How far each is, is kept in
//! files (`ledger`): after the end of the server it is shown still, and resumed on demand.

mod address;
mod credential;
mod fault;
mod follow;
mod job;
mod lan;
mod ledger;
mod offer;
mod put_back;
mod resume;
mod run;
mod script;
mod session;
mod take;
mod wish;

pub(crate) use offer::{Offer, Told};
pub(crate) use script::write as scripts;
pub(crate) use session::{StepFault, perform, survey};
pub(crate) use wish::{Place, nowhere, own_places, own_roots, place, servers_at};

use crate::{
    Addresses,
    command::Commander,
    config,
    events::Bus,
    inventory::{Inventory, View},
    knocks::Knocks,
    registry::Registry,
    tls::Certificates,
};
use job::Job;
use std::{
    collections::VecDeque,
    path::PathBuf,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};
use time::OffsetDateTime;
use tokio::sync::Semaphore;
use viaduct_api::{EnrollTarget, Enrollment, NewEnrollment, Problem};
use wish::Wanted;

/// PCs that are read and changed at the same time. Each is one connection and some flash writes of the PC's own.
const AT_ONCE: usize = 16;
/// PCs of one job.
const TARGETS_MAX: usize = 10_000;
/// Jobs that are remembered; the oldest finished one leaves first.
const JOBS_MAX: usize = 64;

/// What enrolling works with.
#[derive(Debug, Clone)]
pub(crate) struct Parts {
    pub(crate) inventory: Inventory,
    pub(crate) registry: Registry,
    pub(crate) events: Bus,
    pub(crate) certificates: Certificates,
    pub(crate) commands: Commander,
    pub(crate) knocks: Knocks,
    pub(crate) addresses: Arc<Addresses>,
    pub(crate) cira: config::Cira,
    /// How soon a PC on the local network must answer a request.
    pub(crate) deadline: Duration,
    pub(crate) started: OffsetDateTime,
    /// Where jobs are kept.
    pub(crate) kept: PathBuf,
}

/// Runs jobs.
#[derive(Debug, Clone)]
pub struct Enroller(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    parts: Parts,
    places: Semaphore,
    jobs: Mutex<Jobs>,
}

#[derive(Debug, Default)]
struct Jobs {
    last: u64,
    all: VecDeque<Arc<Job>>,
}

impl Enroller {
    pub(crate) fn new(parts: Parts) -> Self {
        let places = Semaphore::new(AT_ONCE);
        let kept = ledger::read(&parts.kept).into_iter();
        let all: VecDeque<_> = kept.map(|head| Arc::new(Job::kept(head, &parts.kept))).collect();
        let last = all.back().map_or(0, |job| job.id());
        Self(Arc::new(Inner { parts, places, jobs: Mutex::new(Jobs { last, all }) }))
    }

    pub(crate) fn parts(&self) -> &Parts {
        &self.0.parts
    }

    /// Begins a job, in the name of `by`. It runs on its own.
    ///
    /// # Errors
    /// When what is wanted makes no sense; nothing was done then.
    pub(crate) fn begin(&self, wish: NewEnrollment, by: &str) -> Result<Enrollment, Problem> {
        self.begin_without(wish, Vec::new(), by)
    }

    /// Begins a job that leaves some PCs alone and says so of each.
    fn begin_without(
        &self,
        wish: NewEnrollment,
        alone: Vec<EnrollTarget>,
        by: &str,
    ) -> Result<Enrollment, Problem> {
        let wanted = Arc::new(Wanted::of(wish.clone(), &self.0.parts)?);
        let view = View::current();
        let id = self.number()?;
        let job = Job::new((id, by), view.clone(), (wish, &wanted, alone), &self.0.parts.kept);
        let job = Arc::new(job);
        {
            let mut jobs = self.jobs();
            let at = jobs.all.partition_point(|other| other.id() < id);
            jobs.all.insert(at, Arc::clone(&job));
        }
        for index in 0..wanted.targets.len() {
            let (this, wanted, job) = (self.clone(), Arc::clone(&wanted), Arc::clone(&job));
            // What is spawned is outside of the caller's view, and the job must stay inside it.
            let view = view.clone();
            tokio::spawn(async move {
                let slot = job.slot(index);
                let work = run::one(&this.0.parts, &this.0.places, &wanted, &slot);
                match view {
                    Some(view) => view.around(work).await,
                    None => work.await,
                }
            });
        }
        Ok(job.show())
    }

    /// A number for a new job, and room for it. The disk is not waited for under the lock.
    fn number(&self) -> Result<u64, Problem> {
        let mut left = Vec::new();
        let id = {
            let mut jobs = self.jobs();
            while jobs.all.len() >= JOBS_MAX {
                let finished = jobs.all.iter().position(|job| job.is_over());
                let at =
                    finished.ok_or_else(|| fault::bad("too many enrollments are under way"))?;
                left.extend(jobs.all.remove(at));
            }
            jobs.last += 1;
            jobs.last
        };
        left.iter().for_each(|job| job.forget());
        Ok(id)
    }

    /// Begins a job for what is left of one, in the name of `by`; None: there is no such job. Passwords that nobody
    /// remembers come from `password`.
    ///
    /// # Errors
    /// When nothing is left, or a password is missing; nothing was done then.
    pub(crate) async fn resume(
        &self,
        id: u64,
        password: Option<&str>,
        by: &str,
    ) -> Option<Result<Enrollment, Problem>> {
        let job = self.find(id)?;
        let wish = resume::wish(&self.0.parts, &job, password).await;
        Some(wish.and_then(|(wish, alone)| self.begin_without(wish, alone, by)))
    }

    /// All jobs of the caller's tenant that are remembered, the latest first.
    pub(crate) fn list(&self) -> Vec<Enrollment> {
        self.jobs().all.iter().rev().filter(|job| job.is_seen()).map(|job| job.show()).collect()
    }

    /// One job.
    pub(crate) fn get(&self, id: u64) -> Option<Enrollment> {
        self.find(id).map(|job| job.show())
    }

    /// Stops a job: what has begun with a PC is brought to a safe end first.
    pub(crate) fn cancel(&self, id: u64) -> Option<Enrollment> {
        let job = self.find(id)?;
        job.cancel();
        Some(job.show())
    }

    fn find(&self, id: u64) -> Option<Arc<Job>> {
        self.jobs().all.iter().find(|job| job.id() == id && job.is_seen()).cloned()
    }

    fn jobs(&self) -> MutexGuard<'_, Jobs> {
        self.0.jobs.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
