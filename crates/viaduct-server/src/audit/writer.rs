//! The one task that writes the chain: whatever waits goes into one transaction, so that many intents share one write
//! to the disk.

use super::{
    Draft,
    chain::{End, Row},
    draft,
};
use crate::{
    access::{Action, Principal, Scope},
    inventory::{Inventory, StoreError},
};
use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};
use tokio::{
    sync::{mpsc, oneshot},
    time::timeout,
};
use viaduct_api::AuditEntry;

/// Rows of one transaction.
const BATCH: usize = 256;
/// Outcomes that wait for a database that does not take them. Beyond that the oldest are given up; their intents are
/// closed as unknown at the next start.
const BACKLOG: usize = 10_000;
/// They are tried again so often.
const RETRY: Duration = Duration::from_secs(1);

/// One row to write. Without somebody who waits, it is kept until the database takes it.
#[derive(Debug)]
pub(super) struct Job {
    pub(super) draft: Draft,
    pub(super) written: Option<oneshot::Sender<Result<u64, String>>>,
}

/// Why the last write failed; None when all is well.
pub(super) type Trouble = Arc<Mutex<Option<(String, Instant)>>>;

pub(super) struct Writer {
    pub(super) inventory: Inventory,
    pub(super) end: End,
    pub(super) trouble: Trouble,
    backlog: VecDeque<Job>,
    /// After a failure nobody knows what is in the database.
    stale: bool,
}

impl Writer {
    pub(super) fn new(inventory: Inventory, end: End, trouble: Trouble) -> Self {
        Self { inventory, end, trouble, backlog: VecDeque::new(), stale: false }
    }

    /// Until nobody can send any more.
    pub(super) async fn run(mut self, mut inbox: mpsc::Receiver<Job>) {
        loop {
            let mut jobs = Vec::new();
            if self.backlog.is_empty() {
                if inbox.recv_many(&mut jobs, BATCH).await == 0 {
                    return;
                }
            } else if let Ok(0) = timeout(RETRY, inbox.recv_many(&mut jobs, BATCH)).await {
                self.write(Vec::new()).await;
                return;
            }
            self.write(jobs).await;
        }
    }

    async fn write(&mut self, jobs: Vec<Job>) {
        let mut jobs: Vec<Job> = self.backlog.drain(..).chain(jobs).collect();
        // Who gave up waiting must not find later that it was written: the action was refused.
        jobs.retain(|job| !job.written.as_ref().is_some_and(oneshot::Sender::is_closed));
        if jobs.is_empty() {
            return;
        }
        match self.append(&jobs).await {
            Ok(first) => {
                self.note(None);
                for (seq, job) in (first..).zip(jobs) {
                    if let Some(written) = job.written {
                        // Nobody waits any more: then the intent is closed as unknown at the next start.
                        drop(written.send(Ok(seq)));
                    }
                }
            }
            Err(error) => {
                self.stale = true;
                let why = error.to_string();
                if self.is_first_failure() {
                    // Something to try again with when nothing else is, so that the end of it is noticed by itself.
                    self.backlog.push_back(Job { draft: gap(&why), written: None });
                }
                for job in jobs {
                    match job.written {
                        Some(written) => drop(written.send(Err(why.clone()))),
                        None => self.backlog.push_back(job),
                    }
                }
                while self.backlog.len() > BACKLOG {
                    self.backlog.pop_front();
                }
                self.note(Some(why));
            }
        }
    }

    /// The number of the first row.
    async fn append(&mut self, jobs: &[Job]) -> Result<u64, StoreError> {
        let (store, keys) = (self.inventory.store(), self.inventory.keys());
        if self.stale {
            self.end = super::end(&self.inventory).await?;
            self.stale = false;
        }
        let first = self.end.seq + 1;
        let mut end = self.end;
        let rows: Vec<Row> = jobs
            .iter()
            .map(|job| {
                let row = Row::after(&end, AuditEntry::from(&job.draft), keys);
                end = row.end();
                row
            })
            .collect();
        store.append_audit(&rows, &end.sealed(keys)).await?;
        self.end = end;
        Ok(first)
    }

    fn is_first_failure(&self) -> bool {
        self.trouble().is_none()
    }

    fn trouble(&self) -> MutexGuard<'_, Option<(String, Instant)>> {
        self.trouble.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn note(&self, error: Option<String>) {
        let mut trouble = self.trouble();
        match (&error, trouble.as_ref()) {
            (Some(why), None) => {
                tracing::error!("the audit log cannot be written, so changes are refused: {why}");
            }
            (None, Some(_)) => tracing::info!("the audit log can be written again"),
            _ => {}
        }
        let since = trouble.as_ref().map_or_else(Instant::now, |(_, since)| *since);
        *trouble = error.map(|error| (error, since));
    }
}

/// What the log itself says of a time in which it could not be written.
fn gap(why: &str) -> Draft {
    let detail = format!("the audit log could not be written, so changes were refused: {why}");
    draft(&Principal::new("(server)", Scope::Read), Action::Maintain, None, detail, "done")
}
