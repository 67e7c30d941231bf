//! Reads the settings from file, environment and command line, one over the other, and reports all problems at once.

use super::{
    Config, ConfigError, Origin, Origins, Secret, agreement,
    check::{Checker, Source, accepts},
    schema::{self, KEYS, Key, Kind, nearest_of},
};
use serde::Deserialize;
use std::{
    collections::BTreeMap,
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
};
use toml::{
    Spanned, Value,
    de::{DeTable, DeValue},
};

/// The file that packages install.
const SYSTEM_FILE: &str = "/etc/viaduct/viaduct.toml";
/// Variables of the command line, of no meaning for the server's settings.
const FOREIGN: [&str; 4] = ["VIADUCT_SERVER", "VIADUCT_TOKEN", "VIADUCT_CA", MASTER_KEY_VARIABLE];
/// The master key itself; see `store.master_key`.
const MASTER_KEY_VARIABLE: &str = "VIADUCT_MASTER_KEY";
/// And as a credential of systemd.
const CREDENTIAL: &str = "viaduct.master-key";
const DATA_VARIABLE: &str = "VIADUCT_DATA";
const FILE_VARIABLE: &str = "VIADUCT_CONFIG";

/// What the settings are made of. Later ones win: file, environment, command line.
#[derive(Debug, Clone, Default)]
pub struct LoadArgs {
    /// `--config`: this file and no other; it must exist. Also `VIADUCT_CONFIG`. Without it
    /// `/etc/viaduct/viaduct.toml` and over it `DATA/viaduct.toml` are read if they exist.
    pub file: Option<PathBuf>,
    /// `--data`: the data directory. Also `VIADUCT_DATA`. Without it `/var/lib/viaduct` for root, and
    /// `$XDG_STATE_HOME/viaduct` or `~/.local/state/viaduct` for others.
    pub data: Option<PathBuf>,
    /// `--set key=value` with dotted keys.
    pub set: Vec<String>,
    /// The environment: `VIADUCT_CIRA_LISTEN` sets `cira.listen` and so on.
    pub env: Vec<(String, String)>,
}

impl LoadArgs {
    /// No options, and the environment of this process. (The one place that reads it.)
    #[must_use]
    pub fn from_environment() -> Self {
        let env = std::env::vars_os()
            .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
            .collect();
        Self { env, ..Self::default() }
    }

    /// Where the data directory is, without reading any file; it need not exist.
    ///
    /// # Errors
    /// When nothing says where it could be.
    pub fn data_directory(&self) -> Result<PathBuf, ConfigError> {
        data_directory(self, is_root())
    }

    fn variable(&self, name: &str) -> Option<&str> {
        self.env.iter().rev().find(|(n, v)| n == name && !v.is_empty()).map(|(_, v)| v.as_str())
    }
}

/// The settings in effect and where they came from.
#[derive(Debug, Clone)]
pub struct Loaded {
    /// The settings.
    pub config: Config,
    /// Where each came from.
    pub origins: Origins,
    /// The files that were read, the last one wins.
    pub files: Vec<PathBuf>,
    /// Not wrong, but the operator should know.
    pub warnings: Vec<String>,
}

impl Config {
    /// Reads, layers and checks the settings. Does not create anything.
    ///
    /// # Errors
    /// Everything that is wrong, not only the first problem.
    pub fn load(args: LoadArgs) -> Result<Loaded, Vec<ConfigError>> {
        load(&args, Path::new(SYSTEM_FILE), is_root())
    }
}

fn is_root() -> bool {
    // The standard library does not tell the user id; the owner of our own /proc entry is it.
    std::fs::metadata("/proc/self").is_ok_and(|m| m.uid() == 0)
}

pub(super) fn load(
    args: &LoadArgs,
    system_file: &Path,
    root: bool,
) -> Result<Loaded, Vec<ConfigError>> {
    let mut layers = Layers::default();
    let data = data_directory(args, root).unwrap_or_else(|error| {
        layers.errors.push(error);
        PathBuf::new()
    });
    layers.files(args, &data, system_file);
    layers.environment(args);
    for text in &args.set {
        layers.assignment(text);
    }
    let mut loaded = layers.finish(data)?;
    loaded.config.store.master_key_text = master_key(args);
    Ok(loaded)
}

/// The master key that systemd or the environment gives; a file of the settings wins over both.
fn master_key(args: &LoadArgs) -> Option<Secret<String>> {
    let credential = args.variable("CREDENTIALS_DIRECTORY").map(|d| Path::new(d).join(CREDENTIAL));
    match credential.map(std::fs::read_to_string) {
        Some(Ok(text)) => return Some(Secret::new(text)),
        // An unreadable one is refused as too short rather than passed over.
        Some(Err(error)) if error.kind() != std::io::ErrorKind::NotFound => {
            return Some(Secret::new(String::new()));
        }
        _ => {}
    }
    args.variable(MASTER_KEY_VARIABLE).map(|text| Secret::new(text.to_owned()))
}

fn data_directory(args: &LoadArgs, root: bool) -> Result<PathBuf, ConfigError> {
    let given = args.data.clone().or_else(|| args.variable(DATA_VARIABLE).map(PathBuf::from));
    let state = || {
        let absolute = |p: &PathBuf| p.is_absolute();
        args.variable("XDG_STATE_HOME")
            .map(PathBuf::from)
            .filter(absolute)
            .or_else(|| args.variable("HOME").map(|home| Path::new(home).join(".local/state")))
            .map(|state| state.join("viaduct"))
    };
    let directory = match given {
        Some(directory) => Some(directory),
        None if root => Some(PathBuf::from("/var/lib/viaduct")),
        None => state(),
    };
    let directory = directory.ok_or_else(|| ConfigError {
        origin: Origin::Default,
        key: Some("data".into()),
        why: "is not known: neither XDG_STATE_HOME nor HOME is set".into(),
        accepted: "name the data directory with --data".into(),
    })?;
    // Absolute, so that messages and relative paths mean the same wherever they are read.
    std::path::absolute(&directory).map_err(|error| ConfigError {
        origin: Origin::CommandLine,
        key: Some("data".into()),
        why: format!("= \"{}\" cannot be used: {error}", directory.display()),
        accepted: "name the data directory with --data".into(),
    })
}

#[derive(Default)]
struct Layers {
    values: BTreeMap<&'static str, (Value, Origin)>,
    /// Keys with a problem in the layer that decides; what lies below them must not be judged instead.
    failed: Vec<String>,
    errors: Vec<ConfigError>,
    warnings: Vec<String>,
    files: Vec<PathBuf>,
}

impl Layers {
    fn files(&mut self, args: &LoadArgs, data: &Path, system_file: &Path) {
        let named = args.file.clone().or_else(|| args.variable(FILE_VARIABLE).map(PathBuf::from));
        let must_exist = named.is_some();
        let files = match named {
            Some(file) => vec![file],
            None => vec![system_file.to_path_buf(), data.join("viaduct.toml")],
        };
        for file in files {
            match std::fs::read_to_string(&file) {
                Ok(text) => self.file(&file, &text),
                Err(e) if e.kind() == std::io::ErrorKind::NotFound && !must_exist => {}
                Err(e) => self.errors.push(ConfigError {
                    origin: Origin::CommandLine,
                    key: None,
                    why: format!("the configuration file {} cannot be read: {e}", file.display()),
                    accepted: "name an existing file with --config, or none for the defaults"
                        .into(),
                }),
            }
        }
    }

    fn file(&mut self, path: &Path, text: &str) {
        let absolute = std::path::absolute(path).unwrap_or_else(|_| path.to_path_buf());
        let source = Source::File { path: &absolute, text };
        self.files.push(absolute.clone());
        let mut checker = Checker { source, errors: Vec::new() };
        let (document, syntax) = DeTable::parse_recoverable(text);
        for error in syntax {
            let span = error.span().unwrap_or(0..0);
            checker.errors.push(ConfigError {
                origin: checker.source.origin(&span),
                key: None,
                why: format!("is not TOML: {}", error.message().trim_end()),
                accepted: "see https://toml.io for the syntax".into(),
            });
        }
        for (name, value) in document.get_ref() {
            self.section(&mut checker, name, value);
        }
        self.errors.append(&mut checker.errors);
    }

    fn section(
        &mut self,
        checker: &mut Checker<'_>,
        name: &Spanned<std::borrow::Cow<'_, str>>,
        value: &Spanned<DeValue<'_>>,
    ) {
        let section = name.get_ref().as_ref();
        let known = schema::sections();
        match value.get_ref() {
            DeValue::Table(entries) if known.contains(&section) => {
                for (name, value) in entries {
                    let path = format!("{section}.{}", name.get_ref());
                    match schema::find(&path) {
                        Some(key) => self.take(checker, key, value),
                        None => unknown(checker, &name.span(), &path),
                    }
                }
            }
            DeValue::Table(_) => {
                let near = nearest_of(section, known);
                let accepted = format!("the nearest valid section is `[{near}]`");
                checker.wrong(&name.span(), section, "is not a section".into(), accepted);
            }
            _ if known.contains(&section) => {
                let accepted = format!("accepted: a section `[{section}]` with its settings below");
                checker.wrong(&name.span(), section, "is a section, not a value".into(), accepted);
            }
            _ => unknown(checker, &name.span(), section),
        }
    }

    fn take(&mut self, checker: &mut Checker<'_>, key: &'static Key, value: &Spanned<DeValue<'_>>) {
        self.failed.retain(|failed| failed != key.path);
        match checker.value(key.path, key.kind, value) {
            Some(plain) => {
                let origin = checker.source.origin(&value.span());
                self.values.insert(key.path, (plain, origin));
            }
            None => self.failed.push(key.path.to_owned()),
        }
    }

    fn environment(&mut self, args: &LoadArgs) {
        for (name, text) in args.env.iter().filter(|(name, _)| name.starts_with("VIADUCT_")) {
            if [DATA_VARIABLE, FILE_VARIABLE].contains(&name.as_str())
                || FOREIGN.contains(&name.as_str())
            {
                continue;
            }
            match KEYS.iter().find(|key| key.variable() == *name) {
                Some(key) => self.text(Source::Environment(name.clone()), key, text),
                // Not an error: container platforms make variables of this shape by themselves.
                None => {
                    let variables: Vec<_> = KEYS.iter().map(Key::variable).collect();
                    let near = nearest_of(name, variables.iter().map(String::as_str));
                    self.warnings.push(format!(
                        "the environment variable {name} sets nothing; the nearest one that does is {near}"
                    ));
                }
            }
        }
    }

    /// `--set key=value`.
    fn assignment(&mut self, text: &str) {
        let Some((path, value)) = text.split_once('=') else {
            self.errors.push(ConfigError {
                origin: Origin::CommandLine,
                key: None,
                why: format!("`--set {text}` has no `=`"),
                accepted: "accepted: --set KEY=VALUE, such as --set cira.listen=0.0.0.0:4433"
                    .into(),
            });
            return;
        };
        match schema::find(path.trim()) {
            Some(key) => self.text(Source::CommandLine, key, value.trim()),
            None => {
                let mut checker = Checker { source: Source::CommandLine, errors: Vec::new() };
                unknown(&mut checker, &(0..0), path.trim());
                self.errors.append(&mut checker.errors);
            }
        }
    }

    /// A value from environment or command line: TOML, or a bare text where a text is wanted.
    fn text(&mut self, source: Source<'_>, key: &'static Key, text: &str) {
        let mut checker = Checker { source, errors: Vec::new() };
        let toml = as_toml(key.kind, text);
        match toml.as_deref().map(DeValue::parse) {
            None => {
                let bare = Spanned::new(0..text.len(), DeValue::String(text.into()));
                self.take(&mut checker, key, &bare);
            }
            Some(Ok(value)) => self.take(&mut checker, key, &value),
            Some(Err(error)) => {
                let why = format!("= {text} is not TOML: {}", error.message().trim_end());
                checker.wrong(&(0..0), key.path, why, accepts(key.kind));
                self.failed.push(key.path.to_owned());
            }
        }
        self.errors.append(&mut checker.errors);
    }

    fn finish(mut self, data: PathBuf) -> Result<Loaded, Vec<ConfigError>> {
        let mut table = toml::Table::new();
        let mut origins = Origins::default();
        for (path, (value, origin)) in std::mem::take(&mut self.values) {
            let (section, name) = path.split_once('.').unwrap_or((path, ""));
            if let Value::Table(section) =
                table.entry(section).or_insert_with(|| Value::Table(toml::Table::new()))
            {
                section.insert(name.to_owned(), value);
            }
            origins.note(path, origin);
        }
        match Config::deserialize(Value::Table(table)) {
            Ok(mut config) => {
                config.data = data;
                self.errors.extend(agreement::errors(&config, &origins, &self.failed));
                self.warnings.extend(agreement::warnings(&config));
                if self.errors.is_empty() {
                    let Self { files, warnings, .. } = self;
                    return Ok(Loaded { config, origins, files, warnings });
                }
            }
            Err(error) => self.errors.push(ConfigError {
                origin: Origin::Default,
                key: None,
                why: format!("the settings do not fit together: {error}"),
                accepted: String::new(),
            }),
        }
        Err(self.errors)
    }
}

fn unknown(checker: &mut Checker<'_>, span: &std::ops::Range<usize>, path: &str) {
    let near = schema::nearest(path);
    let words =
        if near.len() == 1 { "the nearest valid key is" } else { "the nearest valid keys are" };
    let accepted = format!("{words} `{}`", near.join("`, `"));
    checker.wrong(span, path, "is not a setting".into(), accepted);
}

/// The text as TOML, or None when it is a bare string.
fn as_toml(kind: Kind, text: &str) -> Option<String> {
    let quoted = text.starts_with(['"', '\'']);
    match kind {
        Kind::Names | Kind::WebOrigins | Kind::Networks | Kind::EventTypes
            if !text.starts_with('[') =>
        {
            let items: Vec<_> = text
                .split(',')
                .map(|item| item.trim().trim_matches('"'))
                .filter(|item| !item.is_empty())
                .map(|item| Value::String(item.to_owned()).to_string())
                .collect();
            Some(format!("[{}]", items.join(",")))
        }
        Kind::Ports if !text.starts_with('[') => Some(format!("[{text}]")),
        Kind::Address
        | Kind::Choice(_)
        | Kind::Path
        | Kind::Span { .. }
        | Kind::Size { .. }
        | Kind::StoreUrl
        | Kind::Url(_)
        | Kind::Text
        | Kind::Secret
        | Kind::LogLevel
            if !quoted =>
        {
            None
        }
        _ => Some(text.to_owned()),
    }
}
