//! Names and addresses become words that say nothing, the same one each time.

use serde_json::Value;
use std::{
    collections::HashMap,
    net::{IpAddr, SocketAddr},
};

/// Replaces what names somebody or something.
#[derive(Debug, Default)]
pub(super) struct Redactor {
    /// Words for known names, which are in lower case.
    names: HashMap<String, String>,
    /// Names that are more than one word of [`is_word`].
    phrases: Vec<(String, String)>,
    addresses: HashMap<IpAddr, usize>,
    uuids: HashMap<String, usize>,
}

/// What a word of a text is made of; addresses with their ports are one word.
fn is_word(c: char) -> bool {
    c.is_alphanumeric() || "-_.:[]%".contains(c)
}

impl Redactor {
    /// From now on `name` is written as `word`.
    pub(super) fn know(&mut self, name: &str, word: &str) {
        let name = name.trim();
        if name.is_empty() {
            return;
        }
        if name.chars().all(is_word) {
            self.names.insert(name.to_lowercase(), word.to_owned());
        } else {
            self.phrases.push((name.to_owned(), word.to_owned()));
        }
    }

    /// The text without names.
    pub(super) fn text(&mut self, text: &str) -> String {
        let mut text = text.to_owned();
        for (phrase, word) in &self.phrases {
            text = text.replace(phrase.as_str(), word);
        }
        let mut shown = String::with_capacity(text.len());
        let mut rest = text.as_str();
        while !rest.is_empty() {
            let length = rest.find(|c| !is_word(c)).unwrap_or(rest.len());
            let (word, after) = rest.split_at(length);
            // A sentence's own stop is not part of the word.
            let bare = word.trim_end_matches(['.', ':']);
            shown.push_str(&self.word(bare));
            shown.push_str(word.get(bare.len()..).unwrap_or_default());
            let between = after.find(is_word).unwrap_or(after.len());
            let (gap, next) = after.split_at(between);
            shown.push_str(gap);
            rest = next;
        }
        shown
    }

    fn word(&mut self, word: &str) -> String {
        if let Some(known) = self.names.get(&word.to_lowercase()) {
            return known.clone();
        }
        if let Ok(address) = word.parse::<SocketAddr>() {
            return format!("{}:{}", self.address(address.ip()), address.port());
        }
        if let Ok(address) = word.trim_matches(['[', ']']).parse::<IpAddr>() {
            return self.address(address);
        }
        if is_uuid(word) {
            let next = self.uuids.len() + 1;
            return format!("uuid-{}", self.uuids.entry(word.to_lowercase()).or_insert(next));
        }
        if word.contains(':') {
            let parts: Vec<String> = word.split(':').map(|part| self.word(part)).collect();
            return parts.join(":");
        }
        word.to_owned()
    }

    /// Loopback and "any" name nobody.
    fn address(&mut self, address: IpAddr) -> String {
        let address = address.to_canonical();
        if address.is_loopback() || address.is_unspecified() {
            return address.to_string();
        }
        let next = self.addresses.len() + 1;
        format!("address-{}", self.addresses.entry(address).or_insert(next))
    }

    /// The same for all texts in a value.
    pub(super) fn value(&mut self, value: &mut Value) {
        match value {
            Value::String(text) => *text = self.text(text),
            Value::Array(list) => list.iter_mut().for_each(|one| self.value(one)),
            Value::Object(map) => map.values_mut().for_each(|one| self.value(one)),
            Value::Null | Value::Bool(_) | Value::Number(_) => {}
        }
    }
}

fn is_uuid(word: &str) -> bool {
    let lengths: Vec<usize> = word.split('-').map(str::len).collect();
    lengths == [8, 4, 4, 4, 12] && word.chars().all(|c| c == '-' || c.is_ascii_hexdigit())
}

/// A configuration in which each text that was set is left out; numbers, switches and defaults stay.
pub(super) fn config(toml: &str) -> String {
    let line = |line: &str| match line.split_once(" = ") {
        Some((key, value)) if !line.ends_with("# default") && value.contains('"') => {
            format!("{key} = (set)")
        }
        _ => line.to_owned(),
    };
    toml.lines().map(line).collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_addresses_and_uuids_become_the_same_words_each_time() {
        let mut redactor = Redactor::default();
        redactor.know("PC-01", "pc-1");
        redactor.know("pc-01.corp.example", "pc-1");
        redactor.know("Kasse 7", "pc-2");
        redactor.know("noor", "user-1");
        let text = "noor uses pc-01.corp.example from 203.0.113.7:4711 and [2001:db8::9]:80; \
            Kasse 7 (4C4C4544-004b-4210-8033-b6c04f504633) did not. pc-01: 203.0.113.7.";
        let shown = redactor.text(text);
        assert_eq!(
            shown,
            "user-1 uses pc-1 from address-1:4711 and address-2:80; pc-2 (uuid-1) did not. pc-1: address-1."
        );
        assert_eq!(redactor.text("4c4c4544-004b-4210-8033-b6c04f504633"), "uuid-1");
    }

    #[test]
    fn what_names_nobody_stays() {
        let mut redactor = Redactor::default();
        let text = "port 16992 on 127.0.0.1:4433, [::]:8443: TLSv1.2 ECDHE-RSA-AES256 at 12:30:00";
        assert_eq!(redactor.text(text), text.replace("[::]", "::"));
    }

    #[test]
    fn texts_that_were_set_are_left_out_of_the_configuration() {
        let toml =
            "[cira]\nlisten = \"[::]:4433\"  # default\nnames = [\"mps.corp.example\"]\nports = 6";
        assert_eq!(
            config(toml),
            "[cira]\nlisten = \"[::]:4433\"  # default\nnames = (set)\nports = 6"
        );
    }
}
