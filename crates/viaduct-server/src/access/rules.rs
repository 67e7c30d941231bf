//! The one table of who may do what.

use super::{Action, Denied, Principal, Scope};

/// Whether somebody of this scope may do that. Deny is the rule: whatever is not named here is not allowed.
fn allows(scope: Scope, action: Action) -> bool {
    match scope {
        Scope::Proxy => matches!(action, Action::UseProxy),
        Scope::Read => reads(action),
        Scope::Operate => reads(action) || operates(action),
        Scope::Admin => true,
    }
}

fn reads(action: Action) -> bool {
    matches!(
        action,
        Action::ReadDevices
            | Action::ReadDeviceLogs
            | Action::ReadWsman
            | Action::ReadEvents
            | Action::ReadCertificates
            | Action::ReadConfig
    )
}

/// Using devices. The screen is for people: a program has no business there.
fn operates(action: Action) -> bool {
    matches!(
        action,
        Action::PowerOn
            | Action::PowerOff
            | Action::Boot
            | Action::RedirectSol
            | Action::RedirectIder
            | Action::Consent
            | Action::UseProxy
            | Action::DisconnectTunnel
            | Action::ReadAudit
    )
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

    /// Every action with who of proxy, read, operate and admin may do it, in this order.
    const TABLE: &str = "\
        ReadDevices        - R O A
        ReadDeviceLogs     - R O A
        ChangeDevices      - - - A
        RemoveDevices      - - - A
        Enroll             - - - A
        RotateCredentials  - - - A
        RevealSecrets      - - - A
        PowerOn            - - O A
        PowerOff           - - O A
        Boot               - - O A
        Erase              - - - A
        RedirectKvm        - - - A
        RedirectSol        - - O A
        RedirectIder       - - O A
        Consent            - - O A
        ChangeFeatures     - - - A
        ChangeRemoteAccess - - - A
        ChangeAmt          - - - A
        ReadWsman          - R O A
        WriteWsman         - - - A
        UseProxy           P - O A
        DisconnectTunnel   - - O A
        ReadEvents         - R O A
        ReadCertificates   - R O A
        ChangeCertificates - - - A
        ReadUsers          - - - A
        ManageUsers        - - - A
        ReadTokens         - - - A
        ManageTokens       - - - A
        ReadAudit          - - O A
        ReadAllAudit       - - - A
        ReadConfig         - R O A
        ChangeConfig       - - - A
        Maintain           - - - A";

    #[test]
    fn every_action_is_in_the_table_and_every_scope_is_judged_by_it() {
        let lines: Vec<Vec<&str>> =
            TABLE.lines().map(|line| line.split_whitespace().collect()).collect();
        assert_eq!(lines.len(), Action::ALL.len());
        for (line, action) in lines.iter().zip(Action::ALL) {
            assert_eq!(line[0], format!("{action:?}"));
            let scopes = [Scope::Proxy, Scope::Read, Scope::Operate, Scope::Admin];
            for (cell, scope) in line[1..].iter().zip(scopes) {
                let answer = authorise(&Principal::new("somebody", scope), *action);
                assert_eq!(answer.is_ok(), *cell != "-", "{scope:?} {action:?}");
                if let Err(denied) = answer {
                    let expected = Denied { principal: "somebody".into(), action: *action };
                    assert_eq!(denied, expected);
                }
            }
        }
    }
}
