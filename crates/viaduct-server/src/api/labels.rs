//! Labels as Open AMT's tags and back.
//!
//! A label without value is the tag `key`; with one it is `key=value`. A tag `a=b` becomes label a with value b, unless a
//! has a value already; then the whole text becomes a key, which the inventory may refuse, but which is never lost
//! silently. So each set of tags that is taken comes back as it was sent.

use std::collections::BTreeMap;

/// The tags of these labels.
pub(super) fn tags(labels: &BTreeMap<String, String>) -> Vec<String> {
    labels.iter().map(|(key, value)| tag(key, value)).collect()
}

fn tag(key: &str, value: &str) -> String {
    if value.is_empty() { key.to_owned() } else { format!("{key}={value}") }
}

/// Whether the labels have this tag.
pub(super) fn has_tag(labels: &BTreeMap<String, String>, wanted: &str) -> bool {
    labels.iter().any(|(key, value)| tag(key, value) == wanted)
}

/// The labels of these tags.
pub(super) fn from_tags(tags: &[String]) -> BTreeMap<String, String> {
    let mut labels = BTreeMap::new();
    for text in tags {
        let (key, value) = match text.split_once('=') {
            Some((key, value))
                if !key.is_empty()
                    && !value.is_empty()
                    && labels.get(key).is_none_or(|known: &String| known == value) =>
            {
                (key, value)
            }
            _ => (text.as_str(), ""),
        };
        labels.insert(key.to_owned(), value.to_owned());
    }
    labels
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_come_back_as_they_were_sent() {
        for tags_sent in [
            vec![],
            vec!["lab"],
            vec!["lab", "site=berlin"],
            vec!["site=berlin", "site=paris"],
            vec!["=odd"],
            vec!["even="],
        ] {
            let sent: Vec<String> = tags_sent.iter().map(|tag| (*tag).to_owned()).collect();
            let labels = from_tags(&sent);
            let mut back = tags(&labels);
            back.sort();
            assert_eq!(back, sent);
            assert!(sent.iter().all(|tag| has_tag(&labels, tag)));
        }
    }
}
