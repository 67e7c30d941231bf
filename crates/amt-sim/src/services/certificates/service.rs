//! AMT_PublicKeyManagementService.

use super::{key_in, key_reference, reference};
use crate::{
    remote_access::Code,
    services::{
        group::{Class, ClassGroup, instance},
        host::Host,
        remote_access::{Arguments, answer},
    },
};
use amt::wsman::{Fault, Instance, Properties, Value};
use std::sync::Arc;

const CLASS: &str = "AMT_PublicKeyManagementService";

/// The service that adds certificates and keys.
pub(in crate::services) struct KeyManagement;

impl ClassGroup for KeyManagement {
    fn classes(&self) -> &'static [Class] {
        const { &[Class::new(CLASS)] }
    }

    fn instances(&self, _host: &Arc<Host>, _class: &str) -> Vec<Instance> {
        vec![instance(
            CLASS,
            [
                ("CreationClassName", Value::from(CLASS)),
                ("ElementName", "Intel(r) AMT Certificate Store Service".into()),
                ("EnabledDefault", 5.into()),
                ("EnabledState", 5.into()),
                ("Name", "Intel(r) AMT Public Key Management Service".into()),
                ("RequestedState", 12.into()),
                ("SystemCreationClassName", "CIM_ComputerSystem".into()),
                ("SystemName", "Intel(r) AMT".into()),
            ],
        )]
    }

    fn invoke(
        &self,
        host: &Arc<Host>,
        _current: &Instance,
        method: &str,
        arguments: &Properties,
    ) -> Option<Result<Properties, Fault>> {
        let arguments = Arguments(arguments);
        let certificate = |handle| Value::from(reference(handle));
        let key = |handle| Value::from(key_reference(handle));
        let (name, result) = match method {
            "AddTrustedRootCertificate" => {
                ("CreatedCertificate", add(host, arguments, true).map(certificate))
            }
            "AddCertificate" => {
                ("CreatedCertificate", add(host, arguments, false).map(certificate))
            }
            "AddKey" => ("CreatedKey", add_key(host, arguments).map(key)),
            "GenerateKeyPair" => ("KeyPair", generate(host, arguments).map(key)),
            "GeneratePKCS10RequestEx" => {
                ("SignedCertificateRequest", sign(host, arguments).map(Value::from))
            }
            _ => return None,
        };
        Some(answer(name, result.map(Some)))
    }
}

fn add(host: &Host, arguments: Arguments<'_>, root: bool) -> Result<u32, Code> {
    let der = arguments.bytes("CertificateBlob")?;
    host.shared().configure(|configuration, _| {
        let store = &mut configuration.certificates;
        if root { store.add_root(&der) } else { store.add_certificate(&der) }
    })
}

fn add_key(host: &Host, arguments: Arguments<'_>) -> Result<u32, Code> {
    let der = arguments.bytes("KeyBlob")?;
    host.shared().configure(|configuration, _| configuration.certificates.add_key(&der))
}

fn generate(host: &Host, arguments: Arguments<'_>) -> Result<u32, Code> {
    // 0 is RSA, and all there is.
    if arguments.number::<u32>("KeyAlgorithm")? != 0 {
        return Err(Code::InvalidParameter);
    }
    let bits = arguments.number("KeyLength")?;
    host.shared().configure(|configuration, _| configuration.certificates.generate_key(bits))
}

fn sign(host: &Host, arguments: Arguments<'_>) -> Result<String, Code> {
    let key = arguments.references("KeyPair").next().and_then(key_in);
    let key = key.ok_or(Code::InvalidParameter)?;
    let request = arguments.bytes("NullSignedCertificateRequest")?;
    let signed = host.shared().read().certificates.sign_request(key, &request)?;
    Ok(openssl::base64::encode_block(&signed))
}
