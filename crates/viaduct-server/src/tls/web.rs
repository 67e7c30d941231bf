//! The identity of the web listener, by rustls.

use super::{TlsError, authority::Pair};
use arc_swap::ArcSwap;
use openssl::x509::X509;
use rustls::{
    ServerConfig,
    crypto::aws_lc_rs,
    pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer},
    server::{ClientHello, ResolvesServerCert},
    sign::CertifiedKey,
};
use std::sync::Arc;
use tokio_rustls::TlsAcceptor;

/// What is presented now; swapped by a reload.
#[derive(Debug, Clone)]
pub struct WebIdentity(Arc<Current>);

#[derive(Debug)]
struct Current {
    key: ArcSwap<CertifiedKey>,
    certificate: ArcSwap<X509>,
}

impl ResolvesServerCert for Current {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(self.key.load_full())
    }
}

impl WebIdentity {
    pub(super) fn new(pair: (Pair, Vec<X509>)) -> Result<Self, TlsError> {
        let (key, certificate) = build(pair)?;
        Ok(Self(Arc::new(Current {
            key: ArcSwap::from_pointee(key),
            certificate: ArcSwap::from_pointee(certificate),
        })))
    }

    pub(super) fn build(&self, pair: (Pair, Vec<X509>)) -> Result<(CertifiedKey, X509), TlsError> {
        build(pair)
    }

    pub(super) fn swap(&self, (key, certificate): (CertifiedKey, X509)) {
        self.0.key.store(Arc::new(key));
        self.0.certificate.store(Arc::new(certificate));
    }

    pub(super) fn certificate(&self) -> X509 {
        X509::clone(&self.0.certificate.load())
    }

    /// An acceptor for HTTP/1.1 over TLS 1.2 and 1.3.
    pub fn acceptor(&self) -> Result<TlsAcceptor, TlsError> {
        let provider = Arc::new(aws_lc_rs::default_provider());
        let mut config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(|e| TlsError::Rustls(e.to_string()))?
            .with_no_client_auth()
            .with_cert_resolver(Arc::clone(&self.0) as Arc<dyn ResolvesServerCert>);
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(TlsAcceptor::from(Arc::new(config)))
    }
}

fn build((pair, chain): (Pair, Vec<X509>)) -> Result<(CertifiedKey, X509), TlsError> {
    let mut presented = vec![CertificateDer::from(pair.certificate.to_der()?)];
    for link in chain {
        presented.push(CertificateDer::from(link.to_der()?));
    }
    let der = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(pair.key.private_key_to_pkcs8()?));
    let key =
        aws_lc_rs::sign::any_supported_type(&der).map_err(|e| TlsError::Rustls(e.to_string()))?;
    let certified = CertifiedKey::new(presented, key);
    certified.keys_match().map_err(|e| TlsError::Rustls(e.to_string()))?;
    Ok((certified, pair.certificate))
}
