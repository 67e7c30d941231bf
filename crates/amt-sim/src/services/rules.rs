//! What Put, Create and Delete of classes in the data need beyond what the data says, and what
//! follows from them.

use std::{net::Ipv4Addr, sync::Arc};

use amt::wsman::{Fault, Instance, Properties, Reference, Subcode, Target, Value};

use super::{
    alarms, boot, certificates, group,
    host::Host,
    live::Live,
    setup,
    store::{Plan, refused},
    subscriptions, wifi,
};

const NOBODY: u32 = 0;
const SCREEN_ONLY: u32 = 1;
const ALL: u32 = u32::MAX;

/// All instances of a class.
pub(super) fn list(host: &Host, class: &str) -> Result<Vec<Instance>, Fault> {
    let live = Live::of(host);
    let mut found = host.store().list(class, &live)?;
    if class == "CIM_ConcreteDependency" {
        found.extend(certificates::dependencies(host));
    }
    Ok(found)
}

/// One instance.
pub(super) fn get(host: &Host, target: &Target) -> Result<Instance, Fault> {
    let live = Live::of(host);
    host.store().get(target, &live)
}

/// Replaces an instance.
pub(super) fn put(host: &Host, target: &Target, new: &Instance) -> Result<Instance, Fault> {
    let live = Live::of(host);
    let class = target.resource.class_name();
    let new = boot::without_stale_parameters(new);
    let plan = host.store().plan(target, &new, &live)?;
    if host.quirks().refuse_put.iter().any(|refused| refused == class) {
        return Err(refused("this firmware takes no such instance".into()));
    }
    check(host, class, &plan)?;
    host.store().apply(&plan);
    follow(host, class, &plan);
    host.changed();
    get(host, target).or(Ok(plan.after))
}

fn check(host: &Host, class: &str, plan: &Plan) -> Result<(), Fault> {
    match class {
        "AMT_BootSettingData" => boot::before_put(host, plan),
        "IPS_OptInService" => check_opt_in(host, plan),
        "AMT_RedirectionService" => one_of(plan, "EnabledState", &[32768, 32769, 32770, 32771]),
        "AMT_EthernetPortSettings" => check_ethernet(plan),
        "AMT_GeneralSettings" => check_general(plan),
        "IPS_KVMRedirectionSettingData" => check_screen(host, plan),
        "AMT_TLSSettingData" => check_tls(plan),
        "AMT_AuthorizationService" => one_of(plan, "AllowHttpQopAuthOnly", &[0, 1]),
        "CIM_WiFiEndpointSettings" => wifi::before_put(host, plan),
        _ => Ok(()),
    }
}

fn follow(host: &Host, class: &str, plan: &Plan) {
    match class {
        "AMT_BootSettingData" => boot::after_put(host, plan),
        "IPS_OptInService" if plan.changes("OptInRequired") => drop(host.cancel_consent()),
        "AMT_AuthorizationService" => host.offer_qop(),
        _ => {}
    }
}

fn number(plan: &Plan, name: &str) -> Option<u32> {
    plan.after.text(name).and_then(|text| text.trim().parse().ok())
}

fn one_of(plan: &Plan, name: &str, allowed: &[u32]) -> Result<(), Fault> {
    match (plan.after.get(name), number(plan, name)) {
        (None, _) => Ok(()),
        (_, Some(value)) if allowed.contains(&value) => Ok(()),
        _ => Err(refused(format!("{name} can only be one of {allowed:?}"))),
    }
}

fn within(plan: &Plan, name: &str, allowed: std::ops::RangeInclusive<u32>) -> Result<(), Fault> {
    match number(plan, name) {
        Some(value) if !allowed.contains(&value) => {
            Err(refused(format!("{name} is {} to {}", allowed.start(), allowed.end())))
        }
        _ => Ok(()),
    }
}

fn check_opt_in(host: &Host, plan: &Plan) -> Result<(), Fault> {
    one_of(plan, "OptInRequired", &[NOBODY, SCREEN_ONLY, ALL])?;
    within(plan, "OptInCodeTimeout", 60..=900)?;
    within(plan, "OptInDisplayTimeout", 10..=3600)?;
    if host.is_in_client_control() && plan.changes("OptInRequired") {
        let reason = "in client control mode consent is always required";
        return Err(Fault::sender(Subcode::AccessDenied, reason));
    }
    Ok(())
}

/// With a fixed address of its own, AMT needs at least that and a mask.
fn check_ethernet(plan: &Plan) -> Result<(), Fault> {
    let addresses = ["IPAddress", "SubnetMask", "DefaultGateway", "PrimaryDNS", "SecondaryDNS"];
    for name in addresses {
        let text = plan.after.text(name).unwrap_or_default();
        if !text.is_empty() && text.parse::<Ipv4Addr>().is_err() {
            return Err(refused(format!("{name} is no IPv4 address")));
        }
    }
    let is_on = |name: &str| plan.after.text(name) == Some("true");
    let has = |name: &str| plan.after.text(name).is_some_and(|text| !text.is_empty());
    let is_given = is_on("DHCPEnabled") || is_on("IpSyncEnabled");
    let is_fixed = has("IPAddress") && has("SubnetMask");
    if !is_given && !is_fixed {
        let reason = "without DHCP and without IP sync, IPAddress and SubnetMask are needed";
        return Err(refused(reason.into()));
    }
    within(plan, "WLANLinkProtectionLevel", 0..=3)?;
    for policy in plan.after.all("LinkPolicy").filter_map(Value::as_text) {
        if !["1", "14", "16", "224"].contains(&policy) {
            return Err(refused("LinkPolicy is made of 1, 14, 16 and 224".into()));
        }
    }
    Ok(())
}

fn check_general(plan: &Plan) -> Result<(), Fault> {
    let length = |name: &str| plan.after.text(name).unwrap_or_default().len();
    if length("HostName") > 63 || length("DomainName") > 191 {
        return Err(refused("HostName has at most 63 characters, DomainName 191".into()));
    }
    one_of(plan, "AMTNetworkEnabled", &[0, 1])?;
    within(plan, "IdleWakeTimeout", 1..=65535)?;
    within(plan, "PreferredAddressFamily", 0..=1)
}

/// The password of port 5900 has eight characters and is strong; without one that port stays closed (Intel AMT
/// implementation guide, Managing the KVM Feature).
fn check_screen(host: &Host, plan: &Plan) -> Result<(), Fault> {
    within(plan, "DefaultScreen", 0..=3)?;
    within(plan, "SessionTimeout", 0..=255)?;
    let password = plan.secret("RFBPassword");
    if password.is_some_and(|password| password.len() != 8 || !setup::is_strong(password)) {
        return Err(refused("RFBPassword has eight characters of four kinds".into()));
    }
    let opens = plan.after.text("Is5900PortEnabled") == Some("true");
    if opens && password.is_none() && host.vnc_password().is_none() {
        return Err(refused("port 5900 cannot be opened while there is no RFBPassword".into()));
    }
    Ok(())
}

fn check_tls(plan: &Plan) -> Result<(), Fault> {
    let is_on = |name: &str| plan.after.text(name) == Some("true");
    if plan.after.text("NonSecureConnectionsSupported") == Some("false")
        && (is_on("AcceptNonSecureConnections") || !is_on("Enabled"))
    {
        return Err(refused("this firmware is reached over TLS only".into()));
    }
    Ok(())
}

/// Makes an instance.
pub(super) fn create(
    host: &Arc<Host>,
    target: &Target,
    new: &Instance,
) -> Result<Reference, Fault> {
    let class = target.resource.class_name();
    host.store().list(class, &Live::default())?;
    let creatable = host.profile().class(class).is_some_and(|data| data.creatable);
    if !creatable {
        let reason = format!("instances of {class} cannot be created");
        return Err(Fault::sender(Subcode::ActionNotSupported, reason));
    }
    if new.resource.class_name() != class {
        return Err(refused("the instance is of another class".into()));
    }
    let properties = match class {
        "AMT_SNMPEventSubscriber" => subscriptions::of_snmp(host, new)?,
        _ => check_context(host, new)?,
    };
    let made = host.store().add(class, properties)?;
    host.changed();
    Ok(made)
}

/// A credential context names a certificate that is there.
fn check_context(host: &Arc<Host>, new: &Instance) -> Result<Properties, Fault> {
    let certificate = new.get("ElementInContext").and_then(Value::as_reference);
    let certificate =
        certificate.ok_or_else(|| refused("ElementInContext names no certificate".into()))?;
    let target =
        Target { resource: certificate.resource.clone(), selectors: certificate.selectors.clone() };
    group::get(host, &target).map_err(|_| refused("there is no such certificate".into()))?;
    Ok(new.properties.clone())
}

/// Removes an instance.
pub(super) fn delete(host: &Host, target: &Target) -> Result<(), Fault> {
    let class = target.resource.class_name();
    host.store().get(target, &Live::default())?;
    let deletable = host.profile().class(class).is_some_and(|data| data.deletable);
    if !deletable {
        let reason = format!("instances of {class} cannot be deleted");
        return Err(Fault::sender(Subcode::ActionNotSupported, reason));
    }
    let gone = host.store().remove(target)?;
    match class {
        "IPS_AlarmClockOccurrence" => alarms::changed(host),
        "CIM_FilterCollectionSubscription" => subscriptions::forget_handler(host, &gone),
        "CIM_WiFiEndpointSettings" => wifi::forget_8021x(host, &gone),
        _ => {}
    }
    host.changed();
    Ok(())
}
