//! Values of properties: filled in from data, judged when a console writes them, and kept.

use std::borrow::Cow;

use amt::wsman::{Properties, Reference, ResourceUri, Value};
use serde::{Deserialize, Serialize};

use crate::services::identity::HostConfig;

/// Longest value that Put accepts, in bytes.
const MAX_VALUE: usize = 1024;

/// What kind of value a property has; stays as delivered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Text,
    Number,
    Truth,
    Reference,
}

/// Fills placeholders.
#[derive(Debug)]
pub(in crate::services) struct Filler(Vec<(&'static str, String)>);

impl Filler {
    pub(super) fn new(config: &HostConfig) -> Self {
        // SMBIOS stores the first three groups little-endian, and AMT shows the UUID so.
        let smbios = config.guid.to_bytes_le();
        let hex: String = smbios.iter().map(|b| format!("{b:02X}")).collect();
        let [.., a, b, c, d, e] = *config.guid.as_bytes();
        let mac = |first: u8, gap: &str| {
            [first, a, b, c, d, e].map(|byte| format!("{byte:02x}")).join(gap)
        };
        let (version, build) = config.version_and_build();
        let nonce = openssl::sha::sha1(config.guid.as_bytes());
        Self(vec![
            ("${hostname}", config.hostname.clone()),
            ("${domain}", config.domain.clone()),
            ("${fqdn}", config.fqdn()),
            ("${version}", version),
            ("${build}", build),
            ("${realm}", config.realm()),
            ("${mac}", mac(2, "-")),
            ("${mac-plain}", mac(2, "")),
            ("${wifi-mac}", mac(6, "-")),
            ("${wifi-mac-plain}", mac(6, "")),
            ("${serial}", hex.get(22..).unwrap_or_default().to_owned()),
            ("${nonce}", openssl::base64::encode_block(&nonce)),
            ("${uuid-hex}", hex),
            ("${uuid-base64}", openssl::base64::encode_block(&smbios)),
        ])
    }

    fn text(&self, text: &str) -> String {
        if !text.contains("${") {
            return text.to_owned();
        }
        self.0.iter().fold(text.to_owned(), |text, (name, value)| text.replace(name, value))
    }

    /// The values that a datum stands for.
    pub(super) fn values(&self, datum: &toml::Value) -> Vec<Value> {
        match datum {
            toml::Value::Array(items) => items.iter().flat_map(|i| self.values(i)).collect(),
            toml::Value::Table(table) => {
                self.reference(table).map(Value::from).into_iter().collect()
            }
            toml::Value::String(text) => vec![self.text(text).into()],
            toml::Value::Datetime(time) => vec![Value::DateTime(time.to_string())],
            toml::Value::Integer(_) | toml::Value::Float(_) | toml::Value::Boolean(_) => {
                vec![datum.to_string().into()]
            }
        }
    }

    fn reference(&self, table: &toml::Table) -> Option<Reference> {
        let keys = table.get("keys")?.as_table()?;
        let resource = ResourceUri::of_class(table.get("class")?.as_str()?)?;
        Some(Reference { resource, selectors: self.properties(keys) })
    }

    /// Names and values of a table, for a method's results.
    pub(in crate::services) fn properties(&self, table: &toml::Table) -> Properties {
        table
            .iter()
            .flat_map(|(name, datum)| self.values(datum).into_iter().map(|v| (name.clone(), v)))
            .collect()
    }
}

impl Kind {
    pub(super) fn of(datum: Option<&toml::Value>) -> Self {
        match datum {
            Some(toml::Value::Array(items)) => Self::of(items.first()),
            Some(toml::Value::Integer(_)) => Self::Number,
            Some(toml::Value::Boolean(_)) => Self::Truth,
            Some(toml::Value::Table(_)) => Self::Reference,
            Some(toml::Value::String(_) | toml::Value::Float(_) | toml::Value::Datetime(_))
            | None => Self::Text,
        }
    }

    pub(super) fn accepts(self, value: &Value) -> bool {
        match (self, value) {
            (Self::Text, Value::Text(text) | Value::DateTime(text)) => text.len() <= MAX_VALUE,
            (Self::Number, Value::Text(text)) => text.trim().parse::<u32>().is_ok(),
            (Self::Truth, Value::Text(text)) => {
                matches!(text.trim(), "true" | "false" | "1" | "0")
            }
            (Self::Reference, Value::Reference(_)) => true,
            (
                Self::Text | Self::Number | Self::Truth | Self::Reference,
                Value::Null
                | Value::Text(_)
                | Value::DateTime(_)
                | Value::Reference(_)
                | Value::Object(_),
            ) => false,
        }
    }

    /// One spelling for each number and truth value.
    pub(super) fn normal(self, value: Value) -> Value {
        match (self, value.as_text().map(str::trim)) {
            (Self::Truth, Some("1")) => "true".into(),
            (Self::Truth, Some("0")) => "false".into(),
            (Self::Truth | Self::Number, Some(text)) => {
                text.parse::<u32>().map_or_else(|_| text.into(), Value::from)
            }
            (Self::Text | Self::Number | Self::Truth | Self::Reference, _) => value,
        }
    }
}

/// References are the same when they name the same instance, in whatever order.
pub(in crate::services) fn same(one: &Value, other: &Value) -> bool {
    match (one, other) {
        (Value::Reference(one), Value::Reference(other)) => {
            one.resource == other.resource
                && one.selectors.len() == other.selectors.len()
                && one.selectors.iter().all(|(name, value)| {
                    other.selectors.iter().any(|(n, v)| n == name && same(value, v))
                })
        }
        _ => one.as_text().is_some() && one.as_text() == other.as_text(),
    }
}

/// Whether a value says nothing: consoles send such for what they do not want to change.
pub(super) fn is_blank(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Text(text) => text.trim().is_empty(),
        Value::DateTime(_) | Value::Reference(_) | Value::Object(_) => false,
    }
}

/// A value on disk.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum SavedValue {
    Nothing,
    Text(String),
    Time(String),
    Reference { class: String, keys: Vec<(String, Self)> },
}

impl SavedValue {
    pub(super) fn of(value: &Value) -> Self {
        match value {
            Value::Text(text) => Self::Text(text.clone()),
            Value::DateTime(text) => Self::Time(text.clone()),
            Value::Reference(reference) => Self::Reference {
                class: reference.resource.as_str().to_owned(),
                keys: saved(&reference.selectors),
            },
            Value::Null | Value::Object(_) => Self::Nothing,
        }
    }

    pub(super) fn into_value(self) -> Value {
        match self {
            Self::Nothing => Value::Null,
            Self::Text(text) => Value::Text(text),
            Self::Time(text) => Value::DateTime(text),
            Self::Reference { class, keys } => Value::Reference(Reference {
                resource: ResourceUri::new(class),
                selectors: loaded(keys),
            }),
        }
    }
}

pub(super) fn saved(properties: &Properties) -> Vec<(String, SavedValue)> {
    properties.iter().map(|(name, value)| (name.clone(), SavedValue::of(value))).collect()
}

pub(super) fn loaded(saved: Vec<(String, SavedValue)>) -> Properties {
    saved.into_iter().map(|(name, value)| (name, value.into_value())).collect()
}

/// A whole text `${live:NAME}`: the name.
pub(super) fn live_name(datum: &toml::Value) -> Option<&str> {
    datum.as_str()?.strip_prefix("${live:")?.strip_suffix('}')
}

/// For messages: the name of a class without its schema.
pub(super) fn class_of(uri: &ResourceUri) -> Cow<'_, str> {
    match uri.class_name() {
        "" => Cow::Borrowed("without a name"),
        name => Cow::Borrowed(name),
    }
}
