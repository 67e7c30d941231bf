//! The devices of the server by what they are called, read once for many names: a request for each would take as long as
//! what is then done to them.

use super::{Desk, listed};
use crate::failure::Result;
use std::collections::HashMap;
use viaduct_api::{Device, DeviceId};

/// Fewer names are asked for one by one.
const FEW: usize = 20;
/// A row of the list costs the server about a fiftieth of a question for one device.
const ROWS_FOR_ONE: usize = 50;

/// What is called what. Empty, it knows nothing, and the server is to be asked.
#[derive(Debug, Default)]
pub(super) struct Directory {
    devices: Vec<Device>,
    names: Index,
    guids: HashMap<DeviceId, usize>,
    fqdns: Index,
}

/// None: several are called so.
type Index = HashMap<String, Option<usize>>;

/// Reads the devices where that is cheaper than so many questions.
pub(super) async fn read(desk: &Desk, names: usize) -> Result<Directory> {
    if names <= FEW {
        return Ok(Directory::default());
    }
    let worth = |rows: usize| rows <= names.saturating_mul(ROWS_FOR_ONE);
    Ok(listed(desk, "", worth).await?.map(Directory::of).unwrap_or_default())
}

impl Directory {
    fn of(devices: Vec<Device>) -> Self {
        let (mut names, mut fqdns) = (Index::new(), Index::new());
        let mut guids = HashMap::new();
        for (index, device) in devices.iter().enumerate() {
            guids.insert(device.guid, index);
            enter(&mut names, &device.name, index);
            if let Some(fqdn) = &device.fqdn {
                enter(&mut fqdns, fqdn, index);
            }
        }
        Self { devices, names, guids, fqdns }
    }

    /// The one device that the server means by this: by name before GUID before domain name, as it does.
    pub(super) fn find(&self, name: &str) -> Option<&Device> {
        let plain = name.to_ascii_lowercase();
        let index = match self.names.get(&plain) {
            Some(found) => *found,
            None => match plain.parse().ok().and_then(|guid: DeviceId| self.guids.get(&guid)) {
                Some(index) => Some(*index),
                None => *self.fqdns.get(plain.strip_suffix('.').unwrap_or(&plain))?,
            },
        };
        self.devices.get(index?)
    }
}

fn enter(index: &mut Index, name: &str, device: usize) {
    index
        .entry(name.to_ascii_lowercase())
        .and_modify(|known| *known = None)
        .or_insert(Some(device));
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_word_means_what_it_means_to_the_server_and_the_rest_is_asked_for() {
        let guid = |n: u8| format!("00000000-0000-0000-0000-0000000000{n:02x}");
        let device = |n: u8, name: &str, fqdn: Option<&str>| -> Device {
            serde_json::from_value(json!({ "guid": guid(n), "name": name, "fqdn": fqdn })).unwrap()
        };
        let directory = Directory::of(vec![
            device(0xa1, "pc-1", Some("till.example")),
            device(0xa2, "PC-2", Some("desk.example")),
            device(0xa3, "pc-3", Some("desk.example")),
            // Called as another's GUID: the name comes first.
            device(0xa4, &guid(0xa1), None),
        ]);
        let found = |word: &str| directory.find(word).map(|device| device.guid.to_string());
        for (word, expected) in [
            ("pc-2", Some(0xa2)),
            ("TILL.example.", Some(0xa1)),
            (&*guid(0xa3).to_uppercase(), Some(0xa3)),
            (&*guid(0xa1), Some(0xa4)),
            ("desk.example", None),
            ("till", None),
            ("pc-4", None),
        ] {
            assert_eq!(found(word), expected.map(guid), "{word}");
        }
        assert!(Directory::default().find("pc-1").is_none());
    }
}
