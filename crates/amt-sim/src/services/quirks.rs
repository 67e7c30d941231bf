//! How a management engine differs from a well-behaved one: the part of [`Faults`](crate::Faults)
//! that its services follow.

use amt::http::digest::Qop;

use super::host::Host;
use crate::faults::{DigestQop, Faults, Spoil, Spoiled};

/// Oddities of one management engine. None by default.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Quirks {
    pub(super) qop: Option<Vec<Qop>>,
    /// Uses after which nonces are replaced; 0: as long as they live.
    pub(super) nonce_uses: u32,
    used: u32,
    /// Classes that refuse Put.
    pub(super) refuse_put: Vec<String>,
    /// Classes that are not there.
    pub(super) missing_classes: Vec<String>,
    /// Milliseconds that each answer takes longer.
    pub(super) delay: u32,
    /// Requests that get no answer.
    pub(super) swallow: u32,
    /// Methods that get no answer, and classes whose Put gets none.
    pub(super) swallow_actions: Vec<String>,
    /// Changes that go wrong, each with how often it was asked for.
    spoil_actions: Vec<(Spoiled, u32)>,
    pub(super) bad_event_times: bool,
    /// The tunnel goes with the PC's power.
    pub(super) poweroff_drop: bool,
    /// The screen is never drawn.
    pub(super) no_picture: bool,
}

impl From<&Faults> for Quirks {
    fn from(faults: &Faults) -> Self {
        Self {
            qop: faults.digest_qop.map(|qop| match qop {
                DigestQop::Auth => vec![Qop::Auth],
                DigestQop::AuthInt => vec![Qop::AuthInt],
                DigestQop::Both => vec![Qop::Auth, Qop::AuthInt],
            }),
            nonce_uses: faults.nonce_uses,
            used: 0,
            refuse_put: faults.refuse_put.clone(),
            missing_classes: faults.missing_classes.clone(),
            delay: faults.wsman_delay,
            swallow: faults.swallow_requests,
            swallow_actions: faults.swallow_actions.clone(),
            spoil_actions: faults
                .spoil_actions
                .iter()
                .map(|spoiled| (spoiled.clone(), 0))
                .collect(),
            bad_event_times: faults.bad_event_times,
            poweroff_drop: faults.poweroff_drop,
            no_picture: faults.no_picture,
        }
    }
}

impl Host {
    /// Whether this request gets no answer.
    pub(super) fn swallows_a_request(&self, body: &[u8]) -> bool {
        let mut quirks = self.quirks();
        if !quirks.swallow_actions.is_empty() {
            let body = String::from_utf8_lossy(body);
            if quirks.swallow_actions.iter().any(|action| asks_for(&body, action, &["Put"])) {
                return true;
            }
        }
        let swallows = quirks.swallow > 0;
        quirks.swallow = quirks.swallow.saturating_sub(1);
        swallows
    }

    /// How this request goes wrong, if it does.
    pub(super) fn spoils_a_request(&self, body: &[u8]) -> Option<Spoil> {
        let mut quirks = self.quirks();
        if quirks.spoil_actions.is_empty() {
            return None;
        }
        let body = String::from_utf8_lossy(body);
        let mut how = None;
        for (spoiled, asked) in &mut quirks.spoil_actions {
            if asks_for(&body, &spoiled.action, &["Put", "Delete"]) {
                *asked = asked.saturating_add(1);
                how = how.or_else(|| (*asked >= spoiled.from).then_some(spoiled.how));
            }
        }
        how
    }

    /// Replaces nonces that were used often enough.
    pub(super) fn wear_nonces(&self) {
        let worn = {
            let mut quirks = self.quirks();
            quirks.used = quirks.used.saturating_add(1);
            let worn = quirks.nonce_uses > 0 && quirks.used >= quirks.nonce_uses;
            if worn {
                quirks.used = 0;
            }
            worn
        };
        if worn {
            self.digest().forget_nonces();
        }
    }

    /// Behaves as these faults say from now on.
    pub(crate) fn set_faults(&self, faults: &Faults) {
        *self.quirks() = Quirks::from(faults);
        self.shared().limit_flash(faults.flash_limit);
        self.clock().skew(faults.clock_skew);
        self.offer_qop();
    }
}

/// Whether an envelope calls this method, or has one of these verbs for this class: classes have an underscore.
fn asks_for(envelope: &str, action: &str, verbs: &[&str]) -> bool {
    let names = |what: &str| envelope.contains(&format!("/{what}<"));
    names(action) && (!action.contains('_') || verbs.iter().any(|verb| names(verb)))
}
