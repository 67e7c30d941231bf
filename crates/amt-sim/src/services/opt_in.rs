//! IPS_OptInService of one PC: its policy, and the consent of whoever sits there.

use std::{sync::MutexGuard, time::Duration};

use super::{
    boot,
    consent::{Consent, Limits, WRONG_CODE},
    host::{Host, entropy},
    logs::{Initiator, note},
    methods::NOT_READY,
    power,
};

impl Host {
    /// IPS_OptInService.OptInRequired: 0 nobody is asked, 1 for the screen, all bits for everything.
    pub(super) fn consent_policy(&self) -> u32 {
        if self.is_in_client_control() {
            return u32::MAX;
        }
        self.store().number("IPS_OptInService", "OptInRequired").unwrap_or(0)
    }

    /// Whether the person at the PC must be asked first, and has not answered.
    pub(super) fn consent_is_missing(&self, for_screen: bool) -> bool {
        let asked = match self.consent_policy() {
            0 => false,
            1 => for_screen,
            _ => true,
        };
        asked && !self.consent().is_given()
    }

    /// The consent as time has left it. One that has lapsed takes boot options with it.
    pub(super) fn consent(&self) -> MutexGuard<'_, Consent> {
        let limits = self.consent_limits();
        let lapsed = self.consent_as_left().handle_time(self.now(), limits);
        if lapsed && self.consent_policy() == u32::MAX {
            boot::clear(self);
        }
        self.consent_as_left()
    }

    fn consent_limits(&self) -> Limits {
        let store = self.store();
        let seconds = |name, default| {
            let seconds = store.number("IPS_OptInService", name).unwrap_or(default);
            Duration::from_secs(seconds.into())
        };
        Limits {
            code: seconds("OptInCodeTimeout", 120),
            display: seconds("OptInDisplayTimeout", 300),
        }
    }

    /// `StartOptIn`: six digits on the screen.
    pub(super) fn start_consent(&self) -> u32 {
        if self.consent_policy() == 0 {
            return NOT_READY;
        }
        let number = u32::from_le_bytes(entropy().first_chunk().copied().unwrap_or_default());
        let code = format!("{:06}", number % 1_000_000);
        let can_show = self.power().now() == power::ON;
        self.consent().start(code, can_show, self.now())
    }

    /// `SendOptInCode`. Its argument is a number: zeros in front of it get lost on the way.
    pub(super) fn send_consent_code(&self, code: &str) -> u32 {
        let digits = code.trim().parse::<u32>().map(|number| format!("{number:06}"));
        let value = self.consent().send(digits.as_deref().unwrap_or(code), self.now());
        if value == WRONG_CODE {
            self.note(note::CONSENT_FAILED, Initiator::Local);
        }
        value
    }

    /// `CancelOptIn`, or a policy that changes.
    pub(super) fn cancel_consent(&self) -> u32 {
        self.consent().cancel()
    }

    /// Redirections were opened or closed.
    pub(super) fn redirections_changed(&self) {
        let open = usize::from(self.seats().in_use());
        self.consent().redirections(open, self.now());
    }

    /// The screen shows something again.
    pub(super) fn screen_came_on(&self) {
        self.consent().can_show(self.now());
    }
}
