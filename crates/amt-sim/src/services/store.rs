//! The instances of one platform: found by class and selectors, read, and written.

use amt::wsman::{Fault, Instance, Properties, Reference, ResourceUri, Subcode, Target, Value};

use super::{
    host::HostConfig,
    power::Power,
    profile::{InstanceData, Profile},
};

/// Longest value that Put accepts, in bytes.
const MAX_VALUE: usize = 1024;
/// Most values of an array that Put accepts.
const MAX_VALUES: usize = 64;

/// All instances of one platform. Only what differs from the delivered profile is kept, so a fleet
/// of thousands shares one profile.
#[derive(Debug)]
pub(super) struct Store {
    filler: Filler,
    entries: Vec<Entry>,
}

#[derive(Debug)]
struct Entry {
    data: &'static InstanceData,
    changed: Vec<(&'static str, Vec<Value>)>,
}

/// What kind of value a property has; stays as delivered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Text,
    Number,
    Truth,
    Reference,
}

/// Fills placeholders.
#[derive(Debug)]
pub(super) struct Filler(Vec<(&'static str, String)>);

impl Filler {
    fn new(config: &HostConfig) -> Self {
        // SMBIOS stores the first three groups little-endian, and AMT shows the UUID so.
        let smbios = config.guid.to_bytes_le();
        let hex: String = smbios.iter().map(|b| format!("{b:02X}")).collect();
        let [.., a, b, c, d, e] = *config.guid.as_bytes();
        Self(vec![
            ("${hostname}", config.hostname.clone()),
            ("${domain}", config.domain.clone()),
            ("${fqdn}", config.fqdn()),
            ("${version}", config.amt_version.clone()),
            ("${realm}", config.realm()),
            ("${mac}", format!("02-{a:02x}-{b:02x}-{c:02x}-{d:02x}-{e:02x}")),
            ("${uuid-hex}", hex),
            ("${uuid-base64}", openssl::base64::encode_block(&smbios)),
        ])
    }

    fn text(&self, text: &str) -> String {
        self.0.iter().fold(text.to_owned(), |text, (name, value)| text.replace(name, value))
    }

    /// The values that a datum stands for.
    fn values(&self, datum: &toml::Value) -> Vec<Value> {
        match datum {
            toml::Value::Array(items) => items.iter().flat_map(|i| self.values(i)).collect(),
            toml::Value::Table(table) => {
                self.reference(table).map(Value::from).into_iter().collect()
            }
            toml::Value::String(text) => vec![self.text(text).into()],
            toml::Value::Integer(_)
            | toml::Value::Float(_)
            | toml::Value::Boolean(_)
            | toml::Value::Datetime(_) => vec![datum.to_string().into()],
        }
    }

    fn reference(&self, table: &toml::Table) -> Option<Reference> {
        let keys = table.get("keys")?.as_table()?;
        let selectors = keys
            .iter()
            .flat_map(|(name, datum)| self.values(datum).into_iter().map(|v| (name.clone(), v)))
            .collect();
        Some(Reference {
            resource: ResourceUri::of_class(table.get("class")?.as_str()?)?,
            selectors,
        })
    }

    /// Names and values of a table, for a method's results.
    pub(super) fn properties(&self, table: &toml::Table) -> Properties {
        table
            .iter()
            .flat_map(|(name, datum)| self.values(datum).into_iter().map(|v| (name.clone(), v)))
            .collect()
    }
}

impl Kind {
    fn of(datum: &toml::Value) -> Self {
        match datum {
            toml::Value::Array(items) => items.first().map_or(Self::Text, Self::of),
            toml::Value::Integer(_) => Self::Number,
            toml::Value::Boolean(_) => Self::Truth,
            toml::Value::Table(_) => Self::Reference,
            toml::Value::String(_) | toml::Value::Float(_) | toml::Value::Datetime(_) => Self::Text,
        }
    }

    fn accepts(self, value: &Value) -> bool {
        match (self, value) {
            (Self::Text, Value::Text(text)) => text.len() <= MAX_VALUE,
            (Self::Number, Value::Text(text)) => text.trim().parse::<u32>().is_ok(),
            (Self::Truth, Value::Text(text)) => matches!(text.trim(), "true" | "false" | "1" | "0"),
            (Self::Reference, Value::Reference(_)) => true,
            (
                Self::Text | Self::Number | Self::Truth | Self::Reference,
                Value::Null
                | Value::Text(_)
                | Value::DateTime(_)
                | Value::Reference(_)
                | Value::Object(_),
            ) => false,
        }
    }

    /// One spelling for each number and truth value.
    fn normal(self, value: Value) -> Value {
        match (self, value.as_text().map(str::trim)) {
            (Self::Truth, Some("1")) => "true".into(),
            (Self::Truth, Some("0")) => "false".into(),
            (Self::Truth | Self::Number, Some(text)) => {
                text.parse::<u32>().map_or_else(|_| text.into(), Value::from)
            }
            (Self::Text | Self::Number | Self::Truth | Self::Reference, _) => value,
        }
    }
}

impl Entry {
    fn is_of(&self, class: &str) -> bool {
        self.data.class == class || self.data.derives.iter().any(|d| d == class)
    }

    /// The values of a property, but for those that follow the PC's power.
    fn values(&self, name: &str, filler: &Filler) -> Vec<Value> {
        if let Some((_, values)) = self.changed.iter().find(|(n, _)| *n == name) {
            return values.clone();
        }
        self.data.properties.get(name).map(|datum| filler.values(datum)).unwrap_or_default()
    }

    fn matches(&self, selectors: &Properties, filler: &Filler) -> bool {
        selectors.iter().all(|(name, wanted)| {
            self.data.keys.contains(name)
                && self.values(name, filler).iter().any(|v| same(v, wanted))
        })
    }

    fn read(&self, filler: &Filler, power: &Power) -> Instance {
        let resource = ResourceUri::of_class(&self.data.class).unwrap_or_default();
        let mut instance = Instance::new(resource);
        for (name, datum) in &self.data.properties {
            let values = match datum.as_str() {
                Some("${power-state}") => vec![u32::from(power.now()).into()],
                Some("${power-choices}") => {
                    power.choices().iter().map(|c| u32::from(*c).into()).collect()
                }
                _ => self.values(name, filler),
            };
            instance.properties.extend(values.into_iter().map(|v| (name.clone(), v)));
        }
        instance
    }

    /// Changes a property that the profile has; whether it has.
    fn change(&mut self, name: &str, values: Vec<Value>) -> bool {
        let Some((name, _)) = self.data.properties.get_key_value(name) else { return false };
        self.changed.retain(|(n, _)| n != name);
        self.changed.push((name, values));
        true
    }
}

/// References are the same when they name the same instance, in whatever order.
pub(super) fn same(one: &Value, other: &Value) -> bool {
    match (one, other) {
        (Value::Reference(one), Value::Reference(other)) => {
            one.resource == other.resource
                && one.selectors.len() == other.selectors.len()
                && one.selectors.iter().all(|(name, value)| {
                    other.selectors.iter().any(|(n, v)| n == name && same(value, v))
                })
        }
        _ => one.as_text().is_some() && one.as_text() == other.as_text(),
    }
}

impl Store {
    /// The instances as delivered.
    pub(super) fn new(profile: &'static Profile, config: &HostConfig) -> Self {
        let entries = profile.instances.iter().map(|data| Entry { data, changed: Vec::new() });
        Self { filler: Filler::new(config), entries: entries.collect() }
    }

    pub(super) const fn filler(&self) -> &Filler {
        &self.filler
    }

    /// All instances of a class and of those that derive from it.
    pub(super) fn list(&self, class: &str, power: &Power) -> Result<Vec<Instance>, Fault> {
        let found: Vec<_> = self.entries.iter().filter(|e| e.is_of(class)).collect();
        if found.is_empty() {
            return Err(no_class(class));
        }
        Ok(found.into_iter().map(|e| e.read(&self.filler, power)).collect())
    }

    /// One instance.
    pub(super) fn get(&self, target: &Target, power: &Power) -> Result<Instance, Fault> {
        let at = self.find(target)?;
        self.entries.get(at).map(|e| e.read(&self.filler, power)).ok_or_else(|| no_class(""))
    }

    /// Replaces what may be replaced; the rest must be as it is, and what is left out stays.
    pub(super) fn put(
        &mut self,
        target: &Target,
        new: &Instance,
        power: &Power,
    ) -> Result<Instance, Fault> {
        let class = target.resource.class_name();
        if new.resource.class_name() != class {
            return Err(refused("the instance is of another class".into()));
        }
        let at = self.find(target)?;
        let Some(entry) = self.entries.get_mut(at) else { return Err(no_class(class)) };
        let current = entry.read(&self.filler, power);
        let mut names: Vec<&String> = new.properties.iter().map(|(name, _)| name).collect();
        names.dedup();
        for name in &names {
            check_property(entry, &current, new, name)?;
        }
        for name in names.into_iter().filter(|n| entry.data.writable.contains(n)) {
            let kind = entry.data.properties.get(name).map_or(Kind::Text, Kind::of);
            entry.change(name, new.all(name).map(|v| kind.normal(v.clone())).collect());
        }
        Ok(entry.read(&self.filler, power))
    }

    /// Sets a number that a method may set though Put may not. Whether there is such a property.
    pub(super) fn set_number(&mut self, target: &Target, name: &str, number: u32) -> bool {
        let Ok(at) = self.find(target) else { return false };
        self.entries.get_mut(at).is_some_and(|entry| entry.change(name, vec![number.into()]))
    }

    /// A property of the only instance of a class.
    pub(super) fn text(&self, class: &str, name: &str) -> Option<String> {
        let entry = self.entries.iter().find(|e| e.data.class == class)?;
        entry.values(name, &self.filler).first().and_then(Value::as_text).map(str::to_owned)
    }

    fn find(&self, target: &Target) -> Result<usize, Fault> {
        let class = target.resource.class_name();
        let known = ResourceUri::of_class(class).is_some_and(|uri| uri == target.resource);
        let of_class = || self.entries.iter().enumerate().filter(|(_, e)| e.is_of(class));
        if !known || of_class().next().is_none() {
            return Err(no_class(target.resource.as_str()));
        }
        let mut matching = of_class().filter(|(_, e)| e.matches(&target.selectors, &self.filler));
        match (matching.next(), matching.next()) {
            (Some((at, _)), None) => Ok(at),
            (None, _) => {
                Err(Fault::sender(Subcode::InvalidSelectors, "no instance has these keys"))
            }
            (Some(_), Some(_)) => Err(Fault::sender(
                Subcode::InvalidSelectors,
                "more than one instance has these keys",
            )),
        }
    }
}

fn check_property(
    entry: &Entry,
    current: &Instance,
    new: &Instance,
    name: &str,
) -> Result<(), Fault> {
    let Some(datum) = entry.data.properties.get(name) else {
        return Err(refused(format!("the class has no property {name}")));
    };
    if new.all(name).count() > MAX_VALUES || !new.all(name).all(|v| Kind::of(datum).accepts(v)) {
        return Err(refused(format!("the value of {name} is not acceptable")));
    }
    if entry.data.writable.iter().any(|w| w == name) {
        return Ok(());
    }
    let unchanged = new.all(name).count() == current.all(name).count()
        && new.all(name).zip(current.all(name)).all(|(a, b)| same(a, b));
    if unchanged { Ok(()) } else { Err(refused(format!("{name} cannot be changed"))) }
}

fn no_class(class: &str) -> Fault {
    Fault::sender(Subcode::DestinationUnreachable, format!("there is no class {class} here"))
}

fn refused(reason: String) -> Fault {
    Fault::sender(Subcode::InvalidRepresentation, reason)
}
