//! Users: made, changed, removed, and the very first one.

use super::{Access, Known, Scope, SetUpError, TOKEN_USER, USER_MAX, password};
use crate::{
    config::Secret,
    inventory::{Person, StoreError, durable},
};
use std::time::Instant;
use time::OffsetDateTime;

/// A user as listed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct User {
    /// Its name.
    pub name: String,
    /// What it may do.
    pub scope: Scope,
    /// When it was made.
    pub created: OffsetDateTime,
}

/// Names that mean something else: the sign-in with a token, and the local socket.
const RESERVED: [&str; 2] = [TOKEN_USER, "local"];

impl Access {
    /// Whether there is a user; without one the setup link is open.
    #[must_use]
    pub fn has_users(&self) -> bool {
        !self.0.people().is_empty()
    }

    /// All users, by name.
    #[must_use]
    pub fn users(&self) -> Vec<User> {
        self.0
            .people()
            .values()
            .map(|Known { person, scope }| User {
                name: person.name.clone(),
                scope: *scope,
                created: person.created,
            })
            .collect()
    }

    /// One-time secret of the setup link, valid 30 min; None once a user exists.
    #[must_use]
    pub fn setup_secret(&self) -> Option<Secret<String>> {
        self.0.setup().as_ref().and_then(|secret| secret.value(Instant::now()))
    }

    /// Whether that is the secret of the setup link, and it still works.
    pub(crate) fn is_setup_secret(&self, given: &Secret<String>) -> bool {
        self.0.setup().as_ref().is_some_and(|kept| kept.is(given, Instant::now()))
    }

    /// Creates the first user, an administrator, for whoever knows the setup secret. The secret stays good when the
    /// name or password is refused, and is worth nothing once a user exists.
    ///
    /// # Errors
    /// When the secret is not good (any more), the name or password is not possible, or the database does not take it.
    pub async fn set_up(
        &self,
        secret: &Secret<String>,
        user: &str,
        password: Secret<String>,
    ) -> Result<(), SetUpError> {
        if !self.is_setup_secret(secret) {
            return Err(SetUpError::LinkInvalid);
        }
        check_name(user)?;
        check_password(&password)?;
        let person = person(user, password, Scope::Admin).await?;
        let this = self.clone();
        let first = durable(async move {
            let _one_at_a_time = this.0.changes.lock().await;
            let first = this.0.inventory.store().insert_person(&person, true).await?;
            if first {
                this.remember(person, Scope::Admin);
            }
            Ok(first)
        })
        .await?;
        if first { Ok(()) } else { Err(SetUpError::LinkInvalid) }
    }

    /// Adds a user.
    ///
    /// # Errors
    /// When the name is taken or not possible, the password too short, or the database does not take it.
    pub async fn add_user(
        &self,
        user: &str,
        password: Secret<String>,
        scope: Scope,
    ) -> Result<(), StoreError> {
        check_name(user)?;
        check_password(&password)?;
        let person = person(user, password, scope).await?;
        let this = self.clone();
        durable(async move {
            let _one_at_a_time = this.0.changes.lock().await;
            if this.0.people().contains_key(&person.name.to_ascii_lowercase()) {
                return Err(StoreError::Exists(format!("the user name {}", person.name)));
            }
            this.0.inventory.store().insert_person(&person, false).await?;
            this.remember(person, scope);
            Ok(())
        })
        .await
    }

    /// Gives a user another password or scope; None leaves it as it is. The old password is worth nothing at once.
    ///
    /// # Errors
    /// When there is no such user, the password is too short, the last administrator would be gone, or the database does
    /// not take it.
    pub async fn change_user(
        &self,
        user: &str,
        password: Option<Secret<String>>,
        scope: Option<Scope>,
    ) -> Result<(), StoreError> {
        password.as_ref().map(check_password).transpose()?;
        let hashed = match password {
            Some(password) => Some(password::hash(password).await?),
            None => None,
        };
        let (this, name) = (self.clone(), user.to_ascii_lowercase());
        durable(async move {
            let _one_at_a_time = this.0.changes.lock().await;
            let mut known = this.known(&name)?;
            if let Some(hashed) = hashed {
                known.person.password = hashed;
            }
            if let Some(scope) = scope {
                if scope != Scope::Admin {
                    this.keep_an_administrator(&name)?;
                }
                known.scope = scope;
                known.person.scope = scope.name().to_owned();
            }
            this.0.inventory.store().update_person(&known.person).await?;
            this.remember(known.person, known.scope);
            Ok(())
        })
        .await
    }

    /// Removes a user.
    ///
    /// # Errors
    /// When there is no such user, it is the last administrator, or the database does not take it.
    pub async fn remove_user(&self, user: &str) -> Result<(), StoreError> {
        let (this, name) = (self.clone(), user.to_ascii_lowercase());
        durable(async move {
            let _one_at_a_time = this.0.changes.lock().await;
            let known = this.known(&name)?;
            this.keep_an_administrator(&name)?;
            this.0.inventory.store().delete_person(&known.person.name).await?;
            this.0.people_mut().remove(&name);
            Ok(())
        })
        .await
    }

    fn known(&self, name: &str) -> Result<Known, StoreError> {
        self.0.people().get(name).cloned().ok_or_else(|| StoreError::Invalid {
            field: "user",
            why: format!("there is no user {name}"),
        })
    }

    /// An installation without administrator could only be repaired with its database.
    fn keep_an_administrator(&self, but: &str) -> Result<(), StoreError> {
        let another = |(name, known): (&String, &Known)| name != but && known.scope == Scope::Admin;
        let people = self.0.people();
        let is_one = people.get(but).is_some_and(|known| known.scope == Scope::Admin);
        if is_one && !people.iter().any(another) {
            return Err(StoreError::Invalid {
                field: "user",
                why: format!("{but} is the last administrator; make another one first"),
            });
        }
        Ok(())
    }

    fn remember(&self, person: Person, scope: Scope) {
        self.0.people_mut().insert(person.name.to_ascii_lowercase(), Known { person, scope });
        *self.0.setup() = None;
    }
}

async fn person(name: &str, password: Secret<String>, scope: Scope) -> Result<Person, StoreError> {
    Ok(Person {
        name: name.to_owned(),
        password: password::hash(password).await?,
        scope: scope.name().to_owned(),
        created: OffsetDateTime::now_utc(),
    })
}

fn check_name(name: &str) -> Result<(), StoreError> {
    let invalid = |why: String| Err(StoreError::Invalid { field: "user", why });
    let allowed = |b: u8| b.is_ascii_alphanumeric() || b"._@-".contains(&b);
    if name.is_empty() || name.len() > USER_MAX || !name.bytes().all(allowed) {
        return invalid(format!(
            "letters, digits, `.`, `_`, `@` and `-` are possible, 1 to {USER_MAX} of them"
        ));
    }
    if RESERVED.iter().any(|reserved| reserved.eq_ignore_ascii_case(name)) {
        return invalid(format!("`{name}` means something else here; choose another name"));
    }
    Ok(())
}

fn check_password(password: &Secret<String>) -> Result<(), StoreError> {
    let length = password.expose().len();
    if password.expose().chars().count() < password::MIN || length > password::MAX {
        return Err(StoreError::Invalid {
            field: "password",
            why: format!("it needs {} to {} characters", password::MIN, password::MAX),
        });
    }
    Ok(())
}
