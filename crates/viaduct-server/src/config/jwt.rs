//! `[jwt]`: tokens that a gateway in front checks too.

use super::{Secret, Span};
use serde::{Deserialize, Serialize};
use std::{path::PathBuf, time::Duration};

/// Shorter secrets can be found by trying (RFC 7518, section 3.2).
pub(crate) const SECRET_MIN: usize = 32;
/// What Open AMT's gateway finds the key by, as its deployments ship it.
const ISSUER: &str = "9EmRJTbIiIb4bIeSsmgcWIjrR6HyETqc";
/// A token that lasts longer is a password that nobody can change.
pub(crate) const LIFE_MAX: Duration = Duration::from_secs(30 * 24 * 3600);
/// As Open AMT's MPS gives them out.
const LIFE: Duration = Duration::from_secs(24 * 3600);

/// `[jwt]`.
#[derive(Debug, Clone, Serialize, Deserialize, PartialEq, Eq)]
#[serde(default, deny_unknown_fields)]
pub struct Jwt {
    /// What tokens are signed with (HS256), at least 32 bytes, as the gateway has it; absent: a key of this server that
    /// nobody else has.
    pub secret: Option<Secret<String>>,
    /// Or a file with it in its first line.
    pub secret_file: Option<PathBuf>,
    /// The claim `iss`, by which the gateway finds the secret.
    pub issuer: String,
    /// Whose rights a token has that was signed with the secret elsewhere: the name of a user here. Absent: such tokens
    /// are refused.
    pub user: Option<String>,
    /// How long those are good at most, from the moment they are made; ones that last longer are refused. Where a token does
    /// not say when it was made, it counts as made this long before its end.
    pub life: Span,
}

impl Default for Jwt {
    fn default() -> Self {
        let life = Span(LIFE);
        Self { secret: None, secret_file: None, issuer: ISSUER.into(), user: None, life }
    }
}
