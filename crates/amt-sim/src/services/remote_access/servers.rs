//! AMT_ManagementPresenceRemoteSAP: the table of Management Presence Servers.

use super::{Arguments, arguments::numbered};
use crate::{
    remote_access::{Access, Code, InfoFormat, Login, Server},
    services::{
        certificates,
        group::{Class, ClassGroup, in_use, instance, invalid, reference_to},
        host::Host,
    },
};
use amt::wsman::{Fault, Instance, Reference, Value};
use std::sync::Arc;

pub(super) const SAP: &str = "AMT_ManagementPresenceRemoteSAP";
const NAME: &str = "Intel(r) AMT:Management Presence Server ";

/// The table.
pub(in crate::services) struct Servers;

impl ClassGroup for Servers {
    fn classes(&self) -> &'static [Class] {
        const {
            &[Class {
                name: SAP,
                derives: &["CIM_RemoteServiceAccessPoint", "CIM_ServiceAccessPoint"],
            }]
        }
    }

    fn instances(&self, host: &Arc<Host>, _class: &str) -> Vec<Instance> {
        host.shared().read().remote_access.servers.iter().map(read).collect()
    }

    fn put(&self, host: &Arc<Host>, current: &Instance, new: &Instance) -> Result<Instance, Fault> {
        let wanted = Arguments(&new.properties);
        let changed = number_of(current).ok_or(Code::InvalidParameter).and_then(|number| {
            let access = access(wanted)?;
            host.shared().configure(|configuration, _| {
                access.check()?;
                let servers = &mut configuration.remote_access.servers;
                let twin = |s: &Server| s.number != number && s.access.is_same_place(&access);
                if servers.iter().any(twin) {
                    return Err(Code::Duplicate);
                }
                let server = servers.iter_mut().find(|server| server.number == number);
                let server = server.ok_or(Code::InvalidParameter)?;
                server.access = access;
                Ok(read(server))
            })
        });
        changed.map_err(|code| invalid(code.to_string()))
    }

    fn delete(&self, host: &Arc<Host>, current: &Instance) -> Result<(), Fault> {
        let removed = number_of(current).ok_or(Code::InvalidParameter).and_then(|number| {
            host.shared().configure(|c, _| c.remote_access.remove_server(number))
        });
        removed.map_err(|_| in_use("a policy names this server; remove the policy first"))
    }
}

fn read(server: &Server) -> Instance {
    let mut read = instance(
        SAP,
        [
            ("AccessInfo", Value::from(server.access.info.as_str())),
            ("CreationClassName", SAP.into()),
            ("ElementName", "Intel(r) AMT:Management Presence Server".into()),
            ("InfoFormat", server.access.format.number().into()),
            ("Name", format!("{NAME}{}", server.number).into()),
            ("Port", u32::from(server.access.port).into()),
            ("SystemCreationClassName", "CIM_ComputerSystem".into()),
            ("SystemName", "Intel(r) AMT".into()),
        ],
    );
    if let Some(cn) = &server.access.cn {
        read.properties.insert(1, ("CN".into(), cn.as_str().into()));
    }
    read
}

fn number_of(instance: &Instance) -> Option<u32> {
    instance.text("Name")?.strip_prefix(NAME)?.parse().ok()
}

/// The name of a server for other instances.
pub(super) fn reference(number: u32) -> Reference {
    let name = format!("{NAME}{number}");
    reference_to(
        SAP,
        [
            ("CreationClassName", SAP),
            ("Name", name.as_str()),
            ("SystemCreationClassName", "CIM_ComputerSystem"),
            ("SystemName", "Intel(r) AMT"),
        ],
    )
}

/// The server that a reference names. Consoles may leave out all keys but the name.
pub(super) fn number_in(reference: &Reference) -> Option<u32> {
    numbered(reference, SAP, "Name", NAME)
}

/// AddMpServer.
pub(super) fn add(host: &Host, arguments: Arguments<'_>) -> Result<u32, Code> {
    let access = access(arguments)?;
    let login = match arguments.number("AuthMethod")? {
        1 => {
            let named = arguments.references("Certificate").next();
            Login::Certificate(
                named.and_then(certificates::handle_in).ok_or(Code::InvalidParameter)?,
            )
        }
        2 => Login::Password {
            user: arguments.text("Username").unwrap_or_default().to_owned(),
            password: arguments.text("Password").unwrap_or_default().to_owned(),
        },
        _ => return Err(Code::InvalidParameter),
    };
    host.shared().configure(|configuration, limits| {
        if let Login::Certificate(handle) = login {
            let identity = configuration.certificates.identity(handle);
            identity.ok_or(Code::InvalidParameter)?;
        }
        configuration.remote_access.add_server(access, login, limits)
    })
}

pub(super) fn access(arguments: Arguments<'_>) -> Result<Access, Code> {
    let format = InfoFormat::of_number(arguments.number("InfoFormat")?);
    Ok(Access {
        info: arguments.text("AccessInfo").ok_or(Code::InvalidParameter)?.trim().to_owned(),
        format: format.ok_or(Code::InvalidParameter)?,
        port: arguments.number("Port")?,
        cn: arguments.text("CN").map(|cn| cn.trim().to_owned()),
    })
}
