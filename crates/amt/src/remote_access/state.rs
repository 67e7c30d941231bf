//! Everything about remote access of one platform, made of what it answers.

use super::{
    environment::Environment,
    mps::{MpsEntry, MpsLogin},
    platform::Platform,
    policy::{AppliesTo, Policy, Trigger},
    root::TrustedRoot,
};
use crate::wsman::{Instance, Value};
use std::collections::BTreeMap;

/// How a class is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum How {
    /// Its only instance.
    Get,
    /// All instances, by Enumerate and Pull.
    List,
}

/// A class to read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Read {
    /// The class.
    pub class: &'static str,
    /// How.
    pub how: How,
    /// Whether a fault instead of an answer is acceptable, because older firmware has no such class.
    pub optional: bool,
}

const fn get(class: &'static str) -> Read {
    Read { class, how: How::Get, optional: false }
}

const fn list(class: &'static str) -> Read {
    Read { class, how: How::List, optional: false }
}

const fn maybe(read: Read) -> Read {
    Read { optional: true, ..read }
}

/// What to ask a platform for, in this order: first what it is, then what it has.
pub const READS: [Read; 16] = [
    get("AMT_GeneralSettings"),
    maybe(get("AMT_SetupAndConfigurationService")),
    maybe(get("IPS_HostBasedSetupService")),
    maybe(get("CIM_ComputerSystemPackage")),
    maybe(list("CIM_SoftwareIdentity")),
    maybe(get("AMT_RemoteAccessCapabilities")),
    maybe(get("AMT_RemoteAccessService")),
    list("AMT_ManagementPresenceRemoteSAP"),
    maybe(list("AMT_MPSUsernamePassword")),
    maybe(list("AMT_RemoteAccessCredentialContext")),
    list("AMT_RemoteAccessPolicyRule"),
    list("AMT_RemoteAccessPolicyAppliesToMPS"),
    maybe(get("AMT_UserInitiatedConnectionService")),
    get("AMT_EnvironmentDetectionSettingData"),
    list("AMT_PublicKeyCertificate"),
    maybe(list("IPS_HTTPProxyAccessPoint")),
];

/// The answers to [`READS`], by class.
pub type Answers = BTreeMap<&'static str, Vec<Instance>>;

/// From where somebody at the PC may ask for a tunnel (`AMT_UserInitiatedConnectionService`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum UserInitiated {
    /// 32768: nowhere.
    Off,
    /// 32769: the BIOS.
    Bios,
    /// 32770: the operating system.
    Os,
    /// 32771: both.
    Both,
}

impl UserInitiated {
    /// The state's number.
    #[must_use]
    pub const fn number(self) -> u32 {
        match self {
            Self::Off => 32768,
            Self::Bios => 32769,
            Self::Os => 32770,
            Self::Both => 32771,
        }
    }

    /// The state of that number.
    #[must_use]
    pub const fn from_number(number: u32) -> Option<Self> {
        Some(match number {
            32768 => Self::Off,
            32769 => Self::Bios,
            32770 => Self::Os,
            32771 => Self::Both,
            _ => return None,
        })
    }

    /// As it is written: `off`, `bios`, `os`, `both`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Off => "off",
            Self::Bios => "bios",
            Self::Os => "os",
            Self::Both => "both",
        }
    }
}

/// Remote access of one platform.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RemoteAccess {
    /// What the platform is.
    pub platform: Platform,
    /// Servers it has room for; 4 when it does not say.
    pub max_mps: usize,
    /// Servers a policy has room for; 2 when it does not say.
    pub max_mps_per_policy: usize,
    /// Servers it knows.
    pub mps: Vec<MpsEntry>,
    /// Users it signs in with.
    pub logins: Vec<MpsLogin>,
    /// Name of a server, name of the login for it.
    pub credentials: Vec<(String, String)>,
    /// Its policies.
    pub policies: Vec<Policy>,
    /// Which policy tries which server.
    pub applies_to: Vec<AppliesTo>,
    /// From where a user may ask for a tunnel.
    pub user_initiated: Option<UserInitiated>,
    /// How it tells inside from outside.
    pub environment: Environment,
    /// Certificates it keeps.
    pub roots: Vec<TrustedRoot>,
    /// HTTP proxies through which it may reach a server; AMT 12 and newer.
    pub proxies: Vec<Proxy>,
    /// Whether it says that a tunnel is up; newer firmware only.
    pub tunnel_up: Option<bool>,
}

/// An HTTP proxy of a platform (`IPS_HTTPProxyAccessPoint`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Proxy {
    /// Where it is.
    pub address: String,
    /// Its port.
    pub port: u16,
    /// The DNS suffix of the networks in which it is used.
    pub suffix: String,
}

impl Proxy {
    fn read(instance: &Instance) -> Option<Self> {
        Some(Self {
            address: instance.text("AccessInfo")?.trim().to_owned(),
            port: instance.text("Port")?.trim().parse().ok()?,
            suffix: instance.text("NetworkDnsSuffix").unwrap_or_default().trim().to_owned(),
        })
    }
}

/// Why the answers are not enough.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StateError {
    /// A class that must be there was not answered.
    #[error("the platform gave no {0}")]
    Missing(&'static str),
}

impl RemoteAccess {
    /// Makes one value of the answers. `uuid` is what `GetUuid` gave, where it was asked.
    ///
    /// # Errors
    /// [`StateError`] when something indispensable is not among them.
    pub fn from_answers(answers: &Answers, uuid: Option<&str>) -> Result<Self, StateError> {
        let all = |class: &str| answers.get(class).map(Vec::as_slice).unwrap_or_default();
        let one = |class: &str| all(class).first();
        let mut platform = Platform::default();
        one("AMT_GeneralSettings").into_iter().for_each(|i| platform.read_general(i));
        one("AMT_SetupAndConfigurationService").into_iter().for_each(|i| platform.read_setup(i));
        one("IPS_HostBasedSetupService").into_iter().for_each(|i| platform.read_host_setup(i));
        one("CIM_ComputerSystemPackage").into_iter().for_each(|i| platform.read_package(i));
        platform.read_software(all("CIM_SoftwareIdentity"));
        if let Some(uuid) = uuid {
            platform.read_uuid(uuid);
        }
        let capability = |name: &str, otherwise| {
            let instance = one("AMT_RemoteAccessCapabilities");
            let text = instance.and_then(|i| i.text(name));
            text.and_then(|t| t.trim().parse().ok()).unwrap_or(otherwise)
        };
        let environment = one("AMT_EnvironmentDetectionSettingData")
            .map(Environment::read)
            .ok_or(StateError::Missing("AMT_EnvironmentDetectionSettingData"))?;
        let number = |class: &str, name: &str| one(class)?.text(name)?.trim().parse::<u32>().ok();
        let service = one("AMT_RemoteAccessService");
        Ok(Self {
            platform,
            max_mps: capability("MaxTotalMpServers", 4),
            max_mps_per_policy: capability("MaxMpsPerPolicy", 2),
            mps: read_all(all("AMT_ManagementPresenceRemoteSAP"), MpsEntry::read),
            logins: read_all(all("AMT_MPSUsernamePassword"), MpsLogin::read),
            credentials: read_all(all("AMT_RemoteAccessCredentialContext"), read_context),
            policies: read_all(all("AMT_RemoteAccessPolicyRule"), Policy::read),
            applies_to: read_all(all("AMT_RemoteAccessPolicyAppliesToMPS"), AppliesTo::read),
            user_initiated: number("AMT_UserInitiatedConnectionService", "EnabledState")
                .and_then(UserInitiated::from_number),
            environment,
            roots: read_all(all("AMT_PublicKeyCertificate"), TrustedRoot::read),
            proxies: read_all(all("IPS_HTTPProxyAccessPoint"), Proxy::read),
            tunnel_up: service
                .and_then(|i| i.text("IsRemoteTunnelConnected"))
                .map(|t| t.trim() == "true"),
        })
    }

    /// The policy of a trigger.
    #[must_use]
    pub fn policy(&self, trigger: Trigger) -> Option<&Policy> {
        self.policies.iter().find(|policy| policy.trigger == Some(trigger))
    }

    /// Names of the servers that a policy tries, in its order.
    #[must_use]
    pub fn servers_of(&self, policy: &str) -> Vec<&str> {
        let mut links: Vec<&AppliesTo> =
            self.applies_to.iter().filter(|link| link.policy == policy).collect();
        links.sort_by_key(|link| link.order);
        links.iter().map(|link| link.mps.as_str()).collect()
    }

    /// The server of that name.
    #[must_use]
    pub fn entry(&self, name: &str) -> Option<&MpsEntry> {
        self.mps.iter().find(|entry| entry.name == name)
    }

    /// The login of a server: by the association, else by the number at the end of both names.
    #[must_use]
    pub fn login_of(&self, mps: &str) -> Option<&MpsLogin> {
        let linked = self.credentials.iter().find(|(server, _)| server == mps);
        if let Some((_, login)) = linked {
            return self.logins.iter().find(|l| l.name == *login);
        }
        let number = |name: &str| name.rsplit(' ').next().map(str::to_owned);
        self.logins.iter().find(|l| number(&l.name) == number(mps))
    }

    /// Whether this certificate is among the trusted roots.
    #[must_use]
    pub fn trusts(&self, der: &[u8]) -> bool {
        self.roots.iter().any(|root| root.trusted && root.der == der)
    }
}

fn read_all<T>(instances: &[Instance], read: impl Fn(&Instance) -> Option<T>) -> Vec<T> {
    instances.iter().filter_map(read).collect()
}

/// The server and the login that a context joins; which is which is told by their classes.
fn read_context(instance: &Instance) -> Option<(String, String)> {
    let references = instance.properties.iter().filter_map(|(_, value)| value.as_reference());
    let (mut server, mut login) = (None, None);
    for reference in references {
        let text = |key| reference.selector(key).map(str::trim).map(str::to_owned);
        match reference.resource.class_name() {
            "AMT_ManagementPresenceRemoteSAP" => server = text("Name"),
            "AMT_MPSUsernamePassword" => login = text("InstanceID"),
            _ => {}
        }
    }
    Some((server?, login?))
}

impl From<UserInitiated> for Value {
    fn from(state: UserInitiated) -> Self {
        state.number().into()
    }
}
