//! One step of a plan, and the requests that it is made of.

use super::{
    environment::{self, Environment, EnvironmentError},
    mps::{MpsError, NewMps, check_login},
    policy::{AppliesTo, MpsType, WantedPolicy},
    state::UserInitiated,
};
use crate::wsman::{Operation, Properties, Reference, Target, Value};
use base64::{Engine, prelude::BASE64_STANDARD};

/// A request to a platform.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Call {
    /// What it is for.
    pub target: Target,
    /// What to do with it.
    pub operation: Operation,
}

/// A server in a policy: there already, or added by an earlier step of the same plan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MpsRef {
    /// There already.
    Existing(Reference),
    /// Added by the [`Step::AddMps`] with this slot.
    Added(usize),
}

/// Servers that were added, by slot.
#[derive(Debug, Clone, Default)]
pub struct Added(Vec<(usize, Reference)>);

impl Added {
    /// Notes what `AddMpServer` gave back for a slot.
    pub fn note(&mut self, slot: usize, reference: Reference) {
        self.0.push((slot, reference));
    }

    fn get(&self, slot: usize) -> Option<&Reference> {
        self.0.iter().find(|(known, _)| *known == slot).map(|(_, reference)| reference)
    }
}

/// One step. What it needs was checked when the plan was made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// Makes a certificate a trusted root.
    TrustRoot {
        /// For people.
        name: String,
        /// The certificate.
        der: Vec<u8>,
    },
    /// Adds a server.
    AddMps {
        /// Under which the policies of the plan know it.
        slot: usize,
        /// The server.
        mps: NewMps,
    },
    /// Replaces user and password for a server.
    SetLogin {
        /// For people: the server.
        server: String,
        /// Key of the login.
        login: String,
        /// New user.
        user: String,
        /// New password.
        password: String,
    },
    /// Adds a policy.
    AddPolicy {
        /// The policy.
        policy: WantedPolicy,
        /// Its servers, the preferred one first.
        servers: Vec<MpsRef>,
    },
    /// Removes a policy and adds another for the same trigger, which is the only way to change one. When
    /// the second half fails, the old one is to be added again.
    ReplacePolicy {
        /// Key of the old one.
        old: String,
        /// The old one.
        before: WantedPolicy,
        /// Its servers.
        servers_before: Vec<MpsRef>,
        /// The new one.
        policy: WantedPolicy,
        /// Its servers.
        servers: Vec<MpsRef>,
    },
    /// Removes a policy.
    RemovePolicy {
        /// Its key.
        name: String,
    },
    /// Says when an entry of a policy counts.
    SetMpsType {
        /// The entry as it is.
        link: AppliesTo,
        /// The new type.
        mps_type: MpsType,
    },
    /// From where a user may ask for a tunnel.
    UserInitiated {
        /// The new state.
        state: UserInitiated,
    },
    /// Sets the suffixes of the inside; none means that it is always inside.
    Environment {
        /// As it is.
        environment: Environment,
        /// The new suffixes.
        suffixes: Vec<String>,
    },
    /// Removes a server.
    RemoveMps {
        /// For people: where it is.
        server: String,
        /// Its key.
        name: String,
    },
    /// Removes a trusted root.
    RemoveRoot {
        /// For people.
        name: String,
        /// Its key.
        handle: String,
    },
}

/// Why a step cannot be turned into requests.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StepError {
    /// The step that adds the server has not been done.
    #[error("the MPS that this policy needs was not added")]
    NotAdded,
    /// Something without a name that WS-Man could carry.
    #[error("a class of AMT has an impossible name")]
    Name,
    /// An argument that firmware refuses.
    #[error(transparent)]
    Mps(#[from] MpsError),
    /// An argument that firmware refuses.
    #[error(transparent)]
    Environment(#[from] EnvironmentError),
}

impl Step {
    /// For people: what it does.
    #[must_use]
    pub fn describe(&self) -> String {
        match self {
            Self::TrustRoot { name, .. } => format!("trust the root {name}"),
            Self::AddMps { mps, .. } => format!("add the MPS {mps}"),
            Self::SetLogin { server, user, .. } => {
                format!("set the credential for {server} (user {user})")
            }
            Self::AddPolicy { policy, .. } => format!("add the policy {policy}"),
            Self::ReplacePolicy { policy, before, .. } if policy == before => {
                format!("give the policy {policy} its servers anew")
            }
            Self::ReplacePolicy { policy, before, .. } => {
                format!("replace the policy {before} by {policy}")
            }
            Self::RemovePolicy { name } => format!("remove the policy {name}"),
            Self::SetMpsType { link, .. } => {
                format!("let the policy {} count outside", link.policy)
            }
            Self::UserInitiated { state } => {
                format!("let a user ask for a tunnel: {}", state.name())
            }
            Self::Environment { suffixes, .. } if suffixes.is_empty() => {
                "let the PC be at home everywhere, so that it does not dial in".to_owned()
            }
            Self::Environment { suffixes, .. } => {
                format!("let the PC be at home only under {}", suffixes.join(", "))
            }
            Self::RemoveMps { server, .. } => format!("remove the MPS {server}"),
            Self::RemoveRoot { name, .. } => format!("remove the root {name}"),
        }
    }

    /// The requests, in order.
    ///
    /// # Errors
    /// [`StepError`] when an earlier step is missing or an argument is not acceptable.
    pub fn calls(&self, added: &Added) -> Result<Vec<Call>, StepError> {
        Ok(match self {
            Self::TrustRoot { der, .. } => vec![invoke(
                "AMT_PublicKeyManagementService",
                "AddTrustedRootCertificate",
                vec![("CertificateBlob".to_owned(), BASE64_STANDARD.encode(der).into())],
            )?],
            Self::AddMps { mps, .. } => {
                mps.check()?;
                vec![mps.call().ok_or(StepError::Name)?]
            }
            Self::SetLogin { login, user, password, .. } => {
                check_login(user, password)?;
                vec![set_login(login, user, password)?]
            }
            Self::AddPolicy { policy, servers } => vec![add_policy(*policy, servers, added)?],
            Self::ReplacePolicy { old, policy, servers, .. } => {
                vec![
                    delete("AMT_RemoteAccessPolicyRule", "PolicyRuleName", old)?,
                    add_policy(*policy, servers, added)?,
                ]
            }
            Self::RemovePolicy { name } => {
                vec![delete("AMT_RemoteAccessPolicyRule", "PolicyRuleName", name)?]
            }
            Self::SetMpsType { link, mps_type } => vec![put_mps_type(link, *mps_type)],
            Self::UserInitiated { state } => vec![invoke(
                "AMT_UserInitiatedConnectionService",
                "RequestStateChange",
                vec![("RequestedState".to_owned(), (*state).into())],
            )?],
            Self::Environment { environment, suffixes } => {
                environment::check(suffixes)?;
                vec![environment.put(suffixes).ok_or(StepError::Name)?]
            }
            Self::RemoveMps { name, .. } => {
                vec![delete("AMT_ManagementPresenceRemoteSAP", "Name", name)?]
            }
            Self::RemoveRoot { handle, .. } => {
                vec![delete("AMT_PublicKeyCertificate", "InstanceID", handle)?]
            }
        })
    }

    /// What to do when the calls broke off in the middle and left less than there was.
    ///
    /// # Errors
    /// As for [`Step::calls`].
    pub fn undo(&self, added: &Added) -> Result<Option<Call>, StepError> {
        match self {
            Self::ReplacePolicy { before, servers_before, .. } => {
                add_policy(*before, servers_before, added).map(Some)
            }
            _ => Ok(None),
        }
    }

    /// Whether the connection may end with it before the answer comes: the platform changes its mind
    /// about where it is.
    #[must_use]
    pub const fn may_cut(&self) -> bool {
        matches!(
            self,
            Self::Environment { .. } | Self::RemovePolicy { .. } | Self::ReplacePolicy { .. }
        )
    }
}

fn class(name: &str) -> Result<Target, StepError> {
    Target::class(name).ok_or(StepError::Name)
}

fn invoke(service: &str, method: &str, arguments: Properties) -> Result<Call, StepError> {
    let operation = Operation::Invoke { method: method.to_owned(), arguments };
    Ok(Call { target: class(service)?, operation })
}

fn delete(name: &str, key: &str, value: &str) -> Result<Call, StepError> {
    Ok(Call { target: class(name)?.with(key, value), operation: Operation::Delete })
}

fn set_login(login: &str, user: &str, password: &str) -> Result<Call, StepError> {
    let target = class("AMT_MPSUsernamePassword")?.with("InstanceID", login);
    let mut instance = crate::wsman::Instance::new(target.resource.clone());
    instance.set("InstanceID", [login.into()]);
    instance.set("RemoteID", [user.into()]);
    instance.set("Secret", [password.into()]);
    Ok(Call { target, operation: Operation::Put(instance) })
}

fn add_policy(policy: WantedPolicy, servers: &[MpsRef], added: &Added) -> Result<Call, StepError> {
    let mut arguments: Properties = vec![
        ("Trigger".to_owned(), policy.trigger.number().into()),
        ("TunnelLifeTime".to_owned(), policy.life_time.into()),
    ];
    if let Some(data) = policy.extended_data() {
        arguments.push(("ExtendedData".to_owned(), data.into()));
    }
    for server in servers {
        let reference = match server {
            MpsRef::Existing(reference) => reference,
            MpsRef::Added(slot) => added.get(*slot).ok_or(StepError::NotAdded)?,
        };
        arguments.push(("MpServer".to_owned(), reference.clone().into()));
    }
    invoke("AMT_RemoteAccessService", "AddRemoteAccessPolicyRule", arguments)
}

fn put_mps_type(link: &AppliesTo, mps_type: MpsType) -> Call {
    let mut instance = link.instance.clone();
    instance.set("MpsType", [mps_type.number().into()]);
    let keys =
        ["PolicySet", "ManagedElement"].into_iter().filter_map(|key| match instance.get(key)? {
            Value::Reference(reference) => {
                Some((key.to_owned(), Value::Reference(reference.clone())))
            }
            Value::Null | Value::Text(_) | Value::DateTime(_) | Value::Object(_) => None,
        });
    let target = Target { resource: instance.resource.clone(), selectors: keys.collect() };
    Call { target, operation: Operation::Put(instance) }
}
