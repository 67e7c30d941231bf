//! Users beside the administrator: they sign in, and their realms say what they may use.

use amt::{
    credentials::Credentials,
    http::digest::{DigestLogin, md5_hex},
    wsman::{Fault, Instance, Operation, Outcome, Output, Request, Subcode},
};

use crate::{
    console::{class, connect, host, run},
    ops::{Host, call, get, invoke, results, value},
};

const CLASS: &str = "AMT_AuthorizationService";

async fn digest_password(host: &Host, user: &str, password: &str) -> String {
    let settings = get(host, "AMT_GeneralSettings").await;
    let realm = settings.text("DigestRealm").unwrap();
    let digits = md5_hex(&[user.as_bytes(), realm.as_bytes(), password.as_bytes()]);
    let bytes: Vec<u8> = (0..16)
        .map(|at| u8::from_str_radix(&digits.as_str()[2 * at..2 * at + 2], 16).unwrap())
        .collect();
    openssl::base64::encode_block(&bytes)
}

/// None when the sign-in fails.
async fn read_as(
    host: &Host,
    user: &str,
    password: &str,
    name: &str,
) -> Option<Result<Instance, Fault>> {
    let request = Request::new("1", class(name), Operation::Get);
    let login = DigestLogin::new(Credentials::new(user, password));
    let mut open = async || connect(host, 16992);
    match run(&request, login, &mut open).await {
        Output::Done(answered) => {
            Some(answered.reply.result.map(|outcome| outcome.into_instance().unwrap()))
        }
        _ => None,
    }
}

async fn add(host: &Host, user: &str, password: &str, realms: &[u32]) -> Outcome {
    let hash = digest_password(host, user, password).await;
    let mut arguments = vec![
        ("DigestUsername".to_owned(), user.into()),
        ("DigestPassword".to_owned(), hash.into()),
        ("AccessPermission".to_owned(), 2_u32.into()),
    ];
    arguments.extend(realms.iter().map(|realm| ("Realms".to_owned(), (*realm).into())));
    invoke(host, class(CLASS), "AddUserAclEntryEx", arguments).await.unwrap()
}

#[tokio::test]
async fn a_user_signs_in_and_reads_what_the_realms_allow() {
    let host = host();
    // Remote control (5), but not the event log (19).
    let added = add(&host, "operator", "0per@tor", &[5]).await;
    let handle = results(&added, "Handle")[0].to_owned();
    let read = async |name| read_as(&host, "operator", "0per@tor", name).await.unwrap();
    assert!(read("CIM_PowerManagementService").await.is_ok());
    let fault = read("AMT_MessageLog").await.unwrap_err();
    assert_eq!(fault.subcode, Subcode::AccessDenied);
    assert!(read_as(&host, "operator", "wrong", "CIM_PowerManagementService").await.is_none());

    let entry = call(&host, CLASS, "GetUserAclEntryEx", &[("Handle", &handle)]).await;
    assert_eq!(results(&entry, "DigestUsername"), ["operator"]);
    assert_eq!(results(&entry, "Realms"), ["5"]);
    let disable = [("Handle", handle.as_str()), ("Enabled", "false")];
    assert_eq!(value(&host, CLASS, "SetAclEnabledState", &disable).await, 0);
    let state = call(&host, CLASS, "GetAclEnabledState", &[("Handle", &handle)]).await;
    assert_eq!(results(&state, "Enabled"), ["false"]);
    assert!(read_as(&host, "operator", "0per@tor", "CIM_PowerManagementService").await.is_none());
    assert_eq!(value(&host, CLASS, "RemoveUserAclEntry", &[("Handle", &handle)]).await, 0);
    assert_eq!(value(&host, CLASS, "RemoveUserAclEntry", &[("Handle", &handle)]).await, 2053);
}

#[tokio::test]
async fn users_are_listed_by_handle_and_no_name_is_used_twice() {
    let host = host();
    for n in 0..15 {
        assert_eq!(
            add(&host, &format!("user{n}"), "P@ssw0rd", &[13]).await.return_value(),
            Some(0)
        );
    }
    assert_eq!(add(&host, "user99", "P@ssw0rd", &[13]).await.return_value(), Some(23));
    assert_eq!(add(&host, "user0", "P@ssw0rd", &[13]).await.return_value(), Some(2058));
    assert_eq!(add(&host, "admin", "P@ssw0rd", &[13]).await.return_value(), Some(2058));
    let all = call(&host, CLASS, "EnumerateUserAclEntries", &[("StartIndex", "1")]).await;
    assert_eq!(results(&all, "TotalCount"), ["15"]);
    assert_eq!(results(&all, "Handles").len(), 15);
    let rest = call(&host, CLASS, "EnumerateUserAclEntries", &[("StartIndex", "14")]).await;
    assert_eq!(results(&rest, "HandlesCount"), ["2"]);
}

#[tokio::test]
async fn the_administrators_password_changes_for_real() {
    let host = host();
    let name = call(&host, CLASS, "GetAdminAclEntry", &[]).await;
    assert_eq!(results(&name, "Username"), ["admin"]);
    let hash = digest_password(&host, "admin", "N3w-P@ssw0rd").await;
    let arguments = [("Username", "admin"), ("DigestPassword", hash.as_str())];
    assert_eq!(value(&host, CLASS, "SetAdminACLEntryEx", &arguments).await, 0);
    let name = "AMT_GeneralSettings";
    assert!(read_as(&host, "admin", crate::console::PASSWORD, name).await.is_none());
    assert!(read_as(&host, "admin", "N3w-P@ssw0rd", name).await.is_some_and(|r| r.is_ok()));
}

#[tokio::test]
async fn a_password_that_is_no_hash_is_refused() {
    let host = host();
    let arguments = [("Username", "admin"), ("DigestPassword", "cGxhaW4=")];
    let arguments = arguments.iter().map(|(n, v)| ((*n).to_owned(), (*v).into())).collect();
    let fault = invoke(&host, class(CLASS), "SetAdminACLEntryEx", arguments).await.unwrap_err();
    assert_eq!(fault.subcode, Subcode::InvalidParameter);
}
