//! File descriptors: raised to what the system allows, and kept in reserve for people.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// Descriptors that devices never use, so that the API, consoles and the store stay reachable.
const RESERVE: u64 = 512;

/// Raises the soft limit to the hard one and returns how many device connections fit below it.
pub(super) fn places(wanted: usize) -> usize {
    let limit = getrlimit(Resource::Nofile);
    let raised = Rlimit { current: limit.maximum, maximum: limit.maximum };
    let most = match setrlimit(Resource::Nofile, raised) {
        Ok(()) => limit.maximum,
        Err(_) => limit.current,
    };
    let Some(most) = most else { return wanted };
    // A small limit is shared in halves.
    let fit = most.saturating_sub(RESERVE).max(most / 2);
    wanted.min(usize::try_from(fit).unwrap_or(wanted))
}
