//! Results in the form that was asked for: a table for people, JSON and CSV for programs.

use crate::say::data;
use comfy_table::{Table, presets::NOTHING};
use serde::Serialize;

/// How results are printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, clap::ValueEnum)]
pub(crate) enum Format {
    #[default]
    Table,
    Json,
    Ndjson,
    Csv,
}

/// Prints a list: `columns` are the table's heads, `row` gives the cells.
pub(crate) fn list<T: Serialize>(
    format: Format,
    items: &[T],
    columns: &[&str],
    row: impl Fn(&T) -> Vec<String>,
) {
    match format {
        Format::Json => data(&serde_json::to_string_pretty(items).unwrap_or_default()),
        Format::Ndjson => {
            for item in items {
                data(&serde_json::to_string(item).unwrap_or_default());
            }
        }
        Format::Csv => {
            data(&columns.join(","));
            for item in items {
                let cells: Vec<String> = row(item).iter().map(|cell| csv(cell)).collect();
                data(&cells.join(","));
            }
        }
        Format::Table if items.is_empty() => crate::say::note("nothing to show"),
        Format::Table => {
            let mut table = Table::new();
            table.load_style(NOTHING).set_header(columns.iter().map(|c| c.to_uppercase()));
            for item in items {
                table.add_row(row(item).iter().map(|cell| inert(cell)).collect::<Vec<_>>());
            }
            for line in table.to_string().lines() {
                data(line.trim_end());
            }
        }
    }
}

/// Prints one thing: `lines` for people, the REST object for programs.
pub(crate) fn one<T: Serialize>(format: Format, item: &T, lines: impl Fn(&T) -> Vec<String>) {
    match format {
        Format::Table => lines(item).iter().for_each(|line| data(&inert(line))),
        Format::Json => data(&serde_json::to_string_pretty(item).unwrap_or_default()),
        Format::Ndjson | Format::Csv => data(&serde_json::to_string(item).unwrap_or_default()),
    }
}

/// Text of a device may hold what a terminal obeys.
pub(crate) fn inert(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { '\u{fffd}' } else { c }).collect()
}

/// A cell that a spreadsheet takes for text, whatever it begins with.
fn csv(cell: &str) -> String {
    let formula = cell.starts_with(['=', '+', '-', '@', '\t', '\r']);
    let cell = if formula { format!("'{cell}") } else { cell.to_owned() };
    let quote = cell.contains([',', '"', '\n', '\r']);
    if quote { format!("\"{}\"", cell.replace('"', "\"\"")) } else { cell }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_are_inert_for_spreadsheets_and_terminals() {
        assert_eq!(csv("=1+1"), "'=1+1");
        assert_eq!(csv("a,\"b\""), "\"a,\"\"b\"\"\"");
        assert_eq!(inert("a\u{1b}[31mb"), "a\u{fffd}[31mb");
    }
}
