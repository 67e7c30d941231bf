//! The instances of one platform that data describes: found by class and selectors, read, written,
//! made and removed.

mod saved;
mod values;

use std::{
    collections::{BTreeMap, btree_map::Entry},
    sync::Arc,
};

use amt::wsman::{Fault, Instance, Properties, Reference, ResourceUri, Subcode, Target, Value};

pub use saved::SavedSettings;
pub(super) use values::{Filler, same};

use self::values::{Kind, class_of, is_blank, live_name};
use super::{
    identity::HostConfig,
    live::Live,
    profile::{ClassData, Profile},
};

/// Most values of an array that Put accepts.
const MAX_VALUES: usize = 64;

/// All instances of one platform. Only what differs from the profile is kept, so a fleet of
/// thousands shares one profile.
#[derive(Debug)]
pub(super) struct Store {
    profile: Arc<Profile>,
    filler: Filler,
    changed: BTreeMap<Slot, Changes>,
    added: Vec<Added>,
    made: u32,
}

/// New values by property.
type Changes = BTreeMap<String, Vec<Value>>;

/// Where an instance stands: in the data, by class and place, or among those made since.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Slot {
    Delivered(String, usize),
    Made(u32),
}

/// An instance that a console or a method made.
#[derive(Debug, Clone)]
struct Added {
    id: u32,
    class: String,
    properties: Properties,
}

/// A Put that is acceptable as far as data says, and not done yet.
#[derive(Debug)]
pub(super) struct Plan {
    slot: Slot,
    changes: Changes,
    /// The instance as it is.
    pub(super) before: Instance,
    /// The instance as it will be.
    pub(super) after: Instance,
}

impl Plan {
    /// The new value of what nobody can read.
    pub(super) fn secret(&self, name: &str) -> Option<&str> {
        self.changes.get(name)?.first().and_then(Value::as_text).filter(|text| !text.is_empty())
    }

    /// Whether a property will be another than before.
    pub(super) fn changes(&self, name: &str) -> bool {
        !self.before.all(name).eq(self.after.all(name))
    }
}

impl Store {
    /// The instances as delivered.
    pub(super) fn new(profile: Arc<Profile>, config: &HostConfig) -> Self {
        let filler = Filler::new(config);
        Self { profile, filler, changed: BTreeMap::new(), added: Vec::new(), made: 0 }
    }

    pub(super) const fn filler(&self) -> &Filler {
        &self.filler
    }

    /// Everything as delivered again.
    pub(super) fn reset(&mut self) {
        self.changed.clear();
        self.added.clear();
    }

    /// All instances of a class and of those that derive from it.
    pub(super) fn list(&self, class: &str, live: &Live) -> Result<Vec<Instance>, Fault> {
        let mut known = false;
        let mut found = Vec::new();
        for (name, data) in self.profile.family(class) {
            known = true;
            found.extend(self.slots(name, data).into_iter().map(|s| self.read(&s, data, live)));
        }
        if known { Ok(found) } else { Err(no_class(class)) }
    }

    /// One instance.
    pub(super) fn get(&self, target: &Target, live: &Live) -> Result<Instance, Fault> {
        let (slot, data) = self.find(target)?;
        Ok(self.read(&slot, data, live))
    }

    /// Looks at a Put: what may be replaced is replaced, the rest must be as it is, and what is
    /// left out stays.
    pub(super) fn plan(&self, target: &Target, new: &Instance, live: &Live) -> Result<Plan, Fault> {
        if new.resource.class_name() != target.resource.class_name() {
            return Err(refused("the instance is of another class".into()));
        }
        let (slot, data) = self.find_for_put(target, new)?;
        let before = self.read(&slot, data, live);
        let mut after = before.clone();
        let mut changes = Changes::new();
        let delivered = self.delivered(&slot);
        for (name, _) in &new.properties {
            let kind = match delivered.and_then(|d| d.get(name)) {
                Some(datum) => Kind::of(Some(datum)),
                None => Kind::of_made(before.get(name)),
            };
            let is_set = data.writable.contains(name) || data.secret.contains(name);
            if changes.contains_key(name) || !check_property(data, kind, &before, new, name)? {
                continue;
            }
            if is_set {
                let values: Vec<_> = new.all(name).map(|v| kind.normal(v.clone())).collect();
                if !data.secret.contains(name) {
                    after.set(name, values.iter().filter(|v| !is_blank(v)).cloned());
                    sort(&mut after);
                }
                changes.insert(name.clone(), values);
            }
        }
        Ok(Plan { slot, changes, before, after })
    }

    /// Does what was planned.
    pub(super) fn apply(&mut self, plan: &Plan) {
        for (name, values) in &plan.changes {
            self.change(plan.slot.clone(), name, values.clone());
        }
    }

    /// Sets a property that a method may set though Put may not. Whether there is such an instance.
    pub(super) fn set(&mut self, target: &Target, name: &str, value: impl Into<Value>) -> bool {
        let Ok((slot, _)) = self.find(target) else { return false };
        self.change(slot, name, vec![value.into()]);
        true
    }

    /// All properties that can be written as delivered.
    pub(super) fn restore(&mut self, class: &str) {
        self.changed.retain(|slot, _| !matches!(slot, Slot::Delivered(name, _) if name == class));
    }

    /// Makes an instance; its reference.
    pub(super) fn add(&mut self, class: &str, properties: Properties) -> Result<Reference, Fault> {
        let data = self.profile.class(class).ok_or_else(|| no_class(class))?;
        let most = data.most.unwrap_or_default();
        if self.slots(class, data).len() >= most {
            let reason = format!("there is room for {most} instances of {class}, all taken");
            return Err(Fault::sender(Subcode::QuotaLimit, reason));
        }
        let key = |name: &String| {
            properties.iter().find(|(n, _)| n == name).cloned().ok_or_else(|| {
                refused(format!("the instance has no {name}, which tells it from others"))
            })
        };
        let selectors = data.keys.iter().map(key).collect::<Result<Properties, Fault>>()?;
        let resource = ResourceUri::of_class(class).unwrap_or_default();
        let target = Target { resource, selectors };
        if self.find(&target).is_ok() {
            let reason = format!("there is such an instance of {class} already");
            return Err(Fault::sender(Subcode::Other("AlreadyExists".into()), reason));
        }
        let id = self.next_id();
        self.added.push(Added { id, class: class.to_owned(), properties });
        Ok(Reference { resource: target.resource, selectors: target.selectors })
    }

    /// Removes an instance that was made; gives it.
    pub(super) fn remove(&mut self, target: &Target) -> Result<Instance, Fault> {
        let (slot, data) = self.find(target)?;
        let instance = self.read(&slot, data, &Live::default());
        let Slot::Made(id) = slot else {
            let reason = "this instance is part of the platform and stays";
            return Err(Fault::sender(Subcode::AccessDenied, reason));
        };
        self.changed.remove(&Slot::Made(id));
        self.added.retain(|added| added.id != id);
        Ok(instance)
    }

    /// A property of the first instance of a class, but for live ones.
    pub(super) fn text(&self, class: &str, name: &str) -> Option<String> {
        self.text_at(class, 0, name)
    }

    /// A property of an instance by its place among those delivered.
    pub(super) fn text_at(&self, class: &str, index: usize, name: &str) -> Option<String> {
        let slot = Slot::Delivered(class.to_owned(), index);
        let values = match self.changed.get(&slot).and_then(|changes| changes.get(name)) {
            Some(values) => values.clone(),
            None => self.filler.values(self.delivered(&slot)?.get(name)?),
        };
        values.first().and_then(Value::as_text).map(str::to_owned)
    }

    /// A property of the first instance of a class as a number.
    pub(super) fn number(&self, class: &str, name: &str) -> Option<u32> {
        self.text(class, name)?.parse().ok()
    }

    /// A property of the first instance of a class as truth; false when it is not there.
    pub(super) fn truth(&self, class: &str, name: &str) -> bool {
        self.text(class, name).as_deref() == Some("true")
    }

    fn slots(&self, class: &str, data: &ClassData) -> Vec<Slot> {
        let delivered =
            (0..data.instances.len()).map(|index| Slot::Delivered(class.to_owned(), index));
        let made = self.added.iter().filter(|a| a.class == class).map(|a| Slot::Made(a.id));
        delivered.chain(made).collect()
    }

    fn delivered(&self, slot: &Slot) -> Option<&toml::Table> {
        let Slot::Delivered(class, index) = slot else { return None };
        self.profile.class(class)?.instances.get(*index)
    }

    fn made(&self, slot: &Slot) -> Option<&Added> {
        let Slot::Made(id) = slot else { return None };
        self.added.iter().find(|added| added.id == *id)
    }

    fn read(&self, slot: &Slot, data: &ClassData, live: &Live) -> Instance {
        let class = match (slot, self.made(slot)) {
            (Slot::Delivered(class, _), _) => class,
            (Slot::Made(_), Some(added)) => &added.class,
            (Slot::Made(_), None) => "",
        };
        let mut instance = Instance::new(ResourceUri::of_class(class).unwrap_or_default());
        for (name, datum) in self.delivered(slot).into_iter().flatten() {
            let values = match live_name(datum) {
                Some(live_name) => live.values(live_name),
                None => self.filler.values(datum),
            };
            instance.properties.extend(values.into_iter().map(|v| (name.clone(), v)));
        }
        if let Some(added) = self.made(slot) {
            instance.properties.extend(added.properties.iter().cloned());
        }
        for (name, values) in self.changed.get(slot).into_iter().flatten() {
            if !data.secret.contains(name) {
                instance.set(name, values.iter().filter(|v| !is_blank(v)).cloned());
            }
        }
        if self.made(slot).is_some() {
            instance.properties.retain(|(name, _)| !data.secret.contains(name));
        }
        sort(&mut instance);
        instance
    }

    /// The properties of a made instance with what Put changed, secrets too.
    fn with_changes(&self, added: &Added) -> Properties {
        let mut instance =
            Instance { resource: ResourceUri::default(), properties: added.properties.clone() };
        for (name, values) in self.changed.get(&Slot::Made(added.id)).into_iter().flatten() {
            instance.set(name, values.iter().cloned());
        }
        instance.properties
    }

    fn change(&mut self, slot: Slot, name: &str, values: Vec<Value>) {
        match self.changed.entry(slot) {
            Entry::Occupied(mut changes) => drop(changes.get_mut().insert(name.into(), values)),
            Entry::Vacant(none) => drop(none.insert(Changes::from([(name.into(), values)]))),
        }
    }

    fn next_id(&mut self) -> u32 {
        self.made = self.made.wrapping_add(1);
        self.made
    }

    fn find(&self, target: &Target) -> Result<(Slot, &ClassData), Fault> {
        let asked = target.resource.class_name();
        let known = ResourceUri::of_class(asked).is_some_and(|uri| uri == target.resource);
        let Some((class, _)) = self.profile.class_entry(asked).filter(|_| known) else {
            return Err(no_class(&class_of(&target.resource)));
        };
        let mut matching = Vec::new();
        for (name, data) in self.profile.family(class) {
            for slot in self.slots(name, data) {
                if self.matches(&slot, data, &target.selectors) {
                    matching.push((slot, data));
                }
            }
        }
        let several = matching.len() > 1;
        match matching.into_iter().next() {
            Some(found) if !several => Ok(found),
            Some(_) => Err(selectors("more than one instance has these keys")),
            None => Err(selectors("no instance has these keys")),
        }
    }

    /// Consoles leave selectors out of a Put when the instance itself says which it is.
    fn find_for_put(&self, target: &Target, new: &Instance) -> Result<(Slot, &ClassData), Fault> {
        let found = self.find(target);
        let Some(data) = self.profile.class(target.resource.class_name()) else { return found };
        if found.is_ok() || !target.selectors.is_empty() {
            return found;
        }
        let keys = data.keys.iter().filter_map(|k| Some((k.clone(), new.get(k)?.clone())));
        self.find(&Target { resource: target.resource.clone(), selectors: keys.collect() })
    }

    fn matches(&self, slot: &Slot, data: &ClassData, wanted: &Properties) -> bool {
        if wanted.is_empty() {
            return true;
        }
        let instance = self.read(slot, data, &Live::default());
        wanted.iter().all(|(name, wanted)| {
            data.keys.contains(name) && instance.all(name).any(|v| same(v, wanted))
        })
    }
}

impl Kind {
    /// The kind of a property of an instance that was made.
    fn of_made(value: Option<&Value>) -> Self {
        match value {
            Some(Value::Reference(_)) => Self::Reference,
            Some(Value::Text(text)) if text.parse::<u32>().is_ok() => Self::Number,
            Some(Value::Text(_) | Value::DateTime(_) | Value::Object(_) | Value::Null) | None => {
                Self::Text
            }
        }
    }
}

/// Whether the new value is to be looked at; a fault when it is not acceptable.
fn check_property(
    data: &ClassData,
    kind: Kind,
    current: &Instance,
    new: &Instance,
    name: &str,
) -> Result<bool, Fault> {
    let has = |list: &Vec<String>| list.iter().any(|n| n == name);
    let may_be_written = has(&data.writable) || has(&data.secret);
    let blank = new.all(name).all(is_blank);
    if current.get(name).is_none() && !has(&data.optional) && !has(&data.secret) {
        return Err(refused(format!("the class has no property {name}")));
    }
    if blank && (!may_be_written || !matches!(kind, Kind::Text)) {
        return Ok(false);
    }
    if new.all(name).count() > MAX_VALUES || !blank && !new.all(name).all(|v| kind.accepts(v)) {
        return Err(refused(format!("the value of {name} is not acceptable")));
    }
    if may_be_written {
        return Ok(true);
    }
    let unchanged = new.all(name).count() == current.all(name).count()
        && new.all(name).zip(current.all(name)).all(|(a, b)| same(a, b));
    if unchanged { Ok(true) } else { Err(refused(format!("{name} cannot be changed"))) }
}

/// Firmware lists properties by name.
fn sort(instance: &mut Instance) {
    instance.properties.sort_by(|(one, _), (other, _)| one.cmp(other));
}

pub(super) fn no_class(class: &str) -> Fault {
    Fault::sender(Subcode::DestinationUnreachable, format!("there is no class {class} here"))
}

pub(super) fn refused(reason: String) -> Fault {
    Fault::sender(Subcode::InvalidRepresentation, reason)
}

fn selectors(reason: &str) -> Fault {
    Fault::sender(Subcode::InvalidSelectors, reason)
}
