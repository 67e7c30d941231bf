//! Handing the parts of a running server to those who work with them.

use super::Running;
use crate::{
    api::Api,
    config::Config,
    enroll::{self, Enroller},
    gateway::Gateway,
};
use std::sync::Arc;
use time::OffsetDateTime;

impl Running {
    /// What the API's handlers work with.
    pub(super) fn api(&self, gateway: Gateway, config: &Config, config_text: String) -> Api {
        let started = OffsetDateTime::now_utc();
        Api {
            gateway,
            enroller: self.enroller(config, started),
            commands: self.commands.clone(),
            registry: self.registry.clone(),
            inventory: self.inventory.clone(),
            access: self.access.clone(),
            audit: self.audit.clone(),
            events: self.events.clone(),
            certificates: self.certificates.clone(),
            config_text: config_text.into(),
            started,
            addresses: Arc::clone(&self.addresses),
        }
    }

    fn enroller(&self, config: &Config, started: OffsetDateTime) -> Enroller {
        Enroller::new(enroll::Parts {
            inventory: self.inventory.clone(),
            registry: self.registry.clone(),
            events: self.events.clone(),
            certificates: self.certificates.clone(),
            commands: self.commands.clone(),
            knocks: self.knocks.clone(),
            addresses: Arc::clone(&self.addresses),
            cira: config.cira.clone(),
            started,
        })
    }
}
