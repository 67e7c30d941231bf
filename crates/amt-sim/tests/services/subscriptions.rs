//! Who is told of events.

use amt::wsman::{Instance, Operation, Outcome, Subcode, Subscription, Value};

use crate::{
    console::{ask, class, host},
    ops::list,
};

fn all() -> amt::wsman::Target {
    class("CIM_FilterCollection").with("InstanceID", "Intel(r) AMT:All")
}

fn subscription(to: &str) -> Operation {
    let mode = "http://schemas.dmtf.org/wbem/wsman/1/wsman/PushWithAck";
    Operation::Subscribe(Subscription {
        notify_to: to.into(),
        mode: mode.into(),
        expires: String::new(),
    })
}

#[tokio::test]
async fn a_subscription_can_be_seen_and_ended() {
    let host = host();
    let outcome = ask(&host, all(), subscription("http://console.example:8080/events")).await;
    let Ok(Outcome::Subscribed { identifier, .. }) = outcome else { panic!("{outcome:?}") };
    let subscriptions = list(&host, "CIM_FilterCollectionSubscription").await;
    let filter = subscriptions[0].get("Filter").and_then(Value::as_reference).unwrap();
    assert_eq!(filter.selector("InstanceID"), Some("Intel(r) AMT:All"));
    let handlers = list(&host, "CIM_ListenerDestinationWSManagement").await;
    assert_eq!(handlers[0].text("Destination"), Some("http://console.example:8080/events"));
    assert_eq!(handlers[0].text("DeliveryMode"), Some("3"));
    let end = Operation::Unsubscribe { identifier };
    assert_eq!(ask(&host, all(), end.clone()).await, Ok(Outcome::Unsubscribed));
    assert!(list(&host, "CIM_FilterCollectionSubscription").await.is_empty());
    assert!(list(&host, "CIM_ListenerDestinationWSManagement").await.is_empty());
    assert!(ask(&host, all(), end).await.is_err());
}

#[tokio::test]
async fn only_filter_collections_are_subscribed_to_and_only_at_urls() {
    let host = host();
    let other = class("AMT_GeneralSettings");
    let fault = ask(&host, other, subscription("http://a.example/")).await.unwrap_err();
    assert_eq!(fault.subcode, Subcode::ActionNotSupported);
    let fault = ask(&host, all(), subscription("file:///etc/passwd")).await.unwrap_err();
    assert_eq!(fault.subcode, Subcode::InvalidRepresentation);
}

#[tokio::test]
async fn snmp_subscribers_are_made_and_deleted_up_to_their_limit() {
    let host = host();
    let subscriber = || {
        let mut new = Instance::new(class("AMT_SNMPEventSubscriber").resource);
        new.set("TrapAddress", ["192.168.0.9".into()]);
        Operation::Create(new)
    };
    let make = async || ask(&host, class("AMT_SNMPEventSubscriber"), subscriber()).await;
    let Ok(Outcome::Created(Some(first))) = make().await else { panic!("not made") };
    for _ in 1..14 {
        make().await.unwrap();
    }
    assert_eq!(make().await.unwrap_err().subcode, Subcode::QuotaLimit);
    let target = class("AMT_SNMPEventSubscriber")
        .with("InstanceID", first.selector("InstanceID").unwrap().to_owned());
    assert_eq!(ask(&host, target, Operation::Delete).await, Ok(Outcome::Deleted));
    assert_eq!(list(&host, "AMT_SNMPEventSubscriber").await.len(), 13);
}
