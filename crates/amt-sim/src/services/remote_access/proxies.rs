//! IPS_HTTPProxyService and IPS_HTTPProxyAccessPoint.

use super::{Arguments, answer, servers};
use crate::{
    remote_access::{Code, Proxy},
    services::{
        group::{Class, ClassGroup, in_use, instance, invalid, reference_to},
        host::Host,
    },
};
use amt::wsman::{Fault, Instance, Properties, Value};
use std::sync::Arc;

const SERVICE: &str = "IPS_HTTPProxyService";
const POINT: &str = "IPS_HTTPProxyAccessPoint";
const NAME: &str = "Intel(r) ME:HTTP Proxy Access Point ";

/// The service and its access points; firmware before 12 has none and answers like for any unknown class.
pub(in crate::services) struct Proxies;

impl ClassGroup for Proxies {
    fn classes(&self) -> &'static [Class] {
        const { &[Class::new(SERVICE), Class::new(POINT)] }
    }

    fn exists(&self, host: &Host) -> bool {
        host.shared().limits.proxies > 0
    }

    fn instances(&self, host: &Arc<Host>, class: &str) -> Vec<Instance> {
        if class == SERVICE {
            return vec![service()];
        }
        let configuration = host.shared().read();
        configuration.remote_access.proxies.iter().zip(0..).map(|(p, n)| read(p, n)).collect()
    }

    fn delete(&self, host: &Arc<Host>, current: &Instance) -> Result<(), Fault> {
        let name = current.text("Name").unwrap_or_default();
        let Some(number) = name.strip_prefix(NAME).and_then(|n| n.parse::<u32>().ok()) else {
            return Err(invalid("the service cannot be deleted"));
        };
        let removed = host.shared().configure(|configuration, _| {
            configuration.remote_access.proxies.retain(|proxy| proxy.number != number);
            Ok(())
        });
        removed.map_err(|code| in_use(code.to_string()))
    }

    fn invoke(
        &self,
        host: &Arc<Host>,
        current: &Instance,
        method: &str,
        arguments: &Properties,
    ) -> Option<Result<Properties, Fault>> {
        if (current.resource.class_name(), method) != (SERVICE, "AddProxyAccessPoint") {
            return None;
        }
        let added = add(host, Arguments(arguments)).map(|number| Some(reference(number).into()));
        Some(answer("ProxyAccessPoint", added))
    }
}

fn add(host: &Host, arguments: Arguments<'_>) -> Result<u32, Code> {
    let access = servers::access(arguments)?;
    let suffix = arguments.text("NetworkDnsSuffix").ok_or(Code::InvalidParameter)?.trim();
    host.shared().configure(|configuration, limits| {
        configuration.remote_access.add_proxy(access, suffix.to_owned(), limits)
    })
}

fn service() -> Instance {
    instance(
        SERVICE,
        [
            ("CreationClassName", SERVICE),
            ("ElementName", "Intel(r) ME HTTP Proxy Service"),
            ("Name", "Intel(r) ME HTTP Proxy Service"),
            ("SystemCreationClassName", "CIM_ComputerSystem"),
            ("SystemName", "Intel(r) AMT"),
        ],
    )
}

fn read(proxy: &Proxy, priority: u32) -> Instance {
    instance(
        POINT,
        [
            ("AccessInfo", Value::from(proxy.access.info.as_str())),
            ("CreationClassName", POINT.into()),
            ("ElementName", "Intel(r) ME:HTTP Proxy Access Point".into()),
            ("InfoFormat", proxy.access.format.number().into()),
            ("Name", format!("{NAME}{}", proxy.number).into()),
            ("NetworkDnsSuffix", proxy.suffix.as_str().into()),
            ("Port", u32::from(proxy.access.port).into()),
            ("Priority", priority.into()),
            ("SystemCreationClassName", "CIM_ComputerSystem".into()),
            ("SystemName", "Intel(r) AMT".into()),
        ],
    )
}

fn reference(number: u32) -> amt::wsman::Reference {
    let name = format!("{NAME}{number}");
    reference_to(
        POINT,
        [
            ("CreationClassName", POINT),
            ("Name", name.as_str()),
            ("SystemCreationClassName", "CIM_ComputerSystem"),
            ("SystemName", "Intel(r) AMT"),
        ],
    )
}
