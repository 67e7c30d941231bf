//! What people are: roles, each with what it may do, one line for each action.

use super::{Action, Scope};

macro_rules! roles {
    ($( $(#[$doc:meta])* $name:ident $id:literal $words:literal; )*) => {
        /// What somebody is here.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Role {
            $( $(#[$doc])* $name, )*
        }

        impl Role {
            /// Every role there is.
            pub const ALL: &'static [Self] = &[$( Self::$name, )*];

            /// As it is written.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $( Self::$name => $id, )* }
            }

            /// For whom it is meant.
            #[must_use]
            pub const fn words(self) -> &'static str {
                match self { $( Self::$name => $words, )* }
            }
        }
    };
}

roles! {
    /// Reaches devices through the proxies and nothing else.
    Proxy "proxy" "reaches devices through the proxies, with the credentials of each PC";
    /// Looks and changes nothing.
    Viewer "viewer" "sees devices and changes nothing";
    /// Helps one person at a time.
    Helpdesk "helpdesk" "switches PCs, sees their screens, helps";
    /// Runs the fleet.
    Operator "operator" "as helpdesk, and reaches devices through the proxies and adds devices";
    /// Sets the fleet up.
    DeviceAdmin "device-admin" "as operator, and removes devices and changes AMT itself";
    /// Sees what everybody did.
    Auditor "auditor" "sees everything, what others did included, and changes nothing";
    /// Owns one tenant.
    TenantAdmin "tenant-admin" "everything within the tenant, its users included";
    /// Owns the server.
    Owner "owner" "everything";
}

impl Role {
    /// The role of that name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|role| role.name() == name)
    }

    /// The scope of tokens that comes nearest, for clients that know scopes only.
    #[must_use]
    pub const fn scope(self) -> Scope {
        match self {
            Self::Proxy => Scope::Proxy,
            Self::Viewer | Self::Auditor => Scope::Read,
            Self::Helpdesk | Self::Operator | Self::DeviceAdmin => Scope::Operate,
            Self::TenantAdmin | Self::Owner => Scope::Admin,
        }
    }
}

impl From<Scope> for Role {
    /// The role of people who were given a token's scope.
    fn from(scope: Scope) -> Self {
        match scope {
            Scope::Proxy => Self::Proxy,
            Scope::Read => Self::Viewer,
            Scope::Operate => Self::Operator,
            Scope::Admin => Self::Owner,
        }
    }
}

/// What somebody may do, before it is asked with which device: people have a role, tokens a scope.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Rights {
    Role(Role),
    Scope(Scope),
}

impl Rights {
    /// As it is written.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Role(role) => role.name(),
            Self::Scope(scope) => scope.name(),
        }
    }

    /// The scope that comes nearest.
    #[must_use]
    pub const fn scope(self) -> Scope {
        match self {
            Self::Role(role) => role.scope(),
            Self::Scope(scope) => scope,
        }
    }

    /// Whether that is covered. Deny is the rule: what is not named is not allowed.
    #[must_use]
    pub fn allow(self, action: Action) -> bool {
        match self {
            Self::Role(role) => super::rules::role_allows(role, action),
            Self::Scope(scope) => super::rules::scope_allows(scope, action),
        }
    }

    /// Whether everything the other ones cover in that tenant is covered: nobody gives away more than they have.
    #[must_use]
    pub fn cover(self, other: Self, tenant: &str) -> bool {
        Action::ALL.iter().all(|action| {
            let nothing = !tenant.is_empty() && super::rules::server_wide(*action);
            nothing || self.allow(*action) || !other.allow(*action)
        })
    }
}

impl From<Role> for Rights {
    fn from(role: Role) -> Self {
        Self::Role(role)
    }
}

impl From<Scope> for Rights {
    fn from(scope: Scope) -> Self {
        Self::Scope(scope)
    }
}
