//! Lists and objects as table, JSON, NDJSON or CSV.

use crate::{
    failure::{Failure, Result},
    say::{data, in_colour, inert},
};
use comfy_table::{Table, presets};
use serde::Serialize;

/// How data is printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Format {
    /// For people
    Table,
    /// The REST object or array
    Json,
    /// One JSON object a line
    Ndjson,
    /// With a header line
    Csv,
    /// Envelopes as they came; `wsman` only
    #[value(hide = true)]
    Xml,
}

/// A column of a list: its head, and its text for a row.
pub(crate) type Column<'a, T> = (&'static str, &'a dyn Fn(&T) -> String);

/// The head of the column, and of the line, that says how a device is.
pub(crate) const STATE: &str = "STATE";
/// The words of a state, how a table shows them, and their colour on a terminal.
const STATES: [(&str, &str, &str); 5] = [
    ("password refused", "◐ password refused", "\x1b[33m"),
    ("silent", "◐ silent", "\x1b[33m"),
    ("connected", "● connected", "\x1b[32m"),
    ("away", "○ away", "\x1b[33m"),
    ("blocked", "✗ blocked", "\x1b[31m"),
];
const PLAIN: &str = "\x1b[0m";

/// Where data goes and in which form.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Printer {
    pub(crate) format: Format,
    pub(crate) no_color: bool,
}

impl Printer {
    /// Prints a list. An empty one is `[]` in JSON and nothing but the head otherwise.
    pub(crate) fn list<T: Serialize>(self, rows: &[T], columns: &[Column<'_, T>]) -> Result<()> {
        match self.format {
            Format::Table => self.table(rows, columns),
            Format::Csv => csv(rows, columns),
            Format::Json | Format::Xml => data(&json(&rows)?),
            Format::Ndjson => {
                for row in rows {
                    data(&line(row)?);
                }
            }
        }
        Ok(())
    }

    /// Prints one object: as lines of name and value for people, one row in CSV.
    pub(crate) fn object<T: Serialize>(self, object: &T, columns: &[Column<'_, T>]) -> Result<()> {
        match self.format {
            Format::Table => {
                let mut table = plain_table();
                for (head, text) in columns {
                    let text = text(object);
                    if !text.is_empty() {
                        table.add_row([(*head).to_owned(), cell(head, &text)]);
                    }
                }
                self.print(table);
            }
            Format::Csv => csv(std::slice::from_ref(object), columns),
            Format::Json | Format::Xml => data(&json(object)?),
            Format::Ndjson => data(&line(object)?),
        }
        Ok(())
    }

    /// Prints a text for people, or the object for programs.
    pub(crate) fn text_or<T: Serialize>(
        self,
        object: &T,
        text: impl FnOnce(&T) -> String,
    ) -> Result<()> {
        match self.format {
            Format::Table => data(text(object).trim_end()),
            Format::Json | Format::Xml => data(&json(object)?),
            Format::Ndjson => data(&line(object)?),
            Format::Csv => return Err(Failure::usage("this has no columns; use -o table or json")),
        }
        Ok(())
    }

    fn table<T>(self, rows: &[T], columns: &[Column<'_, T>]) {
        if rows.is_empty() {
            return;
        }
        let mut table = plain_table();
        table.set_header(columns.iter().map(|(head, _)| *head));
        for row in rows {
            table.add_row(columns.iter().map(|(head, text)| cell(head, &text(row))));
        }
        self.print(table);
    }

    fn print(self, mut table: Table) {
        for column in table.column_iter_mut() {
            column.set_padding((0, 2));
        }
        let colour = in_colour(self.no_color);
        for row in table.lines() {
            let mut row = row.trim_end().to_owned();
            if colour {
                for (_, shown, colour) in STATES {
                    row = row.replace(shown, &format!("{colour}{shown}{PLAIN}"));
                }
            }
            data(&row);
        }
    }
}

/// What a table shows of a text.
fn cell(head: &str, text: &str) -> String {
    let state =
        STATES.iter().find(|(words, ..)| head.eq_ignore_ascii_case(STATE) && *words == text);
    state.map_or_else(|| inert(text), |(_, shown, _)| (*shown).to_owned())
}

fn plain_table() -> Table {
    let mut table = Table::new();
    table.load_style(presets::NOTHING);
    table
}

fn json<T: Serialize + ?Sized>(value: &T) -> Result<String> {
    serde_json::to_string_pretty(value).map_err(|error| Failure::local("JSON", error))
}

fn line<T: Serialize>(value: &T) -> Result<String> {
    serde_json::to_string(value).map_err(|error| Failure::local("JSON", error))
}

fn csv<T>(rows: &[T], columns: &[Column<'_, T>]) {
    data(&record(columns.iter().map(|(head, _)| head.to_lowercase())));
    for row in rows {
        data(&record(columns.iter().map(|(_, text)| text(row))));
    }
}

/// One line of CSV (RFC 4180).
fn record(fields: impl Iterator<Item = String>) -> String {
    let quoted: Vec<String> = fields
        .map(|field| {
            if field.contains([',', '"', '\n', '\r']) {
                format!("\"{}\"", field.replace('"', "\"\""))
            } else {
                field
            }
        })
        .collect();
    quoted.join(",")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn csv_fields_are_quoted_where_they_must_be() {
        let fields = ["a", "b,c", "say \"x\"", "two\nlines"].map(str::to_owned);
        assert_eq!(record(fields.into_iter()), "a,\"b,c\",\"say \"\"x\"\"\",\"two\nlines\"");
    }
}
