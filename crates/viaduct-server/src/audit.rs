//! Who did what to what: a hash-chained record, written before anything happens.
//!
//! An [`Intent`] is on the disk when [`Audit::intent`] returns; only then may the effect follow. Its outcome is a row of
//! its own. An intent that nobody closed (a crash, a cancelled request) is closed as `unknown`, at the latest at the next
//! start: nothing is ever sent again because of it.

pub(crate) mod chain;
mod sign_ins;
mod writer;

use crate::{
    access::{Action, Principal},
    inventory::{Inventory, StoreError},
};
use chain::{Checker, End};
use std::{
    net::IpAddr,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};
use time::{OffsetDateTime, UtcOffset, format_description::well_known::Rfc3339};
use tokio::sync::{mpsc, oneshot, watch};
use viaduct_api::{AuditEntry, AuditFault, AuditReport, DeviceId};
use writer::{Job, Trouble, Writer};

pub(crate) use crate::inventory::AuditFilter;

/// Rows that wait for the writer; callers beyond that wait too.
const QUEUE: usize = 1024;
/// The chain is checked so often without being asked: reading a million rows takes seconds of one core.
const CHECK_EVERY: Duration = Duration::from_secs(3600);
/// Longest detail; the rest is cut.
const DETAIL_MAX: usize = 512;

/// Why an action is refused: what cannot be recorded does not happen.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the audit log cannot be written: {0}")]
pub struct AuditUnavailable(String);

/// How something ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// It happened.
    Done,
    /// It did not happen, for this reason.
    Failed(String),
    /// Nobody knows, for this reason.
    Unknown(String),
}

/// What a row says before it has a number.
#[derive(Debug, Clone)]
struct Draft {
    tenant: String,
    actor: String,
    source: Option<IpAddr>,
    action: &'static str,
    device: Option<DeviceId>,
    detail: String,
    result: &'static str,
    intent: Option<u64>,
}

/// The audit log.
#[derive(Debug, Clone)]
pub struct Audit {
    inventory: Inventory,
    queue: mpsc::Sender<Job>,
    trouble: Trouble,
    /// What the last check of the chain found.
    whole: Arc<AtomicBool>,
}

/// Something that is about to happen and is recorded. Dropped without an outcome, it is `unknown`.
#[derive(Debug)]
#[must_use = "an intent without an outcome is recorded as unknown"]
pub struct Intent {
    /// Number of its row.
    seq: u64,
    draft: Draft,
    queue: mpsc::Sender<Job>,
    open: bool,
}

impl Audit {
    /// Takes up the chain where it ends, and closes as unknown what was under way when the server ended.
    ///
    /// # Errors
    /// When the database cannot be read or written.
    pub async fn open(inventory: &Inventory) -> Result<Self, StoreError> {
        let end = end(inventory).await?;
        let trouble: Trouble = Arc::new(Mutex::new(None));
        let (queue, inbox) = mpsc::channel(QUEUE);
        tokio::spawn(Writer::new(inventory.clone(), end, Arc::clone(&trouble)).run(inbox));
        let audit = Self {
            inventory: inventory.clone(),
            queue,
            trouble,
            whole: Arc::new(AtomicBool::new(true)),
        };
        for entry in inventory.store().open_intents().await? {
            let draft = Draft {
                tenant: entry.tenant,
                actor: entry.actor,
                source: entry.source.and_then(|text| text.parse().ok()),
                action: action_name(&entry.action),
                device: entry.device.and_then(|text| text.parse().ok()),
                detail: "the server ended before it knew".to_owned(),
                result: "unknown",
                intent: Some(entry.seq),
            };
            audit.queue_up(draft, None).await;
        }
        Ok(audit)
    }

    /// Records what somebody is about to do, and why if they said so. On the disk when it returns.
    ///
    /// # Errors
    /// When it cannot be recorded; then it must not be done.
    pub async fn intent(
        &self,
        who: &Principal,
        action: Action,
        device: Option<DeviceId>,
        detail: impl Into<String>,
    ) -> Result<Intent, AuditUnavailable> {
        let mut detail = detail.into();
        if let Some(reason) = &who.reason {
            // First comes what is done: a long one is cut where it hides nothing.
            detail = format!("{detail}; because: {reason}");
        }
        let draft = draft(who, action, device, detail, "intent");
        let seq = self.written(draft.clone()).await?;
        Ok(Intent { seq, draft, queue: self.queue.clone(), open: true })
    }

    /// Records what has no effect of its own to wait for: a sign-in, a look at the audit log.
    ///
    /// # Errors
    /// When it cannot be recorded.
    pub async fn note(
        &self,
        who: &Principal,
        action: Action,
        device: Option<DeviceId>,
        detail: impl Into<String>,
        outcome: &Outcome,
    ) -> Result<(), AuditUnavailable> {
        let (result, reason) = words(outcome);
        let mut text = detail.into();
        if let Some(reason) = reason {
            text = format!("{text}: {reason}");
        }
        self.written(draft(who, action, device, text, result)).await.map(drop)
    }

    /// Why the last write failed; None when all is well.
    #[must_use]
    pub fn trouble(&self) -> Option<String> {
        let trouble = self.trouble.lock().unwrap_or_else(PoisonError::into_inner);
        trouble.as_ref().map(|(why, _)| why.clone())
    }

    /// For how long nothing could be written; zero when all is well.
    #[must_use]
    pub fn lag(&self) -> Duration {
        let trouble = self.trouble.lock().unwrap_or_else(PoisonError::into_inner);
        trouble.as_ref().map_or(Duration::ZERO, |(_, since)| since.elapsed())
    }

    /// Whether the last check of the chain found every row as it was written. True before the first one.
    #[must_use]
    pub fn is_whole(&self) -> bool {
        self.whole.load(Ordering::Relaxed)
    }

    /// Checks the chain at once and then every hour, so that a damage is noticed when nobody asks.
    pub(crate) async fn check_often(self, mut shutdown: watch::Receiver<bool>) {
        let mut turns = tokio::time::interval(CHECK_EVERY);
        loop {
            tokio::select! {
                _ = shutdown.wait_for(|down| *down) => return,
                _ = turns.tick() => {}
            }
            match self.verify().await {
                Ok(AuditReport { fault: Some(fault), .. }) => tracing::error!(
                    row = fault.seq,
                    "the audit log is not as it was written: {}; see `viaduct audit verify`",
                    fault.why
                ),
                Ok(_) => {}
                Err(error) => tracing::warn!(%error, "the audit log cannot be checked"),
            }
        }
    }

    /// Rows that fit, as many as asked for, with how their intents ended, and how many fit in all.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn list(&self, filter: &AuditFilter) -> Result<(Vec<AuditEntry>, u64), StoreError> {
        self.inventory.store().audit_page(filter).await
    }

    /// Reads the whole chain. A fault is part of the report, not an error.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn verify(&self) -> Result<AuditReport, StoreError> {
        let (keys, store) = (self.inventory.keys(), self.inventory.store());
        let mut checker = Checker::default();
        // Rows that come while it reads belong to the next check, so the mark is read first.
        let mark = store.audit_end().await?;
        let end = mark.as_deref().and_then(|bytes| End::open(bytes, keys));
        let last = end.map_or(u64::MAX, |end| end.seq);
        let mut fault = None;
        loop {
            let rows = store.audit_rows(checker.rows(), last).await?;
            if rows.is_empty() {
                break;
            }
            fault = rows.iter().try_for_each(|row| checker.row(row, keys)).err();
            if fault.is_some() {
                break;
            }
        }
        let nothing = mark.is_none() && checker.rows() == 0;
        let mut fault = fault.or_else(|| checker.finish(end).err().filter(|_| !nothing));
        if fault.is_none() {
            fault = self.added(checker.rows()).await?;
        }
        self.whole.store(fault.is_none(), Ordering::Relaxed);
        Ok(AuditReport { rows: checker.rows(), fault })
    }

    /// A row behind the last one that this server wrote. Its mark is written together with its rows, so what came since the
    /// check began has moved the mark as well.
    async fn added(&self, last: u64) -> Result<Option<AuditFault>, StoreError> {
        let (keys, store) = (self.inventory.keys(), self.inventory.store());
        let behind = store.audit_rows(last, u64::MAX).await?;
        let Some(seq) = behind.first().map(|row| row.entry.seq) else { return Ok(None) };
        let mark = store.audit_end().await?;
        let end = mark.as_deref().and_then(|bytes| End::open(bytes, keys)).unwrap_or_default();
        let why = "it was added behind the last one that was written".to_owned();
        Ok((end.seq < seq).then_some(AuditFault { seq, why }))
    }

    async fn written(&self, draft: Draft) -> Result<u64, AuditUnavailable> {
        let (written, answer) = oneshot::channel();
        self.queue_up(draft, Some(written)).await;
        match answer.await {
            Ok(Ok(seq)) => Ok(seq),
            Ok(Err(why)) => Err(AuditUnavailable(why)),
            Err(_) => Err(AuditUnavailable("the writer has ended".to_owned())),
        }
    }

    async fn queue_up(&self, draft: Draft, written: Option<oneshot::Sender<Result<u64, String>>>) {
        // It fails only when the writer is gone, which the answer tells.
        drop(self.queue.send(Job { draft, written }).await);
    }
}

impl Intent {
    /// The number of its row.
    #[must_use]
    pub fn seq(&self) -> u64 {
        self.seq
    }

    /// Records how it ended. A database that does not take it is tried again; at worst the intent ends as unknown.
    pub async fn done(mut self, outcome: Outcome) {
        self.open = false;
        let job = self.job(&outcome);
        // It fails only when the server ends; the next start closes the intent.
        drop(self.queue.send(job).await);
    }

    fn job(&self, outcome: &Outcome) -> Job {
        let (result, reason) = words(outcome);
        let mut draft = self.draft.clone();
        draft.result = result;
        draft.intent = Some(self.seq);
        draft.detail = bounded(reason.unwrap_or_default().to_owned());
        Job { draft, written: None }
    }
}

impl Drop for Intent {
    fn drop(&mut self) {
        if self.open {
            let job = self.job(&Outcome::Unknown("it was broken off".to_owned()));
            // With a full queue the next start closes it.
            drop(self.queue.try_send(job));
        }
    }
}

impl From<&Draft> for AuditEntry {
    fn from(draft: &Draft) -> Self {
        let now = OffsetDateTime::now_utc().to_offset(UtcOffset::UTC);
        Self {
            time: now.format(&Rfc3339).unwrap_or_default(),
            tenant: draft.tenant.clone(),
            actor: draft.actor.clone(),
            source: draft.source.map(|source| source.to_string()),
            action: draft.action.to_owned(),
            device: draft.device.map(|device| device.to_string()),
            detail: draft.detail.clone(),
            result: draft.result.to_owned(),
            intent: draft.intent,
            ..Self::default()
        }
    }
}

/// Where the chain ends: the mark, or, when it is damaged, the last row. A row's number is never used again, or a
/// removed row would go unnoticed.
async fn end(inventory: &Inventory) -> Result<End, StoreError> {
    let (keys, store) = (inventory.keys(), inventory.store());
    let mark = store.audit_end().await?;
    let last = store.last_audit_row().await?;
    if let Some(end) = mark.as_deref().and_then(|mark| End::open(mark, keys)) {
        let Some(added) = last.map(|row| row.entry.seq).filter(|seq| *seq > end.seq) else {
            return Ok(end);
        };
        tracing::error!(
            row = added,
            "rows were added to the audit log by somebody else; see `viaduct audit verify`"
        );
        // They keep their numbers, so that what is written from now on finds a free one.
        return Ok(End { seq: added, ..end });
    }
    if mark.is_some() || last.is_some() {
        tracing::error!(
            "the mark of the audit log's last row is missing or was changed; see `viaduct audit verify`"
        );
    }
    Ok(last.map_or_else(End::default, |row| row.end()))
}

fn draft(
    who: &Principal,
    action: Action,
    device: Option<DeviceId>,
    detail: String,
    result: &'static str,
) -> Draft {
    Draft {
        tenant: who.tenant.clone(),
        actor: who.name.clone(),
        source: who.source,
        action: action.name(),
        device,
        detail: bounded(detail),
        result,
        intent: None,
    }
}

/// At most so long, and without characters that make a line look like another.
fn bounded(text: String) -> String {
    let plain = |c: char| if c.is_control() { ' ' } else { c };
    text.chars().take(DETAIL_MAX).map(plain).collect()
}

fn words(outcome: &Outcome) -> (&'static str, Option<&str>) {
    match outcome {
        Outcome::Done => ("done", None),
        Outcome::Failed(why) => ("failed", Some(why)),
        Outcome::Unknown(why) => ("unknown", Some(why)),
    }
}

/// A name that an older or newer version wrote is kept as far as this one knows it.
fn action_name(name: &str) -> &'static str {
    Action::ALL.iter().map(|action| action.name()).find(|known| *known == name).unwrap_or("other")
}

#[cfg(test)]
mod tests;
