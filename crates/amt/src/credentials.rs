//! Name and password of an AMT account, kept out of logs.

/// An AMT account as a console knows it. `Debug` shows the name only.
#[derive(Clone, PartialEq, Eq)]
pub struct Credentials {
    user: String,
    password: String,
}

impl Credentials {
    /// An account from its name and password.
    pub fn new(user: impl Into<String>, password: impl Into<String>) -> Self {
        Self { user: user.into(), password: password.into() }
    }

    /// The account's name.
    #[must_use]
    pub fn user(&self) -> &str {
        &self.user
    }

    /// The account's password in clear text. Neither log nor show it.
    #[must_use]
    pub fn password(&self) -> &str {
        &self.password
    }
}

impl std::fmt::Debug for Credentials {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Credentials").field("user", &self.user).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::Credentials;

    #[test]
    fn debug_output_does_not_contain_the_password() {
        let shown = format!("{:?}", Credentials::new("admin", "P@ssw0rd"));
        assert!(shown.contains("admin") && !shown.contains("P@ssw0rd"), "{shown}");
    }
}
