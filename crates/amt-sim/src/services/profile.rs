//! The classes of a platform as data: instances, what may be written, and what methods do.

use std::sync::LazyLock;

use serde::Deserialize;

/// The data of `platform.toml`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Profile {
    #[serde(rename = "instance")]
    pub(super) instances: Vec<InstanceData>,
    #[serde(rename = "method")]
    pub(super) methods: Vec<MethodData>,
}

/// One instance as delivered. Text may hold placeholders, which [`super::store`] fills in.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct InstanceData {
    pub(super) class: String,
    /// Classes that list this instance as well when enumerated: the ones it derives from.
    #[serde(default)]
    pub(super) derives: Vec<String>,
    /// The properties that a selector may name.
    pub(super) keys: Vec<String>,
    /// The properties that Put may change; numbers and truth values stay such.
    #[serde(default)]
    pub(super) writable: Vec<String>,
    /// Text, numbers, truth values, arrays of them, and references (`class` and `keys`).
    pub(super) properties: toml::Table,
}

/// One method.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct MethodData {
    pub(super) class: String,
    pub(super) name: String,
    pub(super) effect: Effect,
}

/// What a method does.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(super) enum Effect {
    /// Answers with these results, and `ReturnValue` 0.
    Reply(toml::Table),
    /// Sets a number: an argument's value becomes a property's, if it is one of those allowed.
    SetNumber { argument: String, property: String, allowed: Vec<u32> },
    /// Changes the PC's power to the argument `PowerState`.
    Power,
}

impl Profile {
    /// What every platform is delivered with.
    pub(super) fn delivered() -> &'static Self {
        static PROFILE: LazyLock<Profile> = LazyLock::new(|| {
            #[expect(clippy::expect_used, reason = "part of the program; a test reads it")]
            toml::from_str(include_str!("platform.toml")).expect("platform.toml is well-formed")
        });
        &PROFILE
    }

    pub(super) fn method(&self, class: &str, name: &str) -> Option<&MethodData> {
        self.methods.iter().find(|m| m.class == class && m.name == name)
    }
}
