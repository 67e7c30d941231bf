//! Those who are told what happens: webhooks and a broker, each with a task and a reader of its own. The history is
//! their queue: a receiver that is away for longer than it reaches loses the oldest, and the loss is counted.

mod dial;
mod line;
mod methods;
mod mqtt;
mod notice;
mod packet;
mod sign;
mod veto;
mod webhook;

pub(crate) use veto::{Question, Verdict, Vetoes};

use super::{Bus, History, Reader};
use crate::{
    config::{self, Secret},
    inventory::Inventory,
    metrics::SinkFigures,
    tls::{OutgoingTls, TlsError},
};
use dial::Target;
use notice::Notices;
use std::{path::Path, path::PathBuf, sync::Arc, time::Duration};
use tokio::{
    sync::watch,
    task::JoinSet,
    time::{Instant, sleep_until},
};
use viaduct_api::Event as Record;

/// After a failure a receiver is tried again so soon, and each time after twice the time.
const FIRST_PAUSE: Duration = Duration::from_secs(1);
const LONGEST_PAUSE: Duration = Duration::from_secs(30);
/// What waits meanwhile is counted so often.
const COUNTED: Duration = Duration::from_secs(1);

/// Why a receiver cannot be told.
#[derive(Debug, thiserror::Error)]
pub enum SinkError {
    #[error("[events] {who}: {source}")]
    Tls { who: String, source: TlsError },
    #[error("[events] {who}: the secret in {path} cannot be read: {source}")]
    Secret { who: String, path: PathBuf, source: std::io::Error },
    #[error("[events] {who}: this is no URL that can be used")]
    Url { who: String },
}

/// What the receivers are told about this server.
#[derive(Debug, Clone)]
pub(crate) struct Home {
    pub(crate) address: String,
    pub(crate) http_proxy: Option<u16>,
    pub(crate) socks: Option<u16>,
}

/// Everything a receiver's task works with.
pub(crate) struct Sinks<'a> {
    pub(crate) config: &'a config::Events,
    pub(crate) bus: &'a Bus,
    pub(crate) inventory: &'a Inventory,
    pub(crate) home: Home,
    pub(crate) figures: &'a dyn Fn(String) -> SinkFigures,
}

impl Sinks<'_> {
    /// Starts a task for each receiver; gives those who are asked about new tunnels.
    pub(crate) fn start(
        &self,
        tasks: &mut JoinSet<()>,
        down: &watch::Receiver<bool>,
    ) -> Result<Vetoes, SinkError> {
        let notices =
            Arc::new(Notices { inventory: self.inventory.clone(), home: self.home.clone() });
        let mut vetoes = Vetoes::new(Arc::clone(&notices));
        for (index, hook) in self.config.webhooks.iter().enumerate() {
            let receiver = webhook::Receiver::new(hook)?;
            if hook.veto {
                vetoes.add(receiver.clone(), hook.veto_deadline.0, hook.no_verdict);
            }
            let feed = self.feed(&hook.types, format!("webhook-{}", index + 1), down);
            tasks.spawn(webhook::run(receiver, Arc::clone(&notices), feed));
        }
        if let Some(mqtt) = &self.config.mqtt {
            let broker = mqtt::Broker::new(mqtt)?;
            let feed = self.feed(&mqtt.types, "mqtt".to_owned(), down);
            tasks.spawn(mqtt::run(broker, feed));
        }
        Ok(vetoes)
    }

    fn feed(&self, types: &[String], name: String, down: &watch::Receiver<bool>) -> Feed {
        Feed {
            reader: History::read(self.bus),
            types: types.to_vec(),
            figures: (self.figures)(name),
            closed: self.bus.history().closing(),
            down: down.clone(),
        }
    }
}

/// The records for one receiver.
pub(super) struct Feed {
    reader: Reader,
    types: Vec<String>,
    figures: SinkFigures,
    /// True when nothing comes any more.
    closed: watch::Receiver<bool>,
    /// True when the server stops.
    down: watch::Receiver<bool>,
}

impl Feed {
    /// The next record that the receiver wants; None when the server stops and all was read.
    async fn next(&mut self) -> Option<Arc<Record>> {
        loop {
            let (record, lost) = tokio::select! {
                biased;
                next = self.reader.next() => next,
                _ = self.closed.wait_for(|closed| *closed) => return None,
            };
            self.figures.lost.inc_by(lost);
            self.count(0);
            if self.types.is_empty() || self.types.iter().any(|wanted| record.is(wanted)) {
                return Some(record);
            }
        }
    }

    /// Says how many wait: those that were not read, and `held` that were and have not been taken.
    fn count(&self, held: u64) {
        let waiting = self.reader.backlog().saturating_add(held);
        self.figures.waiting.set(i64::try_from(waiting).unwrap_or(i64::MAX));
    }

    /// Waits before the next attempt, with `held` in hand; false when the server stops, after which there is none.
    async fn pause(&mut self, pause: &mut Duration, held: u64) -> bool {
        let again = Instant::now() + *pause;
        *pause = (*pause * 2).min(LONGEST_PAUSE);
        loop {
            self.count(held);
            let now = Instant::now();
            if now >= again {
                return true;
            }
            tokio::select! {
                () = sleep_until(again.min(now + COUNTED)) => {}
                _ = self.down.wait_for(|down| *down) => return false,
            }
        }
    }
}

/// A secret from the configuration or its file.
fn secret(
    who: &str,
    inline: Option<&Secret<String>>,
    file: Option<&Path>,
) -> Result<Option<Secret<String>>, SinkError> {
    let Some(path) = file else { return Ok(inline.cloned()) };
    match std::fs::read_to_string(path) {
        Ok(text) => Ok(Some(Secret::new(text.trim_end_matches(['\r', '\n']).to_owned()))),
        Err(source) => {
            Err(SinkError::Secret { who: who.to_owned(), path: path.to_owned(), source })
        }
    }
}

/// TLS for a target, when its scheme asks for it.
fn tls(who: &str, target: &Target, ca: Option<&Path>) -> Result<Option<OutgoingTls>, SinkError> {
    let make = || OutgoingTls::new(ca);
    let broken = |source| SinkError::Tls { who: who.to_owned(), source };
    target.tls.then(make).transpose().map_err(broken)
}
