//! The same for many devices: some at a time, each begun once, and an end that can be asked for.

use super::Desk;
use crate::{
    failure::{Exit, Failure, Result},
    render::Format,
    say::{bar, bar_off, inert, note},
};
use std::{collections::HashMap, future::Future, num::NonZeroUsize, pin::pin};
use tokio::task::{AbortHandle, Id, JoinSet};
use viaduct_api::Code;

/// More devices than this are not interrupted unless it is said how many.
pub(crate) const MANY: usize = 25;

/// So many are named where all could be too many to read.
pub(super) const NAMED: usize = 100;

/// How fast, how many, and how much may fail.
#[derive(Debug, Clone, clap::Args)]
pub(crate) struct Pace {
    /// Devices that are told at the same time
    #[arg(long, value_name = "N", default_value = "16")]
    max_parallel: NonZeroUsize,
    /// Begin with no further device once so many have failed
    #[arg(long, value_name = "N")]
    stop_after_failures: Option<NonZeroUsize>,
    /// Refuse when more devices than this would be interrupted
    #[arg(long, value_name = "N", default_value_t = MANY)]
    pub(super) max_devices: usize,
}

impl Default for Pace {
    fn default() -> Self {
        let max_parallel = NonZeroUsize::new(16).unwrap_or(NonZeroUsize::MIN);
        Self { max_parallel, stop_after_failures: None, max_devices: MANY }
    }
}

/// What became of one of them.
#[derive(Debug)]
pub(super) enum Outcome<T> {
    Done(T),
    Failed(Failure),
    /// Nothing was done to it.
    NotBegun,
}

/// Does `work` for each, at the pace that was asked for; the outcomes in the order of the items. `done` hears of each as
/// it ends. Ctrl-C ends the beginning of new ones, a second one the waiting for those that were begun.
pub(super) async fn each<I, T, F, W>(
    desk: &Desk,
    items: Vec<(String, I)>,
    pace: &Pace,
    work: F,
    mut done: impl FnMut(&I, &Outcome<T>),
) -> Vec<(I, Outcome<T>)>
where
    I: Clone,
    T: Send + 'static,
    F: Fn(I) -> W,
    W: Future<Output = Result<T>> + Send + 'static,
{
    let mut run =
        Run { tasks: JoinSet::new(), begun: HashMap::new(), ended: 0, failed: 0, told: 0 };
    let mut outcomes: Vec<Option<Outcome<T>>> = items.iter().map(|_| None).collect();
    let mut next = 0;
    let shown = items.len() > 1 && desk.printer.format == Format::Table;
    // Not a new one in each turn of the loop, which would miss what is pressed between two of them.
    let mut stop = pin!(tokio::signal::ctrl_c());
    loop {
        let enough = pace.stop_after_failures.is_some_and(|most| run.failed >= most.get());
        while run.told == 0
            && !enough
            && next < items.len()
            && run.begun.len() < pace.max_parallel.get()
        {
            let handle = run.tasks.spawn(work(items[next].1.clone()));
            run.begun.insert(handle.id(), (next, handle));
            next += 1;
        }
        if shown {
            bar(run.ended, items.len());
        }
        tokio::select! {
            joined = run.tasks.join_next_with_id() => {
                let Some(joined) = joined else { break };
                let Some((index, outcome)) = run.end(joined) else { continue };
                bar_off();
                done(&items[index].1, &outcome);
                outcomes[index] = Some(outcome);
            }
            pressed = &mut stop => {
                stop.set(tokio::signal::ctrl_c());
                bar_off();
                match pressed {
                    Ok(()) => run.stop(&items, items.len() - next),
                    Err(_) => continue,
                }
            }
        }
    }
    bar_off();
    let items = items.into_iter().map(|(_, item)| item);
    items.zip(outcomes.into_iter().map(|outcome| outcome.unwrap_or(Outcome::NotBegun))).collect()
}

/// Those that were begun.
struct Run<T> {
    tasks: JoinSet<Result<T>>,
    begun: HashMap<Id, (usize, AbortHandle)>,
    ended: usize,
    failed: usize,
    /// How often somebody pressed Ctrl-C.
    told: usize,
}

type Joined<T> = std::result::Result<(Id, Result<T>), tokio::task::JoinError>;

impl<T: 'static> Run<T> {
    fn end(&mut self, joined: Joined<T>) -> Option<(usize, Outcome<T>)> {
        let (id, outcome) = match joined {
            Ok((id, Ok(value))) => (id, Outcome::Done(value)),
            Ok((id, Err(failure))) => (id, Outcome::Failed(failure)),
            Err(error) if error.is_cancelled() => {
                let detail = "it was begun, and nobody waited for its end";
                (error.id(), Outcome::Failed(Failure::new(Code::OutcomeUnknown, detail)))
            }
            Err(error) => {
                (error.id(), Outcome::Failed(Failure::local("the command", "its task ended")))
            }
        };
        let (index, _) = self.begun.remove(&id)?;
        self.ended += 1;
        if matches!(&outcome, Outcome::Failed(failure) if failure.exit != Exit::Done) {
            self.failed += 1;
        }
        Some((index, outcome))
    }

    fn stop<I>(&mut self, items: &[(String, I)], left: usize) {
        self.told += 1;
        let mut begun: Vec<usize> = self.begun.values().map(|(index, _)| *index).collect();
        begun.sort_unstable();
        let names: Vec<String> = begun.iter().map(|index| inert(&items[*index].0)).collect();
        let names = names.join(", ");
        if self.told == 1 {
            note(&format!(
                "stopping: {left} are not begun; waiting for {names}; Ctrl-C again ends the waiting"
            ));
            return;
        }
        note(&format!("not waited for, though they may have been told already: {names}"));
        self.tasks.abort_all();
    }
}

/// The failures among the outcomes, said once each; and what that means for the command. Those that were not begun make
/// it partly done, unless nothing else was done either.
pub(super) fn sum_up<I, T>(
    name: impl Fn(&I) -> String,
    outcomes: Vec<(I, Outcome<T>)>,
) -> Result<()> {
    let (mut done, mut failures, mut left) = (0, Vec::new(), Vec::new());
    for (item, outcome) in outcomes {
        match outcome {
            Outcome::Done(_) => done += 1,
            Outcome::Failed(failure) => failures.push(failure.about(&name(&item))),
            Outcome::NotBegun => left.push(name(&item)),
        }
    }
    let unbegun = left.len();
    if unbegun > 0 {
        let more = unbegun.saturating_sub(NAMED);
        left.truncate(NAMED);
        let more = if more > 0 { format!(" and {more} more") } else { String::new() };
        note(&format!("not begun: {}{more}", inert(&left.join(", "))));
    }
    match crate::failure::sum_up(done, failures) {
        Ok(()) if unbegun > 0 && done == 0 => Err(Failure::said(Exit::Interrupted)),
        Ok(()) if unbegun > 0 => Err(Failure::said(Exit::Partly)),
        other => other,
    }
}
