//! Certificates and keys in the management engine, and what uses them.

use super::{
    features::class,
    hardware::list as all_of,
    json::{flag, text},
    visit::{Asked, Fields},
};
use crate::{
    api::refusal::Refusal,
    command::{CommandError, DeviceCommands, Output},
};
use amt::wsman::{Instance, Reference, Value as Wsman};
use axum::{Json, http::StatusCode};
use base64::{Engine, prelude::BASE64_STANDARD};
use serde_json::{Value, json};
use viaduct_api::Code;

const CERTIFICATES: &str = "AMT_PublicKeyCertificate";
const MANAGEMENT: &str = "AMT_PublicKeyManagementService";

/// The four lists that say what there is and what uses what.
struct Keys {
    links: Vec<Instance>,
    certificates: Vec<Instance>,
    pairs: Vec<Instance>,
    uses: Vec<Instance>,
}

impl Keys {
    async fn read(device: &mut DeviceCommands) -> Result<Self, CommandError> {
        Ok(Self {
            links: all_of(device, "CIM_ConcreteDependency").await?,
            certificates: all_of(device, CERTIFICATES).await?,
            pairs: all_of(device, "AMT_PublicPrivateKeyPair").await?,
            uses: all_of(device, "CIM_CredentialContext").await?,
        })
    }

    /// The key pair of a certificate, or the certificate of a key pair.
    fn partner(&self, id: &str, wanted: &str) -> &str {
        let partner = self.links.iter().find_map(|link| {
            let (one, other) = (end(link, "Antecedent")?, end(link, "Dependent")?);
            [(one, other), (other, one)].into_iter().find_map(|(this, that)| {
                let fits =
                    this.selector("InstanceID") == Some(id) && that.resource.class_name() == wanted;
                fits.then(|| that.selector("InstanceID")).flatten()
            })
        });
        partner.unwrap_or_default()
    }

    /// What uses a certificate: kind and name.
    fn users(&self, id: &str) -> Vec<(&'static str, String)> {
        let uses = self.uses.iter().filter(|usage| {
            end(usage, "ElementInContext").is_some_and(|e| e.selector("InstanceID") == Some(id))
        });
        uses.filter_map(|usage| end(usage, "ElementProvidingContext")).map(user).collect()
    }

    fn certificate(&self, certificate: &Instance) -> Value {
        let id = text(certificate, "InstanceID");
        let root = flag(certificate, "TrustedRootCertficate")
            || flag(certificate, "TrustedRootCertificate");
        let subject = text(certificate, "Subject");
        let users: Vec<String> = self
            .users(id)
            .into_iter()
            .map(|(kind, name)| match kind {
                "TLS" => kind.to_owned(),
                _ => format!("{kind} - {name}"),
            })
            .collect();
        json!({
            "elementName": text(certificate, "ElementName"),
            "instanceID": id,
            "x509Certificate": text(certificate, "X509Certificate"),
            "trustedRootCertificate": root,
            "issuer": text(certificate, "Issuer"),
            "subject": subject,
            "readOnlyCertificate": flag(certificate, "ReadOnlyCertificate"),
            "publicKeyHandle": self.partner(id, "AMT_PublicPrivateKeyPair"),
            "associatedProfiles": users,
            "displayName": common_name(subject).unwrap_or(id),
        })
    }

    fn pair(&self, pair: &Instance) -> Value {
        let id = text(pair, "InstanceID");
        json!({
            "elementName": text(pair, "ElementName"),
            "instanceID": id,
            "derKey": text(pair, "DERKey"),
            "certificateHandle": self.partner(id, CERTIFICATES),
        })
    }

    /// One entry for each user, with what it uses.
    fn profiles(&self, certificates: &[Value], pairs: &[Value]) -> Vec<Value> {
        let mut profiles: Vec<Value> = Vec::new();
        for certificate in certificates {
            let id = certificate["instanceID"].as_str().unwrap_or_default();
            for (kind, name) in self.users(id) {
                let at = profiles.iter().position(|p| p["type"] == kind && p["profileID"] == name);
                let at = at.unwrap_or_else(|| {
                    profiles.push(json!({ "type": kind, "profileID": name }));
                    profiles.len() - 1
                });
                let Some(profile) = profiles.get_mut(at) else { continue };
                if certificate["trustedRootCertificate"] == true {
                    profile["rootCertificate"] = certificate.clone();
                    continue;
                }
                profile["clientCertificate"] = certificate.clone();
                let handle = &certificate["publicKeyHandle"];
                if let Some(pair) = pairs.iter().find(|pair| pair["instanceID"] == *handle) {
                    profile["publicKey"] = pair.clone();
                }
            }
        }
        profiles
    }
}

fn end<'a>(link: &'a Instance, name: &str) -> Option<&'a Reference> {
    link.get(name).and_then(Wsman::as_reference)
}

fn user(reference: &Reference) -> (&'static str, String) {
    let id = reference.selector("InstanceID").or(reference.selector("ElementName"));
    let id = id.unwrap_or_default().to_owned();
    match reference.resource.class_name() {
        "CIM_IEEE8021xSettings" => {
            let name = id.strip_prefix("Intel(r) AMT:IEEE 802.1x Settings ").unwrap_or(&id);
            ("Wireless", name.to_owned())
        }
        "IPS_IEEE8021xSettings" | "AMT_8021XProfile" => ("Wired", id),
        _ => ("TLS", id),
    }
}

fn common_name(subject: &str) -> Option<&str> {
    subject.split(',').find_map(|part| part.trim().strip_prefix("CN="))
}

/// `GET /amt/certificates`.
pub(super) async fn list(asked: Asked) -> Result<Json<Value>, Refusal> {
    let mut device = asked.connected()?.commands("certificates").await?;
    let keys = Keys::read(&mut device).await?;
    Ok(Json(shaped(&keys)))
}

fn shaped(keys: &Keys) -> Value {
    let certificates: Vec<Value> = keys.certificates.iter().map(|c| keys.certificate(c)).collect();
    let pairs: Vec<Value> = keys.pairs.iter().map(|pair| keys.pair(pair)).collect();
    let profiles = keys.profiles(&certificates, &pairs);
    json!({
        "certificates": { "keyManagementItems": [], "publicKeyCertificateItems": certificates },
        "publicKeys": { "publicPrivateKeyPairItems": pairs },
        "profileAssociation": profiles,
    })
}

/// `POST /amt/certificates`.
pub(super) async fn add(asked: Asked, fields: Fields) -> Result<Json<Value>, Refusal> {
    let msg = "expected a certificate: DER in base64";
    let given = fields.required::<String>("cert", msg)?;
    let blob: String = given.chars().filter(|c| !c.is_whitespace()).collect();
    let is_certificate =
        BASE64_STANDARD.decode(&blob).is_ok_and(|der| der.first() == Some(&0x30) && der.len() > 64);
    if !is_certificate {
        return Err(Fields::bad("cert", Value::Null, msg));
    }
    let trusted = fields.required::<bool>("isTrusted", "expected true or false")?;
    let visit = asked.connected()?;
    let own = visit.clone();
    let work = async move {
        let mut device = own.commands("add certificate").await?;
        let method = if trusted { "AddTrustedRootCertificate" } else { "AddCertificate" };
        let output = add_blob(&mut device, method, "CertificateBlob", &blob).await;
        let output = output.map_err(|error| match error {
            error @ (CommandError::Fault { .. } | CommandError::Returned { .. }) => {
                Refusal::from(error).sent_as(StatusCode::BAD_REQUEST)
            }
            error => error.into(),
        })?;
        Ok(json!({ "handle": handle(&output, "CreatedCertificate") }))
    };
    let detail = if trusted { "add a trusted root certificate" } else { "add a certificate" };
    visit.change(detail, work).await.map(Json)
}

/// Adds a key or a certificate.
pub(super) async fn add_blob(
    device: &mut DeviceCommands,
    method: &str,
    argument: &str,
    blob: &str,
) -> Result<Output, CommandError> {
    device.call(MANAGEMENT, method, vec![(argument.to_owned(), blob.into())]).await
}

/// The `InstanceID` of what a method made.
pub(super) fn handle(output: &Output, result: &str) -> String {
    let reference = output.get(result).and_then(Wsman::as_reference);
    reference.and_then(|made| made.selector("InstanceID")).unwrap_or_default().to_owned()
}

/// `DELETE /amt/certificates/{device}/{instanceId}`.
pub(super) async fn remove(asked: Asked) -> Result<Json<Value>, Refusal> {
    let id = asked.item().to_owned();
    let visit = asked.connected()?;
    let own = visit.clone();
    let detail = format!("remove the certificate {id}");
    let work = async move {
        let mut device = own.commands("remove certificate").await?;
        let keys = Keys::read(&mut device).await?;
        let refuse = |status, detail: String| {
            Refusal::new(Code::AmtRefused, detail.clone())
                .sent_as(status)
                .shaped([("error", detail.into())])
        };
        let found = keys.certificates.iter().find(|c| text(c, "InstanceID") == id);
        let certificate = found.ok_or_else(|| {
            refuse(StatusCode::NOT_FOUND, format!("there is no certificate {id}"))
        })?;
        if flag(certificate, "ReadOnlyCertificate") {
            let detail = format!("{id} belongs to the firmware and cannot be removed");
            return Err(refuse(StatusCode::BAD_REQUEST, detail));
        }
        let users = keys.users(&id);
        if let Some((kind, name)) = users.first() {
            let detail = format!("{id} is used by {kind} {name}");
            return Err(refuse(StatusCode::CONFLICT, detail));
        }
        let target = class(CERTIFICATES)?.with("InstanceID", id.as_str());
        device.delete(target).await.map_err(|error| match error {
            // Firmware does not list everything that uses a certificate: the server of remote access, for one.
            error if error.is_denied() => refuse(StatusCode::CONFLICT, error.to_string()),
            error => error.into(),
        })?;
        Ok(json!({ "message": "Certificate deleted successfully", "handle": id }))
    };
    visit.change(detail, work).await.map(Json)
}

#[cfg(test)]
mod tests {
    use super::*;
    use amt::wsman::ResourceUri;

    fn instance(class: &str, values: &[(&str, Wsman)]) -> Instance {
        let mut instance = Instance::new(ResourceUri::of_class(class).unwrap());
        for (name, value) in values {
            instance.set(name, [value.clone()]);
        }
        instance
    }

    fn reference(class: &str, key: &str, value: &str) -> Wsman {
        Reference::of_class(class, &[(key, value)]).unwrap().into()
    }

    #[test]
    fn certificates_keys_and_their_users_are_tied_together() {
        let (cert, root) =
            ("Intel(r) AMT Certificate: Handle: 1", "Intel(r) AMT Certificate: Handle: 0");
        let pair = "Intel(r) AMT Key: Handle: 0";
        let wifi = "Intel(r) AMT:IEEE 802.1x Settings office";
        let keys = Keys {
            links: vec![instance(
                "CIM_ConcreteDependency",
                &[
                    ("Antecedent", reference(CERTIFICATES, "InstanceID", cert)),
                    ("Dependent", reference("AMT_PublicPrivateKeyPair", "InstanceID", pair)),
                ],
            )],
            certificates: vec![
                instance(
                    CERTIFICATES,
                    &[
                        ("InstanceID", root.into()),
                        ("Subject", "C=unknown,O=unknown,CN=MPSRoot-0af1d5".into()),
                        ("TrustedRootCertficate", true.into()),
                    ],
                ),
                instance(CERTIFICATES, &[("InstanceID", cert.into())]),
            ],
            pairs: vec![instance("AMT_PublicPrivateKeyPair", &[("InstanceID", pair.into())])],
            uses: [cert, root]
                .map(|id| {
                    instance(
                        "CIM_CredentialContext",
                        &[
                            ("ElementInContext", reference(CERTIFICATES, "InstanceID", id)),
                            (
                                "ElementProvidingContext",
                                reference("CIM_IEEE8021xSettings", "InstanceID", wifi),
                            ),
                        ],
                    )
                })
                .to_vec(),
        };
        let json = shaped(&keys);
        let items = &json["certificates"]["publicKeyCertificateItems"];
        assert_eq!(items[0]["displayName"], "MPSRoot-0af1d5");
        assert_eq!(items[0]["trustedRootCertificate"], true);
        assert_eq!(items[1]["publicKeyHandle"], pair);
        assert_eq!(items[1]["associatedProfiles"], json!(["Wireless - office"]));
        assert_eq!(json["publicKeys"]["publicPrivateKeyPairItems"][0]["certificateHandle"], cert);
        let profiles = json["profileAssociation"].as_array().unwrap();
        assert_eq!(profiles.len(), 1);
        assert_eq!(profiles[0]["profileID"], "office");
        assert_eq!(profiles[0]["rootCertificate"]["instanceID"], root);
        assert_eq!(profiles[0]["clientCertificate"]["instanceID"], cert);
        assert_eq!(profiles[0]["publicKey"]["instanceID"], pair);
    }
}
