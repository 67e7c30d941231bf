//! Answers WS-Man envelopes out of the store.

use std::sync::Arc;

use amt::wsman::{
    Fault, Identity, Operation, Outcome, Reply, Request, RequestError, Subcode, Target, names,
};

use super::{group, host::Host, logs::note, store::no_class, subscriptions};

/// Answers an envelope: HTTP status and the envelope to send.
pub(super) fn answer(host: &Arc<Host>, user: &str, envelope: &[u8]) -> (u16, String) {
    let reply = match Request::parse(envelope) {
        Ok(request) => {
            let result = permit(host, user, &request).and_then(|()| perform(host, &request));
            if let Ok(outcome) = &result {
                note::done(host, user, &request, outcome);
            }
            let resource =
                (request.operation != Operation::Identify).then(|| request.target.resource.clone());
            Reply { relates_to: request.message_id, resource, result }
        }
        Err(RequestError { message_id, fault }) => {
            Reply { relates_to: message_id, resource: None, result: Err(fault) }
        }
    };
    let status = reply.result.as_ref().map_or_else(Fault::http_status, |_| 200);
    (status, reply.to_xml(host.next_message()))
}

/// Refuses an envelope without looking at it closely: a method with this return value, everything else with a fault.
pub(super) fn refuse(host: &Host, value: Option<u32>, envelope: &[u8]) -> (u16, String) {
    let (relates_to, resource, result) = match (Request::parse(envelope), value) {
        (
            Ok(Request { message_id, target, operation: Operation::Invoke { method, .. }, .. }),
            Some(value),
        ) => {
            let output = vec![("ReturnValue".to_owned(), value.into())];
            (message_id, Some(target.resource), Ok(Outcome::Invoked { method, output }))
        }
        (Ok(request), _) => {
            let fault = Fault::receiver(Subcode::InternalError, "the firmware failed");
            (request.message_id, Some(request.target.resource), Err(fault))
        }
        (Err(RequestError { message_id, fault }), _) => (message_id, None, Err(fault)),
    };
    let reply = Reply { relates_to, resource, result };
    let status = reply.result.as_ref().map_or_else(Fault::http_status, |_| 200);
    (status, reply.to_xml(host.next_message()))
}

/// Whether the user's realms and this firmware allow it.
fn permit(host: &Host, user: &str, request: &Request) -> Result<(), Fault> {
    let class = request.target.resource.class_name();
    if request.operation == Operation::Identify {
        return Ok(());
    }
    if host.quirks().missing_classes.iter().any(|missing| missing == class) {
        return Err(no_class(class));
    }
    let realms = host.profile().class(class).map(|data| data.realms.as_slice());
    if host.accounts().may_use(user, realms.unwrap_or_default()) {
        return Ok(());
    }
    let reason = format!("the realms of {user} do not allow the use of {class}");
    Err(Fault::sender(Subcode::AccessDenied, reason))
}

fn perform(host: &Arc<Host>, request: &Request) -> Result<Outcome, Fault> {
    let target = &request.target;
    match &request.operation {
        Operation::Identify => Ok(Outcome::Identity(Identity {
            protocol: names::WSMAN.to_owned(),
            vendor: "Intel(r)".to_owned(),
            version: format!("AMT {}", host.config().version_and_build().0),
        })),
        Operation::Get => group::get(host, target).map(Outcome::Got),
        Operation::Put(instance) => {
            group::put(host, target, instance).map(|i| Outcome::Put(Some(i)))
        }
        Operation::Create(instance) => {
            group::create(host, target, instance).map(|reference| Outcome::Created(Some(reference)))
        }
        Operation::Delete => group::delete(host, target).map(|()| Outcome::Deleted),
        Operation::Enumerate => {
            let instances = group::list(host, target.resource.class_name())?;
            let mut items: Vec<_> = instances.into_iter().map(Some).collect();
            if one_per_pull(host, target) {
                // The end comes in a Pull of its own.
                items.push(None);
            }
            host.contexts().open(items, host.now()).map(Outcome::Enumerating).ok_or_else(|| {
                Fault::receiver(Subcode::QuotaLimit, "too many enumerations are going on")
            })
        }
        Operation::Pull { context, most } => {
            let most = match one_per_pull(host, target) {
                true => 1,
                false => usize::try_from(*most).unwrap_or(usize::MAX),
            };
            let pulled = host.contexts().pull(context, most, host.now());
            let (items, more) = pulled.ok_or_else(no_context)?;
            let items = items.into_iter().flatten().collect();
            Ok(Outcome::Pulled { items, next: more.then(|| context.clone()) })
        }
        Operation::Release { context } => {
            if host.contexts().release(context) {
                Ok(Outcome::Released)
            } else {
                Err(no_context())
            }
        }
        Operation::Invoke { method, arguments } => group::invoke(host, target, method, arguments)
            .map(|output| Outcome::Invoked { method: method.clone(), output }),
        Operation::Subscribe(subscription) => {
            let identifier = subscriptions::subscribe(host, target, subscription)?;
            Ok(Outcome::Subscribed { identifier, expires: subscription.expires.clone() })
        }
        Operation::Unsubscribe { identifier } => {
            subscriptions::unsubscribe(host, identifier).map(|()| Outcome::Unsubscribed)
        }
    }
}

/// Some classes are given one by one, whatever the console asks for.
fn one_per_pull(host: &Host, target: &Target) -> bool {
    host.profile().class(target.resource.class_name()).is_some_and(|class| class.one_per_pull)
}

fn no_context() -> Fault {
    Fault::sender(Subcode::InvalidEnumerationContext, "there is no such enumeration")
}
