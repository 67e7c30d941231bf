//! What ends with what: a sign-in, a password, everything of a user, a token that somebody else has signed.

use super::*;
use crate::config::Secret;
use serde_json::{Value, json};
use std::net::IpAddr;
use tempfile::TempDir;

const PASSWORD: &str = "correct horse";
const SHARED: &str = "0123456789abcdef0123456789abcdef";

struct Site {
    access: Access,
    settings: config::Jwt,
    data: TempDir,
}

impl Site {
    async fn new() -> Self {
        let data = tempfile::tempdir().unwrap();
        let settings = config::Jwt {
            secret: Some(Secret::new(SHARED.into())),
            user: Some("ann".into()),
            ..config::Jwt::default()
        };
        let access = open(&data, &settings).await;
        let password = || Secret::new(PASSWORD.into());
        access.add_user("root", password(), Role::Owner).await.unwrap();
        access.add_user("ann", password(), Role::Operator).await.unwrap();
        Self { access, settings, data }
    }

    async fn restarted(self) -> Self {
        let Self { access, settings, data } = self;
        drop(access);
        Self { access: open(&data, &settings).await, settings, data }
    }

    /// A sign-in of ann by `POST /authorize`, and what a proxy takes her token for the proxies for.
    async fn sign_in(&self) -> (Secret<String>, Principal, Principal) {
        let who = self.access.sign_in("ann", &Secret::new(PASSWORD.into()), from()).await.unwrap();
        let token = self.access.login_token(&who).unwrap();
        let who = self.access.signed(&token).unwrap();
        let (proxy, _) = self.access.proxy_token(&who).unwrap();
        let proxy = self.access.sign_in_at_proxy(TOKEN_USER, &proxy, from()).await.unwrap();
        (token, who, proxy)
    }

    async fn at_proxy(&self) -> Principal {
        self.access.sign_in_at_proxy("ann", &Secret::new(PASSWORD.into()), from()).await.unwrap()
    }

    fn current<const N: usize>(&self, all: [&Principal; N]) -> [bool; N] {
        all.map(|who| self.access.is_current(who))
    }

    /// A token as a gateway signs it, which has the rights of ann.
    fn stranger(&self, claims: &Value) -> Secret<String> {
        let mut all = json!({ "tenantId": "", "iss": self.settings.issuer, "deviceId": "*" });
        for (key, value) in claims.as_object().unwrap() {
            all[key] = value.clone();
        }
        Signer::new(&self.settings, b"").unwrap().sign(&all).unwrap()
    }

    fn strangers(&self, claims: &Value) -> Result<Principal, SignInError> {
        self.access.signed(&self.stranger(claims))
    }
}

async fn open(data: &TempDir, settings: &config::Jwt) -> Access {
    let inventory = Inventory::open(&config::Store::default(), data.path(), 10).await.unwrap();
    Access::open_with(&inventory, settings).await.unwrap()
}

fn from() -> IpAddr {
    IpAddr::from([192, 0, 2, 1])
}

#[tokio::test]
async fn signing_out_ends_one_sign_in_and_what_belongs_to_it() {
    let site = Site::new().await;
    let (first, one, its_proxy) = site.sign_in().await;
    let (second, two, other_proxy) = site.sign_in().await;
    let password = site.at_proxy().await;
    assert!(site.access.sign_out(&one).await.unwrap());
    assert_eq!(site.current([&one, &its_proxy]), [false, false]);
    assert_eq!(site.current([&two, &other_proxy, &password]), [true, true, true]);
    assert!(!site.access.sign_out(&password).await.unwrap(), "a password is no sign-in");
    assert_eq!(site.current([&two, &password]), [true, true]);
    let site = site.restarted().await;
    assert_eq!(site.access.signed(&first), Err(SignInError::Wrong));
    assert!(site.access.signed(&second).is_ok());
}

#[tokio::test]
async fn what_a_sign_in_rests_on_ends_everything_when_it_changes() {
    let changes = [
        UserChange { password: Some(Secret::new("another horse".into())), ..UserChange::default() },
        UserChange { role: Some(Role::DeviceAdmin), ..UserChange::default() },
        UserChange { disabled: Some(true), ..UserChange::default() },
    ];
    for change in changes {
        let site = Site::new().await;
        let (_, who, proxy) = site.sign_in().await;
        let password = site.at_proxy().await;
        let root = site.access.sign_in("root", &Secret::new(PASSWORD.into()), from()).await;
        site.access.change_user("ann", change.clone()).await.unwrap();
        assert_eq!(site.current([&who, &proxy, &password]), [false; 3], "{change:?}");
        assert_eq!(site.current([&root.unwrap()]), [true], "nobody else is touched");
    }
    let site = Site::new().await;
    let token = site.access.create_token("ci", Scope::Proxy, None).await.unwrap();
    let ci = site.access.bearer(&token).unwrap();
    site.access.revoke_token("ci").await.unwrap();
    let again = site.access.create_token("ci", Scope::Proxy, None).await.unwrap();
    let again = site.access.bearer(&again).unwrap();
    assert_eq!(site.current([&ci, &again]), [false, true], "another token of the same name");
}

#[tokio::test]
async fn signing_out_everywhere_ends_what_was_begun_with_the_password_too() {
    let site = Site::new().await;
    let (token, who, proxy) = site.sign_in().await;
    let password = site.at_proxy().await;
    site.access.sign_out_everywhere("ANN").await.unwrap();
    assert_eq!(site.current([&who, &proxy, &password]), [false; 3]);
    let (_, anew, _) = site.sign_in().await;
    assert_eq!(site.current([&anew, &site.at_proxy().await]), [true; 2], "in the same second");
    let site = site.restarted().await;
    assert_eq!(site.access.signed(&token), Err(SignInError::Wrong));
}

#[tokio::test]
async fn a_strangers_token_that_is_made_later_outlives_being_signed_out_everywhere() {
    let site = Site::new().await;
    let now = OffsetDateTime::now_utc().unix_timestamp();
    let day = site.settings.life.0.as_secs() as i64;
    // As Open AMT's MPS makes them: a day long, and nothing about when.
    let old = json!({ "exp": now + day - 3600 });
    let open = site.strangers(&old).unwrap();
    site.access.sign_out_everywhere("ann").await.unwrap();
    let site = site.restarted().await;
    assert_eq!(site.strangers(&old), Err(SignInError::Wrong));
    assert_eq!(site.current([&open]), [false]);
    assert!(site.strangers(&json!({ "exp": now + day + 5 })).is_ok(), "five seconds later");
    for claim in ["iat", "nbf"] {
        assert!(site.strangers(&json!({ "exp": now + 600, claim: now + 5 })).is_ok(), "{claim}");
        assert!(site.strangers(&json!({ "exp": now + 600, claim: now - 5 })).is_err(), "{claim}");
    }
}
