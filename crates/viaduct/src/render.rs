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
}

/// A column of a list: its head, and its text for a row.
pub(crate) type Column<'a, T> = (&'static str, &'a dyn Fn(&T) -> String);

/// The words of a state and the colour they have on a terminal.
const COLOURS: [(&str, &str); 3] =
    [("● connected", "\x1b[32m"), ("○ away", "\x1b[33m"), ("✗ blocked", "\x1b[31m")];
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
            Format::Json => data(&json(&rows)?),
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
                        table.add_row([(*head).to_owned(), inert(&text)]);
                    }
                }
                self.print(&table);
            }
            Format::Csv => csv(std::slice::from_ref(object), columns),
            Format::Json => data(&json(object)?),
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
            Format::Json => data(&json(object)?),
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
            table.add_row(columns.iter().map(|(_, text)| inert(&text(row))));
        }
        self.print(&table);
    }

    fn print(self, table: &Table) {
        let colour = in_colour(self.no_color);
        for row in table.lines() {
            let mut row = row.trim_end().to_owned();
            if colour {
                for (words, colour) in COLOURS {
                    row = row.replace(words, &format!("{colour}{words}{PLAIN}"));
                }
            }
            data(&row);
        }
    }
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
