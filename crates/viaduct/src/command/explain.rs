//! `viaduct explain`: what a code means, why it comes, and what to do. No server is asked.

use crate::{
    cli::Cli,
    failure::{Failure, Result, exit_of},
    render::{Format, Printer},
    say::note,
};
use clap::CommandFactory;
use serde::Serialize;
use std::ffi::OsString;
use viaduct_api::Code;

#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// Codes such as E2031; without one, all are listed
    #[arg(value_name = "CODE")]
    codes: Vec<String>,
}

/// One code, as the catalogue has it.
#[derive(Debug, Serialize)]
struct Row {
    code: &'static str,
    title: &'static str,
    cause: &'static str,
    next: &'static str,
    /// What a command that fails with it exits with.
    exit: u8,
}

impl From<Code> for Row {
    fn from(code: Code) -> Self {
        let (title, cause, next) = (code.title(), code.cause(), code.next());
        Self { code: code.as_str(), title, cause, next, exit: exit_of(code) as u8 }
    }
}

/// `help errors` is how people look for it.
pub(crate) fn spelled(args: impl Iterator<Item = OsString>) -> Vec<OsString> {
    let mut args: Vec<OsString> = args.collect();
    let asked =
        |pair: &[OsString]| pair[0] == "help" && (pair[1] == "errors" || pair[1] == "error");
    // Global options may stand before it, with their values.
    if let Some(at) = args.windows(2).position(asked)
        && args.get(1..at).is_some_and(|before| !before.iter().any(is_command))
    {
        args.splice(at..at + 2, [OsString::from("explain")]);
    }
    args
}

fn is_command(word: &OsString) -> bool {
    Cli::command().get_subcommands().any(|command| word == command.get_name())
}

pub(crate) fn run(printer: Printer, options: &Options) -> Result<()> {
    let codes = options.codes.iter().map(|text| find(text)).collect::<Result<Vec<_>>>()?;
    if codes.is_empty() {
        let rows: Vec<Row> = Code::ALL.iter().copied().map(Row::from).collect();
        printer.list(
            &rows,
            &[
                ("CODE", &|row| row.code.to_owned()),
                ("EXIT", &|row| row.exit.to_string()),
                ("WHAT HAPPENED", &|row| row.title.to_owned()),
            ],
        )?;
        if printer.format == Format::Table {
            note("`viaduct explain CODE` tells the cause of one, and what to do");
        }
        return Ok(());
    }
    for code in codes {
        printer.object(
            &Row::from(code),
            &[
                ("Code", &|row| row.code.to_owned()),
                ("What", &|row| row.title.to_owned()),
                ("Why", &|row| row.cause.to_owned()),
                ("Next", &|row| row.next.to_owned()),
                ("Exit code", &|row| row.exit.to_string()),
            ],
        )?;
    }
    Ok(())
}

/// A code in any case, with or without its E.
fn find(text: &str) -> Result<Code> {
    let digits = text.trim_start_matches(['E', 'e']);
    format!("E{digits}").parse().map_err(|_| {
        Failure::usage(format!("`{text}` is no code of this program"))
            .next("`viaduct explain` lists all codes.")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_found_however_they_are_written() {
        for text in ["E2031", "e2031", "2031"] {
            assert_eq!(find(text).unwrap(), Code::RedirectionOff);
        }
        assert!(find("E9999").is_err() && find("").is_err());
    }

    #[test]
    fn help_errors_is_another_word_for_it() {
        let spelled = |line: &str| {
            spelled(line.split(' ').map(OsString::from))
                .into_iter()
                .map(|word| word.into_string().unwrap())
                .collect::<Vec<_>>()
                .join(" ")
        };
        assert_eq!(spelled("viaduct help errors E2031"), "viaduct explain E2031");
        assert_eq!(spelled("viaduct help errors"), "viaduct explain");
        assert_eq!(
            spelled("viaduct --data /d -o json help errors"),
            "viaduct --data /d -o json explain"
        );
        let of_a_device = "viaduct devices show help errors";
        assert_eq!(spelled(of_a_device), of_a_device);
        assert_eq!(spelled("viaduct help power"), "viaduct help power");
        assert_eq!(spelled("viaduct devices show help"), "viaduct devices show help");
    }
}
