//! What happens to a PC after AMT took a request: told line by line, until it is as it was wanted.

use super::power::{Plan, Told, power_of, words};
use crate::{
    client::Client,
    failure::{Failure, Result},
    say::{inert, note},
};
use std::time::Duration;
use time::OffsetDateTime;
use tokio::time::{Instant, sleep};
use viaduct_api::{Code, Device};

/// It looks so often.
const LOOK_EVERY: Duration = Duration::from_millis(500);
/// A PC that looks the same for so long after a reset has been through it unseen.
const SETTLED: Duration = Duration::from_secs(8);

pub(super) struct Story {
    name: String,
    began: Instant,
    /// The last line, so that nothing is told twice.
    last: String,
}

impl Story {
    pub(super) fn begin(device: &Device, verb: &str) -> Self {
        let name = inert(&device.name);
        let mut story = Self { name, began: Instant::now(), last: String::new() };
        story.tell("accepted by AMT", verb.trim_end_matches(" of"));
        story
    }

    /// Looks at tunnel and power until the PC is in one of the states that were asked for.
    pub(super) async fn follow(
        &mut self,
        client: &Client,
        device: &Device,
        plan: &Plan,
        patience: Duration,
    ) -> Result<Told> {
        let tunnel = device.tunnel.as_ref().map(|tunnel| tunnel.id);
        let mut moved = !plan.through;
        let mut lost = false;
        loop {
            sleep(LOOK_EVERY).await;
            let seen: Option<Device> = client.get(&format!("/devices/{}", device.guid)).await.ok();
            let now = seen.as_ref().and_then(|seen| seen.tunnel.as_ref()).map(|tunnel| tunnel.id);
            if seen.is_some() && now != tunnel && !lost {
                (lost, moved) = (true, true);
                self.tell("tunnel lost", "expected while it restarts");
            }
            // While it restarts it may be busy.
            let power = match now {
                Some(_) => power_of(client, device).await.ok(),
                None => None,
            };
            if let Some(power) = power {
                moved |= !plan.until.contains(&power);
                let head = if lost && now != tunnel { "online again" } else { "online" };
                self.tell(head, &format!("power={}", words(power)));
                if plan.until.contains(&power) && (moved || self.began.elapsed() >= SETTLED) {
                    let took = self.began.elapsed().as_secs();
                    return Ok((Some(power), format!("{} after {took} s", words(power))));
                }
            }
            if self.began.elapsed() >= patience {
                let waited = patience.as_secs();
                let detail = format!(
                    "{}: AMT took the request, but after {waited} s the PC is not in the state asked for",
                    self.name
                );
                return Err(Failure::new(Code::OutcomeUnknown, detail));
            }
        }
    }

    fn tell(&mut self, what: &str, more: &str) {
        let line = format!("{what:<18} {more}");
        if line == self.last {
            return;
        }
        let now = OffsetDateTime::now_utc();
        let time = format!("{:02}:{:02}:{:02}", now.hour(), now.minute(), now.second());
        note(&format!("{}  {time}  {line}", self.name));
        self.last = line;
    }
}
