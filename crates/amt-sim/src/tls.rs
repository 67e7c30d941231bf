//! The platform as a TLS client: what it offers, what it takes, and which alert says so.

use crate::Firmware;
use openssl::{
    error::ErrorStack,
    nid::Nid,
    pkey::PKey,
    ssl::{
        self, Ssl, SslContext, SslContextBuilder, SslMethod, SslMode, SslSessionCacheMode,
        SslVerifyMode,
    },
    x509::{X509, X509Ref, X509StoreContextRef},
};
use std::{
    pin::Pin,
    sync::{Arc, OnceLock},
};
use tokio::net::TcpStream;
use tokio_openssl::SslStream;

mod alert;

pub(crate) use alert::{alert_name, alert_received};

/// A client certificate with its key (AMT's mutual TLS).
#[derive(Clone)]
pub struct ClientCertificate {
    /// Certificate and the chain that may follow it, PEM.
    pub certificate_pem: String,
    /// Private key, PEM.
    pub key_pem: String,
}

impl std::fmt::Debug for ClientCertificate {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("ClientCertificate(..)")
    }
}

/// Why a platform's TLS cannot be set up.
#[derive(Debug, thiserror::Error)]
pub enum TlsSetupError {
    /// There is no certificate among the trusted roots.
    #[error(
        "the trusted root holds no certificate in PEM form; give the file that the server exports as its root"
    )]
    NoRoot,
    /// The roots cannot be read.
    #[error(
        "the trusted root cannot be read ({0}); give the file that the server exports as its root"
    )]
    Root(#[source] ErrorStack),
    /// The client certificate cannot be used.
    #[error(
        "the client certificate cannot be used ({0}); certificate and key must be PEM and belong together"
    )]
    Client(#[source] ErrorStack),
    /// OpenSSL does not take a profile.
    #[error(
        "OpenSSL refuses the settings of firmware {firmware} ({source}); this build of OpenSSL lacks a version or suite of it"
    )]
    Profile {
        /// The profile's name.
        firmware: String,
        /// What OpenSSL says.
        source: ErrorStack,
    },
}

/// A firmware's TLS client with the roots it trusts. Shared by a whole fleet.
#[derive(Clone)]
pub(crate) struct ClientTls {
    context: SslContext,
    leaf_rsa: [u32; 2],
}

impl std::fmt::Debug for ClientTls {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("ClientTls(..)")
    }
}

/// Why there is no TLS.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Refusal {
    /// The alert that went out or came in.
    pub(crate) alert: Option<u8>,
    pub(crate) why: String,
}

impl ClientTls {
    pub(crate) fn new(
        firmware: &Firmware,
        root_pem: &str,
        client: Option<&ClientCertificate>,
    ) -> Result<Self, TlsSetupError> {
        let profile = |source| TlsSetupError::Profile { firmware: firmware.name.clone(), source };
        let mut context = offer(firmware).map_err(profile)?;
        let roots = X509::stack_from_pem(root_pem.as_bytes()).map_err(TlsSetupError::Root)?;
        if roots.is_empty() {
            return Err(TlsSetupError::NoRoot);
        }
        for root in roots {
            context.cert_store_mut().add_cert(root).map_err(TlsSetupError::Root)?;
        }
        if let Some(client) = client {
            present(&mut context, client).map_err(TlsSetupError::Client)?;
        }
        Ok(Self { context: context.build(), leaf_rsa: firmware.leaf_rsa })
    }

    /// Shakes hands. The certificate must lead to a trusted root, have a key of a size the firmware takes, and
    /// carry `name` as its common name. No SNI is sent: firmware is not known to.
    pub(crate) async fn connect(
        &self,
        socket: TcpStream,
        name: &str,
    ) -> Result<SslStream<TcpStream>, Refusal> {
        let own = |why: ErrorStack| Refusal { alert: None, why: why.to_string() };
        let verdict = Arc::new(OnceLock::new());
        let mut ssl = Ssl::new(&self.context).map_err(own)?;
        let check = Check { name: name.into(), leaf_rsa: self.leaf_rsa, verdict: verdict.clone() };
        ssl.set_verify_callback(SslVerifyMode::PEER, move |ok, chain| check.look_at(ok, chain));
        let mut stream = SslStream::new(ssl, socket).map_err(own)?;
        match Pin::new(&mut stream).connect().await {
            Ok(()) => Ok(stream),
            Err(error) => {
                let refused = verdict.get().cloned();
                Err(refused.unwrap_or_else(|| handshake_refusal(&error)))
            }
        }
    }
}

fn offer(firmware: &Firmware) -> Result<SslContextBuilder, ErrorStack> {
    let mut context = SslContext::builder(SslMethod::tls_client())?;
    // Firmware has no levels of strength: what it offers is all there is. Level 0 permits TLS 1.0 and 1.1.
    context.set_security_level(0);
    context.set_min_proto_version(Some(firmware.tls[0].for_openssl()))?;
    context.set_max_proto_version(Some(firmware.tls[1].for_openssl()))?;
    context.set_cipher_list(&firmware.suites)?;
    if let Some(suites) = &firmware.suites13 {
        context.set_ciphersuites(suites)?;
    }
    if let Some(groups) = &firmware.groups {
        context.set_groups_list(groups)?;
    }
    context.set_session_cache_mode(SslSessionCacheMode::OFF);
    // RELEASE_BUFFERS halves what an idle connection holds.
    context.set_mode(
        SslMode::AUTO_RETRY
            | SslMode::ENABLE_PARTIAL_WRITE
            | SslMode::ACCEPT_MOVING_WRITE_BUFFER
            | SslMode::RELEASE_BUFFERS,
    );
    Ok(context)
}

fn present(context: &mut SslContextBuilder, client: &ClientCertificate) -> Result<(), ErrorStack> {
    let mut chain = X509::stack_from_pem(client.certificate_pem.as_bytes())?.into_iter();
    let Some(leaf) = chain.next() else { return Err(ErrorStack::get()) };
    context.set_certificate(&leaf)?;
    for certificate in chain {
        context.add_extra_chain_cert(certificate)?;
    }
    let key = PKey::private_key_from_pem(client.key_pem.as_bytes())?;
    context.set_private_key(&key)?;
    context.check_private_key()
}

/// What a server's certificate must satisfy; lives as long as the handshake's callback.
struct Check {
    name: String,
    leaf_rsa: [u32; 2],
    verdict: Arc<OnceLock<Refusal>>,
}

impl Check {
    /// Called by OpenSSL for each certificate of the chain, the server's own last. `false` ends the handshake
    /// with an alert that OpenSSL derives from the error that is set.
    fn look_at(&self, trusted: bool, chain: &mut X509StoreContextRef) -> bool {
        if !trusted {
            let error = chain.error();
            let alert = alert::for_verify_error(error.as_raw());
            self.refuse(
                alert,
                format!("the server's certificate is not trusted: {}", error.error_string()),
            );
            return false;
        }
        if chain.error_depth() != 0 {
            return true;
        }
        let Some(leaf) = chain.current_cert() else { return false };
        let Some(why) = self.objection(leaf) else { return true };
        // A certificate that did not issue itself: the plainest error of those that become alert 46.
        let error = leaf.issued(leaf);
        let alert = alert::for_verify_error(error.as_raw());
        chain.set_error(error);
        self.refuse(alert, why);
        false
    }

    fn objection(&self, leaf: &X509Ref) -> Option<String> {
        let [smallest, largest] = self.leaf_rsa;
        let key = leaf.public_key().ok()?;
        let bits = key.bits();
        match key.rsa() {
            Err(_) => {
                return Some(
                    "the server's key is not RSA, which this firmware does not take".into(),
                );
            }
            Ok(_) if bits < smallest || bits > largest => {
                return Some(format!(
                    "the server's RSA key has {bits} bits, this firmware takes {smallest} to {largest}"
                ));
            }
            Ok(_) => {}
        }
        let subject = leaf.subject_name().entries_by_nid(Nid::COMMONNAME).next();
        let found = subject.and_then(|entry| entry.data().to_string().ok()).unwrap_or_default();
        (!found.eq_ignore_ascii_case(&self.name)).then(|| {
            format!(
                "the server's certificate is for `{found}`, the platform expects `{}`",
                self.name
            )
        })
    }

    fn refuse(&self, alert: u8, why: String) {
        // The first objection is the reason; OpenSSL may ask again while it gives up.
        self.verdict.get_or_init(|| Refusal { alert: Some(alert), why });
    }
}

fn handshake_refusal(error: &ssl::Error) -> Refusal {
    let Some(stack) = error.ssl_error() else {
        let why = match error.io_error() {
            Some(error) => format!("the connection broke during the handshake: {error}"),
            None => "the server closed the connection during the handshake".into(),
        };
        return Refusal { alert: None, why };
    };
    if let Some(alert) = alert_received(stack) {
        let why = format!("the server refused the handshake: alert {alert} {}", alert_name(alert));
        return Refusal { alert: Some(alert), why };
    }
    let reason = stack.errors().first().and_then(|error| error.reason()).unwrap_or("unknown error");
    Refusal {
        alert: alert::for_local_reason(reason),
        why: format!("the handshake failed: {reason}"),
    }
}
