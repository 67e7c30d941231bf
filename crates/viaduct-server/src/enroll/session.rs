//! Reading and changing remote access, whatever way leads to the platform.

use crate::command::{CommandError, DeviceCommands};
use amt::{
    remote_access::{Added, Answers, Call, How, READS, RemoteAccess, ReturnCode, Step},
    wsman::{Instance, Operation, Properties, Reference, Target, Value},
};
use std::future::Future;

/// What a change gave back.
#[derive(Debug, Default)]
pub(crate) struct Answer {
    /// 0 is success; operations without one succeed by answering.
    pub(crate) value: u32,
    /// The first instance that is referred to in the answer.
    pub(crate) reference: Option<Reference>,
    /// All results.
    pub(crate) output: Properties,
}

/// A way to a platform's WS-Man service.
pub(crate) trait Ask: Send {
    /// The only instance of a class.
    fn read(&mut self, class: &str) -> impl Future<Output = Result<Instance, CommandError>> + Send;

    /// All instances of a class.
    fn list(
        &mut self,
        class: &str,
    ) -> impl Future<Output = Result<Vec<Instance>, CommandError>> + Send;

    /// A change, or a method.
    fn change(&mut self, call: Call) -> impl Future<Output = Result<Answer, CommandError>> + Send;
}

impl Ask for DeviceCommands {
    async fn read(&mut self, class: &str) -> Result<Instance, CommandError> {
        self.get(class).await
    }

    async fn list(&mut self, class: &str) -> Result<Vec<Instance>, CommandError> {
        self.enumerate(class).await
    }

    async fn change(&mut self, call: Call) -> Result<Answer, CommandError> {
        let Call { target, operation } = call;
        match operation {
            Operation::Invoke { method, arguments } => {
                let output = self.invoke(target, &method, arguments).await?;
                Ok(answer(output.value, output.properties))
            }
            Operation::Put(instance) => {
                self.put(target, instance).await?;
                Ok(Answer::default())
            }
            Operation::Delete => {
                self.delete(target).await?;
                Ok(Answer::default())
            }
            other => Err(CommandError::Unusable(format!("{other:?} is no change"))),
        }
    }
}

/// What a method gave back.
pub(super) fn answer(value: u32, output: Properties) -> Answer {
    let reference = output.iter().find_map(|(_, value)| value.as_reference()).cloned();
    Answer { value, reference, output }
}

/// Reads everything about remote access.
///
/// # Errors
/// When something indispensable cannot be read.
pub(crate) async fn survey(ask: &mut impl Ask) -> Result<RemoteAccess, CommandError> {
    let mut answers = Answers::new();
    for read in READS {
        let instances = match read.how {
            How::Get => ask.read(read.class).await.map(|instance| vec![instance]),
            How::List => ask.list(read.class).await,
        };
        match instances {
            Ok(instances) => {
                answers.insert(read.class, instances);
            }
            Err(CommandError::Fault { .. }) if read.optional => {}
            Err(error) => return Err(error),
        }
    }
    let uuid = match answers.contains_key("CIM_ComputerSystemPackage") {
        true => None,
        false => uuid(ask).await?,
    };
    RemoteAccess::from_answers(&answers, uuid.as_deref())
        .map_err(|error| CommandError::Unusable(error.to_string()))
}

/// The older way to ask who it is.
async fn uuid(ask: &mut impl Ask) -> Result<Option<String>, CommandError> {
    let Some(target) = Target::class("AMT_SetupAndConfigurationService") else { return Ok(None) };
    let operation = Operation::Invoke { method: "GetUuid".to_owned(), arguments: Vec::new() };
    match ask.change(Call { target, operation }).await {
        Ok(answer) => {
            let found = answer.output.iter().find(|(name, _)| name == "UUID");
            Ok(found.and_then(|(_, value)| Value::as_text(value)).map(str::to_owned))
        }
        Err(CommandError::Fault { .. }) => Ok(None),
        Err(error) => Err(error),
    }
}

/// Why a step was not taken.
#[derive(Debug)]
pub(crate) enum StepFault {
    /// A method said no.
    Returned {
        /// Its name.
        method: String,
        /// What it said.
        code: ReturnCode,
    },
    /// No answer, or a fault.
    Command(CommandError),
    /// No answer came where the connection may end with what was asked for. Whether the platform did it is not known.
    Cut,
    /// It could not even be asked for.
    Impossible(String),
}

impl StepFault {
    /// Whether the platform may have done it all the same.
    pub(crate) const fn is_in_doubt(&self) -> bool {
        matches!(self, Self::Cut | Self::Command(CommandError::Unknown { .. }))
    }
}

/// Takes one step. A policy that was removed to be replaced comes back when its replacement fails.
///
/// # Errors
/// [`StepFault`].
pub(crate) async fn perform(
    ask: &mut impl Ask,
    step: &Step,
    added: &mut Added,
) -> Result<(), StepFault> {
    let calls = step.calls(added).map_err(|error| StepFault::Impossible(error.to_string()))?;
    for (index, call) in calls.into_iter().enumerate() {
        let answer = match one(ask, step, call).await {
            Ok(answer) => answer,
            Err(fault) => {
                if index > 0
                    && let Ok(Some(undo)) = step.undo(added)
                    && let Err(error) = ask.change(undo).await
                {
                    tracing::warn!(%error, step = step.describe(), "could not be put back as it was");
                }
                return Err(fault);
            }
        };
        if let Step::AddMps { slot, .. } = step {
            let lost =
                || CommandError::Unknown { why: "the answer does not name the new MPS".into() };
            let reference = answer.reference.ok_or_else(lost).map_err(StepFault::Command)?;
            added.note(*slot, reference);
        }
    }
    Ok(())
}

async fn one(ask: &mut impl Ask, step: &Step, call: Call) -> Result<Answer, StepFault> {
    let method = match &call.operation {
        Operation::Invoke { method, .. } => method.clone(),
        _ => String::new(),
    };
    match ask.change(call).await {
        Ok(Answer { value: 0, reference, output }) => Ok(Answer { value: 0, reference, output }),
        // A root that is there already, under whatever reading of ours, is what was wanted.
        Ok(answer)
            if ReturnCode(answer.value) == ReturnCode::DUPLICATE
                && matches!(step, Step::TrustRoot { .. }) =>
        {
            Ok(answer)
        }
        Ok(answer) => Err(StepFault::Returned { method, code: ReturnCode(answer.value) }),
        Err(CommandError::Unknown { .. } | CommandError::Silent | CommandError::Away { .. })
            if step.may_cut() =>
        {
            Err(StepFault::Cut)
        }
        Err(error) => Err(StepFault::Command(error)),
    }
}
