//! Which certificate of a server we believe.

use super::Remote;
use crate::failure::{Failure, Result};
use rustls::{
    CertificateError, ClientConfig, DigitallySignedStruct, Error, RootCertStore, SignatureScheme,
    client::{
        WebPkiServerVerifier,
        danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
    },
    crypto::{CryptoProvider, aws_lc_rs, verify_tls12_signature, verify_tls13_signature},
    pki_types::{CertificateDer, ServerName, UnixTime, pem::PemObject},
};
use sha2::{Digest, Sha256};
use std::{
    env, fs, io,
    path::Path,
    sync::{Arc, Mutex, PoisonError},
};
use viaduct_api::Code;
use viaduct_server::config::DataDir;

/// Where Linux distributions keep the CAs that everybody trusts.
const SYSTEM_FILES: [&str; 3] =
    ["/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt", "/etc/ssl/cert.pem"];

/// What a server's certificate must be.
#[derive(Debug, Clone)]
pub(crate) enum Trust {
    /// One that a CA of this system vouches for.
    System,
    /// One that these vouch for.
    Roots(Vec<CertificateDer<'static>>),
    /// Exactly this one: SHA-256 of its DER.
    Fingerprint([u8; 32]),
}

impl Trust {
    /// The CAs of a PEM file.
    pub(crate) fn from_file(file: &Path) -> Result<Self> {
        let pem = fs::read(file).map_err(|error| Failure::local(file.display(), error))?;
        Self::from_pem(&pem)
    }

    /// The CAs of a PEM text.
    pub(crate) fn from_pem(pem: &[u8]) -> Result<Self> {
        let roots: std::result::Result<Vec<_>, _> = CertificateDer::pem_slice_iter(pem).collect();
        match roots {
            Ok(roots) if !roots.is_empty() => Ok(Self::Roots(roots)),
            Ok(_) => Err(Failure::usage("the CA file has no certificate")),
            Err(error) => Err(Failure::usage(format!("the CA file cannot be read: {error:?}"))),
        }
    }
}

/// The root of the server whose data directory this is, when we may read it.
pub(crate) fn own_root(directory: &Path) -> Option<Vec<u8>> {
    fs::read(DataDir::existing(directory).ok()?.ca().join("root.pem")).ok()
}

/// 64 hexadecimal digits, with or without colons.
pub(crate) fn parse_fingerprint(text: &str) -> Result<[u8; 32]> {
    let bad =
        || Failure::usage("a fingerprint is a SHA-256 in hex, as `viaduct cert show` prints it");
    let digits: String = text.chars().filter(|c| *c != ':').collect();
    if digits.len() != 64 || !digits.is_ascii() {
        return Err(bad());
    }
    let mut bytes = [0; 32];
    for (index, byte) in bytes.iter_mut().enumerate() {
        *byte = u8::from_str_radix(&digits[2 * index..2 * index + 2], 16).map_err(|_| bad())?;
    }
    Ok(bytes)
}

/// SHA-256 of a certificate, in hex.
pub(crate) fn fingerprint_of(certificate: &[u8]) -> String {
    Sha256::digest(certificate).iter().map(|byte| format!("{byte:02x}")).collect()
}

fn provider() -> Arc<CryptoProvider> {
    Arc::new(aws_lc_rs::default_provider())
}

/// TLS 1.2 and 1.3 with this trust.
pub(super) fn client_config(trust: &Trust) -> Result<Arc<ClientConfig>> {
    let fault = |error: &dyn std::fmt::Display| Failure::local("TLS", error);
    let builder = ClientConfig::builder_with_provider(provider())
        .with_safe_default_protocol_versions()
        .map_err(|error| fault(&error))?;
    let config = match trust {
        Trust::Fingerprint(expected) => builder
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(Pinned::new(Some(*expected))))
            .with_no_client_auth(),
        Trust::Roots(certificates) => {
            let mut roots = RootCertStore::empty();
            for certificate in certificates {
                roots.add(certificate.clone()).map_err(|error| fault(&error))?;
            }
            builder.with_root_certificates(roots).with_no_client_auth()
        }
        Trust::System => builder.with_root_certificates(system_roots()?).with_no_client_auth(),
    };
    Ok(Arc::new(config))
}

fn system_roots() -> Result<RootCertStore> {
    let mut roots = RootCertStore::empty();
    let named = env::var_os("SSL_CERT_FILE");
    let files = named.iter().map(Path::new).chain(SYSTEM_FILES.iter().map(Path::new));
    for file in files {
        let Ok(pem) = fs::read(file) else { continue };
        // Old CAs that cannot be read are left out, as everybody does.
        roots.add_parsable_certificates(CertificateDer::pem_slice_iter(&pem).flatten());
        if !roots.is_empty() {
            return Ok(roots);
        }
    }
    Err(Failure::new(Code::Untrusted, "this system has no list of trusted CAs"))
}

/// What went wrong in a handshake.
pub(super) fn explain(remote: &Remote, error: &io::Error) -> Failure {
    let tls = error.get_ref().and_then(|inner| inner.downcast_ref::<Error>());
    match tls {
        Some(Error::InvalidCertificate(why)) => {
            let why = match why {
                CertificateError::UnknownIssuer => "no CA that we trust vouches for it".to_owned(),
                CertificateError::NotValidForName
                | CertificateError::NotValidForNameContext { .. } => {
                    format!("it is not for `{}`", remote.host)
                }
                CertificateError::ApplicationVerificationFailure => {
                    "its fingerprint is another one".to_owned()
                }
                other => format!("{other:?}"),
            };
            Failure::new(Code::Untrusted, format!("the certificate of {}: {why}", remote.url()))
        }
        _ => Failure::new(Code::Unreachable, format!("TLS with {}: {error}", remote.url())),
    }
}

/// Shakes hands without believing anything and tells which certificate was shown. Nothing is sent after it.
pub(crate) async fn look(remote: &Remote) -> Result<Vec<u8>> {
    let verifier = Arc::new(Pinned::new(None));
    let config = ClientConfig::builder_with_provider(provider())
        .with_safe_default_protocol_versions()
        .map_err(|error| Failure::local("TLS", error))?
        .dangerous()
        .with_custom_certificate_verifier(Arc::clone(&verifier) as Arc<dyn ServerCertVerifier>)
        .with_no_client_auth();
    let address = (remote.host.as_str(), remote.port);
    let unreachable =
        |error: io::Error| Failure::new(Code::Unreachable, format!("{}: {error}", remote.url()));
    let tcp = tokio::net::TcpStream::connect(address).await.map_err(unreachable)?;
    let name = ServerName::try_from(remote.host.clone())
        .map_err(|_| Failure::usage(format!("`{}` is no host name", remote.host)))?;
    let io = tokio_rustls::TlsConnector::from(Arc::new(config)).connect(name, tcp).await;
    drop(io.map_err(unreachable)?);
    let seen = verifier.seen.lock().unwrap_or_else(PoisonError::into_inner).take();
    seen.ok_or_else(|| Failure::new(Code::Untrusted, "the server showed no certificate"))
}

/// Believes one certificate; with None, remembers the one it sees and believes it for one handshake.
#[derive(Debug)]
struct Pinned {
    expected: Option<[u8; 32]>,
    seen: Mutex<Option<Vec<u8>>>,
    provider: Arc<CryptoProvider>,
}

impl Pinned {
    fn new(expected: Option<[u8; 32]>) -> Self {
        Self { expected, seen: Mutex::default(), provider: provider() }
    }
}

impl ServerCertVerifier for Pinned {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> std::result::Result<ServerCertVerified, Error> {
        let believed = match self.expected {
            Some(expected) => Sha256::digest(end_entity).as_slice() == expected.as_slice(),
            None => {
                let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
                *seen = Some(end_entity.to_vec());
                true
            }
        };
        match believed {
            true => Ok(ServerCertVerified::assertion()),
            false => Err(CertificateError::ApplicationVerificationFailure.into()),
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> std::result::Result<HandshakeSignatureValid, Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        verify_tls12_signature(message, certificate, signature, algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> std::result::Result<HandshakeSignatureValid, Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        verify_tls13_signature(message, certificate, signature, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}

/// Whether a certificate that was shown is vouched for by these roots, for this host, now.
pub(crate) fn vouched(pem: &str, shown: &[u8], host: &str) -> bool {
    let Ok(Trust::Roots(certificates)) = Trust::from_pem(pem.as_bytes()) else { return false };
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(certificates);
    let builder = WebPkiServerVerifier::builder_with_provider(Arc::new(roots), provider());
    let (Ok(verifier), Ok(name)) = (builder.build(), ServerName::try_from(host.to_owned())) else {
        return false;
    };
    let shown = CertificateDer::from(shown);
    verifier.verify_server_cert(&shown, &[], &name, &[], UnixTime::now()).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fingerprints_are_read_with_and_without_colons() {
        let plain = "ab".repeat(32);
        let colons = vec!["AB"; 32].join(":");
        assert_eq!(parse_fingerprint(&plain).unwrap(), [0xab; 32]);
        assert_eq!(parse_fingerprint(&colons).unwrap(), [0xab; 32]);
        for bad in ["", "ab", &"zz".repeat(32), &"ä".repeat(32)] {
            assert!(parse_fingerprint(bad).is_err(), "{bad}");
        }
    }
}
