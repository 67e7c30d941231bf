//! How many PCs one person interrupts in a minute, and that a request which comes twice is carried out once.

use super::refusal::Refusal;
use serde_json::Value;
use std::{
    collections::{BTreeMap, HashMap, VecDeque},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};
use tokio::{sync::OnceCell, time::Instant};
use viaduct_api::{Code, DeviceId};

/// The time over which interruptions are counted.
const WINDOW: Duration = Duration::from_secs(60);
/// A repeated request is known as such for so long.
const KNOWN: Duration = Duration::from_secs(600);
/// Requests that are remembered; the oldest are forgotten first.
const REMEMBERED: usize = 10_000;
/// Longest number of a request.
const NUMBER_MAX: usize = 128;

/// What became of a numbered request; empty while it is under way.
pub(super) type Outcome = Arc<OnceCell<Result<Value, Refusal>>>;

/// Shared by all requests.
#[derive(Debug)]
pub struct Brake {
    /// Interruptions that one person may cause in a minute.
    most: usize,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    /// When each person interrupted a PC, the newest last.
    interruptions: BTreeMap<String, VecDeque<Instant>>,
    numbered: HashMap<Number, Remembered>,
    order: VecDeque<Number>,
}

/// Who asked, of which device, under which number of the caller's own.
type Number = (String, DeviceId, String);

#[derive(Debug)]
struct Remembered {
    at: Instant,
    what: String,
    outcome: Outcome,
}

impl Brake {
    /// One that lets each person interrupt so many PCs in a minute.
    #[must_use]
    pub fn new(most: usize) -> Self {
        Self { most, state: Mutex::default() }
    }

    /// Counts an interruption of a PC by somebody.
    ///
    /// # Errors
    /// When they have interrupted as many within a minute as they may; nothing is counted then.
    pub(super) fn interrupt(&self, who: &str) -> Result<(), Refusal> {
        let most = self.most;
        let now = Instant::now();
        let mut state = self.state();
        for times in state.interruptions.values_mut() {
            while times.front().is_some_and(|at| now - *at >= WINDOW) {
                times.pop_front();
            }
        }
        state.interruptions.retain(|_, times| !times.is_empty());
        let times = state.interruptions.entry(who.to_owned()).or_default();
        if times.len() < most {
            times.push_back(now);
            return Ok(());
        }
        let first = times.front().map_or(WINDOW, |at| WINDOW - (now - *at));
        let seconds = first.as_secs() + 1;
        let detail = format!(
            "{who} has interrupted {most} PCs within a minute, which is all that limits.interruptions allows; nothing was sent to this one"
        );
        Err(Refusal::new(Code::TooMany, detail)
            .next(format!(
                "Look whether all of them are meant; this one can be sent in {seconds} s."
            ))
            .retry_after(seconds))
    }

    /// The outcome of the request of that number, to be filled in by whoever is first.
    ///
    /// # Errors
    /// When the number was used for something else.
    pub(super) fn numbered(
        &self,
        who: &str,
        device: DeviceId,
        number: &str,
        what: &str,
    ) -> Result<Outcome, Refusal> {
        if number.is_empty()
            || number.len() > NUMBER_MAX
            || !number.bytes().all(|b| b.is_ascii_graphic())
        {
            let detail = format!("Idempotency-Key: 1 to {NUMBER_MAX} visible ASCII characters");
            return Err(Refusal::new(Code::BadRequest, detail));
        }
        let now = Instant::now();
        let mut state = self.state();
        while let Some(oldest) = state.order.front() {
            let old = state.numbered.get(oldest).is_none_or(|one| now - one.at >= KNOWN);
            if !old && state.order.len() < REMEMBERED {
                break;
            }
            if let Some(oldest) = state.order.pop_front() {
                state.numbered.remove(&oldest);
            }
        }
        let key = (who.to_owned(), device, number.to_owned());
        if let Some(known) = state.numbered.get(&key) {
            if known.what == what {
                return Ok(Arc::clone(&known.outcome));
            }
            let detail = format!(
                "the Idempotency-Key {number} was used for `{}`, and this is `{what}`",
                known.what
            );
            return Err(
                Refusal::new(Code::BadRequest, detail).next("Take a new key for a new request.")
            );
        }
        let outcome = Outcome::default();
        let remembered =
            Remembered { at: now, what: what.to_owned(), outcome: Arc::clone(&outcome) };
        state.numbered.insert(key.clone(), remembered);
        state.order.push_back(key);
        Ok(outcome)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn so_many_a_minute_and_person_and_then_they_are_told_when() {
        let brake = Brake::new(3);
        for _ in 0..3 {
            brake.interrupt("ines").unwrap();
            tokio::time::advance(Duration::from_secs(10)).await;
        }
        assert_eq!(brake.interrupt("ines").unwrap_err().code(), Code::TooMany);
        brake.interrupt("noor").unwrap();
        tokio::time::advance(Duration::from_secs(31)).await;
        brake.interrupt("ines").unwrap();
        assert!(brake.interrupt("ines").is_err(), "only one place became free");
    }

    #[tokio::test(start_paused = true)]
    async fn a_number_stands_for_one_request_of_one_person_and_device() {
        let brake = Brake::new(3);
        let device: DeviceId = "4c4c4544-004b-4210-8033-b6c04f504633".parse().unwrap();
        let first = brake.numbered("ines", device, "1", "power reset").unwrap();
        first.set(Ok(Value::Null)).unwrap();
        assert!(brake.numbered("ines", device, "1", "power reset").unwrap().initialized());
        assert!(!brake.numbered("noor", device, "1", "power reset").unwrap().initialized());
        assert!(brake.numbered("ines", device, "1", "power off").is_err());
        assert!(brake.numbered("ines", device, "", "power off").is_err());
        tokio::time::advance(KNOWN).await;
        assert!(!brake.numbered("ines", device, "1", "power reset").unwrap().initialized());
    }
}
