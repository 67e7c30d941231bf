//! Taking the steps of a plan on a PC, and what is known of them when that breaks off.

use super::{
    Told, fault,
    run::{Case, Stop},
    session::{Ask, StepFault, perform, survey},
};
use crate::inventory::Issued;
use amt::remote_access::{Added, Plan, Step};
use viaduct_api::{Code, EnrollStep, Problem, StepState};

/// How far the steps of a plan got.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Taken {
    /// All are done.
    All,
    /// The connection ended at the last one, as it may.
    ButTheLast,
}

impl Case<'_> {
    /// Whether something was changed on the PC already, and what stopped it may pass: then it stays known, so that it can
    /// be gone on with. What the PC does not permit will not be permitted the next time.
    pub(super) fn can_go_on(&self, stop: &Stop) -> bool {
        let never = [Code::MpsNotPermitted, Code::NotActivated];
        if let Stop::Problem(problem) = stop
            && problem.known().is_some_and(|code| never.contains(&code))
        {
            return false;
        }
        let took = |step: &EnrollStep| matches!(step.state, StepState::Done | StepState::Unknown);
        self.slot.look(|device| device.steps.iter().any(took)).unwrap_or_default()
    }

    /// Whether the PC knows a server of ours by now, so that it may come whatever else went wrong.
    pub(super) fn has_our_server(&self, steps: &[Step]) -> bool {
        let adds = |step: &Step| matches!(step, Step::AddMps { .. });
        let took = |(step, shown): (&Step, &EnrollStep)| {
            adds(step) && matches!(shown.state, StepState::Done | StepState::Unknown)
        };
        let has = self.slot.look(|device| steps.iter().zip(&device.steps).any(took));
        !steps.iter().any(adds) || has.unwrap_or_default()
    }

    /// What the PC knows of the credential of these steps by now.
    pub(super) fn told(&self, steps: &[Step]) -> Told {
        self.slot.look(|device| Told::by(steps, &device.steps)).unwrap_or(Told::Not)
    }

    /// Takes the steps in order.
    pub(super) async fn take(&self, ask: &mut impl Ask, steps: &[Step]) -> Result<Taken, Stop> {
        let mut added = Added::default();
        for (index, step) in steps.iter().enumerate() {
            if self.slot.is_cancelled() {
                return Err(Stop::Cancelled);
            }
            let Err(fault) = perform(ask, step, &mut added).await else {
                self.slot.step(index, StepState::Done);
                continue;
            };
            let in_doubt = fault.is_in_doubt();
            self.slot.step(index, if in_doubt { StepState::Unknown } else { StepState::Failed });
            let left = steps.len() - index - 1;
            if matches!(fault, StepFault::Cut) && left == 0 {
                return Ok(Taken::ButTheLast);
            }
            return Err(self.broken(step, fault, left).into());
        }
        Ok(Taken::All)
    }

    /// Why a step was not taken.
    fn broken(&self, step: &Step, fault: StepFault, left: usize) -> Problem {
        let host = &self.target.address;
        let text = step.describe();
        match fault {
            StepFault::Cut => Problem::new(
                Code::EnrollStep,
                format!("{host} gave no answer to «{text}», so whether it did that is not known; {left} steps are left"),
            )
            .with_next("Run it again in a moment: the PC is asked first what it has, and what was done stays done."),
            StepFault::Returned { method, code } => fault::of_return(&text, &method, code, host),
            StepFault::Command(error) => {
                let mut problem = fault::of_command(&error, host);
                problem.detail = format!("{} (at «{text}»)", problem.detail);
                problem
            }
            StepFault::Impossible(why) => {
                Problem::new(Code::EnrollStep, format!("{host}: {text}: {why}"))
            }
        }
    }

    /// The last step may end the connection before its answer. A PC that can still be asked says whether it took it; one
    /// that cannot has probably left the local network because it did.
    pub(super) async fn look_again(
        &self,
        ask: &mut impl Ask,
        plan: &Plan,
        cira: &Issued,
    ) -> Result<(), Stop> {
        let (Ok(state), Some(last)) = (survey(ask).await, plan.steps.len().checked_sub(1)) else {
            return Ok(());
        };
        if self.plan(&state, cira)?.steps.is_empty() {
            self.slot.step(last, StepState::Done);
            return Ok(());
        }
        self.slot.step(last, StepState::Failed);
        let host = &self.target.address;
        let text = plan.steps.get(last).map(Step::describe).unwrap_or_default();
        let detail = format!("{host} gave no answer to «{text}» and has not done it");
        let next = "Run it again in a moment; what was done stays done.";
        Err(Problem::new(Code::EnrollStep, detail).with_next(next).into())
    }
}
