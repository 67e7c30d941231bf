//! What each generation of firmware answers, as data: classes, instances, what may be written, and
//! what methods do. The files and their keys are described in `profiles/README.md`.

use std::{
    collections::{BTreeMap, HashMap},
    sync::{Arc, LazyLock, Mutex, PoisonError},
};

use amt::http::digest::Qop;
use serde::Deserialize;

/// A property with this value is not there.
const ABSENT: &str = "${absent}";

/// What most generations have in common.
const BASE: [&str; 6] = [
    include_str!("profiles/base/system.toml"),
    include_str!("profiles/base/network.toml"),
    include_str!("profiles/base/power.toml"),
    include_str!("profiles/base/redirection.toml"),
    include_str!("profiles/base/security.toml"),
    include_str!("profiles/base/hardware.toml"),
];

/// Generations, oldest first: version and what differs.
const GENERATIONS: [((u32, u32), &str, &str); 7] = [
    ((9, 1), "9.1", include_str!("profiles/9.1.toml")),
    ((11, 8), "11.8", include_str!("profiles/11.8.toml")),
    ((12, 0), "12.0", include_str!("profiles/12.0.toml")),
    ((15, 0), "15.0", include_str!("profiles/15.0.toml")),
    ((16, 1), "16.1", include_str!("profiles/16.1.toml")),
    ((18, 0), "18.0", include_str!("profiles/18.0.toml")),
    ((22, 0), "22.0", include_str!("profiles/22.0.toml")),
];

/// One generation. Shared by all platforms that have it.
#[derive(Debug)]
pub(super) struct Profile {
    pub(super) qop: Vec<Qop>,
    classes: BTreeMap<String, ClassData>,
}

/// One class.
#[derive(Debug, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct ClassData {
    service_of: Option<String>,
    device_of: Option<String>,
    value: Option<toml::Table>,
    every: toml::Table,
    /// As delivered; complete once the profile is read.
    pub(super) instances: Vec<toml::Table>,
    /// The properties that a selector may name.
    pub(super) keys: Vec<String>,
    /// Classes that list these instances as well when enumerated: the ones it derives from.
    pub(super) derives: Vec<String>,
    /// The properties that Put may change; numbers and truth values stay such.
    pub(super) writable: Vec<String>,
    /// What Put may change and nobody reads.
    pub(super) secret: Vec<String>,
    /// What Put may add.
    pub(super) optional: Vec<String>,
    /// Pull gives them one by one.
    pub(super) one_per_pull: bool,
    pub(super) creatable: bool,
    pub(super) deletable: bool,
    /// Instances at once, where consoles or methods can make them.
    pub(super) most: Option<usize>,
    pub(super) realms: Vec<u32>,
    pub(super) methods: BTreeMap<String, Effect>,
}

impl Default for ClassData {
    fn default() -> Self {
        Self {
            service_of: None,
            device_of: None,
            value: None,
            every: toml::Table::new(),
            instances: Vec::new(),
            keys: vec!["InstanceID".to_owned()],
            derives: Vec::new(),
            writable: Vec::new(),
            secret: Vec::new(),
            optional: Vec::new(),
            one_per_pull: false,
            creatable: false,
            deletable: false,
            most: None,
            realms: Vec::new(),
            methods: BTreeMap::new(),
        }
    }
}

/// What a method does.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(super) enum Effect {
    /// Answers with these results, and `ReturnValue` 0.
    Reply(toml::Table),
    /// `RequestedState` becomes `EnabledState`, if it is one of those allowed.
    SetState {
        allowed: Vec<u32>,
    },
    /// For the host interface only.
    NotPermitted,
    /// Changes the PC's power to the argument `PowerState`.
    Power,
    OsPowerSaving,
    ChangeBootOrder,
    SetBootConfigRole,
    BootServiceState,
    KvmState,
    SetSessionState,
    StartOptIn,
    SendOptInCode,
    CancelOptIn,
    EventLog,
    AuditLog,
    Users,
    GetTime,
    SetTime,
    AddAlarm,
    SetLinkPreference,
    AddWifiSettings,
    UpdateWifiSettings,
    SetCertificates,
    CommitChanges,
    SetMebxPassword,
    Unprovision,
    PartialUnprovision,
}

impl Profile {
    /// The newest generation that is not newer than this firmware version (`15.0.45.2411`); the
    /// oldest for anything older, the newest for what is no version.
    pub(super) fn of_version(version: &str) -> Arc<Self> {
        static MADE: LazyLock<Mutex<HashMap<&'static str, Arc<Profile>>>> =
            LazyLock::new(Mutex::default);
        let mut parts = version.split('.').map_while(|part| part.parse().ok());
        let wanted = (parts.next().unwrap_or(u32::MAX), parts.next().unwrap_or(0));
        let generation = GENERATIONS.iter().rev().find(|(from, ..)| *from <= wanted);
        let name = generation.unwrap_or(&GENERATIONS[0]).1;
        let mut made = MADE.lock().unwrap_or_else(PoisonError::into_inner);
        let make = || {
            #[expect(clippy::expect_used, reason = "part of the program; a test reads them all")]
            Arc::new(Self::read(name).expect("the profiles are well-formed"))
        };
        Arc::clone(made.entry(name).or_insert_with(make))
    }

    pub(super) fn class(&self, name: &str) -> Option<&ClassData> {
        self.classes.get(name)
    }

    pub(super) fn class_entry(&self, name: &str) -> Option<(&str, &ClassData)> {
        self.classes.get_key_value(name).map(|(name, data)| (name.as_str(), data))
    }

    /// The class and those that derive from it, the class itself first.
    pub(super) fn family<'a>(
        &'a self,
        name: &'a str,
    ) -> impl Iterator<Item = (&'a str, &'a ClassData)> {
        let derived = self.classes.iter().filter(move |(n, d)| {
            n.as_str() != name && d.derives.iter().any(|derived_from| derived_from == name)
        });
        self.class_entry(name).into_iter().chain(derived.map(|(n, d)| (n.as_str(), d)))
    }

    fn read(name: &str) -> Result<Self, toml::de::Error> {
        let mut merged = tables(name)?;
        merged.remove("inherits");
        let qop: Vec<String> =
            merged.remove("qop").map(toml::Value::try_into).transpose()?.unwrap_or_default();
        merged.retain(|_, class| class.get("absent").and_then(toml::Value::as_bool) != Some(true));
        let mut classes = BTreeMap::new();
        for (name, table) in merged {
            let mut class: ClassData = table.try_into()?;
            class.complete(&name);
            classes.insert(name, class);
        }
        Ok(Self { qop: qop.iter().filter_map(|text| Qop::parse(text)).collect(), classes })
    }
}

/// A generation with all that it inherits.
fn tables(name: &str) -> Result<toml::Table, toml::de::Error> {
    let mut own = toml::Table::new();
    if name == "base" {
        for text in BASE {
            merge(&mut own, toml::from_str(text)?);
        }
        return Ok(own);
    }
    let text = GENERATIONS.iter().find(|(_, n, _)| *n == name).map_or("", |(_, _, text)| text);
    merge(&mut own, toml::from_str(text)?);
    let Some(inherited) = own.get("inherits").and_then(toml::Value::as_str) else { return Ok(own) };
    let mut merged = tables(inherited)?;
    merge(&mut merged, own);
    Ok(merged)
}

/// Tables key by key; anything else is replaced.
fn merge(into: &mut toml::Table, changes: toml::Table) {
    for (key, value) in changes {
        match (into.get_mut(&key), value) {
            (Some(toml::Value::Table(old)), toml::Value::Table(new)) => merge(old, new),
            (_, value) => drop(into.insert(key, value)),
        }
    }
}

impl ClassData {
    /// Makes the instances whole.
    fn complete(&mut self, name: &str) {
        let mut common = std::mem::take(&mut self.every);
        let told_apart_by = match (&self.service_of, &self.device_of) {
            (Some(system), _) => Some(("Name", system.clone())),
            (_, Some(system)) => Some(("DeviceID", system.clone())),
            (None, None) => None,
        };
        if let Some((key, system)) = told_apart_by {
            for (name, value) in [
                ("CreationClassName", name),
                ("SystemCreationClassName", "CIM_ComputerSystem"),
                ("SystemName", &system),
            ] {
                common.insert(name.to_owned(), value.into());
            }
            let keys = ["CreationClassName", key, "SystemCreationClassName", "SystemName"];
            self.keys = keys.map(str::to_owned).into();
        }
        self.instances.extend(self.value.take());
        for instance in &mut self.instances {
            for (name, value) in &common {
                instance.entry(name.clone()).or_insert_with(|| value.clone());
            }
            instance.retain(|_, value| value.as_str() != Some(ABSENT));
        }
        self.writable.extend(self.optional.iter().cloned());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_profile_is_read_and_every_reference_is_to_a_class_that_exists() {
        for (_, name, _) in GENERATIONS {
            let profile = Profile::read(name).unwrap_or_else(|e| panic!("{name}: {e}"));
            assert!(!profile.qop.is_empty(), "{name}");
            for (class, data) in &profile.classes {
                for derived_from in &data.derives {
                    assert!(derived_from.starts_with("CIM_"), "{name}: {class}");
                }
                for instance in &data.instances {
                    for key in &data.keys {
                        assert!(instance.contains_key(key), "{name}: {class} without {key}");
                    }
                    for wanted in data.writable.iter().filter(|w| !data.optional.contains(*w)) {
                        let somewhere = data.instances.iter().any(|i| i.contains_key(wanted));
                        let made = data.most.is_some() || name == "9.1" || name == "11.8";
                        assert!(
                            somewhere || made || is_of_newer_firmware(wanted),
                            "{name}: {class}.{wanted} can be written but is not there"
                        );
                    }
                }
            }
        }
    }

    fn is_of_newer_firmware(property: &str) -> bool {
        ["EnforceSecureBoot", "PlatformErase", "UefiBootNumberOfParams", "NoHostCsmeSoftwarePolicy"]
            .contains(&property)
    }

    #[test]
    fn generations_differ_where_their_files_say_so() {
        let old = Profile::of_version("9.1.45.3000");
        assert!(old.class("IPS_PowerManagementService").is_none());
        assert!(old.class("CIM_WiFiPort").is_none());
        let properties = &old.class("AMT_AuthorizationService").unwrap().instances[0];
        assert!(!properties.contains_key("AllowHttpQopAuthOnly"));
        let new = Profile::of_version("18.0.5.2141");
        assert!(new.class("CIM_WiFiPort").is_some());
        assert_eq!(new.qop, [Qop::Auth, Qop::AuthInt]);
        let boot = &new.class("AMT_BootSettingData").unwrap().instances[0];
        assert_eq!(boot.get("PlatformErase"), Some(&false.into()));
        assert_eq!(boot.get("BIOSSetup"), Some(&false.into()), "inherited from the base");
    }

    #[test]
    fn a_version_gets_the_newest_profile_that_is_not_newer() {
        let same = |a: &str, b: &str| Arc::ptr_eq(&Profile::of_version(a), &Profile::of_version(b));
        assert!(same("15.0.23.1706", "15.0"));
        assert!(same("14.1.70", "12.0"));
        assert!(same("16.1.30", "17.0"));
        assert!(same("6.2.1", "9.1"));
        assert!(!same("16.0.1", "16.1.1"));
    }
}
