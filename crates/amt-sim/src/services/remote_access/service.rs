//! AMT_RemoteAccessService, AMT_RemoteAccessCapabilities and AMT_UserInitiatedConnectionService.

use super::{
    Arguments, answer,
    policies::{self, RULE},
    servers,
};
use crate::{
    remote_access::{Code, UserInitiated},
    services::{
        group::{Class, ClassGroup, instance},
        host::Host,
    },
};
use amt::wsman::{Fault, Instance, Properties, Value};
use std::sync::Arc;

const SERVICE: &str = "AMT_RemoteAccessService";
const CAPABILITIES: &str = "AMT_RemoteAccessCapabilities";
const USER: &str = "AMT_UserInitiatedConnectionService";

/// The service and what belongs to it.
pub(in crate::services) struct Service;

impl ClassGroup for Service {
    fn classes(&self) -> &'static [Class] {
        const { &[Class::new(SERVICE), Class::new(CAPABILITIES), Class::new(USER)] }
    }

    fn instances(&self, host: &Arc<Host>, class: &str) -> Vec<Instance> {
        vec![match class {
            CAPABILITIES => capabilities(host),
            USER => user_initiated(host),
            _ => service(host),
        }]
    }

    fn invoke(
        &self,
        host: &Arc<Host>,
        current: &Instance,
        method: &str,
        arguments: &Properties,
    ) -> Option<Result<Properties, Fault>> {
        let arguments = Arguments(arguments);
        match (current.resource.class_name(), method) {
            (SERVICE, "AddMpServer") => {
                let added = servers::add(host, arguments);
                let reference = added.map(|number| Some(servers::reference(number).into()));
                Some(answer("MpServer", reference))
            }
            (SERVICE, "AddRemoteAccessPolicyRule") => {
                let added = policies::add(host, arguments);
                let reference = added.map(|trigger| Some(policies::reference(trigger).into()));
                Some(answer(RULE, reference))
            }
            (SERVICE, "CloseRemoteAccessConnection") => {
                host.shared().close_tunnel();
                Some(answer("", Ok(None)))
            }
            (USER, "RequestStateChange") => {
                Some(answer("", request_state(host, arguments).map(|()| None)))
            }
            _ => None,
        }
    }
}

fn service(host: &Host) -> Instance {
    let connected = host.shared().tunnel_is_up();
    instance(
        SERVICE,
        [
            ("CreationClassName", Value::from(SERVICE)),
            ("ElementName", "Intel(r) AMT Remote Access Service".into()),
            ("IsRemoteTunnelConnected", connected.into()),
            ("Name", "Intel(r) AMT Remote Access Service".into()),
            ("RemoteTunnelKeepAliveTimeout", host.shared().keepalive().into()),
            ("SystemCreationClassName", "CIM_ComputerSystem".into()),
            ("SystemName", "Intel(r) AMT".into()),
        ],
    )
}

fn capabilities(host: &Host) -> Instance {
    let limits = &host.shared().limits;
    let number = |count: usize| Value::from(u32::try_from(count).unwrap_or(u32::MAX));
    let name = "Intel(r) AMT:Remote Access Capabilities";
    let mut read = instance(
        CAPABILITIES,
        [
            ("ElementName", Value::from(name)),
            ("InstanceID", name.into()),
            ("MaxMpsPerPolicy", number(limits.servers_per_policy)),
            ("MaxTotalMpServers", number(limits.servers)),
            ("MaxTotalPolicies", number(limits.policies)),
        ],
    );
    if limits.proxies > 0 {
        read.set("MaxTotalProxyEntryPoints", [number(limits.proxies)]);
    }
    read
}

fn user_initiated(host: &Host) -> Instance {
    let state = host.shared().read().remote_access.user_initiated.state();
    instance(
        USER,
        [
            ("CreationClassName", Value::from(USER)),
            ("ElementName", "Intel(r) AMT User Initiated Connection Service".into()),
            ("EnabledState", state.into()),
            ("Name", "Intel(r) AMT User Initiated Connection Service".into()),
            ("SystemCreationClassName", "CIM_ComputerSystem".into()),
            ("SystemName", "Intel(r) AMT".into()),
        ],
    )
}

fn request_state(host: &Host, arguments: Arguments<'_>) -> Result<(), Code> {
    let state = arguments.number("RequestedState")?;
    let wanted = UserInitiated::of_state(state).ok_or(Code::InvalidParameter)?;
    host.shared().configure(|configuration, _| {
        configuration.remote_access.user_initiated = wanted;
        Ok(())
    })
}
