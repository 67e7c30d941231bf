//! The routes as a client sees them, over a real inventory in a temporary directory.

mod audit;
mod cors;
mod devices;
mod events;
mod leftovers;
mod pages;
mod permissions;
mod provisioning;
mod redirections;
mod rights;
mod sign_in;
mod smuggling;
mod stats;
mod support;
mod tenants;
mod users;

use super::{guard::Origin, *};
use crate::{
    Addresses,
    access::Scope,
    config, enroll,
    knocks::Knocks,
    tls::{Authority, Certificates},
};
use axum::{
    body::Body,
    http::{HeaderMap, Request, StatusCode, header},
};
use http_body_util::BodyExt;
use serde_json::Value;
use std::sync::OnceLock;
use tempfile::TempDir;
use tower::ServiceExt;

pub(super) const GUID: &str = "4c4c4544-004b-4210-8033-b6c04f504633";
pub(super) const OTHER: &str = "4c4c4544-004b-4210-8033-b6c04f504634";

/// A server's API without its listeners.
pub(super) struct Bench {
    pub(super) api: Api,
    router: Router,
    _data: TempDir,
}

/// What came back.
#[derive(Debug)]
pub(super) struct Reply {
    pub(super) status: StatusCode,
    pub(super) headers: HeaderMap,
    pub(super) text: String,
}

impl Reply {
    pub(super) fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|e| panic!("{e}: {}", self.text))
    }

    pub(super) fn header(&self, name: impl header::AsHeaderName) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }
}

/// Making keys takes a second, so all tests share one authority and its certificates.
fn certificates() -> Certificates {
    static MADE: OnceLock<(TempDir, Certificates)> = OnceLock::new();
    let make = || {
        let directory = tempfile::tempdir().unwrap();
        let authority = Authority::open(&directory.path().join("ca"), None).unwrap();
        let (cira, web) = (config::Cira::default(), config::Web::default());
        let certificates = Certificates::open(authority, &cira, &web, Bus::new()).unwrap();
        (directory, certificates)
    };
    MADE.get_or_init(make).1.clone()
}

impl Bench {
    pub(super) fn with_origins(&mut self, origins: &[&str]) {
        self.api.origins = origins.iter().map(|it| (*it).to_owned()).collect();
        self.router = router(self.api.clone());
    }

    pub(super) async fn new() -> Self {
        let data = tempfile::tempdir().unwrap();
        let events = Bus::new();
        let inventory = Inventory::open(&config::Store::default(), data.path(), 100).await.unwrap();
        let access = Access::open(&inventory, data.path()).await.unwrap();
        let audit = Audit::open(&inventory).await.unwrap();
        let registry = Registry::new(events.clone());
        let limits = config::Limits::default();
        let gateway = Gateway::new(
            registry.clone(),
            inventory.clone(),
            access.clone(),
            limits.clone(),
            events.clone(),
        );
        let commands = Commander::new(registry.clone(), inventory.clone(), events.clone(), limits);
        let certificates = certificates();
        let addresses = Arc::new(Addresses::default());
        let (started, deadline) = (OffsetDateTime::now_utc(), std::time::Duration::from_secs(5));
        let parts = enroll::Parts {
            inventory: inventory.clone(),
            registry: registry.clone(),
            events: events.clone(),
            certificates: certificates.clone(),
            commands: commands.clone(),
            knocks: Knocks::default(),
            addresses: Arc::clone(&addresses),
            cira: config::Cira::default(),
            deadline,
            started,
            kept: data.path().join("enrollments"),
        };
        let enroller = Enroller::new(parts.clone());
        let rotator = Rotator::new(parts);
        let redirections = Redirections::new(
            registry.clone(),
            inventory.clone(),
            access.clone(),
            audit.clone(),
            (events.clone(), commands.clone()),
            (config::Limits::default(), true),
        );
        let media = Media::open(data.path().join("media"), &config::Limits::default()).unwrap();
        let api = Api {
            media,
            enroller,
            rotator,
            consent_tries: Arc::default(),
            brake: Arc::new(Brake::new(config::Limits::default().interruptions)),
            commands,
            redirections,
            origins: Arc::default(),
            redirection_tokens: true,
            registry,
            inventory,
            access,
            audit,
            provider: None,
            events,
            gateway,
            certificates,
            config_text: "[cira]\n".into(),
            history: History::default(),
            sinks: Arc::default(),
            data: data.path().into(),
            started,
            addresses,
        };
        Self { router: router(api.clone()), api, _data: data }
    }

    /// As the owner of the data directory.
    pub(super) async fn local(&self, method: &str, path: &str, body: &str) -> Reply {
        self.send(Origin::Local, method, path, &[], body).await
    }

    /// Over the network.
    pub(super) async fn remote(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: &str,
    ) -> Reply {
        let origin = Origin::Network("192.0.2.1:1".parse().unwrap());
        self.send(origin, method, path, headers, body).await
    }

    /// Through the plain listener that provisioning is trusted on.
    pub(super) async fn trusted(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: &str,
    ) -> Reply {
        let origin = Origin::Trusted("127.0.0.1:1".parse().unwrap());
        self.send(origin, method, path, headers, body).await
    }

    async fn send(
        &self,
        origin: Origin,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: &str,
    ) -> Reply {
        let mut request =
            Request::builder().method(method).uri(path).body(Body::from(body.to_owned())).unwrap();
        for (name, value) in headers {
            let name: header::HeaderName = name.parse().unwrap();
            request.headers_mut().insert(name, value.parse().unwrap());
        }
        request.extensions_mut().insert(origin);
        let response = self.router.clone().oneshot(request).await.unwrap();
        let (head, body) = response.into_parts();
        let text = body.collect().await.unwrap().to_bytes();
        Reply {
            status: head.status,
            headers: head.headers,
            text: String::from_utf8(text.to_vec()).unwrap(),
        }
    }

    pub(super) async fn token(&self, scope: Scope) -> String {
        let name = format!("t-{}", scope.name());
        let token = self.api.access.create_token(&name, scope, None).await.unwrap();
        format!("Bearer {}", token.expose())
    }

    pub(super) async fn add(&self, guid: &str, name: &str) -> Value {
        let body = format!(r#"{{"guid":"{guid}","name":"{name}"}}"#);
        let reply = self.local("POST", "/api/v1/devices", &body).await;
        assert_eq!(reply.status, StatusCode::CREATED, "{}", reply.text);
        reply.json()
    }
}
