//! A PC from which something was taken that it does not get in its place: it gets back what it had. Without a policy it
//! would never dial in.

use super::{
    run::Case,
    session::{Ask, perform, survey},
};
use crate::inventory::Issued;
use amt::remote_access::{Added, RemoteAccess, Step, plan_put_back};
use viaduct_api::{EnrollStep, StepState};

impl Case<'_> {
    /// Gives a PC back what steps took before they broke off, as far as it can still be asked; `before` is what it had.
    /// Says whether it was told this credential for that.
    pub(super) async fn put_back(
        &self,
        ask: &mut impl Ask,
        before: &RemoteAccess,
        steps: &[Step],
        cira: &Issued,
    ) -> bool {
        if !self.has_taken(steps) {
            return false;
        }
        let login = (cira.user.as_str(), cira.password.expose().as_str());
        let back = match survey(ask).await {
            Ok(now) => plan_put_back(before, &now, login),
            Err(error) => {
                tracing::debug!(%error, "it cannot be asked what it still has");
                self.slot.note(UNKNOWN);
                return false;
            }
        };
        let (mut added, mut given, mut failed) = (Added::default(), false, None);
        for step in &back {
            let done = perform(ask, step, &mut added).await;
            given |= matches!(step, Step::AddMps { .. })
                && done.as_ref().map_or_else(|fault| fault.is_in_doubt(), |()| true);
            if let Err(fault) = done {
                tracing::debug!(?fault, step = step.describe(), "it did not get back what it had");
                failed.get_or_insert_with(|| step.describe());
            }
        }
        match failed {
            Some(step) => self.slot.note(format!(
                "it has not all that it had before, because «{step}» failed as well; until this is gone on with, it may not dial in by itself"
            )),
            None if back.is_empty() => {}
            None => self.slot.note("it was given back the policies and entries that it had before"),
        }
        given
    }

    /// Whether a step that takes something away was begun.
    fn has_taken(&self, steps: &[Step]) -> bool {
        let takes = |step: &Step| {
            matches!(
                step,
                Step::RemovePolicy { .. } | Step::RemoveMps { .. } | Step::ReplacePolicy { .. }
            )
        };
        let begun =
            |(step, shown): (&Step, &EnrollStep)| takes(step) && shown.state != StepState::Planned;
        self.slot.look(|device| steps.iter().zip(&device.steps).any(begun)).unwrap_or_default()
    }
}

/// Said when the PC cannot be asked any more.
const UNKNOWN: &str = "whether it still has all that it had before is not known, because it cannot be asked: until this is gone on with, it may not dial in by itself";
