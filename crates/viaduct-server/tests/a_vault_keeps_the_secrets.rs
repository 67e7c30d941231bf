//! Passwords that Open AMT's provisioning wrote into a Vault. No Vault can be installed here: a stand-in answers as the
//! published API of its KV store of version 2 says.

#![expect(clippy::unwrap_used, reason = "set-up that fails shall fail the test")]

use amt_sim::{Identity, Platform, PlatformConfig, RunningPlatform, Setup};
use axum::{
    Json, Router,
    extract::{Path, State},
    http::{HeaderMap, StatusCode},
    response::{IntoResponse, Response},
    routing::get,
};
use serde_json::{Map, Value, json};
use std::{
    collections::BTreeMap,
    net::{Ipv4Addr, SocketAddr},
    sync::{Arc, Mutex},
    time::Duration,
};
use tokio::{net::TcpListener, time::timeout};
use viaduct_api::{Code, DeviceId};
use viaduct_server::{
    Config, Running, Server,
    command::CommandError,
    config::{Secret, Span},
    inventory::{NewDevice, Verdict},
    tunnel::Opener,
};

/// Longer than anything here takes on a loaded machine; only a failure waits for it.
const PATIENCE: Duration = Duration::from_secs(60);
const TOKEN: &str = "hvs.stand-in";

#[derive(Default)]
struct Kept {
    secrets: BTreeMap<String, Value>,
    asked: Vec<String>,
    sealed: bool,
    silent: bool,
}

#[derive(Clone, Default)]
struct StandIn(Arc<Mutex<Kept>>);

impl StandIn {
    async fn start(&self) -> String {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let router = Router::new().route("/v1/secret/data/{*path}", get(read));
        let router = router.with_state(self.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        url
    }

    fn put(&self, path: &str, fields: Value) {
        self.0.lock().unwrap().secrets.insert(path.to_owned(), fields);
    }

    fn change(&self, change: impl FnOnce(&mut Kept)) {
        change(&mut self.0.lock().unwrap());
    }

    fn asked(&self) -> Vec<String> {
        self.0.lock().unwrap().asked.clone()
    }
}

async fn read(
    State(vault): State<StandIn>,
    Path(path): Path<String>,
    headers: HeaderMap,
) -> Response {
    let error = |status: StatusCode, errors: Value| (status, Json(json!({ "errors": errors })));
    let (found, sealed, silent) = {
        let mut kept = vault.0.lock().unwrap();
        kept.asked.push(path.clone());
        (kept.secrets.get(&path).cloned(), kept.sealed, kept.silent)
    };
    if silent {
        std::future::pending::<()>().await;
    }
    if sealed {
        return error(StatusCode::SERVICE_UNAVAILABLE, json!(["Vault is sealed"])).into_response();
    }
    if headers.get("x-vault-token").is_none_or(|token| token != TOKEN) {
        return error(StatusCode::FORBIDDEN, json!(["permission denied"])).into_response();
    }
    match found {
        None => error(StatusCode::NOT_FOUND, json!([])).into_response(),
        Some(data) => Json(json!({
            "request_id": "0", "lease_id": "", "renewable": false, "lease_duration": 0,
            "data": { "data": data, "metadata": { "version": 1, "destroyed": false } },
        }))
        .into_response(),
    }
}

struct Site {
    running: Running,
    identity: Identity,
    _data: tempfile::TempDir,
}

fn config(data: &std::path::Path, url: &str) -> Config {
    let any = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
    let mut config = Config { data: data.join("data"), ..Config::default() };
    for listen in [
        &mut config.cira.listen,
        &mut config.web.listen,
        &mut config.socks.listen,
        &mut config.http_proxy.listen,
        &mut config.metrics.listen,
    ] {
        *listen = any;
    }
    config.cira.names = vec!["127.0.0.1".into()];
    config.vault.url = Some(url.to_owned());
    config.vault.token = Some(Secret::new(TOKEN.to_owned()));
    // Waited for by one test only; the others need the answer within it.
    config.vault.timeout = Span(Duration::from_secs(5));
    config
}

impl Site {
    /// A server that knows the device and none of its passwords.
    async fn start(url: &str) -> Self {
        let data = tempfile::tempdir().unwrap();
        let running = Server::start(config(data.path(), url), String::new()).await.unwrap();
        let identity = Identity::fleet(1, "vault", "pc", "demo.example").unwrap().remove(0);
        let device = NewDevice {
            id: DeviceId(identity.guid),
            name: identity.name.clone(),
            fqdn: None,
            labels: BTreeMap::new(),
            cira: Some((identity.cira_user.clone(), None)),
            certificate: None,
            amt: None,
        };
        running.inventory().add(device).await.unwrap();
        Self { running, identity, _data: data }
    }

    fn id(&self) -> DeviceId {
        DeviceId(self.identity.guid)
    }

    fn path(&self) -> String {
        format!("devices/{}", self.id())
    }

    /// As provisioning writes them.
    fn secrets(&self) -> Value {
        json!({
            "AMT_PASSWORD": self.identity.amt_password, "MEBX_PASSWORD": "Mebx-Passw0rd",
            "MPS_PASSWORD": self.identity.cira_password,
        })
    }

    fn dial(&self) -> RunningPlatform {
        let root = std::fs::read_to_string(self.running.ca_file()).unwrap();
        let setup = Setup::new(self.running.addresses().cira[0].into(), root);
        Platform::start(PlatformConfig { identity: self.identity.clone(), setup }).unwrap()
    }

    /// Why the device was refused, as soon as it was.
    async fn refusal(&self) -> String {
        let seen = async {
            loop {
                if let Some(attempt) = self.running.inventory().attempts().first() {
                    return attempt.reason.clone();
                }
                tokio::task::yield_now().await;
            }
        };
        timeout(PATIENCE, seen).await.unwrap()
    }

    async fn command(&self) -> Result<(), CommandError> {
        let opener = Opener { user: "test".into(), console: None };
        let mut commands = self.running.commands().device(self.id(), opener, "test").await?;
        commands.get("AMT_GeneralSettings").await.map(drop)
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_device_signs_in_and_is_managed_with_what_provisioning_wrote_there() {
    let vault = StandIn::default();
    let site = Site::start(&vault.start().await).await;
    vault.put(&site.path(), site.secrets());
    let platform = site.dial();
    timeout(PATIENCE, platform.settled()).await.unwrap().unwrap();
    timeout(PATIENCE, async {
        let ready = || site.running.registry().lookup(site.id()).is_some_and(|t| t.is_settled());
        while !ready() {
            tokio::task::yield_now().await;
        }
    })
    .await
    .unwrap();
    site.command().await.unwrap();
    // It is remembered: no further question, also when Vault is gone.
    vault.change(|kept| kept.sealed = true);
    site.command().await.unwrap();
    assert_eq!(vault.asked(), [site.path()]);
    // Somebody says that it changed. Now the answer is Vault's fault, and not "there is none".
    site.running.commands().forget_refusal(site.id());
    let error = site.command().await.unwrap_err();
    assert_eq!(error.code(), Code::VaultUnavailable, "{error}");
    assert!(error.to_string().contains("Vault is sealed"), "{error}");
    vault.change(|kept| {
        kept.sealed = false;
        kept.secrets.clear();
    });
    assert_eq!(site.command().await, Err(CommandError::NoCredential));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_vault_that_fails_or_is_silent_refuses_and_never_means_that_there_is_no_password() {
    for (fault, words) in [
        ((|kept| kept.sealed = true) as fn(&mut Kept), "Vault is sealed"),
        (|kept| kept.silent = true, "no answer within"),
        (|kept| kept.secrets.clear(), "wrong CIRA user or password"),
    ] {
        let vault = StandIn::default();
        let site = Site::start(&vault.start().await).await;
        vault.put(&site.path(), site.secrets());
        vault.change(fault);
        let _platform = site.dial();
        let reason = site.refusal().await;
        assert!(reason.contains(words), "{reason}");
        assert!(site.running.registry().lookup(site.id()).is_none());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_empty_password_there_lets_nobody_in() {
    let vault = StandIn::default();
    let site = Site::start(&vault.start().await).await;
    vault.put(&site.path(), json!({ "MPS_PASSWORD": "", "AMT_PASSWORD": "" }));
    let _platform = site.dial();
    assert!(site.refusal().await.contains("wrong CIRA user or password"));
    let user = site.identity.cira_user.clone();
    let verdict = site.running.inventory().verify(site.id(), user.as_bytes(), b"");
    assert_eq!(verdict, Verdict::WrongCredential);
    assert!(site.running.inventory().amt_account(site.id()).await.unwrap().is_none());
}

#[tokio::test(flavor = "multi_thread")]
async fn the_master_key_can_be_kept_there_and_without_it_nothing_starts() {
    let vault = StandIn::default();
    let url = vault.start().await;
    let mut fields = Map::new();
    fields.insert("master_key".into(), json!("a master key that is long enough to be one"));
    vault.put("viaduct", Value::Object(fields));
    let data = tempfile::tempdir().unwrap();
    let settings = || {
        let mut config = config(data.path(), &url);
        config.vault.master_key = Some("viaduct".into());
        config
    };
    Server::start(settings(), String::new()).await.unwrap().shutdown().await;
    let key = std::fs::read(data.path().join("data/keys/sealing.key")).unwrap();
    assert!(key.starts_with(b"VDK1"), "it is sealed");
    vault.change(|kept| kept.sealed = true);
    let error = Server::start(settings(), String::new()).await.err().unwrap().to_string();
    assert!(error.contains("[vault]") && error.contains("Vault is sealed"), "{error}");
    vault.change(|kept| kept.sealed = false);
    vault.put("viaduct", json!({ "other": "field" }));
    let error = Server::start(settings(), String::new()).await.err().unwrap().to_string();
    assert!(error.contains("no field `master_key`"), "{error}");
}
