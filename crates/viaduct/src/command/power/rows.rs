//! What came of it, in rows.

use super::order::Told;
use crate::{
    command::{
        Desk,
        many::{self, Outcome},
    },
    failure::Result,
    render::Format,
    say::{inert, note},
};
use serde::Serialize;
use viaduct_api::{Code, Device};

/// A row of the result.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Row {
    pub(super) guid: String,
    pub(super) name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) powerstate: Option<u64>,
    pub(super) result: String,
    /// Why it failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) code: Option<&'static str>,
}

fn row(device: &Device, outcome: &Outcome<Told>) -> Row {
    let (powerstate, result) = match outcome {
        Outcome::Done((powerstate, result)) => (*powerstate, result.clone()),
        Outcome::Failed(failure) => (None, failure.word().to_owned()),
        Outcome::NotBegun => (None, "not begun".to_owned()),
    };
    let code = match outcome {
        Outcome::Failed(failure) => failure.code().map(Code::as_str),
        _ => None,
    };
    Row { guid: device.guid.to_string(), name: device.name.clone(), powerstate, result, code }
}

/// In NDJSON each line comes as soon as its device is through.
pub(super) fn streamed(desk: &Desk) -> impl FnMut(&Device, &Outcome<Told>) {
    let printer = desk.printer;
    move |device, outcome| {
        if printer.format == Format::Ndjson {
            // What cannot be written is found out at the end as well.
            drop(printer.list(&[row(device, outcome)], &[]));
        }
    }
}

pub(super) fn report(desk: &Desk, told: Vec<(Device, Outcome<Told>)>) -> Result<()> {
    let rows: Vec<Row> = told.iter().map(|(device, outcome)| row(device, outcome)).collect();
    let done = told.iter().filter(|(_, outcome)| matches!(outcome, Outcome::Done(_))).count();
    if desk.printer.format == Format::Ndjson {
        let left = told.iter().zip(&rows).filter(|((_, o), _)| matches!(o, Outcome::NotBegun));
        let left: Vec<&Row> = left.map(|(_, row)| row).collect();
        desk.printer.list(&left, &[])?;
    } else if done > 0 || rows.len() > 1 {
        // With one device a failure leaves the output empty.
        print(desk, &rows)?;
    }
    if rows.len() > 1 {
        note(&format!("{done} of {} done", rows.len()));
    }
    many::sum_up(|device: &Device| device.name.clone(), told)
}

pub(super) fn print(desk: &Desk, rows: &[Row]) -> Result<()> {
    desk.printer.list(
        rows,
        &[
            ("NAME", &|row| row.name.clone()),
            ("RESULT", &|row| inert(&row.result)),
            ("GUID", &|row| row.guid.clone()),
        ],
    )
}

/// A power state as CIM counts it.
pub(in crate::command) fn words(state: u64) -> &'static str {
    match state {
        1 => "other",
        2 => "on",
        3 => "light sleep",
        4 => "asleep",
        5 => "cycling",
        6 | 8 => "off",
        7 => "hibernating",
        9 => "cycling",
        10 | 11 => "resetting",
        12 | 13 => "shutting down",
        _ => "unknown",
    }
}
