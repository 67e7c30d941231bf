//! Sentences that a client can say in other words than ours.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// A sentence by its stable name, with the facts in it. Whoever has no words for the name shows the English text beside it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Said {
    /// Its name, for example `disk.free`.
    pub key: String,
    /// The facts, by name. Lengths of time are in seconds, sizes in bytes.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub values: BTreeMap<String, Fact>,
}

/// A fact in a sentence.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum Fact {
    /// A count, a size in bytes, a length of time in seconds.
    Number(i64),
    /// A name, an address, a word.
    Text(String),
}

impl Said {
    /// A sentence without facts.
    #[must_use]
    pub fn new(key: &str) -> Self {
        Self { key: key.to_owned(), values: BTreeMap::new() }
    }

    /// With a text in it.
    #[must_use]
    pub fn text(mut self, name: &str, value: impl Into<String>) -> Self {
        self.values.insert(name.to_owned(), Fact::Text(value.into()));
        self
    }

    /// With a number in it; one that does not fit is the largest.
    #[must_use]
    pub fn number(mut self, name: &str, value: impl TryInto<i64>) -> Self {
        self.values.insert(name.to_owned(), Fact::Number(value.try_into().unwrap_or(i64::MAX)));
        self
    }
}
