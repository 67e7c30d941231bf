//! Signing in with user and password, or with a token in the password's place.

use super::{
    Access, Failed, Known, Principal, SignInError, TOKEN_USER, USER_MAX, password, second::Proof,
    throttle::Attempt,
};
use crate::config::Secret;
use std::{
    net::IpAddr,
    time::{Duration, Instant},
};
use time::OffsetDateTime;

/// What callers are told when too many sign-ins wait for their check.
const BUSY: Duration = Duration::from_secs(1);

impl Access {
    /// User and password; user `token` means that the password is a token. An unknown user costs the same as a wrong
    /// password, and failures slow the next tries of that account and source down.
    ///
    /// # Errors
    /// Why not; nothing in it tells whether the user exists.
    pub async fn sign_in(
        &self,
        user: &str,
        password: &Secret<String>,
        from: IpAddr,
    ) -> Result<Principal, SignInError> {
        self.sign_in_person(user, password, None, from).await
    }

    /// The same with a one-time code or recovery code, for people who have a second factor.
    ///
    /// # Errors
    /// As for [`Access::sign_in`].
    pub async fn sign_in_person(
        &self,
        user: &str,
        password: &Secret<String>,
        code: Option<&str>,
        from: IpAddr,
    ) -> Result<Principal, SignInError> {
        let is_token = user == TOKEN_USER;
        // Nobody guesses 256 bits, so a right token is never held back: a program with a stale one must not lock the
        // others on its machine out.
        let by_token = is_token.then(|| self.bearer(password));
        if let Some(Ok(principal)) = by_token {
            return Ok(principal);
        }
        let account: String = user.to_ascii_lowercase().chars().take(USER_MAX).collect();
        let attempt = Attempt::new((!is_token).then_some(account.as_str()), from);
        self.throttled(&attempt).inspect_err(|_| self.0.failures.note(&account, from))?;
        let result = match by_token {
            Some(result) => result,
            None => match self.check(user, password, &attempt).await {
                Ok(known) => self.second_factor(known, code).await,
                Err(error) => Err(error),
            },
        };
        let mut throttle = self.0.throttle();
        match &result {
            Ok(_) => throttle.succeeded(&attempt),
            Err(SignInError::Wrong | SignInError::Expired) => {
                throttle.failed(&attempt, Instant::now());
                self.0.failures.note(&account, from);
            }
            Err(SignInError::Throttled(_) | SignInError::CodeNeeded) => {}
        }
        result
    }

    /// A sign-in failed that did not go through here: by a token that is none.
    pub(crate) fn failed_at(&self, from: IpAddr) {
        self.0.failures.note(TOKEN_USER, from);
    }

    /// Waits until a sign-in has failed.
    pub(crate) async fn failed_again(&self) {
        self.0.failures.wait().await;
    }

    /// What failed since this was last asked.
    pub(crate) fn take_failed(&self) -> Failed {
        self.0.failures.take()
    }

    fn throttled(&self, attempt: &Attempt) -> Result<(), SignInError> {
        match self.0.throttle().delay(attempt, Instant::now()) {
            Some(delay) => Err(SignInError::Throttled(whole_seconds(delay))),
            None => Ok(()),
        }
    }

    async fn check(
        &self,
        user: &str,
        password: &Secret<String>,
        attempt: &Attempt,
    ) -> Result<Known, SignInError> {
        let known = self.0.people().get(&user.to_ascii_lowercase()).cloned();
        // Longer ones cannot be right, and would only cost time.
        if password.expose().len() > password::MAX {
            return Err(SignInError::Wrong);
        }
        let phc = known.as_ref().map(|known| known.person.password.clone());
        let name = user.to_ascii_lowercase();
        let standing = self.0.throttle().standing(attempt, Instant::now());
        let still_allowed = || self.throttled(attempt).is_ok();
        let keys = self.0.inventory.keys();
        match self.0.passwords.check(keys, &name, password, phc, standing, still_allowed).await {
            Ok(Some(right)) => {
                known.filter(|known| right && !known.person.disabled).ok_or(SignInError::Wrong)
            }
            Ok(None) => {
                self.throttled(attempt)?;
                Err(SignInError::Throttled(BUSY))
            }
            Err(password::Busy) => Err(SignInError::Throttled(BUSY)),
        }
    }

    /// Somebody whose password is right, once the second factor is shown as well.
    async fn second_factor(
        &self,
        known: Known,
        code: Option<&str>,
    ) -> Result<Principal, SignInError> {
        let mut principal = known.principal();
        principal.mark = self.fingerprint(&principal.name);
        if known.person.totp.is_some() {
            let code = code.filter(|code| !code.is_empty()).ok_or(SignInError::CodeNeeded)?;
            let proof = self.proof(&known.person, code).ok_or(SignInError::Wrong)?;
            if let Proof::Recovery(hash) = proof {
                self.use_up(&known.person.name.to_ascii_lowercase(), hash).await?;
            }
            principal.second_factor = Some(OffsetDateTime::now_utc());
        }
        Ok(principal)
    }
}

/// Rounded up: who waits that long is not told to wait again.
fn whole_seconds(delay: Duration) -> Duration {
    Duration::from_secs(delay.as_secs() + u64::from(delay.subsec_nanos() != 0))
}
