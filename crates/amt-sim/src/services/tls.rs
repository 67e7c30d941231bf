//! TLS on the ports that have it: key, certificate, handshake.

use std::{fmt, io, pin::Pin, time::Duration};

use openssl::{
    asn1::Asn1Time,
    bn::{BigNum, MsbOption},
    error::ErrorStack,
    hash::MessageDigest,
    pkey::{PKey, Private},
    rsa::Rsa,
    ssl::{Ssl, SslAcceptor, SslMethod},
    x509::{
        X509, X509Builder, X509NameBuilder,
        extension::{BasicConstraints, ExtendedKeyUsage, KeyUsage, SubjectAlternativeName},
    },
};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    time::timeout,
};
use tokio_openssl::SslStream;

use super::host::Host;

/// A peer that has not finished its handshake by then is not waited for.
const HANDSHAKE: Duration = Duration::from_secs(20);
/// Longest common name that X.520 allows, in characters.
const COMMON_NAME: usize = 64;

/// Key and certificate of a platform's TLS ports.
#[derive(Clone)]
pub struct TlsIdentity {
    key: PKey<Private>,
    certificate: X509,
}

impl fmt::Debug for TlsIdentity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TlsIdentity").finish_non_exhaustive()
    }
}

impl TlsIdentity {
    /// A fresh RSA-2048 key with a certificate that it signed itself, for this name (CN and SAN).
    /// Takes some tenths of a second of computing.
    ///
    /// # Errors
    /// When OpenSSL fails, for instance for want of randomness.
    pub fn self_signed(name: &str) -> Result<Self, ErrorStack> {
        let key = PKey::from_rsa(Rsa::generate(2048)?)?;
        let mut subject = X509NameBuilder::new()?;
        let common_name: String = name.chars().take(COMMON_NAME).collect();
        subject.append_entry_by_text("CN", &common_name)?;
        let subject = subject.build();
        let mut serial = BigNum::new()?;
        serial.rand(127, MsbOption::ONE, false)?;
        let mut builder = X509Builder::new()?;
        builder.set_version(2)?;
        builder.set_serial_number(serial.to_asn1_integer()?.as_ref())?;
        builder.set_subject_name(&subject)?;
        builder.set_issuer_name(&subject)?;
        // PCs whose clock battery is empty look at it from the past.
        builder.set_not_before(Asn1Time::from_str("20200101000000Z")?.as_ref())?;
        builder.set_not_after(Asn1Time::from_str("20491231235959Z")?.as_ref())?;
        builder.set_pubkey(&key)?;
        builder.append_extension(BasicConstraints::new().critical().build()?)?;
        let usage = KeyUsage::new().digital_signature().key_encipherment().build()?;
        builder.append_extension(usage)?;
        builder.append_extension(ExtendedKeyUsage::new().server_auth().build()?)?;
        let context = builder.x509v3_context(None, None);
        let names = SubjectAlternativeName::new().dns(name).build(&context)?;
        builder.append_extension(names)?;
        builder.sign(&key, MessageDigest::sha256())?;
        Ok(Self { key, certificate: builder.build() })
    }

    /// Certificate and private key (PKCS #1) in DER.
    ///
    /// # Errors
    /// When OpenSSL fails.
    pub fn to_der(&self) -> Result<(Vec<u8>, Vec<u8>), ErrorStack> {
        Ok((self.certificate.to_der()?, self.key.rsa()?.private_key_to_der()?))
    }

    fn acceptor(&self) -> Result<SslAcceptor, ErrorStack> {
        let mut builder = SslAcceptor::mozilla_intermediate_v5(SslMethod::tls_server())?;
        builder.set_private_key(&self.key)?;
        builder.set_certificate(&self.certificate)?;
        builder.check_private_key()?;
        Ok(builder.build())
    }
}

/// Shakes hands as the server. The platform's key is made here when it has none yet.
pub(super) async fn accept<IO>(host: &Host, io: IO) -> io::Result<SslStream<IO>>
where
    IO: AsyncRead + AsyncWrite + Unpin,
{
    let acceptor = host.acceptor().get_or_try_init(|| make_acceptor(host)).await?;
    let ssl = Ssl::new(acceptor.context())?;
    let mut stream = SslStream::new(ssl, io)?;
    timeout(HANDSHAKE, Pin::new(&mut stream).accept())
        .await
        .map_err(|_| io::Error::from(io::ErrorKind::TimedOut))?
        .map_err(io::Error::other)?;
    Ok(stream)
}

async fn make_acceptor(host: &Host) -> io::Result<SslAcceptor> {
    let identity = match &host.config().tls {
        Some(identity) => identity.clone(),
        None => {
            let name = host.config().fqdn();
            let made = tokio::task::spawn_blocking(move || TlsIdentity::self_signed(&name));
            made.await.map_err(io::Error::other)??
        }
    };
    Ok(identity.acceptor()?)
}
