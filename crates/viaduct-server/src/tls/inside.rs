//! TLS inside a tunnel: we are the client of a platform's own port 16993 or 16995.
//!
//! Installed firmware speaks what OpenSSL's level 0 still knows, and its certificate is its own affair (often signed by
//! itself), so the chain is not judged here: the caller compares the fingerprint with the one it knows.

use super::{Rewind, Stream, gather::Gather, profile};
use crate::config::Profile;
use bytes::Bytes;
use openssl::{
    asn1::{Asn1Time, Asn1TimeRef},
    error::ErrorStack,
    hash::MessageDigest,
    ssl::{ErrorCode, Ssl, SslContext, SslVerifyMode},
};
use std::{pin::Pin, sync::OnceLock};
use time::OffsetDateTime;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_openssl::SslStream;

/// Why there is no TLS with the platform.
#[derive(Debug, thiserror::Error)]
pub enum InsideError {
    /// The library would not.
    #[error("{0}")]
    Library(#[from] ErrorStack),
    /// The platform would not.
    #[error("{0}")]
    Handshake(String),
    /// There is nothing to recognise it by.
    #[error("the device showed no certificate")]
    NoCertificate,
}

/// The certificate that a platform showed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shown {
    /// SHA-256 of its DER.
    pub sha256: [u8; 32],
    /// When it ends, if it says so in a way that can be read.
    pub not_after: Option<OffsetDateTime>,
}

/// Shakes hands with a platform. Gives the stream and the platform's certificate.
///
/// # Errors
/// When the handshake fails. The caller sets the deadline.
pub async fn connect<T: AsyncRead + AsyncWrite + Unpin + Send>(
    io: T,
) -> Result<(Stream<T>, Shown), InsideError> {
    let ssl = Ssl::new(context()?)?;
    let mut stream = SslStream::new(ssl, Gather::new(Rewind::new(Bytes::new(), io)))?;
    Pin::new(&mut stream).connect().await.map_err(|error| {
        InsideError::Handshake(match error.code() {
            ErrorCode::SYSCALL | ErrorCode::ZERO_RETURN if error.ssl_error().is_none() => {
                "the device closed the connection during the handshake".to_owned()
            }
            _ => error.to_string(),
        })
    })?;
    let certificate = stream.ssl().peer_certificate().ok_or(InsideError::NoCertificate)?;
    let digest = certificate.digest(MessageDigest::sha256())?;
    let sha256 = digest.as_ref().try_into().map_err(|_| InsideError::NoCertificate)?;
    let shown = Shown { sha256, not_after: moment(certificate.not_after()) };
    Ok((Stream::Tls(Box::new(stream)), shown))
}

fn moment(time: &Asn1TimeRef) -> Option<OffsetDateTime> {
    let since = Asn1Time::from_unix(0).ok()?.diff(time).ok()?;
    let seconds = i64::from(since.days) * 86_400 + i64::from(since.secs);
    OffsetDateTime::from_unix_timestamp(seconds).ok()
}

/// One context for all platforms; nothing in it belongs to one of them.
fn context() -> Result<&'static SslContext, ErrorStack> {
    static CONTEXT: OnceLock<SslContext> = OnceLock::new();
    if let Some(context) = CONTEXT.get() {
        return Ok(context);
    }
    let mut builder = profile::client_builder(Profile::Legacy)?;
    builder.set_verify(SslVerifyMode::NONE);
    Ok(CONTEXT.get_or_init(|| builder.build()))
}
