//! A device's name that is nearly right: which ones may be meant. Only names that the person may see are ever offered,
//! because it is the person's own list that is asked for.

use crate::{cli::Global, client::Client, failure::Failure, say::inert};
use std::time::Duration;

/// A refusal does not wait longer for its hint.
const PATIENCE: Duration = Duration::from_millis(800);
/// More names than these are a list, for which there is a command.
const MOST: usize = 3;

/// The same failure; when a name is not known and others are near, they stand in its next step.
pub(crate) async fn hinted(global: &Global, failure: Failure) -> Failure {
    let Some(typed) = failure.unknown() else { return failure };
    let Ok(client) = Client::find(global) else { return failure };
    let Some(devices) = client.devices_soon(PATIENCE).await else { return failure };
    let names = nearest(typed, devices.iter().map(|device| device.name.as_str()));
    if names.is_empty() {
        return failure;
    }
    let names: Vec<_> = names.into_iter().map(|name| format!("`{}`", inert(name))).collect();
    let next = format!("Is {} meant? {}", names.join(" or "), failure.next_step());
    failure.next(next)
}

/// The names that begin like what was typed or differ from it by a slip or two, nearest first.
fn nearest<'a>(typed: &str, names: impl Iterator<Item = &'a str>) -> Vec<&'a str> {
    let typed = typed.to_lowercase();
    // A third of the letters may be wrong; of a short word, one.
    let slips = (typed.chars().count() / 3).max(1);
    let distance = |name: &str| {
        let name = name.to_lowercase();
        let begins = !typed.is_empty() && name.starts_with(&typed);
        let distance = strsim::osa_distance(&typed, &name);
        (begins || distance <= slips).then_some(distance)
    };
    let mut near: Vec<_> = names.filter_map(|name| Some((distance(name)?, name))).collect();
    near.sort_unstable();
    near.into_iter().take(MOST).map(|(_, name)| name).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slips_and_beginnings_are_near_and_other_names_are_not() {
        let names = ["pc-01", "pc-02", "reception", "PC-11", "till-7.shop"];
        let near = |typed| nearest(typed, names.into_iter());
        assert_eq!(near("pc01"), ["pc-01"]);
        assert_eq!(near("pc-0"), ["pc-01", "pc-02"]);
        assert_eq!(near("pc-l1"), ["PC-11", "pc-01"]);
        assert_eq!(near("recepton"), ["reception"]);
        assert_eq!(near("till"), ["till-7.shop"]);
        assert_eq!(near("warehouse"), [""; 0]);
        assert_eq!(near(""), [""; 0]);
    }
}
