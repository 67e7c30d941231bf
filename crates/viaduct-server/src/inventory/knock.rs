//! What is kept of those who tried to come in and did not.

use crate::{events::Stage, tls::HelloFacts};
use std::{net::SocketAddr, sync::Arc};
use time::OffsetDateTime;
use viaduct_api::DeviceId;

/// An unknown device that knocked.
#[derive(Debug, Clone)]
pub struct Unclaimed {
    pub id: DeviceId,
    pub address: SocketAddr,
    pub first: OffsetDateTime,
    pub last: OffsetDateTime,
    pub count: u64,
    pub cira_user: Option<String>,
    /// Somebody said that they do not want to hear of it.
    pub ignored: bool,
}

/// Failed attempts from one source address at one stage, counted.
#[derive(Debug, Clone)]
pub struct Attempt {
    pub address: std::net::IpAddr,
    pub stage: Stage,
    pub device: Option<DeviceId>,
    pub reason: String,
    pub tls_alert: Option<u8>,
    pub hello: Option<Arc<HelloFacts>>,
    pub first: OffsetDateTime,
    pub last: OffsetDateTime,
    pub count: u64,
}
