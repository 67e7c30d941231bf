//! Environment detection: by which DNS suffixes a platform knows that it is inside, where it does not
//! dial in.

use super::step::Call;
use crate::wsman::{Instance, Operation, Target, Value};

/// Suffixes that consoles offer room for.
pub const MAX_SUFFIXES: usize = 5;
/// Longest suffix (Intel AMT SDK, "Configuring Environment Detection").
const SUFFIX_MAX: usize = 190;
const STRINGS: &str = "DetectionStrings";

/// How a platform tells inside from outside (`AMT_EnvironmentDetectionSettingData`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Environment {
    /// Suffixes of the inside; none means that it is always inside.
    pub suffixes: Vec<String>,
    /// IPv6 prefixes of the inside.
    pub prefixes: Vec<String>,
    instance: Instance,
}

/// Why suffixes cannot be set.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EnvironmentError {
    /// More than there is room for.
    #[error("at most {MAX_SUFFIXES} suffixes have room in environment detection, {0} are given")]
    TooMany(usize),
    /// Not a suffix.
    #[error("`{0}` is no DNS suffix of 1 to {SUFFIX_MAX} characters")]
    Suffix(String),
}

impl Environment {
    pub(super) fn read(instance: &Instance) -> Self {
        let texts = |name| {
            let texts = instance.all(name).filter_map(Value::as_text).map(str::trim);
            texts.filter(|t| !t.is_empty()).map(str::to_owned).collect()
        };
        Self {
            suffixes: texts(STRINGS),
            prefixes: texts("DetectionIPv6LocalPrefixes"),
            instance: instance.clone(),
        }
    }

    /// Whether it believes to be inside everywhere, so that it never dials in.
    #[must_use]
    pub fn is_always_inside(&self) -> bool {
        self.suffixes.is_empty() && self.prefixes.is_empty()
    }

    /// Whether no network matches: every suffix is one that was made to match nothing.
    #[must_use]
    pub fn never_matches(&self) -> bool {
        !self.suffixes.is_empty()
            && self.prefixes.is_empty()
            && self.suffixes.iter().all(|suffix| is_made_up(suffix))
    }

    /// The instance with these suffixes instead, to be put. Everything else stays as it is.
    pub(super) fn put(&self, suffixes: &[String]) -> Option<Call> {
        let mut instance = self.instance.clone();
        let values: Vec<Value> = match suffixes {
            [] => Vec::new(),
            some => some.iter().map(|s| s.as_str().into()).collect(),
        };
        instance.set(STRINGS, values);
        Some(Call {
            target: Target::class("AMT_EnvironmentDetectionSettingData")?,
            operation: Operation::Put(instance),
        })
    }
}

/// Checks suffixes of the inside.
pub(super) fn check(suffixes: &[String]) -> Result<(), EnvironmentError> {
    if suffixes.len() > MAX_SUFFIXES {
        return Err(EnvironmentError::TooMany(suffixes.len()));
    }
    let fits = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b'_');
    match suffixes.iter().find(|s| s.is_empty() || s.len() > SUFFIX_MAX || !s.bytes().all(fits)) {
        Some(bad) => Err(EnvironmentError::Suffix(bad.clone())),
        None => Ok(()),
    }
}

/// A suffix that no network has: a random UUID under `.com`, as provisioning tools write it.
#[must_use]
pub fn never_matching(random: [u8; 16]) -> String {
    format!("{}.com", uuid::Builder::from_random_bytes(random).into_uuid().hyphenated())
}

fn is_made_up(suffix: &str) -> bool {
    let label = suffix.strip_suffix(".com").unwrap_or_default();
    label.len() == 36 && uuid::Uuid::try_parse(label).is_ok()
}

#[cfg(test)]
mod tests {
    use super::{Environment, EnvironmentError, check, never_matching};
    use crate::wsman::{Instance, ResourceUri};

    fn environment(suffixes: &[&str]) -> Environment {
        let mut instance =
            Instance::new(ResourceUri::of_class("AMT_EnvironmentDetectionSettingData").unwrap());
        instance.set("DetectionStrings", suffixes.iter().map(|s| (*s).into()));
        Environment::read(&instance)
    }

    #[test]
    fn only_made_up_suffixes_match_nothing() {
        let made_up = never_matching([7; 16]);
        assert!(environment(&[&made_up]).never_matches());
        assert!(!environment(&[&made_up, "test.com"]).never_matches());
        assert!(!environment(&["corp.example"]).never_matches());
        assert!(!environment(&[]).never_matches() && environment(&[]).is_always_inside());
    }

    #[test]
    fn suffixes_have_limits() {
        assert_eq!(check(&vec!["a.b".into(); 6]), Err(EnvironmentError::TooMany(6)));
        for bad in [String::new(), "a b".into(), "a".repeat(191)] {
            assert_eq!(check(std::slice::from_ref(&bad)), Err(EnvironmentError::Suffix(bad)));
        }
        assert_eq!(check(&["corp.example.com".into()]), Ok(()));
    }
}
