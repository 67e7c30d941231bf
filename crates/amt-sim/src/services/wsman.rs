//! Answers WS-Man envelopes out of the store.

use std::sync::Arc;

use amt::wsman::{
    Fault, Identity, Operation, Outcome, Reply, Request, RequestError, Subcode, names,
};

use super::{group, host::Host, methods};

/// Answers an envelope: HTTP status and the envelope to send.
pub(super) fn answer(host: &Arc<Host>, envelope: &[u8]) -> (u16, String) {
    let reply = match Request::parse(envelope) {
        Ok(request) => {
            let result = perform(host, &request);
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

fn perform(host: &Arc<Host>, request: &Request) -> Result<Outcome, Fault> {
    let target = &request.target;
    match &request.operation {
        Operation::Identify => Ok(Outcome::Identity(Identity {
            protocol: names::WSMAN.to_owned(),
            vendor: "Intel(r)".to_owned(),
            version: format!("AMT {}", host.config().amt_version),
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
            host.contexts().open(instances, host.now()).map(Outcome::Enumerating).ok_or_else(|| {
                Fault::receiver(Subcode::QuotaLimit, "too many enumerations are going on")
            })
        }
        Operation::Pull { context, most } => {
            let most = usize::try_from(*most).unwrap_or(usize::MAX);
            let pulled = host.contexts().pull(context, most, host.now());
            let (items, more) = pulled.ok_or_else(no_context)?;
            Ok(Outcome::Pulled { items, next: more.then(|| context.clone()) })
        }
        Operation::Release { context } => {
            if host.contexts().release(context) {
                Ok(Outcome::Released)
            } else {
                Err(no_context())
            }
        }
        Operation::Invoke { method, arguments } => methods::invoke(host, target, method, arguments),
    }
}

fn no_context() -> Fault {
    Fault::sender(Subcode::InvalidEnumerationContext, "there is no such enumeration")
}
