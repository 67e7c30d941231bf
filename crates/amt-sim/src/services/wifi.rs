//! Wireless profiles (AMT_WiFiPortConfigurationService and what it makes).

use amt::wsman::{Fault, Instance, Properties, Reference, Subcode, Target, Value};

use super::{
    certificates,
    host::Host,
    live::Live,
    methods::{INVALID_PARAMETER, NOT_SUPPORTED, SUCCESS, argument, number, returned},
    store::{Plan, refused},
};

const SETTINGS: &str = "CIM_WiFiEndpointSettings";
const SETTINGS_8021X: &str = "CIM_IEEE8021xSettings";
const PREFIX: &str = "Intel(r) AMT:WiFi Endpoint Settings ";
const CONTEXT: &str = "CIM_CredentialContext";
const PREFIX_8021X: &str = "Intel(r) AMT:IEEE 802.1x Settings ";
/// Authentication with 802.1X: WPA and WPA2.
const ENTERPRISE: [&str; 2] = ["5", "7"];

const MAXIMUM_REACHED: u32 = 23;
const DUPLICATE: u32 = 2058;

/// `AddWiFiSettings`: a profile, and its 802.1X settings where it needs them.
pub(super) fn add(host: &Host, arguments: &Properties) -> Result<Properties, Fault> {
    let input = input(arguments)?;
    let name = input.text("ElementName").unwrap_or_default().trim().to_owned();
    let priority = input.text("Priority").unwrap_or_default();
    if !is_good(host, &input) || name.is_empty() || name.len() > 32 {
        return Ok(returned(INVALID_PARAMETER));
    }
    let others = host.store().list(SETTINGS, &Live::default())?;
    if others
        .iter()
        .any(|o| o.text("ElementName") == Some(&name) || o.text("Priority") == Some(priority))
    {
        return Ok(returned(DUPLICATE));
    }
    let enterprise = enterprise(arguments, &input)?;
    let Some(credentials) = credentials(host, arguments) else {
        return Ok(returned(INVALID_PARAMETER));
    };
    let added = host.store().add(SETTINGS, profile(&name, &input));
    let profile = match added {
        Ok(reference) => reference,
        Err(fault) if fault.subcode == Subcode::QuotaLimit => return Ok(returned(MAXIMUM_REACHED)),
        Err(fault) => return Err(fault),
    };
    let mut output = vec![("WiFiEndpointSettings".to_owned(), profile.into())];
    if let Some(settings) = enterprise {
        let reference = secure(host, &name, &settings, credentials)?;
        output.push(("IEEE8021xSettings".to_owned(), reference.into()));
    }
    output.extend(returned(SUCCESS));
    Ok(output)
}

/// `UpdateWiFiSettings`: the same for a profile that is there.
pub(super) fn update(host: &Host, arguments: &Properties) -> Result<Properties, Fault> {
    let input = input(arguments)?;
    let reference = argument(arguments, "WiFiEndpointSettings").and_then(Value::as_reference);
    let Some(reference) = reference else { return Ok(returned(INVALID_PARAMETER)) };
    let target = target(reference);
    let old = host.store().get(&target, &Live::default())?;
    let name = old.text("ElementName").unwrap_or_default().to_owned();
    if !is_good(host, &input) {
        return Ok(returned(INVALID_PARAMETER));
    }
    let priority = input.text("Priority");
    let id = old.text("InstanceID");
    let others = host.store().list(SETTINGS, &Live::default())?;
    if others.iter().any(|o| o.text("InstanceID") != id && o.text("Priority") == priority) {
        return Ok(returned(DUPLICATE));
    }
    let enterprise = enterprise(arguments, &input)?;
    let Some(credentials) = credentials(host, arguments) else {
        return Ok(returned(INVALID_PARAMETER));
    };
    let gone = host.store().remove(&target)?;
    forget_8021x(host, &gone);
    host.store().add(SETTINGS, profile(&name, &input))?;
    if let Some(settings) = enterprise {
        secure(host, &name, &settings, credentials)?;
    }
    Ok(returned(SUCCESS))
}

/// The certificates that a call names: its own and the authority's. None when one of them is not there.
fn credentials(host: &Host, arguments: &Properties) -> Option<Vec<u32>> {
    let named = ["ClientCredential", "CACredential"]
        .iter()
        .filter_map(|name| argument(arguments, name).and_then(Value::as_reference));
    let configuration = host.shared().read();
    named
        .map(|reference| {
            let handle = certificates::handle_in(reference)?;
            configuration.certificates.certificate(handle).map(|found| found.handle)
        })
        .collect()
}

/// The 802.1X settings of a profile, and what ties its certificates to them.
fn secure(
    host: &Host,
    name: &str,
    settings: &Instance,
    credentials: Vec<u32>,
) -> Result<Reference, Fault> {
    let reference = host.store().add(SETTINGS_8021X, settings_8021x(name, settings))?;
    for handle in credentials {
        let properties = vec![
            ("ElementInContext".to_owned(), certificates::reference(handle).into()),
            ("ElementProvidingContext".to_owned(), reference.clone().into()),
        ];
        host.store().add(CONTEXT, properties)?;
    }
    Ok(reference)
}

/// The profile that is given within a call.
fn input(arguments: &Properties) -> Result<Instance, Fault> {
    match argument(arguments, "WiFiEndpointSettingsInput") {
        Some(Value::Object(instance)) => Ok(instance.clone()),
        _ => Err(missing("WiFiEndpointSettingsInput")),
    }
}

/// The 802.1X settings of a profile that needs them.
fn enterprise(arguments: &Properties, input: &Instance) -> Result<Option<Instance>, Fault> {
    if !input.text("AuthenticationMethod").is_some_and(|method| ENTERPRISE.contains(&method)) {
        return Ok(None);
    }
    match argument(arguments, "IEEE8021xSettingsInput") {
        Some(Value::Object(settings)) => Ok(Some(settings.clone())),
        _ => Err(missing("IEEE8021xSettingsInput")),
    }
}

fn is_good(host: &Host, input: &Instance) -> bool {
    let text = |name: &str| input.text(name).unwrap_or_default().trim().to_owned();
    let supported = |list: &str, value: &str| {
        let class = "CIM_WiFiEndpointCapabilities";
        let Some(target) = Target::class(class) else { return false };
        let found = host.store().get(&target, &Live::default());
        found.is_ok_and(|capabilities| {
            capabilities.all(list).any(|supported| supported.as_text() == Some(value))
        })
    };
    let method = text("AuthenticationMethod");
    let priority: u32 = text("Priority").parse().unwrap_or(0);
    let passphrase = text("PSKPassPhrase").len();
    let needs_passphrase = ["4", "6", "32768"].contains(&method.as_str());
    (1..=32).contains(&text("SSID").len())
        && (1..=255).contains(&priority)
        && supported("SupportedAuthenticationMethods", &method)
        && supported("SupportedEncryptionMethods", &text("EncryptionMethod"))
        && (!needs_passphrase || (8..=64).contains(&passphrase))
}

/// Passphrases are kept and never shown.
fn profile(name: &str, input: &Instance) -> Properties {
    let copied = ["AuthenticationMethod", "EncryptionMethod", "Priority", "SSID", "PSKPassPhrase"];
    let mut properties: Properties = vec![
        ("BSSType".to_owned(), 3_u32.into()),
        ("ElementName".to_owned(), name.into()),
        ("InstanceID".to_owned(), format!("{PREFIX}{name}").into()),
    ];
    properties.extend(copied.iter().filter_map(|n| Some(((*n).to_owned(), input.get(n)?.clone()))));
    properties
}

fn settings_8021x(name: &str, input: &Instance) -> Properties {
    let copied = [
        "AuthenticationProtocol",
        "Domain",
        "RoamingIdentity",
        "ServerCertificateName",
        "ServerCertificateNameComparison",
        "Username",
    ];
    let mut properties: Properties = vec![
        ("ElementName".to_owned(), name.into()),
        ("InstanceID".to_owned(), format!("{PREFIX_8021X}{name}").into()),
    ];
    properties.extend(copied.iter().filter_map(|n| Some(((*n).to_owned(), input.get(n)?.clone()))));
    properties
}

/// The 802.1X settings of a profile go with it.
pub(super) fn forget_8021x(host: &Host, gone: &Instance) {
    let name = gone.text("ElementName").unwrap_or_default();
    let target = Target::class(SETTINGS_8021X)
        .map(|target| target.with("InstanceID", format!("{PREFIX_8021X}{name}")));
    let Some(target) = target else { return };
    if let Err(fault) = host.store().remove(&target) {
        tracing::trace!(%fault, "a wireless profile without 802.1X");
        return;
    }
    let ties = host.store().list(CONTEXT, &Live::default()).unwrap_or_default();
    let is_of_it = |tie: &&Instance| {
        let settings = tie.get("ElementProvidingContext").and_then(Value::as_reference);
        settings.is_some_and(|settings| settings.selectors == target.selectors)
    };
    for tie in ties.iter().filter(is_of_it).filter(|tie| tie.resource.class_name() == CONTEXT) {
        let keys = Target { resource: tie.resource.clone(), selectors: tie.properties.clone() };
        if let Err(fault) = host.store().remove(&keys) {
            tracing::debug!(%fault, "what ties a certificate to a wireless profile");
        }
    }
}

/// Whether something of the data, such as a wireless profile, uses a certificate.
pub(super) fn uses(host: &Host, handle: u32) -> bool {
    let ties = host.store().list(CONTEXT, &Live::default()).unwrap_or_default();
    ties.iter().any(|tie| {
        let certificate = tie.get("ElementInContext").and_then(Value::as_reference);
        certificate.and_then(certificates::handle_in) == Some(handle)
    })
}

/// A profile may be put, but not in the place of another.
pub(super) fn before_put(host: &Host, plan: &Plan) -> Result<(), Fault> {
    let id = plan.after.text("InstanceID");
    let priority = plan.after.text("Priority");
    let others = host.store().list(SETTINGS, &Live::default())?;
    if others.iter().any(|o| o.text("InstanceID") != id && o.text("Priority") == priority) {
        return Err(refused("another profile has this priority".into()));
    }
    Ok(())
}

/// `SetLinkPreference` of the wireless port: who has the link, for how many seconds.
pub(super) fn set_link_preference(
    host: &Host,
    target: &Target,
    arguments: &Properties,
) -> Result<u32, Fault> {
    let preference = number(arguments, "LinkPreference")?;
    number(arguments, "Timeout")?;
    let port = host.store().get(target, &Live::default())?;
    if port.get("LinkPreference").is_none() {
        return Ok(NOT_SUPPORTED);
    }
    if !matches!(preference, 1 | 2) {
        return Ok(INVALID_PARAMETER);
    }
    let mut store = host.store();
    store.set(target, "LinkPreference", preference);
    store.set(target, "LinkControl", preference);
    Ok(SUCCESS)
}

fn target(reference: &Reference) -> Target {
    Target { resource: reference.resource.clone(), selectors: reference.selectors.clone() }
}

fn missing(name: &str) -> Fault {
    Fault::sender(Subcode::InvalidParameter, format!("the argument {name} is missing"))
}
