//! A problem with a setting, and where a setting came from.

use std::{fmt, path::PathBuf};

/// Where the value of a setting came from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// Nobody said anything.
    Default,
    /// A configuration file; line and column count from 1.
    File {
        /// The file.
        path: PathBuf,
        /// Line, from 1.
        line: usize,
        /// Column in characters, from 1.
        column: usize,
    },
    /// The environment variable of this name.
    Environment(String),
    /// `--set` or another option of the command line.
    CommandLine,
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => f.write_str("default"),
            Self::File { path, line, column } => {
                write!(f, "{} line {line} column {column}", path.display())
            }
            Self::Environment(name) => write!(f, "environment variable {name}"),
            Self::CommandLine => f.write_str("command line"),
        }
    }
}

/// One thing that is wrong with the configuration: where, which key, why, and what would be accepted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfigError {
    /// File and line, variable or command line.
    pub origin: Origin,
    /// Dotted key, absent when the problem is not about one key (a syntax error).
    pub key: Option<String>,
    /// What is wrong.
    pub why: String,
    /// What to write instead.
    pub accepted: String,
}

impl ConfigError {
    /// The code that error lists and guides use for a wrong setting.
    pub const CODE: &'static str = "E1012";
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ", Self::CODE)?;
        if self.origin != Origin::Default {
            write!(f, "{}: ", self.origin)?;
        }
        if let Some(key) = &self.key {
            write!(f, "`{key}` ")?;
        }
        f.write_str(&self.why)?;
        if !self.accepted.is_empty() {
            write!(f, "; {}", self.accepted)?;
        }
        Ok(())
    }
}

impl std::error::Error for ConfigError {}
