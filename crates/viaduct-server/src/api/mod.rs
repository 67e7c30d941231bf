//! REST to domain and back; the only place that knows the API's HTTP status codes.
//!
//! Paths, shapes and quirks of Open AMT's MPS v2 where it has them, ours beside them in the same style. Every
//! route is entered in one table with the right it needs, and no handler runs before that right is proven.

mod amt;
mod attempts;
mod audit;
mod authorize;
mod availability;
mod body;
mod brake;
mod certificates;
mod change;
mod claim;
mod connect;
mod cors;
mod dashboard;
mod deadlines;
mod devices;
mod enroll;
mod events;
mod export;
mod guard;
mod guests;
mod import;
mod kv;
mod labels;
mod leftover;
mod listen;
mod media;
mod oidc;
mod openapi;
mod pages;
mod permissions;
mod query;
mod redirections;
mod refusal;
mod refusal_said;
mod relay;
mod remote_access;
mod rotation;
mod routes;
mod service;
mod setup;
mod show;
mod site;
mod stats;
mod strict;
mod support;
mod tokens;
mod tunnels;
mod users;
mod validate;
mod views;
mod why_offline;
mod wsman;

pub use amt::ConsentTries;
pub use brake::Brake;
pub use listen::{serve_http, serve_local, serve_trusted};

use crate::{
    Addresses,
    access::{Access, Action, Provider},
    audit::Audit,
    command::Commander,
    enroll::Enroller,
    events::Bus,
    gateway::Gateway,
    history::History,
    inventory::Inventory,
    media::Media,
    metrics::SinkFigures,
    redirect::Redirections,
    registry::Registry,
    rotation::Rotator,
    tls::Certificates,
};
use axum::{Router, http::Method};
use guard::Guard;
use routes::Routes;
use std::{path::Path, sync::Arc};
use time::OffsetDateTime;

/// What the handlers work with.
#[derive(Debug, Clone)]
pub struct Api {
    /// Live tunnels.
    pub registry: Registry,
    /// Known devices.
    pub inventory: Inventory,
    /// Users and tokens.
    pub access: Access,
    /// Who did what.
    pub audit: Audit,
    /// Where people sign in who have no password here.
    pub provider: Option<Arc<Provider>>,
    /// What happens.
    pub events: Bus,
    /// The way to a port of a device, the same that the proxies take.
    pub gateway: Gateway,
    /// The way to every device's WS-Man service.
    pub commands: Commander,
    /// Makes PCs of the local network dial in.
    pub enroller: Enroller,
    /// Screens, serial ports and drives in use.
    pub redirections: Redirections,
    /// Images that PCs can boot from.
    pub media: Media,
    /// Pages of these origins may open a relay.
    pub origins: Arc<[String]>,
    /// Open AMT's redirection tokens are in use.
    pub redirection_tokens: bool,
    /// How many PCs one person interrupts, and requests that come twice.
    pub brake: Arc<Brake>,
    /// Wrong consent codes that PCs were told.
    pub consent_tries: Arc<ConsentTries>,
    /// Brings a new root or name to the devices.
    pub rotator: Rotator,
    /// Certificates in use.
    pub certificates: Certificates,
    /// Effective configuration, secrets redacted.
    pub config_text: Arc<str>,
    /// How it was over the last hour and week.
    pub history: History,
    /// Receivers of events, with their figures.
    pub(crate) sinks: Arc<[(String, SinkFigures)]>,
    /// The data directory.
    pub data: Arc<Path>,
    /// When the server was started.
    pub started: OffsetDateTime,
    /// Where it listens.
    pub addresses: Arc<Addresses>,
}

/// All routes, under `/api/v1` and `/mps/api/v1`, in any case and with one trailing slash tolerated.
pub fn router(api: Api) -> Router {
    openapi::route(table(Arc::new(api))).finish()
}

const READ: Guard = Guard::Needs(Action::ReadDevices);
const CHANGE: Guard = Guard::Needs(Action::ChangeDevices);
const DISCONNECT: Guard = Guard::Needs(Action::DisconnectTunnel);

fn table(api: Arc<Api>) -> Routes {
    let (get, post, patch, delete) = (Method::GET, Method::POST, Method::PATCH, Method::DELETE);
    let routes = guests::routes(redirections::area(Routes::new(api)));
    let routes = oidc::routes(media::routes(routes));
    let routes = claim::routes(views::routes(permissions::routes(routes)));
    let routes = users::routes(tokens::routes(audit::routes(authorize::routes(routes))))
        // Open AMT's
        .add(&get, "/api/v1/devices", READ, devices::list)
        .add(&post, "/api/v1/devices", CHANGE, change::upsert)
        .add(&patch, "/api/v1/devices", CHANGE, change::merge)
        .add(&get, "/api/v1/devices/stats", READ, devices::stats)
        .add(&get, "/api/v1/devices/tags", READ, devices::tags)
        .add(&get, "/api/v1/devices/{device}", READ, devices::show)
        .add(
            &delete,
            "/api/v1/devices/{device}",
            Guard::Needs(Action::RemoveDevices),
            change::remove,
        )
        .add(&delete, "/api/v1/devices/disconnect/{device}", DISCONNECT, tunnels::disconnect_device)
        .add(&delete, "/api/v1/devices/refresh/{device}", CHANGE, tunnels::refresh_device)
        .add(&get, "/api/v1/ciracert", Guard::Needs(Action::ReadCertificates), certificates::root)
        .add(&get, "/api/v1/health", Guard::Open, service::health)
        .add(&get, "/api/v1/version", Guard::SignedIn, service::version)
        // Ours
        .add(&patch, "/api/v1/devices/{device}", CHANGE, change::patch)
        .add(&post, "/api/v1/devices/{device}/approve", CHANGE, claim::approve)
        .add(&post, "/api/v1/devices/{device}/block", CHANGE, claim::block)
        .add(&get, "/api/v1/devices/{device}/why-offline", READ, why_offline::show)
        .add(&post, "/api/v1/devices/{device}/why-offline", READ, why_offline::show_with_log)
        .add(
            &get,
            "/api/v1/devices/{device}/connect/{port}",
            Guard::Needs(Action::UseProxy),
            connect::connect,
        )
        .add(&get, "/api/v1/exports", Guard::Needs(Action::RevealSecrets), export::export)
        .add(&post, "/api/v1/imports", CHANGE, import::import)
        .add(&post, "/api/v1/imports/check", CHANGE, import::check)
        .add(&get, "/api/v1/events", Guard::Needs(Action::ReadEvents), events::events)
        .add(&get, "/api/v1/tunnels", READ, tunnels::list)
        .add(&delete, "/api/v1/tunnels/{id}", DISCONNECT, tunnels::disconnect)
        .add(
            &get,
            "/api/v1/certificates",
            Guard::Needs(Action::ReadCertificates),
            certificates::list,
        )
        .add(
            &post,
            "/api/v1/certificates/reload",
            Guard::Needs(Action::ChangeCertificates),
            certificates::reload,
        )
        .add(&get, "/api/v1/config", Guard::Needs(Action::ReadConfig), service::config)
        .add(&get, "/api/v1/status", READ, service::status)
        .add(&get, "/api/v1/whoami", Guard::SignedIn, service::whoami)
        // The first user; the secret of the link is the right.
        .add(&get, "/api/v1/setup", Guard::Open, setup::form)
        .add(&post, "/api/v1/setup", Guard::Open, setup::submit)
        .add(&get, "/setup", Guard::Open, setup::form)
        .add(&post, "/setup", Guard::Open, setup::submit)
        .add(&get, "/", Guard::Open, dashboard::front);
    let routes = rotation::routes(remote_access::routes(enroll::routes(routes)));
    availability::routes(stats::routes(support::routes(kv::routes(wsman::routes(amt::routes(
        routes,
    ))))))
}

#[cfg(test)]
mod tests;
