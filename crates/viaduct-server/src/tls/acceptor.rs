//! Handshakes with devices.

use super::{
    Io, Rewind, Stream,
    authority::Pair,
    gather::Gather,
    hello::{self, FirstBytes, HelloFacts},
    profile,
};
use crate::config::{ClientCertificates, Profile};
use arc_swap::ArcSwap;
use bytes::{Bytes, BytesMut};
use openssl::{
    error::ErrorStack,
    hash::MessageDigest,
    ssl::{Ssl, SslContext, SslMethod, SslVerifyMode},
    stack::Stack,
    x509::{X509, X509StoreContext, store::X509Store, store::X509StoreBuilder},
};
use std::{io, pin::Pin, sync::Arc};
use tokio::io::{AsyncRead, AsyncReadExt};
use tokio_openssl::SslStream;

/// What a handshake settled.
#[derive(Debug, Clone)]
pub struct TlsInfo {
    /// E.g. "TLSv1.2 ECDHE-RSA-AES128-GCM-SHA256".
    pub summary: String,
    /// What the device offered, when its hello could be read.
    pub hello: Option<Arc<HelloFacts>>,
    /// SHA-256 of the client's certificate, when it gave one that chains to a trusted CA.
    pub client_certificate: Option<[u8; 32]>,
}

/// Why a handshake failed.
#[derive(Debug)]
pub struct AcceptError {
    /// What happened, for people.
    pub reason: String,
    /// The alert that the device sent, if it sent one.
    pub alert: Option<u8>,
    /// What it offered.
    pub hello: Option<Arc<HelloFacts>>,
    /// True when nothing was sent at all (port scans, health checks).
    pub silent: bool,
}

/// Accepts devices on one listener. Clones share what is current.
#[derive(Debug, Clone)]
pub struct DeviceAcceptor(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    profile: Profile,
    client: ClientCertificates,
    trusted: Vec<X509>,
    current: ArcSwap<Contexts>,
}

/// One context for each certificate.
pub(super) struct Contexts {
    choices: Vec<Choice>,
    clients: X509Store,
}

impl std::fmt::Debug for Contexts {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Contexts").field("choices", &self.choices.len()).finish_non_exhaustive()
    }
}

struct Choice {
    context: SslContext,
    certificate: X509,
    bits: u32,
    names: Vec<String>,
}

/// Keys from this size on count as large.
const LARGE: u32 = 3072;

impl DeviceAcceptor {
    pub(super) fn new(
        profile: Profile,
        client: ClientCertificates,
        trusted: Vec<X509>,
        pairs: &[(Pair, Vec<X509>)],
    ) -> Result<Self, ErrorStack> {
        let contexts = build(profile, client, &trusted, pairs)?;
        let current = ArcSwap::from_pointee(contexts);
        Ok(Self(Arc::new(Inner { profile, client, trusted, current })))
    }

    pub(super) fn build(&self, pairs: &[(Pair, Vec<X509>)]) -> Result<Contexts, ErrorStack> {
        build(self.0.profile, self.0.client, &self.0.trusted, pairs)
    }

    pub(super) fn swap(&self, contexts: Contexts) {
        self.0.current.store(Arc::new(contexts));
    }

    pub(super) fn certificates(&self) -> Vec<X509> {
        self.0.current.load().choices.iter().map(|c| c.certificate.clone()).collect()
    }

    /// Shakes hands. The caller puts a deadline around it.
    pub async fn accept<T: Io>(&self, mut io: T) -> Result<(Stream<T>, TlsInfo), AcceptError> {
        let (first, hello) = read_hello(&mut io).await?;
        let contexts = self.0.current.load_full();
        let fail = |reason: String, alert| AcceptError {
            reason,
            alert,
            hello: hello.clone(),
            silent: false,
        };
        let context = choose(&contexts.choices, hello.as_deref());
        let mut stream = Ssl::new(context)
            .and_then(|ssl| SslStream::new(ssl, Gather::new(Rewind::new(first, io))))
            .map_err(|e| fail(e.to_string(), None))?;
        if let Err(error) = Pin::new(&mut stream).accept().await {
            let alert = error.ssl_error().and_then(received_alert);
            return Err(fail(explain(&error, alert, hello.as_deref()), alert));
        }
        let client_certificate = verify_client(&contexts.clients, stream.ssl());
        if self.0.client == ClientCertificates::Required && client_certificate.is_none() {
            let reason = "the client certificate does not chain to a trusted CA";
            return Err(fail(reason.into(), None));
        }
        let ssl = stream.ssl();
        let suite = ssl.current_cipher().map_or("", |c| c.name());
        let summary = format!("{} {suite}", ssl.version_str());
        stream.get_mut().begin();
        Ok((Stream::Tls(Box::new(stream)), TlsInfo { summary, hello, client_certificate }))
    }

    /// Shakes hands with itself at the lowest version that the profile promises. System-wide policy files
    /// can forbid it, and then old devices would fail without a word.
    pub async fn self_test(&self) -> Result<(), String> {
        let (near, far) = tokio::io::duplex(16 << 10);
        let client = self_test_client(self.0.profile)
            .and_then(|ssl| SslStream::new(ssl, far))
            .map_err(|e| e.to_string())?;
        let mut client = Box::pin(client);
        let (server, client) = tokio::join!(self.accept(near), client.as_mut().connect());
        match (server, client) {
            (Ok(_), Ok(())) => Ok(()),
            (Err(error), _) => Err(error.reason),
            (_, Err(error)) => Err(error.to_string()),
        }
    }
}

fn self_test_client(profile: Profile) -> Result<Ssl, ErrorStack> {
    let mut context = SslContext::builder(SslMethod::tls_client())?;
    context.set_security_level(profile::security_level(profile));
    let version = profile::lowest(profile);
    context.set_min_proto_version(Some(version))?;
    context.set_max_proto_version(Some(version))?;
    context.set_cipher_list(profile::weakest_suite(profile))?;
    Ssl::new(&context.build())
}

fn build(
    profile: Profile,
    client: ClientCertificates,
    trusted: &[X509],
    pairs: &[(Pair, Vec<X509>)],
) -> Result<Contexts, ErrorStack> {
    let mut choices = Vec::new();
    for (pair, chain) in pairs {
        let mut context = profile::builder(profile)?;
        context.set_certificate(&pair.certificate)?;
        context.set_private_key(&pair.key)?;
        context.check_private_key()?;
        for certificate in chain {
            context.add_extra_chain_cert(certificate.clone())?;
        }
        let ask = match client {
            ClientCertificates::None => SslVerifyMode::NONE,
            ClientCertificates::Optional => SslVerifyMode::PEER,
            ClientCertificates::Required => {
                SslVerifyMode::PEER | SslVerifyMode::FAIL_IF_NO_PEER_CERT
            }
        };
        // The chain is checked after the handshake: a certificate that we do not know must not keep a
        // device out that also has a password.
        context.set_verify_callback(ask, |_, _| true);
        let bits = pair.certificate.public_key()?.bits();
        let (_, names) = super::certificates::names(&pair.certificate);
        choices.push(Choice {
            context: context.build(),
            certificate: pair.certificate.clone(),
            bits,
            names,
        });
    }
    let mut store = X509StoreBuilder::new()?;
    for certificate in trusted {
        store.add_cert(certificate.clone())?;
    }
    Ok(Contexts { choices, clients: store.build() })
}

/// SNI first (AMT is not known to send it), then the size of key that the hello hints at.
fn choose<'a>(choices: &'a [Choice], hello: Option<&HelloFacts>) -> &'a SslContext {
    let wants_large = hello.is_some_and(|h| !h.suites.is_empty() && !h.offers_aes_128());
    let name = hello.and_then(|h| h.server_name.as_deref());
    let named =
        |c: &Choice| name.is_some_and(|n| c.names.iter().any(|x| x.eq_ignore_ascii_case(n)));
    let fits = |c: &Choice| (c.bits >= LARGE) == wants_large;
    let best = choices.iter().max_by_key(|c| (named(c), fits(c)));
    // `max_by_key` takes the last of equals; the first configured one is meant to win.
    let best = best.map(|b| (named(b), fits(b)));
    let first = choices.iter().find(|c| best == Some((named(c), fits(c))));
    &first.unwrap_or(&choices[0]).context
}

async fn read_hello<T: AsyncRead + Unpin>(
    io: &mut T,
) -> Result<(Bytes, Option<Arc<HelloFacts>>), AcceptError> {
    let mut first = BytesMut::with_capacity(1024);
    loop {
        match hello::read(&first) {
            FirstBytes::Hello(facts) => return Ok((first.freeze(), Some(Arc::new(*facts)))),
            FirstBytes::Unreadable => return Ok((first.freeze(), None)),
            FirstBytes::NotTls => {
                let reason = "the first bytes are not TLS; is something else dialling this port?";
                return Err(AcceptError {
                    reason: reason.into(),
                    alert: None,
                    hello: None,
                    silent: false,
                });
            }
            FirstBytes::Incomplete => {}
        }
        let n = match io.read_buf(&mut first).await {
            Ok(n) => n,
            Err(error) => return Err(gone(&error.to_string(), first.is_empty())),
        };
        if n == 0 {
            return Err(gone("the connection was closed before a ClientHello", first.is_empty()));
        }
    }
}

fn gone(reason: &str, silent: bool) -> AcceptError {
    AcceptError { reason: reason.into(), alert: None, hello: None, silent }
}

/// OpenSSL numbers the alerts it receives as reasons from 1000 on.
fn received_alert(errors: &ErrorStack) -> Option<u8> {
    errors.errors().iter().find_map(|e| u8::try_from(e.reason_code().checked_sub(1000)?).ok())
}

fn explain(error: &openssl::ssl::Error, alert: Option<u8>, hello: Option<&HelloFacts>) -> String {
    if let Some(alert) = alert {
        let (words, _) = super::alert_words(alert);
        return format!("the device answered with TLS alert {alert} ({words})");
    }
    let offered = hello.map_or(String::new(), |h| format!(" (it offered {})", h.summary()));
    if let Some(errors) = error.ssl_error() {
        let reason = errors.errors().iter().find_map(|e| e.reason()).unwrap_or("handshake failed");
        let advice = match reason {
            "unsupported protocol" | "no shared cipher" | "version too low" => {
                "; update its firmware, or give old firmware a listener of its own with profile = \"legacy\" (E2061)"
            }
            _ => "",
        };
        return format!("{reason}{offered}{advice}");
    }
    match error.io_error() {
        Some(error) if error.kind() != io::ErrorKind::UnexpectedEof => format!("{error}{offered}"),
        _ => format!("the device closed the connection during the handshake{offered}"),
    }
}

/// SHA-256 of the client's certificate when its chain leads to a trusted CA.
fn verify_client(store: &X509Store, ssl: &openssl::ssl::SslRef) -> Option<[u8; 32]> {
    let certificate = ssl.peer_certificate()?;
    let mut chain = Stack::new().ok()?;
    for link in ssl.peer_cert_chain().into_iter().flatten() {
        chain.push(link.to_owned()).ok()?;
    }
    let mut context = X509StoreContext::new().ok()?;
    let trusted = context.init(store, &certificate, &chain, |c| c.verify_cert()).ok()?;
    let digest = certificate.digest(MessageDigest::sha256()).ok()?;
    trusted.then(|| digest.as_ref().try_into().ok()).flatten()
}
