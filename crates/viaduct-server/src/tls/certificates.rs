//! All certificates of the server in one place: shown, and reloaded without dropping a tunnel.

use super::{
    Authority, AuthorityError, DeviceAcceptor, RootCertificate, WebIdentity,
    authority::{Leaf, Pair, load_pair},
};
use crate::{
    config::{CertificateFiles, Cira, ClientCertificates, Profile, Web},
    events::{Bus, Event},
};
use arc_swap::ArcSwap;
use openssl::{error::ErrorStack, hash::MessageDigest, nid::Nid, x509::X509};
use std::{net::IpAddr, path::PathBuf, sync::Arc};
use time::{OffsetDateTime, PrimitiveDateTime, macros::format_description};

/// Why a listener has no usable certificate.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    #[error(transparent)]
    Authority(#[from] AuthorityError),
    #[error("OpenSSL refused: {0}")]
    OpenSsl(#[from] ErrorStack),
    #[error("rustls refused: {0}")]
    Rustls(String),
    #[error("{path}: {source}")]
    Io { path: PathBuf, source: std::io::Error },
}

/// A certificate as people look at it.
#[derive(Debug, Clone)]
pub struct CertificateInfo {
    /// `cira`, `cira.extra[0]`, …, `web`, `root`.
    pub listener: String,
    pub subject: String,
    /// CN first, then the alternative names.
    pub names: Vec<String>,
    pub not_before: String,
    pub not_after: String,
    pub key_bits: u32,
    pub signature: String,
    /// SHA-256 of the DER form, lower-case hex.
    pub sha256: String,
    pub pem: String,
}

impl CertificateInfo {
    /// When it ends.
    #[must_use]
    pub fn ends(&self) -> Option<OffsetDateTime> {
        time_of(&self.not_after)
    }

    /// When it begins.
    #[must_use]
    pub fn begins(&self) -> Option<OffsetDateTime> {
        time_of(&self.not_before)
    }
}

/// A time as the TLS library prints it: `Nov 23 10:51:09 2026 GMT`.
fn time_of(text: &str) -> Option<OffsetDateTime> {
    let format = format_description!(
        "[month repr:short] [day padding:space] [hour]:[minute]:[second] [year] GMT"
    );
    PrimitiveDateTime::parse(text, format).ok().map(PrimitiveDateTime::assume_utc)
}

/// A device listener's share of the configuration.
#[derive(Debug, Clone)]
struct Device {
    name: String,
    files: Vec<CertificateFiles>,
    acceptor: DeviceAcceptor,
}

/// Every certificate the server uses.
#[derive(Debug, Clone)]
pub struct Certificates(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    authority: ArcSwap<Authority>,
    names: Vec<String>,
    web_names: Vec<String>,
    devices: Vec<Device>,
    web: WebIdentity,
    web_files: Option<CertificateFiles>,
    events: Bus,
}

impl Certificates {
    /// Loads or makes all certificates and builds the acceptors.
    pub fn open(
        authority: Authority,
        cira: &Cira,
        web: &Web,
        events: Bus,
    ) -> Result<Self, TlsError> {
        let names = own_names(&cira.names);
        let web_names = own_names(if web.names.is_empty() { &cira.names } else { &web.names });
        let client_ca = match &cira.client_ca {
            None => Vec::new(),
            Some(path) => {
                let pem = std::fs::read(path)
                    .map_err(|source| TlsError::Io { path: path.clone(), source })?;
                X509::stack_from_pem(&pem)?
            }
        };
        let mut devices = Vec::new();
        let mut listeners =
            vec![("cira".to_owned(), cira.profile, cira.client_certificates, &cira.certificates)];
        for (index, extra) in cira.extra.iter().enumerate().filter(|(_, extra)| extra.tls) {
            let name = format!("cira.extra[{index}]");
            listeners.push((name, extra.profile, extra.client_certificates, &extra.certificates));
        }
        for (name, profile, client, files) in listeners {
            let pairs = device_pairs(&authority, &names, files)?;
            let acceptor = acceptor(&authority, &client_ca, profile, client, &pairs)?;
            devices.push(Device { name, files: files.clone(), acceptor });
        }
        let web_identity =
            WebIdentity::new(web_pair(&authority, &web_names, web.certificate.as_ref())?)?;
        Ok(Self(Arc::new(Inner {
            authority: ArcSwap::from_pointee(authority),
            names,
            web_names,
            devices,
            web: web_identity,
            web_files: web.certificate.clone(),
            events,
        })))
    }

    /// The acceptor of a device listener: `cira` or `cira.extra[N]`; None when it has no TLS.
    #[must_use]
    pub fn acceptor(&self, listener: &str) -> Option<DeviceAcceptor> {
        self.0.devices.iter().find(|d| d.name == listener).map(|d| d.acceptor.clone())
    }

    /// The web listener's identity.
    #[must_use]
    pub fn web(&self) -> &WebIdentity {
        &self.0.web
    }

    /// The PEM file of our root.
    #[must_use]
    pub fn root_file(&self) -> PathBuf {
        self.0.authority.load().root_file()
    }

    /// Our root as PEM.
    pub fn root_pem(&self) -> Result<String, TlsError> {
        Ok(self.0.authority.load().root_pem()?)
    }

    /// The root that waits to be used, when there is one.
    pub(crate) fn next_root(&self) -> Result<Option<RootCertificate>, TlsError> {
        self.0.authority.load().next()?.map(root_certificate).transpose()
    }

    /// Makes the next root, unless one waits already. Nothing uses it yet.
    pub(crate) fn make_next_root(&self) -> Result<RootCertificate, TlsError> {
        root_certificate(self.0.authority.load().make_next()?)
    }

    /// Forgets the next root.
    pub(crate) fn drop_next_root(&self) -> Result<(), TlsError> {
        Ok(self.0.authority.load().drop_next()?)
    }

    /// Uses the next root: device certificates are issued anew from it, with their keys; open connections keep what they
    /// have, and the old root stays in its directory.
    pub(crate) async fn advance(&self) -> Result<Vec<String>, String> {
        let this = self.clone();
        let advanced = tokio::task::spawn_blocking(move || {
            let next = this.0.authority.load().advance()?;
            Ok::<_, AuthorityError>(next.map(|next| this.0.authority.store(Arc::new(next))))
        });
        match advanced.await {
            Ok(Ok(Some(()))) => self.reload().await,
            Ok(Ok(None)) => Err("no root waits to be used".to_owned()),
            Ok(Err(error)) => Err(error.to_string()),
            Err(panic) => Err(panic.to_string()),
        }
    }

    /// Names and addresses that own device certificates carry; the first is the CN.
    #[must_use]
    pub fn names(&self) -> &[String] {
        &self.0.names
    }

    /// All certificates in use, the root first.
    #[must_use]
    pub fn show(&self) -> Vec<CertificateInfo> {
        let mut all: Vec<_> =
            describe("root", self.0.authority.load().root()).into_iter().collect();
        for device in &self.0.devices {
            all.extend(
                device.acceptor.certificates().iter().filter_map(|c| describe(&device.name, c)),
            );
        }
        all.extend(describe("web", &self.0.web.certificate()));
        all
    }

    /// Reads all certificate files again. Everything is built first; only when all of it is good is it
    /// swapped in. Open connections keep what they have. Returns a line for each listener.
    pub async fn reload(&self) -> Result<Vec<String>, String> {
        let this = self.clone();
        let done = tokio::task::spawn_blocking(move || this.reload_now()).await;
        let result = done.unwrap_or_else(|panic| Err(panic.to_string()));
        match &result {
            Ok(lines) => {
                for listener in lines {
                    self.0
                        .events
                        .publish(Event::CertificatesReloaded { listener: listener.clone() });
                }
            }
            Err(reason) => self.0.events.publish(Event::CertificatesRefused {
                listener: "all".into(),
                reason: reason.clone(),
            }),
        }
        result
    }

    fn reload_now(&self) -> Result<Vec<String>, String> {
        let inner = &self.0;
        let authority = inner.authority.load();
        let mut built = Vec::new();
        for device in &inner.devices {
            let pairs = device_pairs(&authority, &inner.names, &device.files).map_err(|e| {
                format!("{}: {e}; the running certificates stay active", device.name)
            })?;
            let contexts = device.acceptor.build(&pairs).map_err(|e| {
                format!("{}: {e}; the running certificates stay active", device.name)
            })?;
            built.push((device, contexts));
        }
        let web = web_pair(&authority, &inner.web_names, inner.web_files.as_ref())
            .and_then(|pair| inner.web.build(pair))
            .map_err(|e| format!("web: {e}; the running certificates stay active"))?;
        let mut lines = Vec::new();
        for (device, contexts) in built {
            device.acceptor.swap(contexts);
            lines.push(device.name.clone());
        }
        inner.web.swap(web);
        lines.push("web".into());
        Ok(lines)
    }
}

fn root_certificate(certificate: X509) -> Result<RootCertificate, TlsError> {
    let (name, _) = names(&certificate);
    Ok(RootCertificate { name, der: certificate.to_der()? })
}

fn acceptor(
    authority: &Authority,
    client_ca: &[X509],
    profile: Profile,
    client: ClientCertificates,
    pairs: &[(Pair, Vec<X509>)],
) -> Result<DeviceAcceptor, TlsError> {
    let mut trusted = vec![authority.root().clone()];
    trusted.extend(authority.old_roots());
    trusted.extend(client_ca.iter().cloned());
    Ok(DeviceAcceptor::new(profile, client, trusted, pairs)?)
}

/// A listener's own certificates from files, or the two leaves of our authority: no single RSA key fits
/// all generations (AMT 12 rejects 3072 bits, AMT 22 rejects 2048).
fn device_pairs(
    authority: &Authority,
    names: &[String],
    files: &[CertificateFiles],
) -> Result<Vec<(Pair, Vec<X509>)>, TlsError> {
    if !files.is_empty() {
        return files.iter().map(|f| Ok(load_pair(&f.certificate, &f.key)?)).collect();
    }
    let mut pairs = Vec::new();
    // Both sizes of key mostly have the same reason: it is said once.
    let mut said = None;
    for leaf in [Leaf::Device2048, Leaf::Device3072] {
        let (pair, why) = authority.leaf(leaf, names)?;
        if why.is_some() && why != said {
            if let Some(why) = &why {
                tracing::warn!("device certificate issued anew: {why}");
            }
            said = why;
        }
        pairs.push((pair, Vec::new()));
    }
    Ok(pairs)
}

fn web_pair(
    authority: &Authority,
    names: &[String],
    files: Option<&CertificateFiles>,
) -> Result<(Pair, Vec<X509>), TlsError> {
    match files {
        Some(files) => Ok(load_pair(&files.certificate, &files.key)?),
        None => Ok((authority.leaf(Leaf::Web, names)?.0, Vec::new())),
    }
}

/// The configured names; without any, this host's name and loopback.
pub(super) fn own_names(configured: &[String]) -> Vec<String> {
    if !configured.is_empty() {
        return configured.to_vec();
    }
    let host = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    let mut names = vec![host.trim().to_owned()];
    names.retain(|name| !name.is_empty() && name != "localhost");
    names.extend(["localhost", "127.0.0.1", "::1"].map(String::from));
    names
}

/// CN and all names of a certificate.
pub(super) fn names(certificate: &X509) -> (String, Vec<String>) {
    let common_name = certificate
        .subject_name()
        .entries_by_nid(Nid::COMMONNAME)
        .next()
        .map(|entry| String::from_utf8_lossy(entry.data().as_slice()).into_owned())
        .unwrap_or_default();
    let mut names = vec![common_name.clone()];
    for alternative in certificate.subject_alt_names().into_iter().flatten() {
        let address = match alternative.ipaddress() {
            Some(bytes) => match bytes.len() {
                4 => <[u8; 4]>::try_from(bytes).ok().map(IpAddr::from),
                16 => <[u8; 16]>::try_from(bytes).ok().map(IpAddr::from),
                _ => None,
            },
            None => None,
        };
        let text = address.map(|a| a.to_string()).or(alternative.dnsname().map(str::to_owned));
        names.extend(text.filter(|t| *t != common_name));
    }
    (common_name, names)
}

pub(super) fn describe(listener: &str, certificate: &X509) -> Option<CertificateInfo> {
    let (common_name, names) = names(certificate);
    let digest = certificate.digest(MessageDigest::sha256()).ok()?;
    Some(CertificateInfo {
        listener: listener.to_owned(),
        subject: common_name,
        names,
        not_before: certificate.not_before().to_string(),
        not_after: certificate.not_after().to_string(),
        key_bits: certificate.public_key().ok()?.bits(),
        signature: certificate
            .signature_algorithm()
            .object()
            .nid()
            .long_name()
            .unwrap_or("unknown")
            .to_owned(),
        sha256: digest.iter().map(|b| format!("{b:02x}")).collect(),
        pem: String::from_utf8(certificate.to_pem().ok()?).ok()?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use time::macros::datetime;

    #[test]
    fn times_of_certificates_are_read() {
        assert_eq!(time_of("Nov 23 10:51:09 2026 GMT"), Some(datetime!(2026-11-23 10:51:09 UTC)));
        assert_eq!(time_of("Jan  3 00:00:00 2050 GMT"), Some(datetime!(2050-01-03 00:00:00 UTC)));
        assert_eq!(time_of("soon"), None);
    }
}
