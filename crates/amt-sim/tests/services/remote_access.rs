//! The classes of remote access, asked for as a console does.

use crate::console::{ask, class, host};
use amt::wsman::{Instance, Operation, Outcome, Subcode, Target, Value};

type Host = std::sync::Arc<amt_sim::services::Host>;

async fn get(host: &Host, target: Target) -> Instance {
    match ask(host, target, Operation::Get).await.unwrap() {
        Outcome::Got(instance) => instance,
        other => panic!("{other:?}"),
    }
}

fn texts<'a>(instance: &'a Instance, name: &'a str) -> Vec<&'a str> {
    instance.all(name).filter_map(Value::as_text).collect()
}

#[tokio::test]
async fn environment_detection_is_read_and_replaced() {
    let host = host();
    let target = class("AMT_EnvironmentDetectionSettingData");
    let mut settings = get(&host, target.clone()).await;
    assert_eq!(texts(&settings, "DetectionStrings"), [""; 0]);
    settings.set("DetectionStrings", ["corp.example".into(), "lab.example".into()]);
    ask(&host, target.clone(), Operation::Put(settings.clone())).await.unwrap();
    let read = get(&host, target.clone()).await;
    assert_eq!(texts(&read, "DetectionStrings"), ["corp.example", "lab.example"]);

    settings.set("DetectionStrings", (0..6).map(|n| format!("{n}.example").into()));
    let fault = ask(&host, target.clone(), Operation::Put(settings)).await.unwrap_err();
    assert_eq!(fault.subcode, Subcode::InvalidRepresentation);
    assert_eq!(texts(&get(&host, target.clone()).await, "DetectionStrings").len(), 2);
    let fault = ask(&host, target, Operation::Delete).await.unwrap_err();
    assert_eq!(fault.subcode, Subcode::ActionNotSupported);
}
