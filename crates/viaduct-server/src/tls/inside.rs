//! TLS inside a tunnel: we are the client of a platform's own port 16993 or 16995.
//!
//! Installed firmware speaks what OpenSSL's level 0 still knows, and its certificate is its own affair (often signed by
//! itself), so the chain is not judged here: the caller compares the fingerprint with the one it knows.

use super::{Rewind, Stream, gather::Gather, profile};
use crate::config::Profile;
use bytes::Bytes;
use openssl::{
    error::ErrorStack,
    hash::MessageDigest,
    ssl::{ErrorCode, Ssl, SslContext, SslVerifyMode},
};
use std::{pin::Pin, sync::OnceLock};
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

/// Shakes hands with a platform. Gives the stream and the SHA-256 of the platform's certificate (DER).
///
/// # Errors
/// When the handshake fails. The caller sets the deadline.
pub async fn connect<T: AsyncRead + AsyncWrite + Unpin + Send>(
    io: T,
) -> Result<(Stream<T>, [u8; 32]), InsideError> {
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
    let fingerprint = digest.as_ref().try_into().map_err(|_| InsideError::NoCertificate)?;
    Ok((Stream::Tls(Box::new(stream)), fingerprint))
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
