//! TLS towards others (webhooks, brokers, secret stores), by rustls: with the roots of this system, or with those of
//! a file.

use super::TlsError;
use rustls::{
    ClientConfig, RootCertStore,
    crypto::aws_lc_rs,
    pki_types::{CertificateDer, ServerName, pem::PemObject},
};
use std::{io, path::Path, sync::Arc};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_rustls::{TlsConnector, client::TlsStream};

/// Whom to trust, ready for connections.
#[derive(Clone)]
pub struct OutgoingTls(TlsConnector);

impl std::fmt::Debug for OutgoingTls {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("OutgoingTls")
    }
}

impl OutgoingTls {
    /// Trusts the certificates of this PEM file and no others; without one those that this system trusts.
    ///
    /// # Errors
    /// When there is nothing to trust.
    pub fn new(ca: Option<&Path>) -> Result<Self, TlsError> {
        let mut roots = RootCertStore::empty();
        match ca {
            Some(path) => {
                let broken = |error: String| TlsError::Io {
                    path: path.to_owned(),
                    source: io::Error::other(error),
                };
                let certificates = CertificateDer::pem_file_iter(path)
                    .map_err(|error| broken(error.to_string()))?;
                for certificate in certificates {
                    let certificate = certificate.map_err(|error| broken(error.to_string()))?;
                    roots.add(certificate).map_err(|error| broken(error.to_string()))?;
                }
                if roots.is_empty() {
                    return Err(broken("has no certificate".to_owned()));
                }
            }
            None => {
                let (taken, _) =
                    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
                if taken == 0 {
                    return Err(TlsError::Rustls(
                        "this system trusts no certificate at all; install its CA certificates, or name a PEM file as `ca`".to_owned(),
                    ));
                }
            }
        }
        let mut config =
            ClientConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
                .with_safe_default_protocol_versions()
                .map_err(|error| TlsError::Rustls(error.to_string()))?
                .with_root_certificates(roots)
                .with_no_client_auth();
        config.enable_sni = true;
        Ok(Self(TlsConnector::from(Arc::new(config))))
    }

    /// Shakes hands with `host`, whose certificate must name it.
    pub async fn connect<T>(&self, host: &str, io: T) -> io::Result<TlsStream<T>>
    where
        T: AsyncRead + AsyncWrite + Unpin,
    {
        let name = ServerName::try_from(host.to_owned())
            .map_err(|_| io::Error::other(format!("`{host}` is no host name")))?;
        self.0.connect(name, io).await
    }
}
