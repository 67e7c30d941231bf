//! WS-Man operations as tests ask for them.

use amt::wsman::{Fault, Instance, Operation, Outcome, Properties, Reference, Target, Value};

use crate::console::{ask, class};

pub(crate) type Host = std::sync::Arc<amt_sim::services::Host>;

pub(crate) async fn get(host: &Host, name: &str) -> Instance {
    get_at(host, class(name)).await.unwrap()
}

pub(crate) async fn get_at(host: &Host, target: Target) -> Result<Instance, Fault> {
    Ok(ask(host, target, Operation::Get).await?.into_instance().expect("an instance"))
}

/// All instances, four at a time.
pub(crate) async fn list(host: &Host, name: &str) -> Vec<Instance> {
    let (all, _) = list_and_count(host, name, 4).await;
    all
}

/// All instances and how many Pulls it took.
pub(crate) async fn list_and_count(host: &Host, name: &str, most: u32) -> (Vec<Instance>, usize) {
    let outcome = ask(host, class(name), Operation::Enumerate).await;
    let Outcome::Enumerating(mut context) = outcome.unwrap_or_else(|f| panic!("{name}: {f}"))
    else {
        panic!("no context")
    };
    let mut all = Vec::new();
    let mut pulls = 0;
    loop {
        pulls += 1;
        let pull = Operation::Pull { context, most };
        let Outcome::Pulled { items, next } = ask(host, class(name), pull).await.unwrap() else {
            panic!("nothing pulled")
        };
        assert!(items.len() <= most as usize);
        all.extend(items);
        match next {
            Some(more) => context = more,
            None => return (all, pulls),
        }
    }
}

pub(crate) async fn put(host: &Host, instance: Instance) -> Result<Instance, Fault> {
    let target = Target { resource: instance.resource.clone(), selectors: Vec::new() };
    let outcome = ask(host, target, Operation::Put(instance)).await?;
    Ok(outcome.into_instance().expect("an instance"))
}

/// Reads the one instance of a class, changes properties, and puts it back.
pub(crate) async fn change(
    host: &Host,
    name: &str,
    properties: &[(&str, &str)],
) -> Result<Instance, Fault> {
    let mut instance = get(host, name).await;
    for (name, value) in properties {
        instance.set(name, [(*value).into()]);
    }
    put(host, instance).await
}

pub(crate) async fn call(
    host: &Host,
    name: &str,
    method: &str,
    arguments: &[(&str, &str)],
) -> Outcome {
    let arguments = arguments.iter().map(|(n, v)| ((*n).into(), (*v).into())).collect();
    invoke(host, class(name), method, arguments).await.unwrap()
}

pub(crate) async fn invoke(
    host: &Host,
    target: Target,
    method: &str,
    arguments: Properties,
) -> Result<Outcome, Fault> {
    ask(host, target, Operation::Invoke { method: method.into(), arguments }).await
}

/// What a method returned.
pub(crate) async fn value(
    host: &Host,
    name: &str,
    method: &str,
    arguments: &[(&str, &str)],
) -> u32 {
    call(host, name, method, arguments).await.return_value().unwrap()
}

/// All results of this name.
pub(crate) fn results<'a>(outcome: &'a Outcome, name: &str) -> Vec<&'a str> {
    let Outcome::Invoked { output, .. } = outcome else { panic!("no method was called") };
    output.iter().filter(|(n, _)| n == name).filter_map(|(_, v)| v.as_text()).collect()
}

pub(crate) async fn request_power(host: &Host, state: u8) -> u32 {
    let state = state.to_string();
    let class = "CIM_PowerManagementService";
    value(host, class, "RequestPowerStateChange", &[("PowerState", &state)]).await
}

/// Lets the PC restart, and waits until it is on again.
pub(crate) async fn restart(host: &Host) {
    let mut power = host.power_state();
    assert_eq!(request_power(host, 10).await, 0);
    let deadline = crate::console::DEADLINE;
    let back = power.wait_for(|state| *state == 2);
    tokio::time::timeout(deadline, back).await.expect("on in time").unwrap();
}

pub(crate) fn reference(class: &str, keys: &[(&str, &str)]) -> Value {
    Reference::of_class(class, keys).unwrap().into()
}
