//! What happens to each PC, told once, as it happens.

use crate::say::{self, inert, note};
use std::collections::BTreeSet;
use viaduct_api::{EnrollState, Enrolling, Enrollment, StepState};

/// Remembers what was told already.
#[derive(Debug, Default)]
pub(super) struct Teller {
    told: BTreeSet<(usize, String)>,
}

impl Teller {
    /// Tells what is new.
    pub(super) fn tell(&mut self, job: &Enrollment) {
        let many = job.devices.len() > 1;
        for (index, device) in job.devices.iter().enumerate() {
            for line in lines(device) {
                if self.told.insert((index, line.clone())) {
                    say::bar_off();
                    note(&inert(&format!("{}  {line}", device.address)));
                }
            }
        }
        if many {
            let over = job.devices.iter().filter(|device| device.state.is_final()).count();
            say::bar(over, job.devices.len());
        }
    }
}

/// Tells of each stage of a PC whether it is done, failed or still to come, and what to do next.
pub(super) fn stages(device: &Enrolling) {
    let tell = |line: &str| note(&inert(&format!("{}  {line}", device.address)));
    let goes_on = !device.state.is_final();
    for line in lines(device) {
        tell(&line);
    }
    if device.state != EnrollState::Planned {
        let left = device.steps.iter().filter(|step| step.state == StepState::Planned);
        left.for_each(|step| tell(&format!("○ not yet: {}", step.text)));
    }
    if goes_on || device.problem.is_some() {
        let left = device.milestones.iter().filter(|milestone| milestone.at.is_none());
        left.for_each(|milestone| tell(&format!("○ not yet: {}", milestone.text)));
    }
    if let Some(problem) = &device.problem {
        tell(&format!("why: {}", problem.detail));
        if !problem.next.is_empty() {
            tell(&format!("next: {}", problem.next));
        }
    }
}

/// Everything that can be said of a PC at this moment, in order.
fn lines(device: &Enrolling) -> Vec<String> {
    let mut lines = Vec::new();
    if let (Some(guid), Some(version)) = (device.guid, &device.version) {
        let mode = device.control_mode.as_deref().unwrap_or("unknown");
        lines.push(format!("AMT {version}, {mode} control mode, {guid}"));
    }
    if let Some(fingerprint) = &device.fingerprint {
        lines.push(format!("its certificate has SHA-256 {fingerprint}"));
    }
    lines.extend(device.notes.iter().map(|text| format!("note: {text}")));
    for step in &device.steps {
        match step.state {
            StepState::Planned if device.state == EnrollState::Planned => {
                lines.push(format!("would {}", step.text));
            }
            StepState::Planned => {}
            StepState::Done => lines.push(format!("{} ✓ {}", clock(step.at), step.text)),
            StepState::Failed => lines.push(format!("{} ✗ {}", clock(step.at), step.text)),
            StepState::Unknown => lines.push(format!(
                "{} ? {} (no answer; whether it did is not known, so it is asked when this goes on)",
                clock(step.at),
                step.text
            )),
        }
    }
    if device.state == EnrollState::Planned && device.steps.is_empty() {
        lines.push("nothing to do: all is as wanted".to_owned());
    }
    for milestone in device.milestones.iter().filter(|milestone| milestone.at.is_some()) {
        lines.push(format!("{} → {}", clock(milestone.at), milestone.text));
    }
    if let Some(hint) = &device.hint {
        lines.push(format!("still waiting; most likely: {hint}"));
    }
    match device.state {
        EnrollState::Done if !device.milestones.is_empty() => {
            let name = device.name.as_deref().unwrap_or("it");
            lines.push(format!("{name} is online. Try: viaduct devices show {name}"));
        }
        EnrollState::Done => lines.push("nothing here leads it to this server any more".to_owned()),
        EnrollState::Cancelled => lines.push("cancelled".to_owned()),
        _ => {}
    }
    lines
}

fn clock(at: Option<time::OffsetDateTime>) -> String {
    at.map(|at| {
        let at = at.to_offset(time::UtcOffset::UTC);
        format!("{:02}:{:02}:{:02}", at.hour(), at.minute(), at.second())
    })
    .unwrap_or_default()
}
