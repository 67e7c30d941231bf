//! Times, counts and alerts in words.

use crate::tls::alert_words;
use time::Duration;

/// A length of time in at most two units: `3 d 4 h`, `2 min`, `12 s`.
pub(super) fn span(duration: Duration) -> String {
    let seconds = duration.whole_seconds().max(0);
    let (days, hours, minutes) = (seconds / 86_400, seconds / 3_600 % 24, seconds / 60 % 60);
    let (first, second) = match (days, hours, minutes) {
        (0, 0, 0) => return format!("{seconds} s"),
        (0, 0, m) => (format!("{m} min"), None),
        (0, h, m) => (format!("{h} h"), (m > 0).then(|| format!("{m} min"))),
        (d, h, _) => (format!("{d} d"), (h > 0).then(|| format!("{h} h"))),
    };
    second.map_or(first.clone(), |second| format!("{first} {second}"))
}

/// How long something is past.
pub(super) fn ago(duration: Duration) -> String {
    format!("{} ago", span(duration))
}

/// How often.
pub(super) fn times(count: u64) -> String {
    match count {
        1 => "once".to_owned(),
        2 => "twice".to_owned(),
        n => format!("{n} times"),
    }
}

/// A TLS alert by number and name.
pub(super) fn alert(alert: u8) -> String {
    format!(" [TLS alert {alert}, {}]", alert_words(alert).0)
}

/// A reason without the code in its brackets, for where the code has a place of its own.
pub(super) fn without_code(reason: &str) -> &str {
    let stem = reason.strip_suffix(')').and_then(|rest| rest.rsplit_once(" (E"));
    match stem {
        Some((stem, digits)) if digits.len() == 4 && digits.bytes().all(|b| b.is_ascii_digit()) => {
            stem
        }
        _ => reason,
    }
}

/// A list in a sentence.
pub(super) fn listed(items: &[String]) -> String {
    match items {
        [] => "no address".to_owned(),
        [one] => one.clone(),
        [rest @ .., last] => format!("{} and {last}", rest.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_leaves_a_reason_and_other_brackets_stay() {
        assert_eq!(
            without_code("no shared cipher; update it (E2061)"),
            "no shared cipher; update it"
        );
        for same in ["no (E20)", "no (E20615)", "(it offered TLS 1.0)", "E2061", ""] {
            assert_eq!(without_code(same), same);
        }
    }

    #[test]
    fn times_are_said_in_at_most_two_units() {
        for (seconds, words) in [
            (-5, "0 s"),
            (12, "12 s"),
            (125, "2 min"),
            (3_600, "1 h"),
            (7_380, "2 h 3 min"),
            (273_600, "3 d 4 h"),
        ] {
            assert_eq!(span(Duration::seconds(seconds)), words);
        }
    }
}
