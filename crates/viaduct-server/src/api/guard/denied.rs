//! The refusal of what somebody may not do: which right is missing, and who can help.

use crate::{
    access::{Action, Denied, Principal, Rights, Role, Scope},
    api::{Api, refusal::Refusal, refusal_said},
};
use viaduct_api::Code;

/// The refusal of what somebody may not do; it names the right, so that a page can say more about that.
pub(in crate::api) fn refused(api: &Api, principal: &Principal, denied: &Denied) -> Refusal {
    Refusal::new(Code::NotAllowed, not_allowed(principal, denied))
        .next(who_can_help(api, principal, denied.action))
        .right(denied.action)
        .said(refusal_said::denied(denied))
}

/// The refusal of what somebody may do with their own only, as `detail` says; the right is that for others'.
pub(in crate::api) fn own_only(
    api: &Api,
    who: &Principal,
    detail: &str,
    action: Action,
) -> Refusal {
    let detail = format!("{detail} (right `{action}`)");
    Refusal::new(Code::NotAllowed, detail).next(who_can_help(api, who, action)).right(action)
}

/// Which roles or scopes have the right, and who can give one of them. Tokens are told no names: they are out of the house
/// sooner than people.
fn who_can_help(api: &Api, principal: &Principal, action: Action) -> String {
    const YOURS: &str = "`viaduct users permissions` lists your rights";
    if principal.rights.allow(action) {
        return format!("Ask an owner of the whole server; {YOURS}.");
    }
    if matches!(principal.rights, Rights::Scope(_)) {
        let scopes = Scope::ALL.iter().filter(|scope| Rights::from(**scope).allow(action));
        let scopes = listed(scopes.map(|scope| format!("`{}`", scope.name())));
        return format!(
            "Ask somebody who manages tokens for one of the scope {scopes} (`viaduct tokens create NAME --scope ...`); {YOURS}."
        );
    }
    let roles = Role::ALL.iter().filter(|role| Rights::from(**role).allow(action));
    let roles = listed(roles.map(|role| format!("`{}`", role.name())));
    let managers = api.access.managers(&principal.tenant);
    let whom = match managers.is_empty() {
        true => "somebody who manages users".to_owned(),
        false => listed(managers.into_iter().take(MANAGERS)),
    };
    format!("Ask {whom} for a role that has it: {roles}; {YOURS}.")
}

/// So many people are named who can give a right.
const MANAGERS: usize = 3;

/// `a, b or c`.
fn listed(words: impl Iterator<Item = String>) -> String {
    let mut words: Vec<String> = words.collect();
    match words.pop() {
        Some(last) if words.is_empty() => last,
        Some(last) => format!("{} or {last}", words.join(", ")),
        None => String::new(),
    }
}

/// Who lacks which right, in words.
pub(in crate::api) fn not_allowed(principal: &Principal, denied: &Denied) -> String {
    let (what, right) = (denied.action.words(), denied.action);
    let kind = match principal.rights {
        Rights::Role(_) => "role",
        Rights::Scope(_) => "scope",
    };
    let name = principal.rights.name();
    if principal.rights.allow(denied.action) {
        return format!(
            "{what} belongs to the whole server, and {} is of one tenant",
            principal.name
        );
    }
    if principal.name == name {
        return format!("the {kind} `{name}` does not cover {what} (right `{right}`)");
    }
    format!(
        "{} has the {kind} `{name}`, which does not cover {what} (right `{right}`)",
        principal.name
    )
}
