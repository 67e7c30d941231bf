//! The verbs of WS-Man on one device, with typed answers.

use super::{
    CommandError, Inside,
    exchange::{self, Account, Envelope, Line},
    queue::{Place, Queue},
};
use crate::{
    events::{Bus, Event},
    inventory::Inventory,
};
use amt::wsman::{
    Answered, Identity, Instance, Operation, Outcome, Properties, Reference, Request, Target, Value,
};
use futures_util::FutureExt;
use std::{sync::Arc, time::Duration};
use tokio::time::Instant;
use viaduct_api::{Code, DeviceId};

/// Items asked for at once; the platform gives fewer when they do not fit its envelope.
const PULL: u32 = 999;
/// More instances of one class no platform has; one that goes on for ever is stopped here.
const ITEMS_MAX: usize = 4096;

/// How long answers may take.
#[derive(Debug, Clone, Copy)]
pub(super) struct Deadlines {
    /// Each of them.
    pub(super) each: Duration,
    /// All of one caller.
    pub(super) all: Instant,
}

/// One caller's place in a device's queue. Dropping it makes room for the next.
#[derive(Debug)]
pub struct DeviceCommands {
    line: Line<Inside>,
    account: Arc<Account>,
    queue: Arc<Queue>,
    deadlines: Deadlines,
    messages: u32,
    envelope: Vec<u8>,
    diary: Diary,
    inventory: Inventory,
    _place: Place,
}

/// What a method gave back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Output {
    /// Its results, `ReturnValue` among them.
    pub properties: Properties,
    /// The `ReturnValue`; 0 is success. Methods without one succeed by answering.
    pub value: u32,
}

impl Output {
    /// The first value of a result.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Value> {
        self.properties.iter().find(|(n, _)| n == name).map(|(_, value)| value)
    }

    /// The first value of a result as text.
    #[must_use]
    pub fn text(&self, name: &str) -> Option<&str> {
        self.get(name).and_then(Value::as_text)
    }

    /// All values of a result as text.
    pub fn texts<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.properties.iter().filter(move |(n, _)| n == name).filter_map(|(_, v)| v.as_text())
    }
}

impl DeviceCommands {
    pub(super) fn new(
        line: Line<Inside>,
        account: Arc<Account>,
        queue: Arc<Queue>,
        place: Place,
        deadlines: Deadlines,
        diary: Diary,
        inventory: Inventory,
    ) -> Self {
        let envelope = Vec::new();
        Self {
            line,
            account,
            queue,
            deadlines,
            messages: 0,
            envelope,
            diary,
            inventory,
            _place: place,
        }
    }

    /// Who the platform is.
    ///
    /// # Errors
    /// [`CommandError`], as for all that follow.
    pub async fn identify(&mut self) -> Result<Identity, CommandError> {
        match self.ask(Target::default(), Operation::Identify, "Identify").await? {
            Outcome::Identity(identity) => Ok(identity),
            _ => Err(unexpected("Identify")),
        }
    }

    /// The span for a log line about this device.
    pub(crate) fn about(&self) -> tracing::Span {
        self.diary.events.about(self.diary.device)
    }

    /// The only instance of a class.
    pub async fn get(&mut self, class: &str) -> Result<Instance, CommandError> {
        self.get_at(target(class)?).await
    }

    /// The only instance of a class; none where the platform has not the class. It is asked that once in a tunnel.
    ///
    /// # Errors
    /// As for [`get`](Self::get), all but that the class is absent.
    pub async fn get_if_had(
        &mut self,
        class: &'static str,
    ) -> Result<Option<Instance>, CommandError> {
        let tunnel = self.line.dialler().tunnel.id();
        if self.queue.lacks(tunnel, class) {
            return Ok(None);
        }
        match self.get(class).await {
            Err(error) if error.is_absent() => {
                self.queue.note_absent(tunnel, class);
                // That it has not what was only looked for is no failure of the command.
                self.diary.failed = None;
                Ok(None)
            }
            other => other.map(Some),
        }
    }

    /// One instance.
    pub async fn get_at(&mut self, target: Target) -> Result<Instance, CommandError> {
        match self.ask(target, Operation::Get, "Get").await? {
            Outcome::Got(instance) => Ok(instance),
            _ => Err(unexpected("Get")),
        }
    }

    /// All instances of a class, in the platform's order; every pull is followed.
    pub async fn enumerate(&mut self, class: &str) -> Result<Vec<Instance>, CommandError> {
        self.enumerate_at(target(class)?).await
    }

    /// All instances that a target names.
    pub async fn enumerate_at(&mut self, target: Target) -> Result<Vec<Instance>, CommandError> {
        let begun = self.ask(target.clone(), Operation::Enumerate, "Enumerate").await?;
        let Outcome::Enumerating(mut context) = begun else { return Err(unexpected("Enumerate")) };
        let mut all = Vec::new();
        loop {
            let pull = Operation::Pull { context, most: PULL };
            let Outcome::Pulled { items, next } = self.ask(target.clone(), pull, "Pull").await?
            else {
                return Err(unexpected("Pull"));
            };
            let nothing_more = items.is_empty();
            all.extend(items);
            match next {
                None => return Ok(all),
                Some(_) if nothing_more => return Ok(all),
                Some(_) if all.len() > ITEMS_MAX => {
                    let what = format!("more than {ITEMS_MAX} instances");
                    return Err(CommandError::Unusable(what));
                }
                Some(next) => context = next,
            }
        }
    }

    /// Replaces an instance; gives it as it is afterwards, where the platform says so.
    pub async fn put(
        &mut self,
        target: Target,
        instance: Instance,
    ) -> Result<Option<Instance>, CommandError> {
        match self.ask(target, Operation::Put(instance), "Put").await? {
            Outcome::Put(instance) => Ok(instance),
            _ => Err(unexpected("Put")),
        }
    }

    /// Makes an instance.
    pub async fn create(
        &mut self,
        target: Target,
        instance: Instance,
    ) -> Result<Option<Reference>, CommandError> {
        match self.ask(target, Operation::Create(instance), "Create").await? {
            Outcome::Created(reference) => Ok(reference),
            _ => Err(unexpected("Create")),
        }
    }

    /// Removes an instance.
    pub async fn delete(&mut self, target: Target) -> Result<(), CommandError> {
        match self.ask(target, Operation::Delete, "Delete").await? {
            Outcome::Deleted => Ok(()),
            _ => Err(unexpected("Delete")),
        }
    }

    /// Calls a method. A `ReturnValue` other than 0 is an answer; see [`call`](Self::call).
    pub async fn invoke(
        &mut self,
        target: Target,
        method: &str,
        arguments: Properties,
    ) -> Result<Output, CommandError> {
        let operation = Operation::Invoke { method: method.to_owned(), arguments };
        let outcome = self.ask(target, operation, "Invoke").await?;
        let value = outcome.return_value().unwrap_or(0);
        match outcome {
            Outcome::Invoked { output, .. } => Ok(Output { properties: output, value }),
            _ => Err(unexpected("Invoke")),
        }
    }

    /// Calls a method of a class's only instance, which must succeed.
    pub async fn call(
        &mut self,
        class: &str,
        method: &str,
        arguments: Properties,
    ) -> Result<Output, CommandError> {
        let output = self.invoke(target(class)?, method, arguments).await?;
        match output.value {
            0 => Ok(output),
            value => {
                let (class, method) = (class.to_owned(), method.to_owned());
                Err(CommandError::Returned { class, method, value })
            }
        }
    }

    /// Sends an envelope that somebody else wrote. A fault is an answer.
    pub async fn send(&mut self, envelope: &Envelope) -> Result<Answered, CommandError> {
        let deadline = (Instant::now() + self.deadlines.each).min(self.deadlines.all);
        self.diary.requests += 1;
        let mut result = exchange::run(&mut self.line, &self.account, envelope, deadline).await;
        // A channel that ends with its tunnel is no fault of the answer.
        if let Err(CommandError::Unusable(_)) = &result
            && let Some(end) = self.line.dialler().tunnel.end()
        {
            result = Err(CommandError::Away { why: end.detail });
        }
        let refused = result == Err(CommandError::CredentialRefused);
        if refused {
            self.queue.refused(&self.account);
        } else if result.is_ok() {
            self.queue.accepted(&self.account);
        }
        if refused || result.is_ok() {
            self.inventory.note_shown(self.diary.device, |shown| shown.refused = refused);
        }
        self.diary.failed = result.as_ref().err().map(CommandError::code);
        if let Ok(answered) = &result {
            // The first answer tells the firmware; that it cannot be kept harms nobody.
            if let Some(server) = answered.server.as_deref().filter(|_| self.diary.requests == 1) {
                let device = self.diary.device;
                if let Err(error) = self.inventory.note_firmware(device, server).await {
                    self.about().in_scope(|| {
                        tracing::debug!(%error, "its firmware's version is not kept");
                    });
                }
            }
            self.envelope.clone_from(&answered.envelope);
        }
        result
    }

    /// Whether the platform asks whoever sits there, for all who look at the list of devices.
    pub(crate) fn note_consent(&self, needed: bool) {
        self.inventory.note_shown(self.diary.device, |shown| shown.consent = needed);
    }

    /// The last answer as it came.
    #[must_use]
    pub fn envelope(&self) -> &[u8] {
        &self.envelope
    }

    async fn ask(
        &mut self,
        target: Target,
        operation: Operation,
        verb: &'static str,
    ) -> Result<Outcome, CommandError> {
        let class = target.resource.class_name().to_owned();
        self.messages += 1;
        let request = Request::new(self.messages.to_string(), target, operation);
        // Boxed: the compiler looks through what is nested here for each route that asks a PC something.
        let answered = self.send(&Envelope::new(&request)).boxed().await?;
        answered.reply.result.map_err(|fault| {
            self.diary.failed = Some(Code::AmtRefused);
            CommandError::Fault { class, operation: verb, fault }
        })
    }
}

/// A class by its name.
pub(super) fn target(class: &str) -> Result<Target, CommandError> {
    Target::class(class)
        .ok_or_else(|| CommandError::Unusable(format!("{class} is no class of AMT")))
}

fn unexpected(verb: &str) -> CommandError {
    CommandError::Unusable(format!("the answer is not one to {verb}"))
}

/// What becomes an event when the caller is done.
#[derive(Debug)]
pub(super) struct Diary {
    events: Bus,
    device: DeviceId,
    user: String,
    what: &'static str,
    began: Instant,
    requests: u32,
    failed: Option<Code>,
}

impl Diary {
    pub(super) fn new(events: Bus, device: DeviceId, user: String, what: &'static str) -> Self {
        Self { events, device, user, what, began: Instant::now(), requests: 0, failed: None }
    }
}

impl Drop for Diary {
    fn drop(&mut self) {
        self.events.publish(Event::CommandEnded {
            device: self.device,
            user: std::mem::take(&mut self.user),
            what: self.what,
            requests: self.requests,
            code: self.failed.map(Code::as_str),
            milliseconds: u64::try_from(self.began.elapsed().as_millis()).unwrap_or(u64::MAX),
        });
    }
}
