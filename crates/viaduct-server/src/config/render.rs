//! The effective configuration as TOML for people, each value with where it came from, secrets redacted.

use super::{Config, Origin, schema::KEYS};
use std::collections::BTreeMap;
use toml::Value;

/// Where each setting came from; settings that are not in it have their default.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Origins(BTreeMap<String, Origin>);

impl Origins {
    /// Where the setting of this dotted key came from.
    #[must_use]
    pub fn get(&self, key: &str) -> Origin {
        self.0.get(key).cloned().unwrap_or(Origin::Default)
    }

    pub(super) fn is_set(&self, key: &str) -> bool {
        self.0.contains_key(key)
    }

    pub(super) fn note(&mut self, key: &str, origin: Origin) {
        self.0.insert(key.to_owned(), origin);
    }
}

impl Config {
    /// The effective settings as TOML that could be loaded again (but for redacted secrets), with the origin of
    /// each value as a comment.
    #[must_use]
    pub fn render(&self, origins: &Origins) -> String {
        let values = Value::try_from(self).unwrap_or_else(|_| Value::Table(toml::Table::new()));
        let mut text = format!("# data = \"{}\" (set with --data)\n", self.data.display());
        let mut section = "";
        for key in KEYS {
            let (of, name) = key.parts();
            if of != section {
                section = of;
                text.push_str(&format!("\n[{section}]\n"));
            }
            let value = values.get(of).and_then(|table| table.get(name));
            match value {
                None => text.push_str(&format!("# {name} is not set\n")),
                Some(value) => {
                    let value = redacted(key.path, value);
                    let origin = origins.get(key.path);
                    text.push_str(&format!("{name} = {value}  # {origin}\n"));
                }
            }
        }
        text
    }
}

/// Hides a password inside the store's URL.
fn redacted(key: &str, value: &Value) -> String {
    let hidden = match (key, value) {
        ("store.url", Value::String(url)) => url.split_once("://").and_then(|(scheme, rest)| {
            let (sign_in, host) = rest.rsplit_once('@')?;
            let user = sign_in.split(':').next().unwrap_or_default();
            Some(Value::String(format!("{scheme}://{user}:[redacted]@{host}")))
        }),
        _ => None,
    };
    hidden.as_ref().unwrap_or(value).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_in_the_store_url_is_not_shown() {
        let mut config = Config::default();
        config.store.url = Some("postgres://viaduct:geheim@db.example/v".into());
        let text = config.render(&Origins::default());
        assert!(!text.contains("geheim"), "{text}");
        assert!(text.contains("db.example"), "{text}");
    }
}
