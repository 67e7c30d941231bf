//! What a store keeps over a restart of the simulator: only what differs from the data files.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{
    Added, Slot, Store,
    values::{SavedValue, loaded, saved},
};

/// The settings of a platform that differ from those delivered.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct SavedSettings {
    changed: Vec<Changed>,
    added: Vec<SavedInstance>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Changed {
    class: String,
    index: usize,
    properties: BTreeMap<String, Vec<SavedValue>>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct SavedInstance {
    class: String,
    properties: Vec<(String, SavedValue)>,
}

impl Store {
    pub(in crate::services) fn save(&self) -> SavedSettings {
        let mut out = SavedSettings::default();
        for (slot, changes) in &self.changed {
            let Slot::Delivered(class, index) = slot else { continue };
            let properties = changes
                .iter()
                .map(|(name, values)| (name.clone(), values.iter().map(SavedValue::of).collect()))
                .collect();
            out.changed.push(Changed { class: class.clone(), index: *index, properties });
        }
        out.added.extend(self.added.iter().map(|added| SavedInstance {
            class: added.class.clone(),
            properties: saved(&self.with_changes(added)),
        }));
        out
    }

    /// Puts saved settings in place of the present ones. What this firmware does not have is left
    /// out.
    pub(in crate::services) fn load(&mut self, saved: SavedSettings) {
        self.reset();
        for Changed { class, index, properties } in saved.changed {
            let delivered = self.profile.class(&class).map_or(0, |data| data.instances.len());
            if index < delivered {
                let values = |v: Vec<SavedValue>| v.into_iter().map(SavedValue::into_value);
                let properties = properties.into_iter().map(|(n, v)| (n, values(v).collect()));
                self.changed.insert(Slot::Delivered(class, index), properties.collect());
            }
        }
        for SavedInstance { class, properties } in saved.added {
            if self.profile.class(&class).is_some() {
                let id = self.next_id();
                self.added.push(Added { id, class, properties: loaded(properties) });
            }
        }
    }
}
