//! What outlives a restart of the simulator, and what a person at the PC sees.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use tokio::sync::watch;

use super::{
    alarms,
    boot::{Boot, LastBoot},
    host::Host,
    logs::{AuditLog, Event, EventLog},
    power,
    seats::BootImage,
    store::SavedSettings,
    users::Accounts,
};

/// What a management engine keeps in its flash, beside remote access: settings, users, logs, the
/// clock's error, and what is asked of the next boot. As JSON it is made to be kept, not to be
/// edited.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct HostState {
    settings: SavedSettings,
    accounts: Accounts,
    events: EventLog,
    audit: AuditLog,
    boot: Boot,
    power: u8,
    clock_offset: i64,
    kvm_on: bool,
    provisioned: bool,
}

impl Host {
    /// What is to be kept.
    #[must_use]
    pub fn state(&self) -> HostState {
        HostState {
            settings: self.store().save(),
            accounts: self.accounts().clone(),
            events: self.events().clone(),
            audit: self.audit().clone(),
            boot: self.boot().clone(),
            power: self.power().now(),
            clock_offset: self.clock().offset(),
            kvm_on: self.kvm_is_on(),
            provisioned: self.is_provisioned(),
        }
    }

    /// Goes on from a kept state. Needs a tokio runtime when there are alarms in it.
    pub fn restore(self: &Arc<Self>, state: HostState) {
        self.store().load(state.settings);
        *self.accounts() = state.accounts;
        *self.events() = state.events;
        *self.audit() = state.audit;
        *self.boot() = state.boot;
        self.clock().set_offset(state.clock_offset);
        self.switch_kvm(state.kvm_on);
        self.set_provisioned(state.provisioned);
        power::restore(self, state.power);
        self.commit_tls();
        self.offer_qop();
        alarms::watch(self);
    }

    /// Notice of changes to what [`state`](Self::state) gives: a number that counts on.
    #[must_use]
    pub fn changes(&self) -> watch::Receiver<u64> {
        self.revision().subscribe()
    }

    /// Whether the platform is set up. One that a console has unprovisioned serves nobody.
    #[must_use]
    pub fn provisioning(&self) -> watch::Receiver<bool> {
        self.provisioned().subscribe()
    }

    /// What the PC has booted from.
    #[must_use]
    pub fn last_boot(&self) -> LastBoot {
        self.boot().last.clone()
    }

    /// The six digits that the person at the PC is to read out, while they are on the screen.
    #[must_use]
    pub fn consent_code(&self) -> Option<String> {
        self.consent().displayed().map(str::to_owned)
    }

    /// The event log, newest first.
    #[must_use]
    pub fn event_log(&self) -> Vec<Event> {
        self.events().iter().copied().collect()
    }

    /// Somebody presses the button at the PC: off when it is on, else on. Needs a tokio runtime.
    pub fn press_power_button(self: &Arc<Self>) {
        power::press(self);
    }

    /// The mains fail: the PC is off, and boot options, consent and the tunnel are gone.
    pub fn lose_power(&self) {
        power::lose(self);
    }

    /// What a person in front of the PC sees, line by line.
    #[must_use]
    pub fn front(&self) -> Vec<String> {
        let power = self.power().now();
        let mut lines = vec![format!("power: {}", power::word(power))];
        if power == power::ON {
            lines.push(format!("booted from: {}", self.last_boot()));
        }
        let image = self.seats().image_now();
        if image != BootImage::None {
            lines.push(image.to_string());
        }
        if let Some(code) = self.consent_code() {
            lines.push(format!("a remote administrator asks for consent; the code is {code}"));
        }
        if self.seats().in_use() {
            lines.push("a remote administrator is connected to this PC".to_owned());
        }
        if !self.is_provisioned() {
            lines.push("Intel AMT is not set up".to_owned());
        }
        lines
    }
}
