//! Who is told of events: WS-Eventing subscriptions and SNMP subscribers.

use amt::wsman::{Fault, Instance, Properties, Reference, Subcode, Subscription, Target, Value};

use super::{host::Host, live::Live, store::refused};
use crate::notice::{Listener, address};

const SUBSCRIPTION: &str = "CIM_FilterCollectionSubscription";
const HANDLER: &str = "CIM_ListenerDestinationWSManagement";
const SUBSCRIBER: &str = "AMT_SNMPEventSubscriber";

/// Subscribes an address to a filter collection: an identifier for the subscription.
pub(super) fn subscribe(
    host: &Host,
    target: &Target,
    wanted: &Subscription,
) -> Result<String, Fault> {
    if target.resource.class_name() != "CIM_FilterCollection" {
        let reason = "only a CIM_FilterCollection can be subscribed to";
        return Err(Fault::sender(Subcode::ActionNotSupported, reason));
    }
    let filter = host.store().get(target, &Live::default())?;
    let filter_id = filter.text("InstanceID").unwrap_or_default().to_owned();
    if address(&wanted.notify_to).is_none() || wanted.notify_to.len() > 256 {
        return Err(refused("events can be sent to an http URL of at most 256 characters".into()));
    }
    let name = format!("uuid:{}", uuid::Uuid::new_v4());
    let handler = host.store().add(HANDLER, handler(&name, wanted))?;
    let filter = Reference::of_class("CIM_FilterCollection", &[("InstanceID", &filter_id)]);
    let properties: Properties = vec![
        ("Filter".to_owned(), Value::from(filter.unwrap_or_default())),
        ("Handler".to_owned(), handler.into()),
        ("OnFatalErrorPolicy".to_owned(), 2_u32.into()),
        ("SubscriptionState".to_owned(), 2_u32.into()),
    ];
    host.store().add(SUBSCRIPTION, properties)?;
    host.changed();
    Ok(name)
}

fn handler(name: &str, wanted: &Subscription) -> Properties {
    let mode = if wanted.mode.ends_with("PushWithAck") { 3_u32 } else { 2 };
    vec![
        ("CreationClassName".to_owned(), HANDLER.into()),
        ("DeliveryMode".to_owned(), mode.into()),
        ("Destination".to_owned(), wanted.notify_to.as_str().into()),
        ("ElementName".to_owned(), "Listener destination".into()),
        ("Name".to_owned(), name.into()),
        ("PersistenceType".to_owned(), 2_u32.into()),
        ("SystemCreationClassName".to_owned(), "CIM_ComputerSystem".into()),
        ("SystemName".to_owned(), "Intel(r) AMT".into()),
    ]
}

/// Ends a subscription by its identifier.
pub(super) fn unsubscribe(host: &Host, identifier: &str) -> Result<(), Fault> {
    let all = host.store().list(SUBSCRIPTION, &Live::default())?;
    let found = all.iter().find(|subscription| handler_name(subscription) == Some(identifier));
    let found = found.ok_or_else(|| {
        Fault::sender(Subcode::InvalidMessageInformationHeader, "there is no such subscription")
    })?;
    let target = Target {
        resource: found.resource.clone(),
        selectors: ["Filter", "Handler"]
            .iter()
            .filter_map(|key| Some(((*key).to_owned(), found.get(key)?.clone())))
            .collect(),
    };
    let gone = host.store().remove(&target)?;
    forget_handler(host, &gone);
    host.changed();
    Ok(())
}

fn handler_name(subscription: &Instance) -> Option<&str> {
    subscription.get("Handler")?.as_reference()?.selector("Name")
}

/// The destination of a subscription goes with it.
pub(super) fn forget_handler(host: &Host, subscription: &Instance) {
    let Some(reference) = subscription.get("Handler").and_then(Value::as_reference) else { return };
    let target =
        Target { resource: reference.resource.clone(), selectors: reference.selectors.clone() };
    if let Err(fault) = host.store().remove(&target) {
        tracing::debug!(%fault, "a subscription without a destination");
    }
}

/// Where events are pushed to.
pub(super) fn listeners(host: &Host) -> Vec<Listener> {
    let list = |class| host.store().list(class, &Live::default()).unwrap_or_default();
    let (subscriptions, handlers) = (list(SUBSCRIPTION), list(HANDLER));
    let listener = |subscription: &Instance| {
        let filter = subscription.get("Filter")?.as_reference()?.selector("InstanceID")?;
        let name = handler_name(subscription)?;
        let handler = handlers.iter().find(|handler| handler.text("Name") == Some(name))?;
        Some(Listener {
            destination: handler.text("Destination")?.to_owned(),
            filter: filter.to_owned(),
            acknowledges: handler.text("DeliveryMode") == Some("3"),
        })
    };
    subscriptions.iter().filter_map(listener).collect()
}

/// Whether anybody gets traps.
pub(super) fn has_trap_receivers(host: &Host) -> bool {
    let all = host.store().list(SUBSCRIBER, &Live::default());
    all.is_ok_and(|subscribers| !subscribers.is_empty())
}

/// The properties of an SNMP subscriber that a console wants to make.
pub(super) fn of_snmp(host: &Host, new: &Instance) -> Result<Properties, Fault> {
    let address = ["TrapAddress", "SNMPAddress", "Address"].iter().find_map(|n| new.text(n));
    if address.is_none_or(|address| address.trim().is_empty()) {
        return Err(refused("the subscriber has no address".into()));
    }
    let others = host.store().list(SUBSCRIBER, &Live::default())?;
    let id = |n: usize| format!("Intel(r) AMT:SNMP Event Subscriber {n}");
    let free = (0..)
        .map(id)
        .find(|id| others.iter().all(|other| other.text("InstanceID") != Some(id.as_str())));
    let mut properties = new.properties.clone();
    properties.retain(|(name, _)| name != "InstanceID");
    properties.push(("InstanceID".to_owned(), free.unwrap_or_default().into()));
    Ok(properties)
}
