//! The classes of remote access, asked for as consoles do when they let a PC dial in.

use crate::console::{ask, class, host};
use amt::wsman::{
    Instance, Operation, Outcome, Properties, Reference, ResourceUri, Subcode, Target, Value,
};
use amt_sim::services::TlsIdentity;

type Host = std::sync::Arc<amt_sim::services::Host>;

const SERVICE: &str = "AMT_RemoteAccessService";
const SAP: &str = "AMT_ManagementPresenceRemoteSAP";
const RULE: &str = "AMT_RemoteAccessPolicyRule";
const APPLIES: &str = "AMT_RemoteAccessPolicyAppliesToMPS";

async fn get(host: &Host, target: Target) -> Instance {
    match ask(host, target, Operation::Get).await.unwrap() {
        Outcome::Got(instance) => instance,
        other => panic!("{other:?}"),
    }
}

async fn list(host: &Host, name: &str) -> Vec<Instance> {
    let Outcome::Enumerating(context) = ask(host, class(name), Operation::Enumerate).await.unwrap()
    else {
        panic!("no context")
    };
    match ask(host, class(name), Operation::Pull { context, most: 999 }).await.unwrap() {
        Outcome::Pulled { items, next: None } => items,
        other => panic!("{other:?}"),
    }
}

async fn call(host: &Host, name: &str, method: &str, arguments: &[(&str, Value)]) -> Properties {
    let arguments = arguments.iter().map(|(n, v)| ((*n).into(), v.clone())).collect();
    let invoke = Operation::Invoke { method: method.into(), arguments };
    match ask(host, class(name), invoke).await.unwrap() {
        Outcome::Invoked { output, .. } => output,
        other => panic!("{other:?}"),
    }
}

fn code(output: &Properties) -> &str {
    let (_, value) = output.iter().find(|(name, _)| name == "ReturnValue").unwrap();
    value.as_text().unwrap()
}

fn reference(output: &Properties, name: &str) -> Reference {
    let (_, value) = output.iter().find(|(n, _)| n == name).unwrap();
    value.as_reference().unwrap().clone()
}

fn texts<'a>(instance: &'a Instance, name: &'a str) -> Vec<&'a str> {
    instance.all(name).filter_map(Value::as_text).collect()
}

async fn add_server(host: &Host, address: &str) -> Properties {
    let arguments = [
        ("AccessInfo", address.into()),
        ("InfoFormat", 3.into()),
        ("Port", 4433.into()),
        ("AuthMethod", 2.into()),
        ("Username", "admin".into()),
        ("Password", "P@ssw0rd".into()),
        ("CN", address.into()),
    ];
    call(host, SERVICE, "AddMpServer", &arguments).await
}

/// What toolkits send: a reference with the name alone.
fn server(number: u32) -> Value {
    Value::Reference(Reference {
        resource: ResourceUri::of_class(SAP).unwrap(),
        selectors: vec![(
            "Name".into(),
            format!("Intel(r) AMT:Management Presence Server {number}").into(),
        )],
    })
}

async fn add_policy(host: &Host, trigger: u32, data: &str, servers: &[u32]) -> Properties {
    let mut arguments = vec![
        ("Trigger", trigger.into()),
        ("TunnelLifeTime", 300.into()),
        ("ExtendedData", data.into()),
    ];
    arguments.extend(servers.iter().map(|number| ("MpServer", server(*number))));
    call(host, SERVICE, "AddRemoteAccessPolicyRule", &arguments).await
}

async fn delete(host: &Host, name: &str, key: &str, value: &str) -> Result<Outcome, Subcode> {
    let target = class(name).with(key, value);
    ask(host, target, Operation::Delete).await.map_err(|fault| fault.subcode)
}

fn root() -> String {
    let (root, _) = TlsIdentity::self_signed("root.example").unwrap().to_der().unwrap();
    openssl::base64::encode_block(&root)
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

#[tokio::test]
async fn the_sequence_of_toolkits_leaves_what_they_read_back() {
    let host = host();
    let added = call(
        &host,
        "AMT_PublicKeyManagementService",
        "AddTrustedRootCertificate",
        &[("CertificateBlob", root().into())],
    )
    .await;
    assert_eq!(code(&added), "0");
    let created = reference(&added, "CreatedCertificate");
    assert_eq!(created.selectors[0].1.as_text(), Some("Intel(r) AMT Certificate: Handle: 0"));

    let added = add_server(&host, "192.168.0.208").await;
    assert_eq!(code(&added), "0");
    let keys: Vec<String> =
        reference(&added, "MpServer").selectors.into_iter().map(|(name, _)| name).collect();
    assert_eq!(keys, ["CreationClassName", "Name", "SystemCreationClassName", "SystemName"]);
    let servers = list(&host, SAP).await;
    assert_eq!(servers[0].text("Name"), Some("Intel(r) AMT:Management Presence Server 0"));
    assert_eq!(servers[0].text("CN"), Some("192.168.0.208"));
    assert_eq!(list(&host, "AMT_MPSUsernamePassword").await[0].text("RemoteID"), Some("admin"));
    assert_eq!(list(&host, "AMT_MPSUsernamePassword").await[0].text("Secret"), None);
    let contexts = list(&host, "CIM_CredentialContext").await;
    assert_eq!(contexts[0].resource.class_name(), "AMT_RemoteAccessCredentialContext");

    assert_eq!(code(&add_policy(&host, 2, "AAAAAAAAABk=", &[0]).await), "0");
    assert_eq!(code(&add_policy(&host, 0, "", &[0]).await), "0");
    let rules = list(&host, RULE).await;
    let names: Vec<_> = rules.iter().filter_map(|rule| rule.text("PolicyRuleName")).collect();
    assert_eq!(names, ["Periodic", "User Initiated"]);
    assert_eq!(rules[0].text("ExtendedData"), Some("AAAAAAAAABk="));
    assert_eq!(rules[0].text("TunnelLifeTime"), Some("300"));

    for mut applies in list(&host, APPLIES).await {
        let keys = ["ManagedElement", "PolicySet"];
        let selectors = keys.map(|key| (key.to_owned(), applies.get(key).unwrap().clone()));
        let target = Target { selectors: selectors.into(), ..class(APPLIES) };
        applies.set("MpsType", [2.into()]);
        ask(&host, target, Operation::Put(applies)).await.unwrap();
    }
    let types: Vec<Instance> = list(&host, APPLIES).await;
    assert!(types.iter().all(|applies| applies.text("MpsType") == Some("2")), "{types:?}");

    let user = "AMT_UserInitiatedConnectionService";
    assert_eq!(get(&host, class(user)).await.text("EnabledState"), Some("32768"));
    for (state, returned) in [(32_771, "0"), (5, "36")] {
        let state = [("RequestedState", Value::from(state))];
        assert_eq!(code(&call(&host, user, "RequestStateChange", &state).await), returned);
    }
    assert_eq!(get(&host, class(user)).await.text("EnabledState"), Some("32771"));

    let capabilities = get(&host, class("AMT_RemoteAccessCapabilities")).await;
    assert_eq!(capabilities.text("MaxTotalMpServers"), Some("4"));
    assert_eq!(capabilities.text("MaxMpsPerPolicy"), Some("2"));
    let service = get(&host, class(SERVICE)).await;
    assert_eq!(service.text("IsRemoteTunnelConnected"), Some("false"));
    assert_eq!(service.text("RemoteTunnelKeepAliveTimeout"), Some("4294967295"));
}

#[tokio::test]
async fn four_mps_at_most_and_no_twins() {
    let host = host();
    for last in 1..=4 {
        assert_eq!(code(&add_server(&host, &format!("192.0.2.{last}")).await), "0");
    }
    assert_eq!(code(&add_server(&host, "192.0.2.5").await), "23");
    assert_eq!(code(&add_server(&host, "192.0.2.1").await), "2058");
    assert_eq!(code(&add_server(&host, "mps.example").await), "36");
    assert_eq!(code(&call(&host, SERVICE, "AddMpServer", &[]).await), "36");
    delete(&host, SAP, "Name", "Intel(r) AMT:Management Presence Server 2").await.unwrap();
    assert_eq!(list(&host, SAP).await.len(), 3);
    let again = add_server(&host, "192.0.2.5").await;
    let name = &reference(&again, "MpServer").selectors[1].1;
    assert_eq!(name.as_text(), Some("Intel(r) AMT:Management Presence Server 2"));
}

#[tokio::test]
async fn two_mps_per_policy_at_most_and_one_policy_per_trigger() {
    let host = host();
    for last in 1..=3 {
        add_server(&host, &format!("192.0.2.{last}")).await;
    }
    assert_eq!(code(&add_policy(&host, 0, "", &[0, 1, 2]).await), "36");
    assert_eq!(code(&add_policy(&host, 0, "", &[]).await), "36");
    assert_eq!(code(&add_policy(&host, 0, "", &[3]).await), "36");
    assert_eq!(code(&add_policy(&host, 2, "", &[0]).await), "36");
    assert_eq!(code(&add_policy(&host, 9, "", &[0]).await), "36");
    // Provisioning from home: there is no policy of that kind in a platform that is set up.
    assert_eq!(code(&add_policy(&host, 3, "", &[0]).await), "36");
    let added = add_policy(&host, 0, "", &[2, 0]).await;
    assert_eq!(code(&added), "0");
    assert_eq!(reference(&added, "PolicyRule").selectors[1].1.as_text(), Some("User Initiated"));
    assert_eq!(code(&add_policy(&host, 0, "", &[1]).await), "2058");
    let order: Vec<_> = list(&host, APPLIES)
        .await
        .iter()
        .map(|applies| {
            let server = applies.get("ManagedElement").unwrap().as_reference().unwrap();
            let name = server.selectors[1].1.as_text().unwrap().to_owned();
            (name.chars().last().unwrap(), applies.text("OrderOfAccess").unwrap().to_owned())
        })
        .collect();
    assert_eq!(order, [('2', "0".to_owned()), ('0', "1".to_owned())]);

    // What belongs to a policy stays; what does not, goes.
    let server = |n: u32| format!("Intel(r) AMT:Management Presence Server {n}");
    assert_eq!(delete(&host, SAP, "Name", &server(0)).await, Err(Subcode::AccessDenied));
    delete(&host, SAP, "Name", &server(1)).await.unwrap();
    delete(&host, RULE, "PolicyRuleName", "User Initiated").await.unwrap();
    assert_eq!(list(&host, APPLIES).await, []);
    delete(&host, SAP, "Name", &server(0)).await.unwrap();
}

#[tokio::test]
async fn firmware_before_11_6_knows_no_servers_inside() {
    let mut config = crate::console::config();
    let firmware = amt_sim::Firmware::named("9.1").unwrap();
    config.amt_version.clone_from(&firmware.version);
    let old = amt_sim::services::Host::new(config);
    for (host, knows) in [(old, false), (host(), true)] {
        add_server(&host, "192.0.2.1").await;
        add_server(&host, "192.0.2.2").await;
        let server = |n: u32| {
            let name = format!("Intel(r) AMT:Management Presence Server {n}");
            Value::from(Reference::of_class(SAP, &[("Name", &name)]).unwrap())
        };
        let policy = [
            ("Trigger", 0.into()),
            ("TunnelLifeTime", 0.into()),
            ("MpServer", server(0)),
            ("InternalMpServer", server(1)),
        ];
        let both = call(&host, SERVICE, "AddRemoteAccessPolicyRule", &policy).await;
        assert_eq!(code(&both), if knows { "0" } else { "36" });
        if !knows {
            assert_eq!(code(&add_policy(&host, 0, "", &[0]).await), "0");
        }
        let applies = list(&host, APPLIES).await.swap_remove(0);
        assert_eq!(applies.text("MpsType"), knows.then_some("0"));
        let mut changed = applies.clone();
        changed.set("MpsType", [2.into()]);
        let mut target = class(APPLIES);
        for name in ["ManagedElement", "PolicySet"] {
            target = target.with(name, applies.get(name).unwrap().clone());
        }
        assert_eq!(ask(&host, target, Operation::Put(changed)).await.is_ok(), knows);
    }
}

#[tokio::test]
async fn a_certificate_in_use_cannot_be_deleted() {
    let host = host();
    let store = "AMT_PublicKeyManagementService";
    let certificate = "AMT_PublicKeyCertificate";
    let blob = [("CertificateBlob", Value::from(root()))];
    assert_eq!(code(&call(&host, store, "AddTrustedRootCertificate", &blob).await), "0");
    assert_eq!(code(&call(&host, store, "AddTrustedRootCertificate", &blob).await), "2058");
    let read = list(&host, certificate).await;
    assert_eq!(read[0].text("TrustedRootCertficate"), Some("true"));
    assert_eq!(read[0].text("Subject"), Some("CN=root.example"));

    add_server(&host, "192.0.2.1").await;
    let id = "Intel(r) AMT Certificate: Handle: 0";
    assert_eq!(delete(&host, certificate, "InstanceID", id).await, Err(Subcode::AccessDenied));
    let name = "Intel(r) AMT:Management Presence Server 0";
    delete(&host, SAP, "Name", name).await.unwrap();
    delete(&host, certificate, "InstanceID", id).await.unwrap();
    assert_eq!(list(&host, certificate).await, []);
}

#[tokio::test]
async fn a_client_certificate_can_stand_in_for_user_and_password() {
    let host = host();
    let store = "AMT_PublicKeyManagementService";
    let (leaf, key) = TlsIdentity::self_signed("pc-01").unwrap().to_der().unwrap();
    let (leaf, key) = (openssl::base64::encode_block(&leaf), openssl::base64::encode_block(&key));
    let leaf = [("CertificateBlob", Value::from(leaf))];
    assert_eq!(code(&call(&host, store, "AddCertificate", &leaf).await), "36");
    assert_eq!(code(&call(&host, store, "AddKey", &[("KeyBlob", key.into())]).await), "0");
    let added = call(&host, store, "AddCertificate", &leaf).await;
    assert_eq!(code(&added), "0");
    let mut arguments = vec![
        ("AccessInfo", "mps.example".into()),
        ("InfoFormat", 201.into()),
        ("Port", 4433.into()),
        ("AuthMethod", 1.into()),
    ];
    assert_eq!(code(&call(&host, SERVICE, "AddMpServer", &arguments).await), "36");
    arguments.push(("Certificate", reference(&added, "CreatedCertificate").into()));
    assert_eq!(code(&call(&host, SERVICE, "AddMpServer", &arguments).await), "0");
    assert_eq!(list(&host, "AMT_MPSUsernamePassword").await, []);
    let context = &list(&host, "AMT_RemoteAccessCredentialContext").await[0];
    let named = context.get("ElementInContext").unwrap().as_reference().unwrap();
    assert_eq!(named.resource.class_name(), "AMT_PublicKeyCertificate");
}

#[tokio::test]
async fn proxies_are_added_listed_and_deleted() {
    let host = host();
    let service = "IPS_HTTPProxyService";
    let arguments = [
        ("AccessInfo", "192.0.2.80".into()),
        ("InfoFormat", 3.into()),
        ("Port", 3128.into()),
        ("NetworkDnsSuffix", "hotel.example".into()),
    ];
    let added = call(&host, service, "AddProxyAccessPoint", &arguments).await;
    assert_eq!(code(&added), "0");
    assert_eq!(code(&call(&host, service, "AddProxyAccessPoint", &arguments).await), "2058");
    let point = "IPS_HTTPProxyAccessPoint";
    let read = list(&host, point).await;
    assert_eq!(read[0].text("NetworkDnsSuffix"), Some("hotel.example"));
    let name = "Intel(r) ME:HTTP Proxy Access Point 0";
    delete(&host, point, "Name", name).await.unwrap();
    assert_eq!(list(&host, point).await, []);
}
