//! AMT_MPSUsernamePassword and AMT_RemoteAccessCredentialContext: how a platform shows servers who it is.

use super::servers;
use crate::{
    remote_access::{Login, Server},
    services::{
        certificates,
        group::{Class, ClassGroup, instance, invalid, reference_to},
        host::Host,
    },
};
use amt::wsman::{Fault, Instance, Value};
use std::sync::Arc;

const CREDENTIAL: &str = "AMT_MPSUsernamePassword";
const CONTEXT: &str = "AMT_RemoteAccessCredentialContext";
const NAME: &str = "Intel(r) AMT:MPS Username Password ";

/// User names and passwords, and which server each is for.
pub(in crate::services) struct Credentials;

impl ClassGroup for Credentials {
    fn classes(&self) -> &'static [Class] {
        const {
            &[
                Class { name: CREDENTIAL, derives: &["CIM_Credential"] },
                Class { name: CONTEXT, derives: &["CIM_CredentialContext"] },
            ]
        }
    }

    fn instances(&self, host: &Arc<Host>, class: &str) -> Vec<Instance> {
        let configuration = host.shared().read();
        let servers = configuration.remote_access.servers.iter();
        match class {
            CONTEXT => servers.map(context).collect(),
            _ => servers.filter_map(read).collect(),
        }
    }

    fn put(&self, host: &Arc<Host>, current: &Instance, new: &Instance) -> Result<Instance, Fault> {
        let id = current.text("InstanceID").unwrap_or_default();
        let Some(number) = id.strip_prefix(NAME).and_then(|number| number.parse::<u32>().ok())
        else {
            return Err(invalid("a credential context follows its server"));
        };
        let changed = host.shared().configure(|configuration, limits| {
            let servers = &mut configuration.remote_access.servers;
            let server = servers.iter_mut().find(|server| server.number == number);
            let Some(Server { login: Login::Password { user, password }, .. }) = server else {
                return Ok(None);
            };
            let text = |name: &str| new.text(name).filter(|text| !text.is_empty());
            let login = Login::Password {
                user: text("RemoteID").unwrap_or(user).to_owned(),
                password: text("Secret").unwrap_or(password).to_owned(),
            };
            login.check(limits)?;
            let server = servers.iter_mut().find(|server| server.number == number);
            Ok(server.and_then(|server| {
                server.login = login;
                read(server)
            }))
        });
        match changed {
            Ok(Some(instance)) => Ok(instance),
            Ok(None) => Err(invalid("there is no such credential")),
            Err(code) => Err(invalid(code.to_string())),
        }
    }
}

/// The password is never read.
fn read(server: &Server) -> Option<Instance> {
    let Login::Password { user, .. } = &server.login else { return None };
    let id = format!("{NAME}{}", server.number);
    Some(instance(CREDENTIAL, [("InstanceID", id.as_str()), ("RemoteID", user)]))
}

fn context(server: &Server) -> Instance {
    let credential = match server.login {
        Login::Certificate(handle) => certificates::reference(handle),
        Login::Password { .. } => {
            let id = format!("{NAME}{}", server.number);
            reference_to(CREDENTIAL, [("InstanceID", id.as_str())])
        }
    };
    instance(
        CONTEXT,
        [
            ("ElementInContext", Value::from(credential)),
            ("ElementProvidingContext", servers::reference(server.number).into()),
        ],
    )
}
