//! HTTP digest authentication (RFC 2617, RFC 7616 with MD5) for both roles.
//!
//! The console's side is [`DigestLogin`]: it keeps the last challenge and counts its uses. The
//! platform's side is [`DigestVerifier`]: it hands out nonces and judges answers. Responses are
//! compared at their full fixed length in constant time, and anything that is not exactly 32
//! hexadecimal digits is no response at all: comparing over the *sender's* length is what opened
//! AMT 6 to 11.6 to an empty response (CVE-2017-5689).

mod answer;
mod challenge;
mod login;
mod nonces;
mod parameters;
mod response;
mod verifier;

pub use answer::{Answer, is_partial_answer};
pub use challenge::Challenge;
pub use login::DigestLogin;
pub use nonces::{NonceProblem, NonceTable};
pub use response::{Ha1, Md5Hex, Qop, ResponseInput, md5_hex};
pub use verifier::{DigestVerifier, Refusal, RefusalReason};

/// Why a challenge or an answer cannot be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum DigestError {
    /// The scheme is not `Digest`.
    #[error("not digest authentication")]
    OtherScheme,
    /// The list of parameters does not follow RFC 9110 §11.2, or repeats one.
    #[error("malformed parameters of digest authentication")]
    Malformed,
    /// A parameter that must be there is not.
    #[error("digest authentication without `{0}`")]
    Missing(&'static str),
    /// An algorithm other than MD5, or neither `auth` nor `auth-int`.
    #[error("digest authentication with an unsupported algorithm or quality of protection")]
    Unsupported,
    /// The response is not exactly 32 hexadecimal digits.
    #[error("the digest response is empty, too short or too long")]
    ResponseLength,
}
