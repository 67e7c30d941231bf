//! TLS policies of device listeners.

use crate::config::Profile;
use openssl::{
    bn::BigNum,
    dh::Dh,
    error::ErrorStack,
    ssl::{
        SslContext, SslContextBuilder, SslMethod, SslMode, SslOptions, SslSessionCacheMode,
        SslVersion,
    },
};

/// Never offered, whatever else a list says: without authentication, without encryption, broken.
const NEVER: &str =
    "!aNULL:!eNULL:!EXPORT:!LOW:!3DES:!RC4:!MD5:!PSK:!SRP:!DSS:!CAMELLIA:!SEED:!IDEA:!ARIA:!AESCCM";

/// Suites of TLS 1.2 and older, best first. RSA key exchange is what AMT 11 and 12 are known to need.
fn suites(profile: Profile) -> String {
    let offered = match profile {
        Profile::Modern => "ECDHE+AESGCM:ECDHE+CHACHA20",
        Profile::Default | Profile::Legacy => {
            "ECDHE+AESGCM:ECDHE+CHACHA20:DHE+AESGCM:kRSA+AESGCM:ECDHE+AES:DHE+AES:kRSA+AES"
        }
    };
    format!("{offered}:{NEVER}")
}

/// Lowest version that a profile promises.
pub(super) fn lowest(profile: Profile) -> SslVersion {
    match profile {
        Profile::Modern | Profile::Default => SslVersion::TLS1_2,
        Profile::Legacy => SslVersion::TLS1,
    }
}

/// A suite that must work at the lowest version; the self-test at start uses it.
pub(super) fn weakest_suite(profile: Profile) -> &'static str {
    match profile {
        Profile::Modern => "ECDHE-RSA-AES128-GCM-SHA256",
        Profile::Default | Profile::Legacy => "AES128-SHA",
    }
}

/// OpenSSL's security level. Versions and suites are limited above; 0 permits SHA-1 in handshake
/// signatures besides, and TLS 1.0 and 1.1 where the version allows them. A hello of TLS 1.2 without
/// `signature_algorithms` means SHA-1 (RFC 5246, section 7.4.1.4.1), and from level 1 on OpenSSL
/// refuses it even for RSA key exchange, which signs nothing.
pub(super) fn security_level(profile: Profile) -> u32 {
    match profile {
        Profile::Modern => 2,
        Profile::Default | Profile::Legacy => 0,
    }
}

/// A server context with a profile's policy and no certificate yet.
pub(super) fn builder(profile: Profile) -> Result<SslContextBuilder, ErrorStack> {
    let mut context = SslContext::builder(SslMethod::tls_server())?;
    context.set_security_level(security_level(profile));
    context.set_min_proto_version(Some(lowest(profile)))?;
    context.set_cipher_list(&suites(profile))?;
    context.set_groups_list("X25519:P-256:P-384:P-521")?;
    context.set_tmp_dh(group_14()?.as_ref())?;
    // Empty records before CBC data (a guard of TLS 1.0) choke embedded stacks, so ALL keeps them off.
    context.set_options(
        SslOptions::ALL
            | SslOptions::NO_COMPRESSION
            | SslOptions::NO_RENEGOTIATION
            | SslOptions::CIPHER_SERVER_PREFERENCE
            | SslOptions::NO_TICKET,
    );
    // RELEASE_BUFFERS is worth about 30 KiB for each idle device.
    context.set_mode(
        SslMode::AUTO_RETRY
            | SslMode::ENABLE_PARTIAL_WRITE
            | SslMode::ACCEPT_MOVING_WRITE_BUFFER
            | SslMode::RELEASE_BUFFERS,
    );
    context.set_session_id_context(b"viaduct")?;
    context.set_session_cache_mode(SslSessionCacheMode::SERVER);
    context.set_session_cache_size(1000);
    context.set_num_tickets(0)?;
    Ok(context)
}

/// A client context for platforms, with a profile's policy. Sessions are not kept: they would mix platforms.
pub(super) fn client_builder(profile: Profile) -> Result<SslContextBuilder, ErrorStack> {
    let mut context = SslContext::builder(SslMethod::tls_client())?;
    context.set_security_level(security_level(profile));
    context.set_min_proto_version(Some(lowest(profile)))?;
    context.set_cipher_list(&suites(profile))?;
    context
        .set_options(SslOptions::ALL | SslOptions::NO_COMPRESSION | SslOptions::NO_RENEGOTIATION);
    context.set_session_cache_mode(SslSessionCacheMode::OFF);
    context.set_mode(
        SslMode::AUTO_RETRY | SslMode::ENABLE_PARTIAL_WRITE | SslMode::ACCEPT_MOVING_WRITE_BUFFER,
    );
    Ok(context)
}

/// RFC 3526 group 14, for the DHE suites that AMT 12 is reported to offer.
fn group_14() -> Result<Dh<openssl::pkey::Params>, ErrorStack> {
    Dh::from_pqg(BigNum::get_rfc3526_prime_2048()?, None, BigNum::from_u32(2)?)
}
