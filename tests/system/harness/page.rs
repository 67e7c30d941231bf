//! The commands of a page of the documentation, and what the page says of how they are run.

use std::{fs, path::Path};

/// A fenced block of shell commands.
#[derive(Debug, Clone)]
pub(crate) struct Block {
    /// Page and line, as compilers write it.
    pub(crate) place: String,
    pub(crate) how: How,
    pub(crate) script: String,
}

/// What the words behind the fence say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum How {
    /// Nothing: it ends, well.
    Ends,
    /// `exit=N`: it ends with that code, and the page says so.
    Exits(i32),
    /// `until=TEXT`: it goes on until somebody has read that and ends it. `_` is a blank.
    Until(String),
    /// `terminal=TEXT`: the same on a terminal, left with `~.` on a line of its own.
    Terminal(String),
    /// `stays=TEXT`: it is ready when it has said that, and stays.
    Stays(String),
    /// `serve`: it starts a server, which stays.
    Serve,
    /// `stop`, `start`, `reload`: the test does to its server what the commands do to a service of systemd.
    Service(&'static str),
    /// `skip: REASON`.
    Skip(String),
}

impl Block {
    /// The blocks of a page, in order; `demo` of the first one counts for all.
    ///
    /// # Errors
    /// A sentence about words that mean nothing.
    pub(crate) fn read(root: &Path, page: &str) -> Result<(bool, Vec<Self>), String> {
        let text =
            fs::read_to_string(root.join(page)).map_err(|error| format!("{page}: {error}"))?;
        let mut blocks = Vec::new();
        let mut demo = false;
        let mut lines = text.lines().enumerate();
        while let Some((number, line)) = lines.next() {
            let Some(words) = line.trim_start().strip_prefix("```") else { continue };
            let inside: Vec<&str> = lines
                .by_ref()
                .map(|(_, line)| line)
                .take_while(|line| line.trim() != "```")
                .collect();
            let Some(words) = words.strip_prefix("sh") else { continue };
            let place = format!("{page}:{}", number + 1);
            let how = how(words.trim(), &mut demo).map_err(|why| format!("{place}: {why}"))?;
            blocks.push(Self { place, how, script: inside.join("\n") });
        }
        Ok((demo, blocks))
    }
}

fn how(words: &str, demo: &mut bool) -> Result<How, String> {
    if let Some(reason) = words.strip_prefix("skip:") {
        return Ok(How::Skip(reason.trim().to_owned()));
    }
    let mut how = How::Ends;
    for word in words.split_whitespace() {
        how = match word.split_once('=').unwrap_or((word, "")) {
            ("demo", "") => {
                *demo = true;
                continue;
            }
            ("serve", "") => How::Serve,
            ("stop", "") => How::Service("stop"),
            ("start", "") => How::Service("start"),
            ("reload", "") => How::Service("reload"),
            ("exit", code) => {
                How::Exits(code.parse().map_err(|_| format!("`{word}` has no code"))?)
            }
            ("terminal", text) if !text.is_empty() => How::Terminal(text.replace('_', " ")),
            ("stays", text) if !text.is_empty() => How::Stays(text.replace('_', " ")),
            ("until", text) if !text.is_empty() => How::Until(text.replace('_', " ")),
            _ => return Err(format!("`{word}` means nothing here; see CONTRIBUTING.md")),
        };
    }
    Ok(how)
}
