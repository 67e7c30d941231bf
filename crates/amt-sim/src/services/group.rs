//! Classes that are answered by code, beside those that the data file answers.
//!
//! A class group is a handful of classes that belong together and have behaviour: instances that come and go,
//! methods with rules. To add one, write a unit struct, implement [`ClassGroup`] for it, and name it in `GROUPS`; its
//! state lives in [`Host`], where each platform has its own. Everything that is common to all classes is done here:
//! finding the instance that selectors name, listing by base class, and the faults for what is unknown.

use super::{certificates, host::Host, methods, remote_access, rules, store::same};
use amt::wsman::{Fault, Instance, Properties, Reference, ResourceUri, Subcode, Target, Value};
use std::sync::Arc;

/// All groups. The data file answers for classes that none of them has.
static GROUPS: &[&dyn ClassGroup] = &[
    &remote_access::Service,
    &remote_access::Servers,
    &remote_access::Credentials,
    &remote_access::Policies,
    &remote_access::Proxies,
    &remote_access::EnvironmentDetection,
    &certificates::KeyManagement,
    &certificates::Store,
];

/// One class of a group.
#[derive(Debug, Clone, Copy)]
pub(super) struct Class {
    pub(super) name: &'static str,
    /// Classes whose enumeration lists its instances as well: the ones it derives from.
    pub(super) derives: &'static [&'static str],
}

impl Class {
    pub(super) const fn new(name: &'static str) -> Self {
        Self { name, derives: &[] }
    }

    fn is_of(&self, class: &str) -> bool {
        self.name == class || self.derives.contains(&class)
    }
}

/// Classes answered by code. What a group does not do is answered with the fault that says so.
pub(super) trait ClassGroup: Send + Sync {
    /// The classes it answers for; no other group and no entry of the data file has them.
    fn classes(&self) -> &'static [Class];

    /// Whether this platform's firmware has these classes at all.
    fn exists(&self, host: &Host) -> bool {
        let _unused = host;
        true
    }

    /// All instances of one of its classes; none is not an error.
    fn instances(&self, host: &Arc<Host>, class: &str) -> Vec<Instance>;

    /// Replaces `current`, which the selectors (or, without any, the new instance's own keys) named. Answers with
    /// the instance as it is now.
    fn put(&self, host: &Arc<Host>, current: &Instance, new: &Instance) -> Result<Instance, Fault> {
        let _unused = (host, new);
        Err(unsupported(current.resource.class_name(), "be replaced"))
    }

    /// Makes an instance and answers with its reference.
    fn create(&self, host: &Arc<Host>, new: &Instance) -> Result<Reference, Fault> {
        let _unused = host;
        Err(unsupported(new.resource.class_name(), "be created"))
    }

    /// Removes `current`.
    fn delete(&self, host: &Arc<Host>, current: &Instance) -> Result<(), Fault> {
        let _unused = host;
        Err(unsupported(current.resource.class_name(), "be deleted"))
    }

    /// Calls a method of `current`; answers with what it returns, `ReturnValue` included. `None`: there is no such
    /// method.
    fn invoke(
        &self,
        host: &Arc<Host>,
        current: &Instance,
        method: &str,
        arguments: &Properties,
    ) -> Option<Result<Properties, Fault>> {
        let _unused = (host, current, method, arguments);
        None
    }
}

fn groups(host: &Host) -> impl Iterator<Item = &'static dyn ClassGroup> {
    GROUPS.iter().copied().filter(|group| group.exists(host))
}

/// The group that has a class, named by its full URI.
fn group_of(host: &Host, resource: &ResourceUri) -> Option<&'static dyn ClassGroup> {
    let class = resource.class_name();
    let group = groups(host).find(|group| group.classes().iter().any(|c| c.name == class))?;
    (ResourceUri::of_class(class).as_ref() == Some(resource)).then_some(group)
}

/// All instances of a class and of those that derive from it.
pub(super) fn list(host: &Arc<Host>, class: &str) -> Result<Vec<Instance>, Fault> {
    let mut found = Vec::new();
    let mut known = false;
    for group in groups(host) {
        for member in group.classes().iter().filter(|member| member.is_of(class)) {
            known = true;
            found.extend(group.instances(host, member.name));
        }
    }
    match rules::list(host, class) {
        Ok(more) => found.extend(more),
        Err(fault) if !known => return Err(fault),
        Err(_) => {}
    }
    Ok(found)
}

/// One instance.
pub(super) fn get(host: &Arc<Host>, target: &Target) -> Result<Instance, Fault> {
    match group_of(host, &target.resource) {
        Some(group) => find(group, host, target),
        None => rules::get(host, target),
    }
}

/// Replaces an instance.
pub(super) fn put(host: &Arc<Host>, target: &Target, new: &Instance) -> Result<Instance, Fault> {
    let Some(group) = group_of(host, &target.resource) else {
        return rules::put(host, target, new);
    };
    if new.resource != target.resource {
        let reason = "the instance is of another class";
        return Err(Fault::sender(Subcode::InvalidRepresentation, reason));
    }
    let current = if target.selectors.is_empty() {
        find_by_keys(group, host, new)?
    } else {
        find(group, host, target)?
    };
    group.put(host, &current, new)
}

/// Makes an instance.
pub(super) fn create(
    host: &Arc<Host>,
    target: &Target,
    new: &Instance,
) -> Result<Reference, Fault> {
    match group_of(host, &target.resource) {
        Some(group) if new.resource == target.resource => group.create(host, new),
        Some(_) => {
            let reason = "the instance is of another class";
            Err(Fault::sender(Subcode::InvalidRepresentation, reason))
        }
        None => rules::create(host, target, new),
    }
}

/// Removes an instance.
pub(super) fn delete(host: &Arc<Host>, target: &Target) -> Result<(), Fault> {
    let Some(group) = group_of(host, &target.resource) else {
        return rules::delete(host, target);
    };
    let current = find(group, host, target)?;
    group.delete(host, &current)
}

/// Calls a method; what it returns.
pub(super) fn invoke(
    host: &Arc<Host>,
    target: &Target,
    method: &str,
    arguments: &Properties,
) -> Result<Properties, Fault> {
    let Some(group) = group_of(host, &target.resource) else {
        return methods::invoke(host, target, method, arguments);
    };
    let current = find(group, host, target)?;
    group.invoke(host, &current, method, arguments).unwrap_or_else(|| {
        let class = target.resource.class_name();
        Err(Fault::sender(Subcode::ActionNotSupported, format!("{class} has no method {method}")))
    })
}

/// The one instance that the selectors name; without selectors, the only one.
fn find(group: &dyn ClassGroup, host: &Arc<Host>, target: &Target) -> Result<Instance, Fault> {
    let named = |instance: &Instance| {
        target.selectors.iter().all(|(name, wanted)| instance.all(name).any(|v| same(v, wanted)))
    };
    one(group.instances(host, target.resource.class_name()).into_iter().filter(named))
}

/// The instance that a new one is to replace: the one with the same keys. Consoles leave selectors out where a class
/// has one instance, and some do for associations.
fn find_by_keys(
    group: &dyn ClassGroup,
    host: &Arc<Host>,
    new: &Instance,
) -> Result<Instance, Fault> {
    const KEYS: [&str; 6] =
        ["InstanceID", "Name", "PolicyRuleName", "DeviceID", "ManagedElement", "PolicySet"];
    let all = group.instances(host, new.resource.class_name());
    if all.len() == 1 {
        return one(all.into_iter());
    }
    let keyed = |instance: &Instance| {
        KEYS.iter().all(|key| match (instance.get(key), new.get(key)) {
            (Some(has), Some(wanted)) => same(has, wanted),
            (Some(_), None) => false,
            (None, _) => true,
        })
    };
    one(all.into_iter().filter(keyed))
}

fn one(mut found: impl Iterator<Item = Instance>) -> Result<Instance, Fault> {
    match (found.next(), found.next()) {
        (Some(instance), None) => Ok(instance),
        (None, _) => Err(Fault::sender(Subcode::InvalidSelectors, "no instance has these keys")),
        (Some(_), Some(_)) => {
            Err(Fault::sender(Subcode::InvalidSelectors, "more than one instance has these keys"))
        }
    }
}

fn unsupported(class: &str, what: &str) -> Fault {
    let reason = format!("instances of {class} cannot {what}");
    Fault::sender(Subcode::ActionNotSupported, reason)
}

/// An instance of a class of AMT's schemas with these properties, for groups to build theirs from.
pub(super) fn instance<V: Into<Value>>(
    class: &str,
    properties: impl IntoIterator<Item = (&'static str, V)>,
) -> Instance {
    Instance {
        resource: ResourceUri::of_class(class).unwrap_or_default(),
        properties: properties.into_iter().map(|(n, v)| (n.to_owned(), v.into())).collect(),
    }
}

/// All values of an array of texts.
pub(super) fn texts(instance: &Instance, name: &str) -> Vec<String> {
    instance.all(name).filter_map(Value::as_text).map(|text| text.trim().to_owned()).collect()
}

/// The fault for a new instance that is not acceptable.
pub(super) fn invalid(reason: impl Into<String>) -> Fault {
    Fault::sender(Subcode::InvalidRepresentation, reason)
}

/// A reference to an instance of a class of AMT's schemas with these keys.
pub(super) fn reference_to<'a>(
    class: &str,
    keys: impl IntoIterator<Item = (&'static str, &'a str)>,
) -> Reference {
    Reference {
        resource: ResourceUri::of_class(class).unwrap_or_default(),
        selectors: keys.into_iter().map(|(n, v)| (n.to_owned(), v.into())).collect(),
    }
}

/// The fault for removing what something else still needs.
pub(super) fn in_use(reason: impl Into<String>) -> Fault {
    Fault::sender(Subcode::AccessDenied, reason)
}
