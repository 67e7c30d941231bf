//! What help begins with: how people use each command. A test reads every line as the program would.

use clap::Command;

/// What a help page is made of: what the command does, examples of it, and then all there is.
const PAGE: &str =
    "{about-with-newline}\n{before-help}{usage-heading} {usage}\n\n{all-args}{after-help}";

/// Commands, and lines to copy. What follows a `#` is for people. `demo` is only there with its feature.
const TABLE: &str = include_str!("examples.txt");

/// The commands of the table, the program itself under no name, with their lines.
fn rows() -> impl Iterator<Item = (&'static str, Vec<&'static str>)> {
    let rows =
        TABLE.split("\n\n").filter_map(|row| row.trim().strip_prefix('[')?.split_once("]\n"));
    rows.map(|(path, lines)| (path, lines.lines().collect()))
}

/// The same command line whose help begins with examples.
pub(crate) fn shown(command: Command) -> Command {
    with_examples(command, "")
}

fn with_examples(command: Command, path: &str) -> Command {
    let names: Vec<String> =
        command.get_subcommands().map(|sub| sub.get_name().to_owned()).collect();
    let mut command = names.into_iter().fold(command, |command, name| {
        let below = format!("{path} {name}");
        command.mut_subcommand(name, |sub| with_examples(sub, below.trim_start()))
    });
    if let Some((_, lines)) = rows().find(|(known, _)| *known == path) {
        let text = format!("Examples:\n  {}", lines.join("\n  "));
        command = command.help_template(PAGE).before_help(text);
    }
    command
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::Cli;
    use clap::{CommandFactory, Parser};

    /// A line as a shell reads it, without what is for people and where output goes.
    fn words(line: &str) -> Vec<String> {
        let line = line.split(" # ").next().unwrap();
        let line = line.split(['<', '>']).next().unwrap();
        let quoted = line.split('"').enumerate();
        quoted
            .flat_map(|(index, part)| match index % 2 {
                1 => vec![part.to_owned()],
                _ => part.split_whitespace().map(str::to_owned).collect(),
            })
            .collect()
    }

    #[cfg(feature = "demo")]
    #[test]
    fn every_example_is_a_command_that_the_program_reads() {
        for (path, lines) in rows() {
            assert!((1..=3).contains(&lines.len()), "{path}");
            for line in lines {
                let words = words(line);
                let read = Cli::try_parse_from(&words);
                assert!(read.is_ok(), "{line}: {}", read.unwrap_err());
                let own = words[1..].join(" ");
                let group = path.split(' ').next().unwrap();
                let elsewhere = ["media", ""].contains(&path);
                assert!(
                    own.starts_with(path) || elsewhere || own.starts_with(group),
                    "{path}: {line}"
                );
            }
        }
    }

    #[cfg(feature = "demo")]
    #[test]
    fn every_command_has_examples() {
        fn look(command: &Command, path: &str, without: &mut Vec<String>) {
            if !rows().any(|(known, _)| known == path)
                && command.get_after_help().is_none_or(|text| !text.to_string().contains("Example"))
            {
                without.push(path.to_owned());
            }
            for sub in command.get_subcommands() {
                if sub.get_name() != "help" && !sub.is_hide_set() {
                    look(sub, format!("{path} {}", sub.get_name()).trim_start(), without);
                }
            }
        }
        let mut without = Vec::new();
        look(&Cli::command(), "", &mut without);
        assert!(without.is_empty(), "no examples: {without:?}");
        for (path, _) in rows() {
            let found = path
                .split_whitespace()
                .try_fold(Cli::command(), |command, name| command.find_subcommand(name).cloned());
            assert!(found.is_some(), "no such command: {path}");
        }
    }
}
