//! A new CIRA credential on its way into a PC, and what counts when that ends well, badly, or nobody knows how.

use super::Parts;
use crate::inventory::{CiraRecord, Issued, StoreError};
use amt::remote_access::Step;
use viaduct_api::{DeviceId, EnrollStep, StepState};

/// What a PC knows of a credential.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Told {
    /// It has it wherever it should.
    Surely,
    /// It may have it, or has it in one place of several.
    Perhaps,
    /// It has not been told.
    Not,
}

impl Told {
    /// Of the credential that these steps tell, as far as they were taken.
    pub(crate) fn by(steps: &[Step], shown: &[EnrollStep]) -> Self {
        let tells = |step: &Step| matches!(step, Step::AddMps { .. } | Step::SetLogin { .. });
        let telling = steps.iter().zip(shown).filter(|(step, _)| tells(step));
        let states: Vec<StepState> = telling.map(|(_, shown)| shown.state).collect();
        let reached = |state: &StepState| matches!(state, StepState::Done | StepState::Unknown);
        if !states.iter().any(reached) {
            return Self::Not;
        }
        match states.iter().all(|state| *state == StepState::Done) {
            true => Self::Surely,
            false => Self::Perhaps,
        }
    }
}

/// A credential that a known PC is about to be told. Until it is settled the one before counts as well: also when the
/// server ends in between.
#[derive(Debug)]
#[must_use]
pub(crate) struct Offer {
    id: DeviceId,
    before: CiraRecord,
}

impl Offer {
    /// Lets the PC sign in with either from now on.
    ///
    /// # Errors
    /// When the PC is not known, or the database does not take it.
    pub(crate) async fn make(
        parts: &Parts,
        id: DeviceId,
        issued: &Issued,
    ) -> Result<Self, StoreError> {
        let before = parts.inventory.offer_cira(id, issued).await?;
        Ok(Self { id, before })
    }

    /// Lets the PC sign in with what it has by now; that is either as long as nobody knows.
    pub(crate) async fn settle(self, parts: &Parts, issued: &Issued, told: Told) {
        let Self { id, before } = self;
        let settled = match told {
            Told::Surely => parts.inventory.took_cira(id, issued).await,
            Told::Not => parts.inventory.restore_cira(id, before).await,
            Told::Perhaps => return,
        };
        if let Err(error) = settled {
            tracing::warn!(device = %id, %error, "two CIRA credentials of this device count until it signs in with the new one");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(states: &[StepState]) -> Told {
        let step = |_: &StepState| Step::SetLogin {
            server: "mps.example.com:4433".into(),
            login: "login".into(),
            user: "user".into(),
            password: "password".into(),
        };
        let shown = |state: &StepState| EnrollStep {
            text: String::new(),
            said: None,
            state: *state,
            at: None,
        };
        let mut steps: Vec<Step> = states.iter().map(step).collect();
        let mut shown: Vec<EnrollStep> = states.iter().map(shown).collect();
        // What tells nothing says nothing.
        steps.push(Step::RemovePolicy { name: "policy".into() });
        shown.push(EnrollStep {
            text: String::new(),
            said: None,
            state: StepState::Done,
            at: None,
        });
        Told::by(&steps, &shown)
    }

    #[test]
    fn only_what_was_done_everywhere_is_surely_told_and_only_what_was_refused_is_surely_not() {
        use StepState::{Done, Failed, Planned, Unknown};
        for (states, expected) in [
            (&[][..], Told::Not),
            (&[Done, Done], Told::Surely),
            (&[Done, Failed], Told::Perhaps),
            (&[Done, Planned], Told::Perhaps),
            (&[Unknown, Planned], Told::Perhaps),
            (&[Failed, Planned], Told::Not),
            (&[Planned, Planned], Told::Not),
        ] {
            assert_eq!(told(states), expected, "{states:?}");
        }
    }
}
