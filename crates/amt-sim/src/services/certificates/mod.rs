//! The certificate store over WS-Man: AMT_PublicKeyCertificate, AMT_PublicPrivateKeyPair and the service that fills
//! them.

mod service;

pub(super) use service::KeyManagement;

use super::{
    group::{Class, ClassGroup, in_use, instance, invalid, reference_to},
    host::Host,
    live::Live,
    remote_access::numbered,
    wifi,
};
use crate::{
    certificates::{Certificate, KeyPair},
    remote_access::Code,
};
use amt::wsman::{Fault, Instance, Reference, Value};
use std::sync::Arc;

const CERTIFICATE: &str = "AMT_PublicKeyCertificate";
const KEY: &str = "AMT_PublicPrivateKeyPair";
const CONTEXT: &str = "AMT_TLSCredentialContext";
const CERTIFICATE_NAME: &str = "Intel(r) AMT Certificate: Handle: ";
const KEY_NAME: &str = "Intel(r) AMT Key: Handle: ";

/// Certificates, keys, and the certificate that the TLS ports show.
pub(super) struct Store;

impl ClassGroup for Store {
    fn classes(&self) -> &'static [Class] {
        const {
            &[
                Class { name: CERTIFICATE, derives: &["CIM_Credential"] },
                Class { name: KEY, derives: &[] },
                Class { name: CONTEXT, derives: &["CIM_CredentialContext"] },
            ]
        }
    }

    fn instances(&self, host: &Arc<Host>, class: &str) -> Vec<Instance> {
        let configuration = host.shared().read();
        let store = &configuration.certificates;
        match class {
            KEY => store.keys.iter().map(read_key).collect(),
            CONTEXT => store.tls.map(read_context).into_iter().collect(),
            _ => store.certificates.iter().map(read).collect(),
        }
    }

    fn put(&self, host: &Arc<Host>, current: &Instance, new: &Instance) -> Result<Instance, Fault> {
        match current.resource.class_name() {
            CONTEXT => choose(host, new).map(read_context).map_err(|c| invalid(c.to_string())),
            class => Err(invalid(format!("instances of {class} cannot be changed"))),
        }
    }

    fn create(&self, host: &Arc<Host>, new: &Instance) -> Result<Reference, Fault> {
        if new.resource.class_name() != CONTEXT {
            return Err(invalid("certificates and keys are added with their service's methods"));
        }
        let handle = choose(host, new).map_err(|code| invalid(code.to_string()))?;
        Ok(Reference { resource: new.resource.clone(), selectors: read_context(handle).properties })
    }

    fn delete(&self, host: &Arc<Host>, current: &Instance) -> Result<(), Fault> {
        let id = current.text("InstanceID").unwrap_or_default();
        let class = current.resource.class_name();
        let mutual = consoles_are_verified(host);
        let used = handle_of(id, CERTIFICATE_NAME).is_some_and(|handle| wifi::uses(host, handle));
        let removed = host.shared().configure(|configuration, _| {
            let needed = |handle| used || configuration.needs_certificate(handle, mutual);
            match (class, handle_of(id, CERTIFICATE_NAME), handle_of(id, KEY_NAME)) {
                (CERTIFICATE, Some(handle), _) if needed(handle) => Err(Code::NotPermitted),
                (CERTIFICATE, Some(handle), _) => {
                    configuration.certificates.remove_certificate(handle)
                }
                (KEY, _, Some(handle)) => configuration.certificates.remove_key(handle),
                _ => {
                    configuration.certificates.tls = None;
                    Ok(())
                }
            }
        });
        removed.map_err(|_| in_use("it is in use; remove first what uses it"))
    }
}

/// Whether TLS ports ask consoles for a certificate.
fn consoles_are_verified(host: &Host) -> bool {
    let settings = host.store().list("AMT_TLSSettingData", &Live::default()).unwrap_or_default();
    let is_on = |setting: &Instance, name| setting.text(name) == Some("true");
    settings
        .iter()
        .any(|setting| is_on(setting, "Enabled") && is_on(setting, "MutualAuthentication"))
}

fn handle_of(id: &str, begins: &str) -> Option<u32> {
    id.strip_prefix(begins)?.trim().parse().ok()
}

/// The name of a certificate for other instances.
pub(super) fn reference(handle: u32) -> Reference {
    let id = format!("{CERTIFICATE_NAME}{handle}");
    reference_to(CERTIFICATE, [("InstanceID", id.as_str())])
}

/// The certificate that a reference names.
pub(super) fn handle_in(reference: &Reference) -> Option<u32> {
    numbered(reference, CERTIFICATE, "InstanceID", CERTIFICATE_NAME)
}

fn key_reference(handle: u32) -> Reference {
    let id = format!("{KEY_NAME}{handle}");
    reference_to(KEY, [("InstanceID", id.as_str())])
}

fn key_in(reference: &Reference) -> Option<u32> {
    numbered(reference, KEY, "InstanceID", KEY_NAME)
}

fn read(certificate: &Certificate) -> Instance {
    let (subject, issuer) = certificate.names().unwrap_or_default();
    instance(
        CERTIFICATE,
        [
            ("ElementName", Value::from("Intel(r) AMT Certificate")),
            ("InstanceID", format!("{CERTIFICATE_NAME}{}", certificate.handle).into()),
            ("Issuer", issuer.into()),
            ("Subject", subject.into()),
            // Firmware spells it so.
            ("TrustedRootCertficate", certificate.trusted_root.into()),
            ("X509Certificate", certificate.der.to_base64().into()),
        ],
    )
}

fn read_key(key: &KeyPair) -> Instance {
    let public = openssl::base64::encode_block(&key.public().unwrap_or_default());
    instance(
        KEY,
        [
            ("DERKey", Value::from(public)),
            ("ElementName", "Intel(r) AMT Key".into()),
            ("InstanceID", format!("{KEY_NAME}{}", key.handle).into()),
        ],
    )
}

fn read_context(handle: u32) -> Instance {
    let endpoints = reference_to(
        "AMT_TLSProtocolEndpointCollection",
        [("ElementName", "TLSProtocolEndpoint Instances Collection")],
    );
    instance(
        CONTEXT,
        [
            ("ElementInContext", Value::from(reference(handle))),
            ("ElementProvidingContext", endpoints.into()),
        ],
    )
}

/// Which key pair belongs to which certificate (CIM_ConcreteDependency).
pub(super) fn dependencies(host: &Host) -> Vec<Instance> {
    let configuration = host.shared().read();
    let store = &configuration.certificates;
    let with_key = |certificate: &Certificate| {
        let (_, key) = store.identity(certificate.handle)?;
        Some(instance(
            "CIM_ConcreteDependency",
            [
                ("Antecedent", Value::from(reference(certificate.handle))),
                ("Dependent", key_reference(key.handle).into()),
            ],
        ))
    };
    store.certificates.iter().filter_map(with_key).collect()
}

/// Makes a certificate the one of the TLS ports.
fn choose(host: &Host, context: &Instance) -> Result<u32, Code> {
    let named = context.get("ElementInContext").and_then(Value::as_reference);
    let handle = named.and_then(handle_in).ok_or(Code::InvalidParameter)?;
    host.shared().configure(|configuration, _| {
        configuration.certificates.identity(handle).ok_or(Code::InvalidParameter)?;
        configuration.certificates.tls = Some(handle);
        Ok(handle)
    })
}
