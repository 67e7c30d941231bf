//! How the fleet was over the last hour and week: two rings of points in memory, for the dashboard's curves.
//!
//! The rings are bounded by their length and their words by ours, so this costs the same whatever devices do.

use crate::{
    events::{Bus, Event},
    redirect::Redirections,
    registry::Registry,
    tunnel::TunnelId,
};
use std::{
    collections::{BTreeMap, HashMap, VecDeque},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};
use time::OffsetDateTime;
use tokio::{
    sync::{broadcast::error::RecvError, watch},
    time::{MissedTickBehavior, interval},
};
use viaduct_api::{Bytes, HistoryPoint, trigger_words};

/// From one point of the last hour to the next.
pub(crate) const FINE: Duration = Duration::from_secs(10);
/// From one point of the last week to the next.
pub(crate) const COARSE: Duration = Duration::from_secs(300);
const FINE_POINTS: usize = 360;
const COARSE_POINTS: usize = 2016;
/// Fine points in a coarse one.
const EACH: u32 = 30;

/// The rings; all clones are the same.
#[derive(Debug, Clone, Default)]
pub struct History(Arc<Mutex<Rings>>);

#[derive(Debug, Default)]
struct Rings {
    fine: VecDeque<HistoryPoint>,
    coarse: VecDeque<HistoryPoint>,
    /// What the next coarse point has so far, and of how many fine ones.
    pending: Option<(HistoryPoint, u32)>,
}

/// What was counted since the last point.
#[derive(Debug, Default)]
struct Counted {
    connects: BTreeMap<String, u64>,
    ends: BTreeMap<String, u64>,
    failures: BTreeMap<String, u64>,
}

impl History {
    /// The last hour.
    pub(crate) fn hour(&self) -> Vec<HistoryPoint> {
        self.rings().fine.iter().cloned().collect()
    }

    /// The last week.
    pub(crate) fn week(&self) -> Vec<HistoryPoint> {
        self.rings().coarse.iter().cloned().collect()
    }

    /// Adds points until `shutdown`.
    pub(crate) async fn keep(
        self,
        registry: Registry,
        redirections: Redirections,
        events: Bus,
        mut shutdown: watch::Receiver<bool>,
    ) {
        let mut happenings = events.subscribe();
        let mut clock = interval(FINE);
        clock.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut counted = Counted::default();
        let mut last = HashMap::new();
        loop {
            tokio::select! {
                _ = shutdown.wait_for(|down| *down) => return,
                _ = clock.tick() => {
                    let counted = std::mem::take(&mut counted);
                    self.add(point(&registry, &redirections, counted, &mut last));
                }
                event = happenings.recv() => match event {
                    Ok(event) => counted.count(&event),
                    // Curves with a gap are better than a server that waits for them.
                    Err(RecvError::Lagged(_)) => {}
                    Err(RecvError::Closed) => return,
                },
            }
        }
    }

    fn add(&self, point: HistoryPoint) {
        let mut rings = self.rings();
        push(&mut rings.fine, point.clone(), FINE_POINTS);
        let (sum, of) = match rings.pending.take() {
            None => (point, 1),
            Some((sum, of)) => (merged(sum, point), of + 1),
        };
        if of < EACH {
            rings.pending = Some((sum, of));
        } else {
            push(&mut rings.coarse, sum, COARSE_POINTS);
        }
    }

    fn rings(&self) -> std::sync::MutexGuard<'_, Rings> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Counted {
    fn count(&mut self, event: &Event) {
        let (into, word) = match event {
            Event::TunnelOpened { trigger, .. } => (&mut self.connects, trigger_words(*trigger)),
            Event::TunnelEnded { end, .. } => (&mut self.ends, end.reason),
            Event::AttemptFailed { stage, .. } => (&mut self.failures, stage.name()),
            _ => return,
        };
        *into.entry(word.to_owned()).or_default() += 1;
    }
}

/// How it is now. `last` is what each tunnel had carried at the point before.
fn point(
    registry: &Registry,
    redirections: &Redirections,
    counted: Counted,
    last: &mut HashMap<TunnelId, Bytes>,
) -> HistoryPoint {
    let tunnels = registry.list();
    let mut bytes = Bytes::default();
    let mut channels = 0;
    let mut carried = HashMap::with_capacity(tunnels.len());
    for tunnel in &tunnels {
        let facts = tunnel.facts();
        channels += facts.channels;
        let before = last.get(&tunnel.id()).copied().unwrap_or_default();
        bytes.from_device += facts.from_device.saturating_sub(before.from_device);
        bytes.to_device += facts.to_device.saturating_sub(before.to_device);
        let now = Bytes { from_device: facts.from_device, to_device: facts.to_device };
        carried.insert(tunnel.id(), now);
    }
    *last = carried;
    let mut used = BTreeMap::new();
    for entry in redirections.list() {
        *used.entry(entry.mode.name().to_owned()).or_default() += 1;
    }
    HistoryPoint {
        time: OffsetDateTime::now_utc(),
        tunnels: tunnels.len(),
        channels,
        redirections: used,
        connects: counted.connects,
        ends: counted.ends,
        failures: counted.failures,
        bytes,
    }
}

/// Two points as one: counts are added up, of what stands the later counts, of sessions the most there were.
fn merged(a: HistoryPoint, b: HistoryPoint) -> HistoryPoint {
    let add = |mut a: BTreeMap<String, u64>, b: BTreeMap<String, u64>| {
        for (word, n) in b {
            *a.entry(word).or_default() += n;
        }
        a
    };
    let mut redirections = a.redirections;
    for (mode, n) in b.redirections {
        let most = redirections.entry(mode).or_default();
        *most = n.max(*most);
    }
    HistoryPoint {
        redirections,
        connects: add(a.connects, b.connects),
        ends: add(a.ends, b.ends),
        failures: add(a.failures, b.failures),
        bytes: Bytes {
            from_device: a.bytes.from_device + b.bytes.from_device,
            to_device: a.bytes.to_device + b.bytes.to_device,
        },
        ..HistoryPoint {
            redirections: BTreeMap::new(),
            connects: BTreeMap::new(),
            ends: BTreeMap::new(),
            failures: BTreeMap::new(),
            ..b
        }
    }
}

fn push(ring: &mut VecDeque<HistoryPoint>, point: HistoryPoint, most: usize) {
    if ring.len() >= most {
        ring.pop_front();
    }
    ring.push_back(point);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(tunnels: usize, kvm: usize, periodic: u64) -> HistoryPoint {
        HistoryPoint {
            time: OffsetDateTime::UNIX_EPOCH,
            tunnels,
            channels: 0,
            redirections: BTreeMap::from([("kvm".to_owned(), kvm)]),
            connects: BTreeMap::from([("the periodic timer".to_owned(), periodic)]),
            ends: BTreeMap::new(),
            failures: BTreeMap::new(),
            bytes: Bytes { from_device: 10, to_device: 1 },
        }
    }

    #[test]
    fn both_rings_are_bounded_and_a_coarse_point_loses_no_count() {
        let history = History::default();
        for n in 0..EACH {
            history.add(at(n as usize, usize::from(n == 3), 2));
        }
        let week = history.week();
        assert_eq!(week.len(), 1);
        assert_eq!(week[0].tunnels, EACH as usize - 1, "the latest");
        assert_eq!(week[0].redirections["kvm"], 1, "the most");
        assert_eq!(week[0].connects["the periodic timer"], 2 * u64::from(EACH));
        assert_eq!(week[0].bytes.from_device, 10 * u64::from(EACH));
        for _ in 0..FINE_POINTS + 5 {
            history.add(at(1, 0, 0));
        }
        assert_eq!(history.hour().len(), FINE_POINTS);
    }
}
