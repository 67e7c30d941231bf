//! A platform's remote-access objects in memory, as captured platforms write them: it answers the
//! reads and obeys the calls of steps, with the limits of firmware.

use amt::{
    remote_access::{Added, Answers, Call, READS, RemoteAccess, ReturnCode, Step},
    wsman::{Instance, Operation, Properties, Reference, ResourceUri, Value},
};
use std::collections::BTreeMap;

#[derive(Debug, Clone)]
pub(crate) struct Platform {
    pub(crate) classes: BTreeMap<&'static str, Vec<Instance>>,
    max_mps: usize,
    next: u32,
}

pub(crate) fn instance(class: &str, properties: &[(&str, &str)]) -> Instance {
    let mut instance = Instance::new(ResourceUri::of_class(class).unwrap());
    for (name, value) in properties {
        instance.properties.push(((*name).to_owned(), (*value).into()));
    }
    instance
}

fn service(class: &str, key: &str, value: &str, more: &[(&str, &str)]) -> Instance {
    let mut instance = instance(class, &[("CreationClassName", class), (key, value)]);
    let keys = [("SystemCreationClassName", "CIM_ComputerSystem"), ("SystemName", "Intel(r) AMT")];
    for (name, value) in keys.iter().chain(more) {
        instance.properties.push(((*name).to_owned(), (*value).into()));
    }
    instance
}

impl Platform {
    pub(crate) fn fresh() -> Self {
        let settings = [
            instance(
                "AMT_GeneralSettings",
                &[("HostName", "pc-1"), ("DomainName", "corp.example")],
            ),
            instance("AMT_SetupAndConfigurationService", &[("ProvisioningState", "2")]),
            instance("IPS_HostBasedSetupService", &[("CurrentControlMode", "2")]),
            instance(
                "CIM_ComputerSystemPackage",
                &[("PlatformGUID", "13AEE355D2BFBB6117A088AEDD7037EA")],
            ),
            instance(
                "CIM_SoftwareIdentity",
                &[("InstanceID", "AMT"), ("VersionString", "15.0.45")],
            ),
            instance(
                "AMT_RemoteAccessCapabilities",
                &[("MaxMpsPerPolicy", "2"), ("MaxTotalMpServers", "4")],
            ),
            instance("AMT_RemoteAccessService", &[("IsRemoteTunnelConnected", "false")]),
            instance("AMT_UserInitiatedConnectionService", &[("EnabledState", "32768")]),
            instance("AMT_EnvironmentDetectionSettingData", &[("DetectionAlgorithm", "0")]),
        ];
        let mut classes: BTreeMap<&'static str, Vec<Instance>> =
            READS.iter().map(|read| (read.class, Vec::new())).collect();
        for instance in settings {
            let class = instance.resource.class_name().to_owned();
            classes.get_mut(class.as_str()).unwrap().push(instance);
        }
        Self { classes, max_mps: 4, next: 0 }
    }

    pub(crate) fn all(&mut self, class: &str) -> &mut Vec<Instance> {
        self.classes.get_mut(class).unwrap()
    }

    pub(crate) fn read(&self) -> RemoteAccess {
        let answers: Answers = self.classes.clone();
        RemoteAccess::from_answers(&answers, None).unwrap()
    }

    /// Takes the steps; stops when `budget` calls were made.
    pub(crate) fn take(&mut self, steps: &[Step], mut budget: usize, mut after: impl FnMut(&Self)) {
        let mut added = Added::default();
        for step in steps {
            for call in step.calls(&added).unwrap() {
                if budget == 0 {
                    return;
                }
                budget -= 1;
                let reference = self.call(&call).unwrap_or_else(|code| {
                    panic!("{}: {code}", step.describe());
                });
                if let (Step::AddMps { slot, .. }, Some(reference)) = (step, reference) {
                    added.note(*slot, reference);
                }
                after(self);
            }
        }
    }

    pub(crate) fn call(&mut self, call: &Call) -> Result<Option<Reference>, ReturnCode> {
        let class = call.target.resource.class_name();
        match &call.operation {
            Operation::Invoke { method, arguments } => self.invoke(method, arguments),
            Operation::Put(instance) => self.put(class, instance),
            Operation::Delete => self.delete(class, &call.target.selectors),
            other => panic!("{class}: {other:?} is no change"),
        }
    }

    fn invoke(
        &mut self,
        method: &str,
        arguments: &Properties,
    ) -> Result<Option<Reference>, ReturnCode> {
        let text = |name: &str| {
            let found = arguments.iter().find(|(n, _)| n == name);
            found.and_then(|(_, v)| v.as_text()).map(str::to_owned)
        };
        match method {
            "AddTrustedRootCertificate" => {
                let blob = text("CertificateBlob").unwrap();
                let handle = format!("Intel(r) AMT Certificate: Handle: {}", self.number());
                let root = instance(
                    "AMT_PublicKeyCertificate",
                    &[
                        ("InstanceID", &handle),
                        ("Subject", "CN=root"),
                        ("TrustedRootCertficate", "true"),
                        ("X509Certificate", &blob),
                    ],
                );
                self.all("AMT_PublicKeyCertificate").push(root);
                Ok(None)
            }
            "AddMpServer" => self.add_mps(&text),
            "AddRemoteAccessPolicyRule" => self.add_policy(arguments, &text),
            "RequestStateChange" => {
                let state = text("RequestedState").unwrap();
                let service = &mut self.all("AMT_UserInitiatedConnectionService")[0];
                service.set("EnabledState", [state.into()]);
                Ok(None)
            }
            other => panic!("no such method: {other}"),
        }
    }

    fn number(&mut self) -> u32 {
        self.next += 1;
        self.next - 1
    }

    fn add_mps(
        &mut self,
        text: &dyn Fn(&str) -> Option<String>,
    ) -> Result<Option<Reference>, ReturnCode> {
        let (address, port) = (text("AccessInfo").unwrap(), text("Port").unwrap());
        let servers = self.all("AMT_ManagementPresenceRemoteSAP");
        let same =
            |i: &Instance| i.text("AccessInfo") == Some(&address) && i.text("Port") == Some(&port);
        if servers.iter().any(same) {
            return Err(ReturnCode::DUPLICATE);
        }
        if servers.len() >= self.max_mps {
            return Err(ReturnCode::FULL);
        }
        let number = self.number();
        let name = format!("Intel(r) AMT:Management Presence Server {number}");
        let common_name = text("CN").unwrap_or_default();
        let server = service(
            "AMT_ManagementPresenceRemoteSAP",
            "Name",
            &name,
            &[("AccessInfo", &address), ("Port", &port), ("CN", &common_name)],
        );
        let login = format!("Intel(r) AMT:MPS Username Password {number}");
        let login = instance(
            "AMT_MPSUsernamePassword",
            &[("InstanceID", &login), ("RemoteID", &text("Username").unwrap())],
        );
        self.all("AMT_ManagementPresenceRemoteSAP").push(server);
        self.all("AMT_MPSUsernamePassword").push(login);
        Ok(Reference::of_class("AMT_ManagementPresenceRemoteSAP", &[("Name", &name)]))
    }

    fn add_policy(
        &mut self,
        arguments: &Properties,
        text: &dyn Fn(&str) -> Option<String>,
    ) -> Result<Option<Reference>, ReturnCode> {
        let trigger = text("Trigger").unwrap();
        let name = ["User Initiated", "Alert", "Periodic"][trigger.parse::<usize>().unwrap()];
        let same = |i: &Instance| i.text("PolicyRuleName") == Some(name);
        if self.all("AMT_RemoteAccessPolicyRule").iter().any(same) {
            return Err(ReturnCode::DUPLICATE);
        }
        let extended = text("ExtendedData").unwrap_or_default();
        let policy = service(
            "AMT_RemoteAccessPolicyRule",
            "PolicyRuleName",
            name,
            &[
                ("Trigger", &trigger),
                ("TunnelLifeTime", &text("TunnelLifeTime").unwrap()),
                ("ExtendedData", &extended),
            ],
        );
        let servers: Vec<Reference> = arguments
            .iter()
            .filter(|(name, _)| name == "MpServer")
            .map(|(_, value)| value.as_reference().unwrap().clone())
            .collect();
        if servers.is_empty() || servers.len() > 2 {
            return Err(ReturnCode::INVALID);
        }
        for (order, server) in servers.iter().enumerate() {
            let there = |i: &Instance| i.text("Name") == server.selector("Name");
            assert!(self.all("AMT_ManagementPresenceRemoteSAP").iter().any(there), "{server:?}");
            let rule =
                Reference::of_class("AMT_RemoteAccessPolicyRule", &[("PolicyRuleName", name)]);
            let mut link = instance(
                "AMT_RemoteAccessPolicyAppliesToMPS",
                &[("OrderOfAccess", &order.to_string()), ("MpsType", "0")],
            );
            link.set("PolicySet", [rule.unwrap().into()]);
            link.set("ManagedElement", [server.clone().into()]);
            self.all("AMT_RemoteAccessPolicyAppliesToMPS").push(link);
        }
        self.all("AMT_RemoteAccessPolicyRule").push(policy);
        Ok(None)
    }

    fn put(&mut self, class: &str, put: &Instance) -> Result<Option<Reference>, ReturnCode> {
        let all = self.all(class);
        let place = match class {
            "AMT_MPSUsernamePassword" => {
                all.iter_mut().find(|i| i.text("InstanceID") == put.text("InstanceID"))
            }
            _ => all.first_mut(),
        };
        let place = place.ok_or(ReturnCode::NOT_FOUND)?;
        *place = put.clone();
        place.properties.retain(|(name, _)| name != "Secret");
        Ok(None)
    }

    fn delete(&mut self, class: &str, keys: &Properties) -> Result<Option<Reference>, ReturnCode> {
        let (key, value) = &keys[0];
        let value = value.as_text().unwrap();
        let uses = |link: &Instance, property: &str, selector: &str| {
            let reference = link.get(property).and_then(Value::as_reference).unwrap();
            reference.selector(selector) == Some(value)
        };
        let links = self.all("AMT_RemoteAccessPolicyAppliesToMPS");
        match class {
            "AMT_RemoteAccessPolicyRule" => {
                links.retain(|link| !uses(link, "PolicySet", "PolicyRuleName"));
            }
            "AMT_ManagementPresenceRemoteSAP" => {
                assert!(!links.iter().any(|link| uses(link, "ManagedElement", "Name")), "in use");
                let number = value.rsplit(' ').next().unwrap().to_owned();
                self.all("AMT_MPSUsernamePassword")
                    .retain(|i| !i.text("InstanceID").unwrap().ends_with(&number));
            }
            _ => {}
        }
        let all = self.all(class);
        let before = all.len();
        all.retain(|i| i.text(key) != Some(value));
        if all.len() == before { Err(ReturnCode::NOT_FOUND) } else { Ok(None) }
    }

    /// Whether it would dial that server by itself: outside, a policy leads there, and its root is known.
    pub(crate) fn finds(&self, address: &str, root: &[u8]) -> bool {
        let state = self.read();
        let leads = state.policies.iter().any(|policy| {
            let servers = state.servers_of(&policy.name);
            servers.iter().any(|name| state.entry(name).is_some_and(|e| e.address == address))
        });
        leads && state.trusts(root) && !state.environment.is_always_inside()
    }
}
