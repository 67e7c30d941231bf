//! How many wrong codes each PC was told since it showed one. AMT itself does not say how many it still takes; all who
//! pass codes on do it through this server, so this is the one place that can count them.

use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};
use viaduct_api::DeviceId;

/// Wrong codes that AMT takes before it ends the request and shows no new code for a while.
const TRIES: u32 = 3;
/// No request for consent, and no pause after wrong codes, is longer.
const REMEMBERED: Duration = Duration::from_secs(15 * 60);

/// Wrong codes by PC.
#[derive(Debug, Default)]
pub struct Tries(Mutex<HashMap<DeviceId, Wrong>>);

#[derive(Debug, Clone, Copy)]
struct Wrong {
    count: u32,
    at: Instant,
    /// AMT took the code off the screen for it.
    over: bool,
}

impl Tries {
    /// A new code is shown, or the right one was given.
    pub(super) fn forget(&self, device: DeviceId) {
        self.all().remove(&device);
    }

    /// A wrong code was passed on, and `shown` says whether the PC still shows its own. Gives how many more it takes.
    pub(super) fn wrong(&self, device: DeviceId, shown: bool, now: Instant) -> u32 {
        let mut all = self.all();
        all.retain(|_, wrong| now.saturating_duration_since(wrong.at) < REMEMBERED);
        let before = all.get(&device).filter(|wrong| !wrong.over).map_or(0, |wrong| wrong.count);
        let count = before.saturating_add(1);
        all.insert(device, Wrong { count, at: now, over: !shown });
        // A PC that still shows its code takes one more, however many there were.
        if shown { TRIES.saturating_sub(count).max(1) } else { 0 }
    }

    /// How long ago the PC was told too many wrong ones, when it was.
    pub(super) fn over(&self, device: DeviceId, now: Instant) -> Option<Duration> {
        let wrong = self.all().get(&device).copied().filter(|wrong| wrong.over)?;
        Some(now.saturating_duration_since(wrong.at)).filter(|ago| *ago < REMEMBERED)
    }

    fn all(&self) -> MutexGuard<'_, HashMap<DeviceId, Wrong>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wrong_codes_count_down_for_each_pc_until_it_shows_no_code() {
        let tries = Tries::default();
        let [one, other] =
            ["4c4c4544-004b-4210-8033-b6c04f504633", "4c4c4544-004b-4210-8033-b6c04f504634"]
                .map(|id| id.parse::<DeviceId>().unwrap());
        let now = Instant::now();
        assert_eq!(tries.wrong(one, true, now), 2);
        assert_eq!(tries.wrong(one, true, now), 1);
        assert_eq!(tries.wrong(other, true, now), 2);
        assert_eq!(tries.over(one, now), None);
        assert_eq!(tries.wrong(one, false, now), 0);
        let later = now + Duration::from_secs(7);
        assert_eq!(tries.over(one, later), Some(Duration::from_secs(7)));
        assert_eq!(tries.over(other, later), None);
        tries.forget(one);
        assert_eq!((tries.over(one, later), tries.wrong(one, true, later)), (None, 2));
    }

    #[test]
    fn a_pc_that_allows_more_is_believed() {
        let tries = Tries::default();
        let device = "4c4c4544-004b-4210-8033-b6c04f504633".parse().unwrap();
        let now = Instant::now();
        let left = [(); 5].map(|()| tries.wrong(device, true, now));
        assert_eq!(left, [2, 1, 1, 1, 1]);
        let later = now + REMEMBERED;
        assert_eq!(tries.wrong(device, true, later), 2, "that was another request");
    }
}
