//! AMT_RemoteAccessPolicyRule and AMT_RemoteAccessPolicyAppliesToMPS.

use super::{Arguments, servers};
use crate::{
    Trigger,
    remote_access::{Applies, Code, Limits, MpsType, Policy, Schedule},
    services::{
        group::{Class, ClassGroup, in_use, instance, invalid, reference_to},
        host::Host,
    },
};
use amt::wsman::{Fault, Instance, Reference, ResourceUri, Value};
use std::sync::Arc;

const CLASS: &str = "AMT_RemoteAccessPolicyRule";
const APPLIES: &str = "AMT_RemoteAccessPolicyAppliesToMPS";
/// What AddRemoteAccessPolicyRule calls its result.
pub(super) const RULE: &str = "PolicyRule";

/// Policies and their servers.
pub(in crate::services) struct Policies;

impl ClassGroup for Policies {
    fn classes(&self) -> &'static [Class] {
        const {
            &[
                Class { name: CLASS, derives: &["CIM_PolicyRule", "CIM_PolicySet"] },
                Class { name: APPLIES, derives: &["CIM_PolicySetAppliesToElement"] },
            ]
        }
    }

    fn instances(&self, host: &Arc<Host>, class: &str) -> Vec<Instance> {
        let configuration = host.shared().read();
        let policies = configuration.remote_access.policies.iter();
        let limits = &host.shared().limits;
        match class {
            APPLIES => policies
                .flat_map(|p| p.applies.iter().map(|a| read_applies(p, a, limits)))
                .collect(),
            _ => policies.map(read).collect(),
        }
    }

    fn put(&self, host: &Arc<Host>, current: &Instance, new: &Instance) -> Result<Instance, Fault> {
        let changed = if is_applies(current) {
            let Some((trigger, server)) = ends(current) else { return Err(gone()) };
            put_applies(host, trigger, server, new)
        } else {
            let Some(trigger) = trigger_of(current) else { return Err(gone()) };
            put_rule(host, trigger, new)
        };
        changed.map_err(|code| invalid(code.to_string()))
    }

    fn create(&self, host: &Arc<Host>, new: &Instance) -> Result<Reference, Fault> {
        if !is_applies(new) {
            return Err(invalid("a policy is added with AddRemoteAccessPolicyRule"));
        }
        let Some((trigger, server)) = ends(new) else {
            return Err(invalid("PolicySet and ManagedElement must name a policy and a server"));
        };
        let added = host.shared().configure(|configuration, limits| {
            let remote = &mut configuration.remote_access;
            remote.server(server).ok_or(Code::InvalidParameter)?;
            let policy = remote.policy_mut(trigger).ok_or(Code::InvalidParameter)?;
            if policy.names(server) {
                return Err(Code::Duplicate);
            }
            let order = policy.applies.iter().map(|applies| applies.order + 1).max().unwrap_or(0);
            let mps_type = mps_type(new, limits)?.unwrap_or(MpsType::External);
            let mut wanted = policy.clone();
            wanted.applies.push(Applies { server, mps_type, order });
            wanted.check(limits)?;
            *policy = wanted;
            Ok(())
        });
        added.map_err(|code| invalid(code.to_string()))?;
        Ok(Reference {
            resource: ResourceUri::of_class(APPLIES).unwrap_or_default(),
            selectors: vec![
                ("ManagedElement".into(), servers::reference(server).into()),
                ("PolicySet".into(), reference(trigger).into()),
            ],
        })
    }

    fn delete(&self, host: &Arc<Host>, current: &Instance) -> Result<(), Fault> {
        if is_applies(current) {
            let Some((trigger, server)) = ends(current) else { return Err(gone()) };
            let removed = host.shared().configure(|configuration, _| {
                let policy = configuration.remote_access.policy_mut(trigger);
                let policy = policy.ok_or(Code::InvalidParameter)?;
                if policy.applies.len() == 1 {
                    return Err(Code::NotPermitted);
                }
                policy.applies.retain(|applies| applies.server != server);
                Ok(())
            });
            return removed.map_err(|_| in_use("a policy needs at least one server"));
        }
        let Some(trigger) = trigger_of(current) else { return Err(gone()) };
        let removed = host.shared().configure(|configuration, _| {
            configuration.remote_access.policies.retain(|policy| policy.trigger != trigger);
            Ok(())
        });
        removed.map_err(|code| in_use(code.to_string()))
    }
}

fn gone() -> Fault {
    invalid("there is no such policy or server")
}

fn is_applies(instance: &Instance) -> bool {
    instance.resource.class_name() == APPLIES
}

fn read(policy: &Policy) -> Instance {
    let mut read = instance(
        CLASS,
        [
            ("CreationClassName", Value::from(CLASS)),
            // Firmware spells it so.
            ("ElementName", "Inte(r) AMT:Remote Access Policy".into()),
            ("PolicyRuleName", policy.name().into()),
            ("SystemCreationClassName", "CIM_ComputerSystem".into()),
            ("SystemName", "Intel(r) AMT".into()),
            ("Trigger", u32::from(policy.trigger.in_wsman()).into()),
            ("TunnelLifeTime", policy.life_time.into()),
        ],
    );
    if let Some(schedule) = policy.schedule {
        let data = openssl::base64::encode_block(&schedule.to_bytes());
        read.properties.insert(2, ("ExtendedData".into(), data.into()));
    }
    read
}

fn read_applies(policy: &Policy, applies: &Applies, limits: &Limits) -> Instance {
    let mut read = instance(
        APPLIES,
        [
            ("ManagedElement", Value::from(servers::reference(applies.server))),
            ("OrderOfAccess", applies.order.into()),
            ("PolicySet", reference(policy.trigger).into()),
        ],
    );
    if limits.internal_servers {
        let mps_type = Value::from(applies.mps_type.number());
        read.properties.insert(1, ("MpsType".into(), mps_type));
    }
    read
}

/// The name of a policy for other instances.
pub(super) fn reference(trigger: Trigger) -> Reference {
    reference_to(
        CLASS,
        [
            ("CreationClassName", CLASS),
            ("PolicyRuleName", crate::remote_access::name_of(trigger)),
            ("SystemCreationClassName", "CIM_ComputerSystem"),
            ("SystemName", "Intel(r) AMT"),
        ],
    )
}

fn trigger_named(name: &str) -> Option<Trigger> {
    let all = [Trigger::User, Trigger::Alert, Trigger::Periodic];
    all.into_iter().find(|trigger| crate::remote_access::name_of(*trigger) == name)
}

fn trigger_of(rule: &Instance) -> Option<Trigger> {
    trigger_named(rule.text("PolicyRuleName")?)
}

/// The policy and the server that an association joins.
fn ends(applies: &Instance) -> Option<(Trigger, u32)> {
    let policy = applies.get("PolicySet")?.as_reference()?;
    let (_, name) = policy.selectors.iter().find(|(name, _)| name == "PolicyRuleName")?;
    let server = applies.get("ManagedElement")?.as_reference()?;
    Some((trigger_named(name.as_text()?)?, servers::number_in(server)?))
}

fn mps_type(new: &Instance, limits: &Limits) -> Result<Option<MpsType>, Code> {
    let Some(text) = new.text("MpsType") else { return Ok(None) };
    if !limits.internal_servers {
        return Err(Code::InvalidParameter);
    }
    let number = text.trim().parse().map_err(|_| Code::InvalidParameter)?;
    MpsType::of_number(number).map(Some).ok_or(Code::InvalidParameter)
}

/// What can be changed is from where the server is dialled.
fn put_applies(
    host: &Host,
    trigger: Trigger,
    server: u32,
    new: &Instance,
) -> Result<Instance, Code> {
    let wanted = mps_type(new, &host.shared().limits)?;
    host.shared().configure(|configuration, limits| {
        let policy = configuration.remote_access.policy_mut(trigger);
        let policy = policy.ok_or(Code::InvalidParameter)?;
        let mut changed = policy.clone();
        let applies = changed.applies.iter_mut().find(|applies| applies.server == server);
        let applies = applies.ok_or(Code::InvalidParameter)?;
        applies.mps_type = wanted.unwrap_or(applies.mps_type);
        let read = read_applies(policy, applies, limits);
        changed.check(limits)?;
        *policy = changed;
        Ok(read)
    })
}

/// What can be changed is the life time and the schedule.
fn put_rule(host: &Host, trigger: Trigger, new: &Instance) -> Result<Instance, Code> {
    let wanted = Arguments(&new.properties);
    let life_time = wanted.text("TunnelLifeTime").map(|_| wanted.number("TunnelLifeTime"));
    let life_time = life_time.transpose()?;
    let data = wanted.bytes("ExtendedData")?;
    host.shared().configure(|configuration, _| {
        let policy = configuration.remote_access.policy_mut(trigger);
        let policy = policy.ok_or(Code::InvalidParameter)?;
        if trigger == Trigger::Periodic && !data.is_empty() {
            policy.schedule = Some(Schedule::from_bytes(&data)?);
        }
        policy.life_time = life_time.unwrap_or(policy.life_time);
        Ok(read(policy))
    })
}

/// AddRemoteAccessPolicyRule.
pub(super) fn add(host: &Host, arguments: Arguments<'_>) -> Result<Trigger, Code> {
    // There are three policies, and three names for them: a fourth trigger (3, provisioning from home) is of the time
    // before a platform is set up, when nobody can call this.
    let trigger = Trigger::of_wsman(arguments.number("Trigger")?).ok_or(Code::InvalidParameter)?;
    let schedule = match trigger {
        Trigger::Periodic => Some(Schedule::from_bytes(&arguments.bytes("ExtendedData")?)?),
        // Toolkits send an interval with every policy; the others have no use for it.
        Trigger::User | Trigger::Alert => None,
    };
    let named = |name, mps_type: MpsType| {
        let found = arguments.references(name).map(servers::number_in);
        let numbers: Option<Vec<u32>> = found.collect();
        numbers.map(|numbers| numbers.into_iter().map(move |server| (server, mps_type)))
    };
    let external = named("MpServer", MpsType::External).ok_or(Code::InvalidParameter)?;
    let internal = named("InternalMpServer", MpsType::Internal).ok_or(Code::InvalidParameter)?;
    let applies = external.chain(internal).zip(0..);
    let policy = Policy {
        trigger,
        life_time: arguments.number("TunnelLifeTime")?,
        schedule,
        applies: applies
            .map(|((server, mps_type), order)| Applies { server, mps_type, order })
            .collect(),
    };
    host.shared().configure(|configuration, limits| {
        configuration.remote_access.add_policy(policy, limits).map(|()| trigger)
    })
}
