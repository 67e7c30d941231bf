//! Who a console is: the answer of the access part, in the proxies' words.

use super::{Gateway, Refusal, SignInFault};
use crate::{
    access::{Principal, Scope, SignInError},
    config::Secret,
};
use std::net::IpAddr;

/// The name under which consoles go that need not sign in.
const ANONYMOUS: &str = "anonymous";

/// The principal of a proxy that asks nobody to sign in. It may use the proxies and nothing else.
pub(super) fn anonymous() -> Principal {
    Principal::new(ANONYMOUS, Scope::Proxy)
}

impl Gateway {
    /// Checks a user and password (user `token`: the password is an API token) of a console at `from`.
    pub(super) async fn sign_in(
        &self,
        user: &str,
        password: &Secret<String>,
        from: IpAddr,
    ) -> Result<Principal, Refusal> {
        let fault = match self.0.access.sign_in(user, password, from).await {
            Ok(principal) => return Ok(principal),
            // A proxy has no place for a code: programs use tokens.
            Err(SignInError::Wrong | SignInError::CodeNeeded) => SignInFault::Wrong,
            Err(SignInError::Expired) => SignInFault::Expired,
            Err(SignInError::Throttled(wait)) => SignInFault::Throttled(wait),
        };
        Err(Refusal::NotSignedIn(fault))
    }
}
