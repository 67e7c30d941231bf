//! The one table of who may do what.

use super::{Action, Denied, Principal, Role, Scope};

/// Whether a token of this scope may do that. The screen is for people, so of the tokens only `admin` has it.
pub(super) fn scope_allows(scope: Scope, action: Action) -> bool {
    row(action).tokens.contains(letter(scope))
}

/// Whether somebody of this role may do that.
pub(super) fn role_allows(role: Role, action: Action) -> bool {
    row(action).roles.contains(initial(role))
}

/// One line of the table: letters of the token scopes, and of the roles, that may do it.
struct Row {
    tokens: &'static str,
    roles: &'static str,
}

/// P proxy, R read, O operate, A admin.
fn letter(scope: Scope) -> char {
    match scope {
        Scope::Proxy => 'P',
        Scope::Read => 'R',
        Scope::Operate => 'O',
        Scope::Admin => 'A',
    }
}

/// P proxy, V viewer, H helpdesk, O operator, D device-admin, S auditor (security), T tenant-admin, W owner.
fn initial(role: Role) -> char {
    match role {
        Role::Proxy => 'P',
        Role::Viewer => 'V',
        Role::Helpdesk => 'H',
        Role::Operator => 'O',
        Role::DeviceAdmin => 'D',
        Role::Auditor => 'S',
        Role::TenantAdmin => 'T',
        Role::Owner => 'W',
    }
}

/// Consent of the person at the PC is not in here: AMT itself insists on it, and nothing here lowers that.
fn row(action: Action) -> Row {
    let (tokens, roles) = match action {
        Action::SignIn => ("PROA", "PVHODSTW"),
        Action::ReadDevices
        | Action::ReadDeviceLogs
        | Action::ReadEvents
        | Action::ReadCertificates => ("ROA", "VHODSTW"),
        Action::PowerOn
        | Action::PowerOff
        | Action::PowerReset
        | Action::PowerSleep
        | Action::Boot
        | Action::Redirect
        | Action::RedirectSol
        | Action::RedirectIder
        | Action::Consent => ("OA", "HODTW"),
        Action::RedirectKvm => ("A", "HODTW"),
        Action::ReadWsman => ("ROA", "ODSTW"),
        Action::UseProxy => ("POA", "PODTW"),
        Action::DisconnectTunnel => ("OA", "ODTW"),
        Action::ChangeDevices | Action::Enroll => ("A", "ODTW"),
        Action::RemoveDevices
        | Action::RotateCredentials
        | Action::ChangeFeatures
        | Action::ChangeRemoteAccess
        | Action::ChangeAmt
        | Action::WriteWsman
        | Action::Erase => ("A", "DTW"),
        Action::RevealSecrets | Action::ManageUsers | Action::ManageTokens => ("A", "TW"),
        Action::ReadUsers | Action::ReadTokens => ("A", "STW"),
        Action::ReadAudit => ("OA", "HODSTW"),
        Action::ReadAllAudit => ("A", "STW"),
        Action::ReadConfig => ("ROA", "SW"),
        Action::ChangeCertificates | Action::ChangeConfig | Action::Maintain => ("A", "W"),
    };
    Row { tokens, roles }
}

pub(super) fn authorise(principal: &Principal, action: Action) -> Result<(), Denied> {
    // What belongs to the whole server belongs to no tenant but the first.
    let reach = principal.tenant.is_empty() || !server_wide(action);
    if principal.rights.allow(action) && reach {
        Ok(())
    } else {
        Err(Denied { principal: principal.name.clone(), action })
    }
}

pub(super) fn server_wide(action: Action) -> bool {
    matches!(
        action,
        Action::ReadConfig | Action::ChangeConfig | Action::ChangeCertificates | Action::Maintain
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every action with who may do it, written out once more and independently: the token scopes proxy, read, operate,
    /// admin, then the roles viewer, helpdesk, operator, device-admin, auditor, tenant-admin, owner, and proxy.
    const TABLE: &str = "\
        SignIn             P R O A   V H O D S T W P
        ReadDevices        - R O A   V H O D S T W -
        ReadDeviceLogs     - R O A   V H O D S T W -
        ChangeDevices      - - - A   - - O D - T W -
        RemoveDevices      - - - A   - - - D - T W -
        Enroll             - - - A   - - O D - T W -
        RotateCredentials  - - - A   - - - D - T W -
        RevealSecrets      - - - A   - - - - - T W -
        PowerOn            - - O A   - H O D - T W -
        PowerOff           - - O A   - H O D - T W -
        PowerReset         - - O A   - H O D - T W -
        PowerSleep         - - O A   - H O D - T W -
        Boot               - - O A   - H O D - T W -
        Erase              - - - A   - - - D - T W -
        Redirect           - - O A   - H O D - T W -
        RedirectKvm        - - - A   - H O D - T W -
        RedirectSol        - - O A   - H O D - T W -
        RedirectIder       - - O A   - H O D - T W -
        Consent            - - O A   - H O D - T W -
        ChangeFeatures     - - - A   - - - D - T W -
        ChangeRemoteAccess - - - A   - - - D - T W -
        ChangeAmt          - - - A   - - - D - T W -
        ReadWsman          - R O A   - - O D S T W -
        WriteWsman         - - - A   - - - D - T W -
        UseProxy           P - O A   - - O D - T W P
        DisconnectTunnel   - - O A   - - O D - T W -
        ReadEvents         - R O A   V H O D S T W -
        ReadCertificates   - R O A   V H O D S T W -
        ChangeCertificates - - - A   - - - - - - W -
        ReadUsers          - - - A   - - - - S T W -
        ManageUsers        - - - A   - - - - - T W -
        ReadTokens         - - - A   - - - - S T W -
        ManageTokens       - - - A   - - - - - T W -
        ReadAudit          - - O A   - H O D S T W -
        ReadAllAudit       - - - A   - - - - S T W -
        ReadConfig         - R O A   - - - - S - W -
        ChangeConfig       - - - A   - - - - - - W -
        Maintain           - - - A   - - - - - - W -";

    #[test]
    fn every_action_is_in_the_table_and_every_scope_and_role_is_judged_by_it() {
        let lines: Vec<Vec<&str>> =
            TABLE.lines().map(|line| line.split_whitespace().collect()).collect();
        assert_eq!(lines.len(), Action::ALL.len());
        for (line, action) in lines.iter().zip(Action::ALL) {
            assert_eq!(line[0], format!("{action:?}"));
            let rights = [
                Scope::Proxy.into(),
                Scope::Read.into(),
                Scope::Operate.into(),
                Scope::Admin.into(),
                Role::Viewer.into(),
                Role::Helpdesk.into(),
                Role::Operator.into(),
                Role::DeviceAdmin.into(),
                Role::Auditor.into(),
                Role::TenantAdmin.into(),
                Role::Owner.into(),
                Role::Proxy.into(),
            ];
            assert_eq!(line.len(), 1 + rights.len());
            for (cell, rights) in line[1..].iter().zip(rights) {
                let rights: super::super::Rights = rights;
                let answer = authorise(&Principal::new("somebody", rights), *action);
                assert_eq!(answer.is_ok(), *cell != "-", "{rights:?} {action:?}");
                if let Err(denied) = answer {
                    let expected = Denied { principal: "somebody".into(), action: *action };
                    assert_eq!(denied, expected);
                }
            }
        }
    }

    #[test]
    fn what_belongs_to_the_whole_server_is_out_of_reach_for_other_tenants() {
        let mut owner = Principal::new("owner", Role::Owner);
        owner.tenant = "t1".into();
        for action in Action::ALL {
            assert_eq!(authorise(&owner, *action).is_err(), server_wide(*action), "{action}");
        }
    }

    #[test]
    fn nobody_gives_away_more_than_they_have() {
        use super::super::Rights;
        let owner = Rights::from(Role::Owner);
        let tenant = Rights::from(Role::TenantAdmin);
        for role in Role::ALL {
            assert!(owner.cover((*role).into(), ""), "{role:?}");
        }
        assert!(!tenant.cover(Role::Owner.into(), "") && !tenant.cover(Role::Auditor.into(), ""));
        assert!(tenant.cover(Role::Auditor.into(), "t1"), "there it sees nothing of the server");
        let helpdesk = Rights::from(Role::Helpdesk);
        assert!(!helpdesk.cover(Role::Operator.into(), "t1"));
        assert!(
            tenant.cover(Role::DeviceAdmin.into(), "") && !tenant.cover(Scope::Admin.into(), "")
        );
    }
}
