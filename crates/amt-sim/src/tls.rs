//! The platform as a TLS client: what it offers, what it takes, and which alert says so.

use crate::{
    Firmware,
    certificates::{Certificates, Der},
    configured::lock,
    remote_access::{Code, Login},
};
use openssl::{
    error::ErrorStack,
    nid::Nid,
    pkey::PKey,
    rsa::Rsa,
    ssl::{
        self, Ssl, SslContext, SslContextBuilder, SslMethod, SslMode, SslSessionCacheMode,
        SslVerifyMode,
    },
    x509::{X509, X509Ref, X509StoreContextRef},
};
use std::{
    pin::Pin,
    sync::{Arc, Mutex, OnceLock},
};
use tokio::net::TcpStream;
use tokio_openssl::SslStream;

mod alert;

pub(crate) use alert::{alert_name, alert_received};

/// A client certificate with its key (AMT's mutual TLS).
#[derive(Clone)]
pub struct ClientCertificate {
    /// The certificate, PEM.
    pub certificate_pem: String,
    /// Private key, PEM.
    pub key_pem: String,
}

impl std::fmt::Debug for ClientCertificate {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("ClientCertificate(..)")
    }
}

impl ClientCertificate {
    /// Puts it into a platform's certificate store, and answers with its handle.
    pub(crate) fn install(&self, store: &mut Certificates) -> Result<u32, TlsSetupError> {
        let stack = TlsSetupError::Client;
        let leaf = X509::from_pem(self.certificate_pem.as_bytes()).map_err(stack)?;
        let key = PKey::private_key_from_pem(self.key_pem.as_bytes()).map_err(stack)?;
        let key = key.rsa().and_then(|key| key.private_key_to_der()).map_err(stack)?;
        let leaf = leaf.to_der().map_err(stack)?;
        match store.add_key(&key) {
            Ok(_) | Err(Code::Duplicate) => {}
            Err(code) => return Err(TlsSetupError::Store(code)),
        }
        store.add_certificate(&leaf).map_err(TlsSetupError::Store)
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
    /// The platform's certificate store does not take the client certificate.
    #[error(
        "the platform's store does not take the client certificate ({0}); its key must be RSA and belong to it"
    )]
    Store(Code),
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

/// TLS clients kept by a pool; more are made anew each time.
const KEPT: usize = 16;

/// The TLS clients of one generation of firmware. A fleet whose members hold the same certificates shares one.
pub(crate) struct TlsPool {
    firmware: Arc<Firmware>,
    made: Mutex<Vec<(Holds, ClientTls)>>,
}

/// The certificates that a TLS client was made with.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Holds {
    roots: Vec<Der>,
    own: Option<(Der, Der)>,
}

impl TlsPool {
    pub(crate) fn new(firmware: Arc<Firmware>) -> Self {
        Self { firmware, made: Mutex::default() }
    }

    /// The client that trusts the roots of a store and shows what a login wants.
    pub(crate) fn client(
        &self,
        store: &Certificates,
        login: &Login,
    ) -> Result<ClientTls, TlsSetupError> {
        let own = match login {
            Login::Certificate(handle) => {
                let (certificate, key) =
                    store.identity(*handle).ok_or(TlsSetupError::Store(Code::InvalidParameter))?;
                Some((certificate.der.clone(), key.der.clone()))
            }
            Login::Password { .. } => None,
        };
        let holds = Holds { roots: store.roots().map(|root| root.der.clone()).collect(), own };
        let mut made = lock(&self.made);
        if let Some((_, client)) = made.iter().find(|(has, _)| *has == holds) {
            return Ok(client.clone());
        }
        let client = ClientTls::new(&self.firmware, &holds)?;
        if made.len() == KEPT {
            made.remove(0);
        }
        made.push((holds, client.clone()));
        Ok(client)
    }
}

/// A firmware's TLS client with the roots it trusts.
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
    fn new(firmware: &Firmware, holds: &Holds) -> Result<Self, TlsSetupError> {
        let profile = |source| TlsSetupError::Profile { firmware: firmware.name.clone(), source };
        let mut context = offer(firmware).map_err(profile)?;
        for root in &holds.roots {
            let root = X509::from_der(root.bytes()).map_err(TlsSetupError::Root)?;
            context.cert_store_mut().add_cert(root).map_err(TlsSetupError::Root)?;
        }
        if let Some((certificate, key)) = &holds.own {
            present(&mut context, certificate, key).map_err(TlsSetupError::Client)?;
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

/// The root to which the server's certificate led, in DER.
pub(crate) fn root_of(stream: &SslStream<TcpStream>) -> Option<Vec<u8>> {
    stream.ssl().verified_chain()?.iter().last()?.to_der().ok()
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

fn present(context: &mut SslContextBuilder, leaf: &Der, key: &Der) -> Result<(), ErrorStack> {
    context.set_certificate(X509::from_der(leaf.bytes())?.as_ref())?;
    let key = PKey::from_rsa(Rsa::private_key_from_der(key.bytes())?)?;
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
