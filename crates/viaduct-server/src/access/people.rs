//! Users: made, changed, removed, and the very first one.

use super::{
    Access, Action, Known, LOCAL, Principal, Rights, Role, SetUpError, SignInError, TOKEN_USER,
    USER_MAX, password,
};
use crate::{
    config::Secret,
    inventory::{self, Person, StoreError, TENANT_MAX, durable},
};
use std::{collections::BTreeMap, net::IpAddr, time::Instant};
use time::OffsetDateTime;

/// A user as listed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct User {
    /// Its name.
    pub name: String,
    /// What it is.
    pub role: Role,
    /// Whose devices.
    pub tenant: String,
    /// Only devices that carry all of these.
    pub labels: BTreeMap<String, String>,
    /// Cannot sign in.
    pub disabled: bool,
    /// Has a second factor.
    pub second_factor: bool,
    /// Signs in at the identity provider, not here.
    pub provider: bool,
    /// When it was made.
    pub created: OffsetDateTime,
}

/// What shall change about a user; None leaves it as it is.
#[derive(Debug, Clone, Default)]
pub struct UserChange {
    pub password: Option<Secret<String>>,
    pub role: Option<Role>,
    pub labels: Option<BTreeMap<String, String>>,
    pub disabled: Option<bool>,
    /// Takes the second factor away, for somebody who lost it.
    pub without_second_factor: bool,
}

/// Names that mean something else: the sign-in with a token, and the local socket.
const RESERVED: [&str; 2] = [TOKEN_USER, LOCAL];

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
            .map(|Known { person, role }| User {
                name: person.name.clone(),
                role: *role,
                tenant: person.tenant.clone(),
                labels: person.labels.clone(),
                disabled: person.disabled,
                second_factor: person.totp.is_some(),
                provider: person.subject.is_some(),
                created: person.created,
            })
            .collect()
    }

    /// Who can sign in and give somebody of that tenant another role: people of the tenant, else those of the whole server.
    #[must_use]
    pub fn managers(&self, tenant: &str) -> Vec<String> {
        let of = |tenant: &str| -> Vec<String> {
            let people = self.0.people();
            let all = people.values().filter(|Known { person, role }| {
                !person.disabled
                    && person.tenant == tenant
                    && Rights::from(*role).allow(Action::ManageUsers)
            });
            all.map(|Known { person, .. }| person.name.clone()).collect()
        };
        let own = of(tenant);
        if own.is_empty() && !tenant.is_empty() { of("") } else { own }
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
        let person = person(user, password, Role::Owner).await?;
        let this = self.clone();
        let first = durable(async move {
            let _one_at_a_time = this.0.changes.lock().await;
            let first = this.0.inventory.store().insert_person(&person, true).await?;
            if first {
                this.remember(person, Role::Owner);
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
        role: impl Into<Role>,
    ) -> Result<(), StoreError> {
        self.add_user_in("", user, password, role.into(), BTreeMap::new()).await
    }

    /// Adds a user of a tenant, who sees only devices with these labels.
    ///
    /// # Errors
    /// As for [`Access::add_user`].
    pub async fn add_user_in(
        &self,
        tenant: &str,
        user: &str,
        password: Secret<String>,
        role: Role,
        labels: BTreeMap<String, String>,
    ) -> Result<(), StoreError> {
        check_name(user)?;
        check_password(&password)?;
        check_tenant(tenant)?;
        inventory::check_labels(&labels)?;
        let mut person = person(user, password, role).await?;
        tenant.clone_into(&mut person.tenant);
        person.labels = labels;
        let this = self.clone();
        durable(async move {
            let _one_at_a_time = this.0.changes.lock().await;
            if this.0.people().contains_key(&person.name.to_ascii_lowercase()) {
                return Err(StoreError::Exists(format!("the user name {}", person.name)));
            }
            this.0.inventory.store().insert_person(&person, false).await?;
            this.remember(person, role);
            Ok(())
        })
        .await
    }

    /// Changes a user. What was issued with the old password, role or scope is worth nothing at once.
    ///
    /// # Errors
    /// When there is no such user, the password is too short, the last owner would be gone, or the database does not take
    /// it.
    pub async fn change_user(&self, user: &str, change: UserChange) -> Result<(), StoreError> {
        let UserChange { password, role, labels, disabled, without_second_factor } = change;
        password.as_ref().map(check_password).transpose()?;
        labels.as_ref().map(inventory::check_labels).transpose()?;
        let hashed = match password {
            Some(password) => Some(password::hash(password).await?),
            None => None,
        };
        let name = user.to_ascii_lowercase();
        self.modify_user(&name, move |person| {
            if let Some(hashed) = hashed {
                if person.subject.is_some() {
                    return Err(StoreError::Invalid {
                        field: "password",
                        why: "this user signs in at the identity provider".into(),
                    });
                }
                person.password = hashed;
            }
            if let Some(role) = role {
                role.name().clone_into(&mut person.role);
            }
            if let Some(labels) = labels {
                person.labels = labels;
            }
            if let Some(disabled) = disabled {
                person.disabled = disabled;
            }
            if without_second_factor {
                person.totp = None;
                person.recovery = Vec::new();
            }
            Ok(())
        })
        .await
    }

    /// Changes a user, in memory only after the database has it. `name` is in lower case.
    pub(super) async fn modify_user(
        &self,
        name: &str,
        change: impl FnOnce(&mut Person) -> Result<(), StoreError> + Send + 'static,
    ) -> Result<(), StoreError> {
        let (this, name) = (self.clone(), name.to_owned());
        durable(async move {
            let _one_at_a_time = this.0.changes.lock().await;
            let mut known = this.known(&name)?;
            change(&mut known.person)?;
            let role = super::role_of(&known.person.role)?;
            if role != Role::Owner || known.person.disabled {
                this.keep_an_owner(&name)?;
            }
            this.0.inventory.store().update_person(&known.person).await?;
            this.remember(known.person, role);
            Ok(())
        })
        .await
    }

    /// Whether that is the user's password, for a change of it. Failures count as failed sign-ins.
    ///
    /// # Errors
    /// As for [`Access::sign_in`].
    pub async fn confirm(
        &self,
        who: &Principal,
        password: &Secret<String>,
        from: IpAddr,
    ) -> Result<(), SignInError> {
        match self.sign_in(&who.name, password, from).await {
            Ok(_) | Err(SignInError::CodeNeeded) => Ok(()),
            Err(error) => Err(error),
        }
    }

    /// Removes a user.
    ///
    /// # Errors
    /// When there is no such user, it is the last owner, or the database does not take it.
    pub async fn remove_user(&self, user: &str) -> Result<(), StoreError> {
        let (this, name) = (self.clone(), user.to_ascii_lowercase());
        durable(async move {
            let _one_at_a_time = this.0.changes.lock().await;
            let known = this.known(&name)?;
            this.keep_an_owner(&name)?;
            this.0.inventory.store().delete_person(&known.person.name).await?;
            this.0.people_mut().remove(&name);
            Ok(())
        })
        .await
    }

    pub(super) fn known(&self, name: &str) -> Result<Known, StoreError> {
        self.0.people().get(name).cloned().ok_or_else(|| StoreError::Invalid {
            field: "user",
            why: format!("there is no user {name}"),
        })
    }

    /// An installation without owner could only be repaired on the server itself.
    fn keep_an_owner(&self, but: &str) -> Result<(), StoreError> {
        let is_one = |known: &Known| {
            known.role == Role::Owner && !known.person.disabled && known.person.tenant.is_empty()
        };
        let people = self.0.people();
        let was_one = people.get(but).is_some_and(is_one);
        if was_one && !people.iter().any(|(name, known)| name != but && is_one(known)) {
            return Err(StoreError::Invalid {
                field: "user",
                why: format!("{but} is the last owner; make another one first"),
            });
        }
        Ok(())
    }

    pub(super) fn remember(&self, person: Person, role: Role) {
        self.0.people_mut().insert(person.name.to_ascii_lowercase(), Known { person, role });
        *self.0.setup() = None;
    }
}

async fn person(name: &str, password: Secret<String>, role: Role) -> Result<Person, StoreError> {
    Ok(Person {
        name: name.to_owned(),
        password: password::hash(password).await?,
        role: role.name().to_owned(),
        tenant: String::new(),
        labels: BTreeMap::new(),
        disabled: false,
        subject: None,
        totp: None,
        recovery: Vec::new(),
        created: OffsetDateTime::now_utc(),
    })
}

fn check_tenant(tenant: &str) -> Result<(), StoreError> {
    let allowed = |b: u8| b.is_ascii_alphanumeric() || b"._-".contains(&b);
    if tenant.len() > TENANT_MAX || !tenant.bytes().all(allowed) {
        return Err(StoreError::Invalid {
            field: "tenant",
            why: format!(
                "letters, digits, `.`, `_` and `-` are possible, at most {TENANT_MAX} of them"
            ),
        });
    }
    Ok(())
}

pub(super) fn check_name(name: &str) -> Result<(), StoreError> {
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
