//! The one table of who may do what.

use super::{Action, Denied, Principal, Scope};

/// Whether somebody of this scope may do that. Deny is the rule: whatever is not named here is not allowed.
fn allows(scope: Scope, action: Action) -> bool {
    match scope {
        Scope::Proxy => matches!(action, Action::UseProxy),
        Scope::Read => reads(action),
        Scope::Operate => {
            reads(action) || matches!(action, Action::UseProxy | Action::DisconnectTunnel)
        }
        Scope::Admin => true,
    }
}

fn reads(action: Action) -> bool {
    match action {
        Action::ReadDevices | Action::ReadCertificates | Action::ReadConfig => true,
        Action::UseProxy
        | Action::ChangeDevices
        | Action::DisconnectTunnel
        | Action::ReloadCertificates
        | Action::ManageTokens
        | Action::ManageUsers => false,
    }
}

pub(super) fn authorise(principal: &Principal, action: Action) -> Result<(), Denied> {
    if allows(principal.scope, action) {
        Ok(())
    } else {
        Err(Denied { principal: principal.name.clone(), action })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use Action::*;

    /// Every action with the scopes that may do it.
    const TABLE: [(Action, &[Scope]); 9] = [
        (UseProxy, &[Scope::Proxy, Scope::Operate, Scope::Admin]),
        (ReadDevices, &[Scope::Read, Scope::Operate, Scope::Admin]),
        (ChangeDevices, &[Scope::Admin]),
        (DisconnectTunnel, &[Scope::Operate, Scope::Admin]),
        (ReadCertificates, &[Scope::Read, Scope::Operate, Scope::Admin]),
        (ReloadCertificates, &[Scope::Admin]),
        (ManageTokens, &[Scope::Admin]),
        (ManageUsers, &[Scope::Admin]),
        (ReadConfig, &[Scope::Read, Scope::Operate, Scope::Admin]),
    ];

    /// Fails to compile when an action is added, so that the table is not forgotten.
    fn row(action: Action) -> usize {
        match action {
            UseProxy => 0,
            ReadDevices => 1,
            ChangeDevices => 2,
            DisconnectTunnel => 3,
            ReadCertificates => 4,
            ReloadCertificates => 5,
            ManageTokens => 6,
            ManageUsers => 7,
            ReadConfig => 8,
        }
    }

    #[test]
    fn every_action_is_in_the_table_and_every_scope_is_judged_by_it() {
        for (index, (action, allowed)) in TABLE.into_iter().enumerate() {
            assert_eq!(row(action), index);
            for scope in [Scope::Proxy, Scope::Read, Scope::Operate, Scope::Admin] {
                let principal = Principal { name: "somebody".into(), scope };
                let answer = authorise(&principal, action);
                assert_eq!(answer.is_ok(), allowed.contains(&scope), "{scope:?} {action:?}");
                if let Err(denied) = answer {
                    assert_eq!(denied, Denied { principal: "somebody".into(), action });
                }
            }
        }
    }
}
